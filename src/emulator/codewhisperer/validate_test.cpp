#include "emulator/codewhisperer/validate.hpp"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "base/base64.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using enum ChatOperation;

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

// A request around a current user message and a history, both as JSON.
std::string request(std::string_view user, std::string_view history = "[]",
                    std::string_view more = "") {
  return R"({"conversationState":{"chatTriggerType":"MANUAL","history":)" + std::string(history) +
         R"(,"currentMessage":{"userInputMessage":)" + std::string(user) + "}}" +
         std::string(more) + "}";
}

std::string user_turn(std::string_view more = "") {
  return R"({"userInputMessage":{"content":"q")" + std::string(more) + "}}";
}
std::string assistant_turn(std::string_view more = "") {
  return R"({"assistantResponseMessage":{"content":"a")" + std::string(more) + "}}";
}
std::string tools(std::string_view schema = R"({"type":"object"})", std::string_view name = "get") {
  return R"({"toolSpecification":{"name":")" + std::string(name) +
         R"(","description":"d","inputSchema":{"json":)" + std::string(schema) + "}}}";
}
std::string with_tools(std::string_view list, std::string_view results = "") {
  return R"({"content":"q","userInputMessageContext":{"tools":[)" + std::string(list) + "]" +
         (results.empty() ? "" : R"(,"toolResults":[)" + std::string(results) + "]") + "}}";
}
constexpr std::string_view use_1 = R"({"toolUseId":"u1","name":"get","input":{"a":1}})";
constexpr std::string_view result_1 = R"({"toolUseId":"u1","content":[{"text":"r"}]})";
std::string tool_history(std::string_view uses = use_1) {
  return "[" + user_turn() + "," + assistant_turn(R"(,"toolUses":[)" + std::string(uses) + "]") +
         "]";
}

// "rule @ path [reason]", or "fine".
std::string verdict(std::string_view body, RuleOptions options = {},
                    ChatOperation what = generate) {
  auto found = validate_chat(body, what, options);
  if (!found) return "fine";
  return found->rule + " @ " + found->path +
         (found->reason.empty() ? "" : " [" + found->reason + "]");
}

const std::string plain = R"({"content":"hello"})";

TEST(ValidateChat, AcceptsEveryRecordedRequest) {
  const std::filesystem::path folder = DRAGOMAN_TESTDATA "/codewhisperer/requests";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    auto document = json::Document::parse(slurp(entry.path()));
    ASSERT_TRUE(document) << entry.path();
    auto body = document->root().find("bodyJson");
    if (!body || !body->find("conversationState")) continue;
    const std::string name = entry.path().filename();
    if (name.starts_with("16-")) continue;  // another operation
    const bool sent = body->find("dryRun") || body->find("source");
    EXPECT_EQ(verdict(body->minified(), {}, sent ? send : generate), "fine") << name;
    ++seen;
  }
  EXPECT_GE(seen, 18);
}

TEST(ValidateChat, TheBodyIsJson) {
  EXPECT_EQ(verdict("{"), "the body is JSON @  [REQUEST_BODY_INVALID_JSON]");
  EXPECT_EQ(verdict("[]"), "not an object @ ");
}

TEST(ValidateChat, RequiredMembersComeFirst) {
  EXPECT_EQ(verdict("{}"), "required member is missing @ conversationState");
  EXPECT_EQ(verdict(R"({"conversationState":{"chatTriggerType":"AUTO"}})"),
            "required member is missing @ conversationState.currentMessage");
  EXPECT_EQ(
      verdict(request("{}")),
      "required member is missing @ conversationState.currentMessage.userInputMessage.content");
  EXPECT_EQ(
      verdict(request(with_tools(tools()),
                      "[" + user_turn() + "," +
                          assistant_turn(R"(,"toolUses":[{"toolUseId":"u","input":{}}])") + "]")),
      "required member is missing @ "
      "conversationState.history.1.assistantResponseMessage.toolUses.0.name");
}

