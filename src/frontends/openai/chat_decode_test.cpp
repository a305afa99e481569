#include "frontends/openai/chat_decode.hpp"

#include <gtest/gtest.h>

namespace dragoman::openai {
namespace {

using chat::Role;
using chat::Turn;
using Entries = std::vector<std::string>;

constexpr std::string_view hello = R"("messages":[{"role":"user","content":"Hello"}])";

// A request with one message and these members before it.
Result<ChatCall> with(const std::string& members) {
  return decode_chat("{" + members + "," + std::string(hello) + "}");
}

Error error_of(const Result<ChatCall>& call) {
  EXPECT_FALSE(call.has_value());
  return call ? Error() : call.error();
}

TEST(DecodeChat, TheShortestRequestIsAModelAndAMessage) {
  const ChatCall call = with(R"("model":"claude-sonnet-4.5")").value();
  chat::Request expected;
  expected.model = "claude-sonnet-4.5";
  expected.turns = {{Role::user, "Hello"}};
  EXPECT_EQ(call.request, expected);
  EXPECT_FALSE(call.stream);
  EXPECT_FALSE(call.include_usage);
  EXPECT_TRUE(call.transforms.empty());
}

TEST(DecodeChat, TheModelMayBeAbsent) {
  EXPECT_EQ(decode_chat("{" + std::string(hello) + "}")->request.model, "");
}

TEST(DecodeChat, ModelsAreShortAndHaveNoControlCharacters) {
  EXPECT_TRUE(with("\"model\":\"" + std::string(256, 'm') + "\"").has_value());
  EXPECT_EQ(error_of(with("\"model\":\"" + std::string(257, 'm') + "\"")).param, "model");
  EXPECT_EQ(error_of(with(R"("model":"a\r\nx-evil: 1")")).param, "model");
  EXPECT_EQ(error_of(with(R"("model":"\u007f")")).param, "model");
  EXPECT_EQ(with(R"("model":"modèle č")")->request.model, "mod\xC3\xA8le \xC4\x8D");
}

TEST(DecodeChat, StreamAndItsOptions) {
  const ChatCall call = with(R"("stream":true,"stream_options":{"include_usage":true})").value();
  EXPECT_TRUE(call.stream);
  EXPECT_TRUE(call.include_usage);
  EXPECT_TRUE(call.transforms.empty());
  EXPECT_FALSE(with(R"("stream":true,"stream_options":{})")->include_usage);
  EXPECT_FALSE(with(R"("stream":true,"stream_options":{"include_usage":null})")->include_usage);
}

TEST(DecodeChat, StreamOptionsWithoutAStreamHaveNoEffect) {
  EXPECT_FALSE(with(R"("stream_options":{"include_usage":true})")->include_usage);
  EXPECT_FALSE(with(R"("stream_options":{"include_usage":true},"stream":false)")->include_usage);
}

TEST(DecodeChat, UserIsPassedOnAndTheSafetyIdentifierStandsInForIt) {
  EXPECT_EQ(with(R"("user":"u1","safety_identifier":"s1")")->request.user, "u1");
  EXPECT_EQ(with(R"("safety_identifier":"s1","user":"u1")")->request.user, "u1");
  EXPECT_EQ(with(R"("safety_identifier":"s1")")->request.user, "s1");
  EXPECT_EQ(with(R"("user":"")")->request.user, std::nullopt);
  EXPECT_EQ(error_of(with("\"user\":\"" + std::string(513, 'u') + "\"")).param, "user");
}

TEST(DecodeChat, MetadataIsASmallMapOfTexts) {
  const auto call = with(R"("metadata":{"a":"1","b":"","a":"2"})").value();
  EXPECT_EQ(call.request.metadata, (std::map<std::string, std::string>{{"a", "1"}, {"b", ""}}));

  const auto pairs = [](int n) {
    std::string text = "\"metadata\":{";
    for (int i = 0; i < n; ++i) {
      text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":\"v\"";
    }
    return text + "}";
  };
  EXPECT_EQ(with(pairs(16))->request.metadata.size(), 16U);
  EXPECT_EQ(error_of(with(pairs(17))).param, "metadata");

  const auto sized = [](std::size_t key, std::size_t value) {
    std::string text = "\"metadata\":{\"";
    for (std::size_t i = 0; i < key; ++i) text += "\xC3\xA9";
    text += "\":\"";
    for (std::size_t i = 0; i < value; ++i) text += "\xC3\xA9";
    return text + "\"}";
  };
  EXPECT_TRUE(with(sized(64, 512)).has_value());  // characters, not bytes
  EXPECT_EQ(error_of(with(sized(65, 1))).param, "metadata");
  EXPECT_EQ(error_of(with(sized(1, 513))).param, "metadata.\xC3\xA9");
}

TEST(DecodeChat, WhatNoUpstreamTakesIsRecordedAsDropped) {
  const ChatCall call =
      with(R"("temperature":0.7,"top_p":1,"frequency_penalty":-1,"presence_penalty":2,
              "logit_bias":{"50256":-100},"top_logprobs":3,"seed":42,"stop":["a","b"],
              "max_tokens":100,"max_completion_tokens":100.0,"reasoning_effort":"high",
              "verbosity":"low","store":true,"service_tier":"flex")")
          .value();
  EXPECT_EQ(call.transforms.entries(),
            (Entries{"dropped:temperature", "dropped:top_p", "dropped:frequency_penalty",
                     "dropped:presence_penalty", "dropped:logit_bias", "dropped:top_logprobs",
                     "dropped:seed", "dropped:stop", "dropped:max_tokens",
                     "dropped:max_completion_tokens", "dropped:reasoning_effort",
                     "dropped:verbosity", "dropped:store", "dropped:service_tier"}));
}

TEST(DecodeChat, WhatAsksForWhatHappensAnywayLosesNothing) {
  const ChatCall call =
      with(R"("n":1,"store":false,"service_tier":"auto","logprobs":false,"tools":[],
              "functions":[],"tool_choice":"none","function_call":"auto",
              "response_format":{"type":"text"},"modalities":["text"],"parallel_tool_calls":true,
              "prompt_cache_key":"k","prompt_cache_retention":"24h","audio":null,
              "stream_options":{"include_obfuscation":false})")
          .value();
  EXPECT_TRUE(call.transforms.empty()) << call.transforms.header();
}

TEST(DecodeChat, NullMeansAbsent) {
  const ChatCall call =
      with(R"("model":null,"stream":null,"stream_options":null,"user":null,"metadata":null,
              "temperature":null,"stop":null,"tools":null,"tool_choice":null,"n":null,
              "response_format":null,"logprobs":null,"modalities":null,"audio":null,
              "prediction":null,"web_search_options":null,"x-bot-id":null,"extra_headers":null)")
          .value();
  EXPECT_TRUE(call.transforms.empty()) << call.transforms.header();
  EXPECT_EQ(call.request.user, std::nullopt);
}

TEST(DecodeChat, WhatCannotBeHonouredIsRefusedByName) {
  struct Row {
    const char* members;
    const char* param;
  };
  constexpr Row table[] = {
      {R"("tools":[{"type":"function","function":{"name":"f"}}])", "tools"},
      {R"("tools":[{}],"tool_choice":"none")", "tools"},
      {R"("functions":[{"name":"f"}])", "functions"},
      {R"("tool_choice":"required")", "tool_choice"},
      {R"("tool_choice":{"type":"function","function":{"name":"f"}})", "tool_choice"},
      {R"("function_call":{"name":"f"})", "function_call"},
      {R"("n":2)", "n"},
      {R"("response_format":{"type":"json_object"})", "response_format"},
      {R"("response_format":{"type":"json_schema","json_schema":{}})", "response_format"},
      {R"("logprobs":true)", "logprobs"},
      {R"("modalities":["text","audio"])", "modalities"},
      {R"("audio":{"voice":"alloy","format":"wav"})", "audio"},
      {R"("web_search_options":{})", "web_search_options"},
      {R"("prediction":{"type":"content","content":"x"})", "prediction"},
  };
  for (const Row& row : table) {
    const Error error = error_of(with(row.members));
    EXPECT_EQ(error.kind, ErrorKind::bad_request) << row.members;
    EXPECT_EQ(error.param, row.param) << row.members;
    EXPECT_EQ(error.code, "unsupported_parameter") << row.members;
    EXPECT_EQ(error.message.rfind(std::string(row.param) + ": ", 0), 0U) << error.message;
  }
}

TEST(DecodeChat, FewerThanOneChoiceMakesNoSense) {
  for (const auto* n : {"0", "-1"}) {
    const Error error = error_of(with("\"n\":" + std::string(n)));
    EXPECT_EQ(error.param, "n");
    EXPECT_EQ(error.code, "");
  }
}

TEST(DecodeChat, UnknownMembersAreIgnoredAndCountedAsOneLoss) {
  const ChatCall call =
      with(R"("top_k":40,"chat_template_kwargs":{"x":[1]},"a\r\nb":1,"":null)").value();
  EXPECT_EQ(call.transforms.entries(), Entries{"dropped:unknown_members"});
}

TEST(DecodeChat, TheFirstOfTwoMembersCounts) {
  EXPECT_EQ(with(R"("model":"a","model":"b","model":7)")->request.model, "a");
  EXPECT_EQ(decode_chat(R"({"messages":[{"role":"user","content":"1"}],"messages":[]})")
                ->request.turns.at(0)
                .text,
            "1");
}

TEST(DecodeChat, MissingMessagesHaveTheirOwnCode) {
  for (const auto* body : {"{}", R"({"model":"m"})", R"({"messages":null})", R"({"messages":"hi"})",
                           R"({"messages":{}})", R"({"messages":7})"}) {
    const Error error = error_of(decode_chat(body));
    EXPECT_EQ(error.kind, ErrorKind::bad_request);
    EXPECT_EQ(error.message, "Messages array is required");
    EXPECT_EQ(error.code, "missing_messages");
    EXPECT_EQ(error.param, "messages");
  }
}

TEST(DecodeChat, TheBodyMustBeAnObject) {
  for (const auto* body : {"[]", "null", "7", "\"x\"", "true"}) {
    EXPECT_EQ(error_of(decode_chat(body)).message, "the body: expected an object");
  }
}

// Every member against every kind of value.
TEST(DecodeChat, AWrongTypeOfAnyMemberIsABadRequestNamingIt) {
  struct Value {
    const char* text;
    const char* kind;  // b boolean, i integer, d other number, s string, a array, o object
  };
  constexpr Value values[] = {
      {"true", "b"},
      {"false", "b"},
      {"0", "i"},
      {"1", "i"},
      {"-1", "i"},
      {"7.0", "i"},
      {"1e3", "i"},
      {"9007199254740993", "i"},
      {"0.5", "d"},
      {"-1.5e-7", "d"},
      {"1e300", "d"},
      {"18446744073709551615", "d"},
      {"\"\"", "s"},
      {"\"x\"", "s"},
      {"\"true\"", "s"},
      {"\"1\"", "s"},
      {"\"null\"", "s"},
      {"\"\\u0000\"", "s"},
      {"\"[]\"", "s"},
      {"[]", "a"},
      {"[1]", "a"},
      {"[null]", "a"},
      {"[\"x\"]", "a"},
      {"[[]]", "a"},
      {"[{}]", "a"},
      {"[true,false]", "a"},
      {"{}", "o"},
      {"{\"a\":1}", "o"},
      {"{\"type\":7}", "o"},
      {"{\"a\":null}", "o"},
      {"{\"\":{}}", "o"},
      {"[\"text\",7]", "a"},
  };
  struct Member {
    const char* name;
    const char* takes;  // kinds that may be right; all others must be refused
  };
  constexpr Member members[] = {
      {"messages", ""},
      {"model", "s"},
      {"stream", "b"},
      {"stream_options", "o"},
      {"user", "s"},
      {"safety_identifier", "s"},
      {"metadata", "o"},
      {"temperature", "id"},
      {"top_p", "id"},
      {"frequency_penalty", "id"},
      {"presence_penalty", "id"},
      {"logit_bias", "o"},
      {"top_logprobs", "i"},
      {"seed", "i"},
      {"stop", "sa"},
      {"max_tokens", "i"},
      {"max_completion_tokens", "i"},
      {"reasoning_effort", "s"},
      {"verbosity", "s"},
      {"store", "b"},
      {"service_tier", "s"},
      {"tools", "a"},
      {"functions", "a"},
      {"tool_choice", "s"},
      {"function_call", "s"},
      {"n", "i"},
      {"response_format", "o"},
      {"logprobs", "b"},
      {"modalities", "a"},
      {"audio", ""},
      {"web_search_options", ""},
      {"prediction", ""},
      {"parallel_tool_calls", "b"},
      {"prompt_cache_key", "s"},
      {"prompt_cache_retention", "s"},
      {"x-model-type", "s"},
      {"x-bot-id", "s"},
      {"x-workflow-id", "s"},
      {"x-conversation-id", "s"},
      {"extra_headers", "o"},
  };
  for (const Member& member : members) {
    for (const Value& value : values) {
      const std::string name = member.name;
      const auto call = name == "messages"
                            ? decode_chat("{\"messages\":" + std::string(value.text) + "}")
                            : with("\"" + name + "\":" + value.text);
      const std::string context = name + ": " + value.text;
      const bool may_be_right =
          std::string_view(member.takes).find(*value.kind) != std::string::npos;
      if (call) {
        EXPECT_TRUE(may_be_right) << context;
        continue;
      }
      EXPECT_EQ(call.error().kind, ErrorKind::bad_request) << context;
      EXPECT_EQ(call.error().param.rfind(name, 0), 0U) << context << " -> " << call.error().param;
      EXPECT_FALSE(call.error().message.empty());
    }
  }
}

TEST(DecodeChat, WrongTypesInsideMembersAreNamedByTheirPath) {
  struct Row {
    const char* members;
    const char* param;
  };
  constexpr Row table[] = {
      {R"("stream_options":{"include_usage":1})", "stream_options.include_usage"},
      {R"("stream_options":{"include_obfuscation":"x"})", "stream_options.include_obfuscation"},
      {R"("metadata":{"a":"1","b":2})", "metadata.b"},
      {R"("metadata":{"a":null})", "metadata.a"},
      {R"("logit_bias":{"1":"x"})", "logit_bias.1"},
      {R"("stop":["a",1])", "stop.1"},
      {R"("modalities":["text",1])", "modalities.1"},
      {R"("response_format":{})", "response_format.type"},
      {R"("response_format":{"type":1})", "response_format.type"},
  };
  for (const Row& row : table) {
    EXPECT_EQ(error_of(with(row.members)).param, row.param) << row.members;
  }
}

}  // namespace
}  // namespace dragoman::openai
