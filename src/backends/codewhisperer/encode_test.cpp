#include "backends/codewhisperer/encode.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <set>

#include "backends/codewhisperer/test_vectors.hpp"

namespace dragoman::codewhisperer {
namespace {

using chat::Role;
using chat::Turn;

constexpr auto conversation = "00000000-0000-4000-8000-000000000001";

chat::Request request_of(std::vector<Turn> turns, std::string instructions = "") {
  chat::Request request;
  request.turns = std::move(turns);
  request.instructions = std::move(instructions);
  request.hints.conversation_id = conversation;
  return request;
}

Turn user(std::string text) { return {Role::user, std::move(text)}; }
Turn assistant(std::string text) { return {Role::assistant, std::move(text)}; }

struct Encoded {
  std::string body;
  std::vector<std::string> transforms;
};

Encoded encode(const chat::Request& request, const EncodeOptions& options = {}) {
  chat::Transforms transforms;
  auto encoded = encode_request(request, options, transforms);
  if (!encoded) throw std::runtime_error(encoded.error().message);
  return {encoded->body, transforms.entries()};
}

Error error_of(const chat::Request& request) {
  chat::Transforms transforms;
  auto encoded = encode_request(request, {}, transforms);
  if (encoded) throw std::runtime_error("encoded: " + encoded->body.substr(0, 200));
  return encoded.error();
}

// A conversation in one line: "u:text a:text ... | current".
std::string outline(const std::string& body) {
  const auto document = json::Document::parse(body);
  const json::Reader state = *document->root().require("conversationState");
  std::string text;
  if (const auto history = state.find("history")) {
    const auto messages = history->array();
    for (const json::Reader message : *messages) {
      const auto from_user = message.find("userInputMessage");
      const auto from_assistant = message.find("assistantResponseMessage");
      const json::Reader said = from_user ? *from_user : *from_assistant;
      text += (from_user ? "u:" : "a:") + std::string(*said.require("content")->string()) + " ";
    }
  }
  const auto current = state.require("currentMessage")->require("userInputMessage");
  return text + "| " + std::string(*current->require("content")->string());
}

// What a recorded body says without the members that a chat request has no words for.
std::string expected_body(const std::string& name, const std::vector<std::string>& removed) {
  std::string text = vectors::description("requests", name).root().require("bodyJson")->minified();
  for (const std::string& part : removed) {
    const auto at = text.find(part);
    if (at == std::string::npos) throw std::runtime_error("not there: " + part);
    text.erase(at, part.size());
  }
  return vectors::canonical(text);
}

TEST(CodewhispererEncode, PlainChatIsTheRecordedOne) {
  std::string body = encode(request_of({user("Say hello.")})).body;
  const std::string id = std::string(R"("conversationId":")") + conversation + "\",";
  ASSERT_NE(body.find(id), std::string::npos);
  body.erase(body.find(id), id.size());  // the recorded call has none
  EXPECT_EQ(vectors::canonical(body), expected_body("01-plain-chat", {}));
}

TEST(CodewhispererEncode, PlainChatOfAnEditorIsTheRecordedOne) {
  chat::Request request = request_of({user("Say hello.")});
  request.model = "claude-sonnet-4-5";
  const EncodeOptions options{
      .origin = "AI_EDITOR",
      .profile_arn = "arn:aws:codewhisperer:us-east-1:123456789012:profile/ABCDEFGHIJKL",
      .models = {}};
  EXPECT_EQ(vectors::canonical(encode(request, options).body),
            expected_body("02-plain-chat-ide",
                          {R"(,"agentContinuationId":"00000000-0000-4000-8000-0000000000aa")",
                           R"(,"agentTaskType":"vibe")"}));
}

TEST(CodewhispererEncode, SystemTextAndHistoryAreTheRecordedOnes) {
  chat::Request request = request_of({user("Boiling point of water in C?"), assistant("100"),
                                      user("In F?"), assistant("212"), user("And in Kelvin?")},
                                     "You are a terse physics tutor.");
  request.model = "claude-sonnet-4.5";
  const Encoded encoded = encode(request, {.origin = "CLI", .profile_arn = "", .models = {}});
  EXPECT_EQ(vectors::canonical(encoded.body),
            expected_body("03-system-and-history",
                          {R"(,"messageId":"00000000-0000-4000-8000-0000000000b1")"}));
  EXPECT_EQ(encoded.transforms, std::vector<std::string>{"emulated:system"});
}

TEST(CodewhispererEncode, UnicodeIsSentAsItIs) {
  const Encoded encoded =
      encode(request_of({user("h\u00e9llo \u4f60\u597d \U0001F600 \x07 \"q\" \\ /")}));
  EXPECT_EQ(vectors::canonical(encoded.body), expected_body("13-unicode", {}));
  EXPECT_NE(encoded.body.find("h\u00e9llo \u4f60\u597d \U0001F600"), std::string::npos);
  EXPECT_TRUE(encoded.transforms.empty());
}

TEST(CodewhispererEncode, ConversationsAreBroughtIntoFormAndEachRepairIsNamed) {
  using Names = std::vector<std::string>;
  const struct {
    chat::Request request;
    std::string outline;
    Names transforms;
  } cases[] = {
      {request_of({user("a")}), "| a", {}},
      {request_of({user("a"), assistant("b"), user("c")}), "u:a a:b | c", {}},
      {request_of({user("a"), user("b")}), "| a\n\nb", {"changed:messages.merged"}},
      {request_of({user("a"), assistant("b"), assistant("c"), user("d")}),
       "u:a a:b\n\nc | d",
       {"changed:messages.merged"}},
      {request_of({assistant("a"), user("b")}), "u:Continue a:a | b", {"changed:messages.filler"}},
      {request_of({user("a"), assistant("b")}), "u:a a:b | Continue", {"changed:messages.prefill"}},
      {request_of({user("")}), "| Continue", {"changed:messages.filler"}},
      {request_of({user("a"), assistant(""), user("b")}),
       "u:a a:(empty) | b",
       {"changed:messages.filler"}},
      {request_of({user("a"), user(" \n")}), "| a", {"dropped:messages.empty"}},
      {request_of({user("a")}, "s"),
       "u:s a:I will follow these instructions. | a",
       {"emulated:system"}},
      {request_of({assistant("a"), user("b")}, "s"),
       "u:s a:I will follow these instructions. u:Continue a:a | b",
       {"emulated:system", "changed:messages.filler"}},
      {request_of({}, "s"), "| s", {"emulated:system"}},
      {request_of({user("a")}, " "), "| a", {}},
      {request_of({assistant("a")}),
       "u:Continue a:a | Continue",
       {"changed:messages.filler", "changed:messages.prefill"}},
  };
  for (const auto& c : cases) {
    const Encoded encoded = encode(c.request);
    EXPECT_EQ(outline(encoded.body), c.outline);
    EXPECT_EQ(encoded.transforms, c.transforms) << c.outline;
  }
}

TEST(CodewhispererEncode, MembersWithoutAPlaceAreNamed) {
  chat::Request request = request_of({user("a")});
  request.model = "gpt-4o";
  request.user = "u-1";
  request.metadata = {{"k", "v"}};
  const Encoded encoded = encode(request);
  EXPECT_EQ(encoded.transforms,
            (std::vector<std::string>{"changed:model", "dropped:user", "dropped:metadata"}));
  EXPECT_EQ(encoded.body.find("modelId"), std::string::npos);
  EXPECT_EQ(encoded.body.find("u-1"), std::string::npos);
}

TEST(CodewhispererEncode, OwnNameLeavesTheModelToTheAccount) {
  chat::Request request = request_of({user("a")});
  request.model = "codewhisperer";
  EXPECT_EQ(encode(request).body.find("modelId"), std::string::npos);
  request.model = "auto";
  EXPECT_NE(encode(request).body.find(R"("modelId":"auto")"), std::string::npos);
}

TEST(CodewhispererEncode, NothingToAnswerIsTheClientsMistake) {
  const Error error = error_of(request_of({}));
  EXPECT_EQ(error.kind, ErrorKind::bad_request);
  EXPECT_EQ(error.param, "messages");
}

TEST(CodewhispererEncode, ModelIdMustBeOneTheServiceCouldTake) {
  chat::Request request = request_of({user("a")});
  for (const std::string& bad : {std::string("claude-\"x"), std::string("codewhisperer/a b"),
                                 "claude-" + std::string(max_model_id_bytes, 'x')}) {
    request.model = bad;
    const Error error = error_of(request);
    EXPECT_EQ(error.kind, ErrorKind::bad_request);
    EXPECT_EQ(error.param, "model");
    EXPECT_LT(error.message.size(), 100u);
  }
}

TEST(CodewhispererEncode, TextsAreLimitedInCharactersNotInBytes) {
  const std::string two_bytes = "\u00e9";
  const auto repeat = [&](std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += two_bytes;
    return text;
  };
  const auto with_assistant = [&](std::size_t count) {
    return request_of({user("a"), assistant(repeat(count)), user("b")});
  };
  encode(with_assistant(max_assistant_characters));
  const Error error = error_of(with_assistant(max_assistant_characters + 1));
  EXPECT_EQ(error.kind, ErrorKind::context_overflow);
  EXPECT_EQ(error.param, "messages");

  encode(request_of({user(repeat(max_user_characters))}));
  EXPECT_EQ(error_of(request_of({user(repeat(max_user_characters + 1))})).kind,
            ErrorKind::context_overflow);
  EXPECT_EQ(error_of(request_of({user("a")}, repeat(max_user_characters + 1))).kind,
            ErrorKind::context_overflow);
}

TEST(CodewhispererEncode, TurnsThatWouldBeTooLongTogetherStayApart) {
  const std::string half(max_assistant_characters / 2 + 1, 'x');
  const Encoded encoded =
      encode(request_of({user("a"), assistant(half), assistant(half), user("b")}));
  EXPECT_EQ(outline(encoded.body), "u:a a:" + half + " u:Continue a:" + half + " | b");
  EXPECT_EQ(encoded.transforms, std::vector<std::string>{"changed:messages.filler"});
}

TEST(CodewhispererEncode, EndlessHistoryIsTooLong) {
  std::vector<Turn> turns;
  for (std::size_t i = 0; i <= max_history_entries / 2; ++i) {
    turns.push_back(user("a"));
    turns.push_back(assistant("b"));
  }
  turns.push_back(user("c"));
  EXPECT_EQ(error_of(request_of(std::move(turns))).kind, ErrorKind::context_overflow);
}

bool looks_like_uuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash && std::string_view("0123456789abcdef").find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

TEST(CodewhispererEncode, ConversationIdIsTheClientsOrMadeFromIt) {
  chat::Request request = request_of({user("a")});
  request.hints.conversation_id = "0000ABCD-0000-4000-8000-000000000001";
  EXPECT_EQ(conversation_uuid(request), "0000abcd-0000-4000-8000-000000000001");
  request.hints.conversation_id = "my chat";
  const std::string id = conversation_uuid(request);
  EXPECT_TRUE(looks_like_uuid(id)) << id;
  request.turns = {user("something else")};
  EXPECT_EQ(conversation_uuid(request), id);
  request.hints.conversation_id = "my other chat";
  EXPECT_NE(conversation_uuid(request), id);
}

TEST(CodewhispererEncode, ConversationIdStaysWhileAChatGoesOn) {
  chat::Request request = request_of({user("a")}, "s");
  request.hints.conversation_id.reset();
  const std::string id = conversation_uuid(request);
  EXPECT_TRUE(looks_like_uuid(id)) << id;
  request.turns.push_back(assistant("b"));
  request.turns.push_back(user("c"));
  EXPECT_EQ(conversation_uuid(request), id);

  std::set<std::string> ids = {id};
  chat::Request other = request;
  other.model = "auto";
  ids.insert(conversation_uuid(other));
  other.user = "somebody";
  ids.insert(conversation_uuid(other));
  other.instructions = "t";
  ids.insert(conversation_uuid(other));
  other.turns[0].text = "b";
  ids.insert(conversation_uuid(other));
  EXPECT_EQ(ids.size(), 5u);
}

// The rules of the service for a conversation, judged from the body alone.
std::string broken_rule(const std::string& body) {
  const auto document = json::Document::parse(body);
  if (!document) return "not JSON";
  const auto state = document->root().require("conversationState");
  if (!state) return "no conversationState";
  if (*state->require("chatTriggerType")->string() != "MANUAL") return "trigger";
  const auto id = *state->require("conversationId")->string();
  if (id.empty() || id.size() > 128) return "conversation id";

  const auto check_user = [](const json::Reader& message) -> std::string {
    const auto content = message.require("content");
    if (!content || content->string()->find_first_not_of(" \n\t\r") == std::string_view::npos) {
      return "empty user content";
    }
    return "";
  };
  const auto current = state->require("currentMessage")->require("userInputMessage");
  if (!current) return "the current message is not a user's";
  if (const auto problem = check_user(*current); !problem.empty()) return problem;

  const auto history = state->find("history");
  if (!history) return "";
  const auto messages = history->array();
  std::size_t index = 0;
  for (const json::Reader message : *messages) {
    const auto from_user = message.find("userInputMessage");
    const auto from_assistant = message.find("assistantResponseMessage");
    if (from_user.has_value() == from_assistant.has_value()) return "not exactly one member";
    if (from_user.has_value() != (index % 2 == 0)) return "does not alternate from a user on";
    if (from_user) {
      if (const auto problem = check_user(*from_user); !problem.empty()) return problem;
      if (from_user->find("userInputMessageContext")) return "context in history";
    } else if (from_assistant->require("content")->string()->empty()) {
      return "empty assistant content";
    }
    ++index;
  }
  if (index == 0) return "an empty history is sent";
  if (index % 2 != 0) return "history ends with a user";
  return body.find(":null") == std::string::npos ? "" : "null";
}

TEST(CodewhispererEncode, AnyTurnsSatisfyTheRulesOfTheService) {
  EXPECT_TRUE(rc::check([] {
    chat::Request request;
    const auto text = rc::gen::oneOf(rc::gen::just(std::string()), rc::gen::just(std::string(" ")),
                                     rc::gen::arbitrary<std::string>());
    request.instructions = *text;
    const int turns = *rc::gen::inRange(1, 12);
    for (int i = 0; i < turns; ++i) {
      const Role role = *rc::gen::element(Role::user, Role::assistant);
      request.turns.push_back({role, *text});
    }
    chat::Transforms transforms;
    const auto encoded = encode_request(request, {}, transforms);
    RC_ASSERT(encoded.has_value());
    RC_ASSERT(broken_rule(encoded->body) == "");
    RC_ASSERT(encoded->conversation_id == conversation_uuid(request));
    // Nothing that was said is lost, and it comes in order.
    const std::string whole = outline(encoded->body);
    std::size_t at = 0;
    for (const Turn& turn : request.turns) {
      if (turn.text.find_first_not_of(" \t\r\n\v\f") == std::string::npos) continue;
      const std::string shown = *json::unescape(json::escape(turn.text));
      const auto found = whole.find(shown, at);
      RC_ASSERT(found != std::string::npos);
      at = found + shown.size();
    }
  }));
}

}  // namespace
}  // namespace dragoman::codewhisperer