TEST(ValidateChat, EverythingHasItsType) {
  EXPECT_EQ(verdict(request(R"({"content":[{"type":"text"}]})")),
            "not a string @ conversationState.currentMessage.userInputMessage.content");
  EXPECT_EQ(verdict(request(R"({"content":"a","modelId":null})")),
            "null @ conversationState.currentMessage.userInputMessage.modelId");
  EXPECT_EQ(verdict(request(R"({"content":"a","origin":"PUB"})")),
            "not one of the words @ conversationState.currentMessage.userInputMessage.origin");
  EXPECT_EQ(verdict(request(plain, "{}")), "not a list @ conversationState.history");
  EXPECT_EQ(verdict(request(plain, "[{}]")),
            "not exactly one member of a union @ conversationState.history.0");
  EXPECT_EQ(
      verdict(request(R"({"content":"a","images":[{"format":"png","source":{"bytes":"?"}}]})")),
      "not base64 @ "
      "conversationState.currentMessage.userInputMessage.images.0.source.bytes");
  EXPECT_EQ(verdict(R"({"conversationState":{"chatTriggerType":"AUTO","currentMessage":)" +
                    user_turn() + "}}"),
            "not one of the words @ conversationState.chatTriggerType");
}

TEST(ValidateChat, UnknownMembersAreRefusedUnlessTolerated) {
  const std::string body = request(plain, "[]", R"(,"systemPrompt":"x")");
  EXPECT_EQ(verdict(body), "unknown member @ systemPrompt");
  EXPECT_EQ(verdict(body, {.refuse_unknown_members = false}), "fine");
}

TEST(ValidateChat, TheStrictDoorWantsAProfile) {
  auto found = validate_chat(request(plain), generate, {.profile_required = true});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->message, "profileArn is required for this request.");
  EXPECT_EQ(
      verdict(
          request(
              plain, "[]",
              R"(,"profileArn":"arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL")"),
          {.profile_required = true}),
      "fine");
}

TEST(ValidateChat, TheModelIsKnown) {
  auto found = validate_chat(request(R"({"content":"a","modelId":"codewhisperer"})"), generate);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->reason, "INVALID_MODEL_ID");
  EXPECT_EQ(found->message, "Invalid model. Please select a different model to continue.");
  EXPECT_EQ(verdict(request(R"({"content":"a","modelId":"claude-sonnet-4.5"})")), "fine");
}

TEST(ValidateChat, LengthsAndPatterns) {
  const std::string long_text(600'001, 'a');
  EXPECT_EQ(verdict(request(R"({"content":")" + long_text + "\"}")),
            "length @ conversationState.currentMessage.userInputMessage.content");
  EXPECT_EQ(
      verdict(request(plain, "[" + user_turn() + R"(,{"assistantResponseMessage":{"content":")" +
                                 long_text.substr(0, 100'001) + "\"}}]")),
      "length @ conversationState.history.1.assistantResponseMessage.content");
  const std::string name_path =
      " @ conversationState.currentMessage.userInputMessage.userInputMessageContext.tools.0";
  EXPECT_TRUE(
      verdict(request(with_tools(tools(R"({"type":"object"})", "a.b")))).starts_with("pattern"));
  EXPECT_TRUE(verdict(request(with_tools(tools(R"({"type":"object"})", std::string(65, 'a')))))
                  .starts_with("length"));
  EXPECT_EQ(verdict(request(plain, "[]", R"(,"profileArn":"arn:aws:iam::1:role/x")")),
            "pattern @ profileArn");
  EXPECT_EQ(
      verdict(request(with_tools(
          R"({"toolSpecification":{"name":"a","description":"","inputSchema":{"json":{"type":"object"}}}})"))),
      "length" + name_path + ".toolSpecification.description");
}

TEST(ValidateChat, Rule1TheCurrentMessageIsAUserMessage) {
  EXPECT_EQ(verdict(R"({"conversationState":{"chatTriggerType":"MANUAL","currentMessage":)" +
                    assistant_turn() + "}}"),
            "1: the current message is a user message @ conversationState.currentMessage");
}

TEST(ValidateChat, Rule2HistoryAlternates) {
  EXPECT_EQ(verdict(request(plain, "[" + assistant_turn() + "]")),
            "2: history starts with a user message @ conversationState.history.0");
  EXPECT_EQ(verdict(request(plain, "[" + user_turn() + "," + user_turn() + "]")),
            "2: history alternates @ conversationState.history.1");
  EXPECT_EQ(verdict(request(plain, "[" + user_turn() + "]")),
            "2: history ends with an assistant message @ conversationState.history.0");
  EXPECT_EQ(verdict(request(plain, "[" + user_turn() + "," + assistant_turn() + "]")), "fine");
}

TEST(ValidateChat, Rule4ContentIsNotEmpty) {
  EXPECT_EQ(verdict(request(R"({"content":""})")),
            "4: content is not empty @ conversationState.currentMessage.userInputMessage.content");
  EXPECT_EQ(verdict(request(
                plain, "[" + user_turn() + R"(,{"assistantResponseMessage":{"content":""}}])")),
            "4: content is not empty @ "
            "conversationState.history.1.assistantResponseMessage.content");
}

TEST(ValidateChat, Rule5ToolUsesAndResultsPairUp) {
  const std::string mismatch =
      "5: tool results answer exactly the tool uses before them @ "
      "conversationState.currentMessage.userInputMessage.userInputMessageContext.toolResults "
      "[TOOL_USE_RESULT_MISMATCH]";
  EXPECT_EQ(verdict(request(with_tools(tools(), result_1), tool_history())), "fine");
  EXPECT_EQ(verdict(request(with_tools(tools()), tool_history())), mismatch);
  EXPECT_EQ(verdict(request(with_tools(tools(), result_1))), mismatch);
  EXPECT_EQ(
      verdict(request(with_tools(tools(), R"({"toolUseId":"u2","content":[]})"), tool_history())),
      mismatch);
}

TEST(ValidateChat, Rule6IdsAreUniqueInTheirList) {
  EXPECT_TRUE(
      verdict(request(with_tools(tools(), std::string(result_1) + "," + std::string(result_1)),
                      tool_history()))
          .starts_with("6: "));
  EXPECT_TRUE(verdict(request(with_tools(tools(), result_1),
                              tool_history(std::string(use_1) + "," + std::string(use_1))))
                  .starts_with("6: "));
}

TEST(ValidateChat, Rule7ToolsAreOnTheCurrentMessageOnly) {
  EXPECT_TRUE(
      verdict(request(plain,
                      "[" + user_turn(R"(,"userInputMessageContext":{"tools":[)" + tools() + "]}") +
                          "," + assistant_turn() + "]"))
          .starts_with("7: "));
}

TEST(ValidateChat, Rule8ToolsOfHistoryAreKnown) {
  const std::string missing =
      verdict(request(R"({"content":"q","userInputMessageContext":{"toolResults":[)" +
                          std::string(result_1) + "]}}",
                      tool_history()));
  EXPECT_TRUE(missing.starts_with("8: ")) << missing;
  EXPECT_TRUE(missing.ends_with("[TOOL_CONFIG_MISSING]")) << missing;
  EXPECT_EQ(
      verdict(request(with_tools(tools(R"({"type":"object"})", "GET"), result_1), tool_history())),
      "fine");  // names compare without case
}

TEST(ValidateChat, Rule13ToolInputIsAnObject) {
  auto found =
      validate_chat(request(with_tools(tools(), result_1),
                            tool_history(R"({"toolUseId":"u1","name":"get","input":"{}"})")),
                    generate);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->message, "Invalid tool use format.");
  EXPECT_EQ(found->reason, "REQUEST_BODY_INVALID");
}

TEST(ValidateChat, Rule15SchemaQuirks) {
  for (std::string_view schema :
       {R"({})", R"({"type":"string"})", R"({"type":"object","required":null})",
        R"({"type":"object","required":[1]})", R"({"type":"object","properties":null})",
        R"({"type":"object","properties":{"a":{"type":"object","required":null}}})",
        R"({"type":"object","properties":{"a":{"anyOf":[{"properties":null}]}}})"}) {
    EXPECT_TRUE(verdict(request(with_tools(tools(schema)))).starts_with("15: ")) << schema;
  }
  EXPECT_EQ(
      verdict(request(with_tools(tools(
          R"({"type":"object","properties":{"required":{"type":"boolean"}},"required":["required"]})")))),
      "fine");
}

TEST(ValidateChat, Rule17NoThinkingTagsBesideToolResults) {
  std::string message = with_tools(tools(), result_1);
  message.replace(message.find("\"q\""), 3, R"("<thinking_mode>enabled</thinking_mode> q")");
  EXPECT_TRUE(verdict(request(message, tool_history())).starts_with("17: "));
}

TEST(ValidateChat, Rule18ToolNamesAreUnique) {
  const std::string found = verdict(request(with_tools(tools() + "," + tools())));
  EXPECT_TRUE(found.starts_with("18: ")) << found;
  EXPECT_TRUE(found.ends_with("[TOOL_DUPLICATE]")) << found;
}

TEST(ValidateChat, FurtherFieldsObeyTheModelsSchema) {
  auto with = [](std::string_view model, std::string_view fields) {
    return request(R"({"content":"a","modelId":")" + std::string(model) + "\"}", "[]",
                   R"(,"additionalModelRequestFields":)" + std::string(fields));
  };
  EXPECT_EQ(
      verdict(with("claude-opus-4.6", R"({"output_config":{"effort":"high"},"max_tokens":2048})")),
      "fine");
  for (std::string_view fields :
       {R"({"temperature":1})", R"({"output_config":{"effort":"xhigh"}})", R"({"max_tokens":1})"}) {
    EXPECT_TRUE(verdict(with("claude-opus-4.6", fields)).starts_with("additional")) << fields;
  }
  EXPECT_TRUE(verdict(with("claude-sonnet-4.5", "{}")).starts_with("the model takes no"));
}

TEST(ValidateChat, Images) {
  const std::string png = encode_base64("\x89PNG\r\n\x1a\nxxxx");
  auto image = [](std::string_view format, std::string_view bytes) {
    return R"({"format":")" + std::string(format) + R"(","source":{"bytes":")" +
           std::string(bytes) + "\"}}";
  };
  auto message = [](std::string_view images) {
    return R"({"content":"a","images":[)" + std::string(images) + "]}";
  };
  EXPECT_EQ(verdict(request(message(image("png", png)))), "fine");
  EXPECT_TRUE(verdict(request(message(image("jpeg", png)))).ends_with("[IMAGE_MIME_MISMATCH]"));
  std::string many = image("png", png);
  for (int i = 0; i < 10; ++i) many += "," + image("png", png);
  EXPECT_TRUE(verdict(request(message(many))).ends_with("[IMAGE_COUNT_EXCEEDED]"));
  EXPECT_TRUE(verdict(request(message(image("png", png))), {.max_image_bytes = 4})
                  .ends_with("[IMAGE_SIZE_EXCEEDED]"));
}

TEST(ValidateChat, TotalSize) {
  auto found = validate_chat(request(plain), generate, {.max_text_bytes = 5});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->message, "Input is too long.");
  EXPECT_EQ(found->reason, "CONTENT_LENGTH_EXCEEDS_THRESHOLD");
}

TEST(ReadChatInput, CountsWordsOfAllMessages) {
  auto input = read_chat_input(
      request(R"({"content":"one two  three"})", "[" + user_turn() + "," + assistant_turn() + "]"));
  EXPECT_EQ(input.words, 5);
  EXPECT_EQ(input.text, "one two  three");
  EXPECT_EQ(input.model->id, "auto");
  EXPECT_FALSE(input.model_given);
}

}  // namespace
}  // namespace dragoman::emulator::codewhisperer
