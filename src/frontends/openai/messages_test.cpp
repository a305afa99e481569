#include "frontends/openai/messages.hpp"

#include <gtest/gtest.h>

#include "frontends/openai/chat_decode.hpp"

namespace dragoman::openai {
namespace {

using chat::Role;
using chat::Turn;
using Entries = std::vector<std::string>;
using Turns = std::vector<Turn>;

Result<ChatCall> decode(const std::string& messages) {
  return decode_chat(R"({"model":"m","messages":[)" + messages + "]}");
}

const std::string user = R"({"role":"user","content":"Hello"})";

Error error_of(const std::string& messages) {
  const auto call = decode(messages);
  EXPECT_FALSE(call.has_value()) << messages;
  return call ? Error() : call.error();
}

TEST(DecodeMessages, TurnsKeepTheirOrder) {
  const auto call = decode(R"({"role":"user","content":"a"},{"role":"assistant","content":"b"},
                              {"role":"user","content":"c"},{"role":"user","content":""})")
                        .value();
  EXPECT_EQ(
      call.request.turns,
      (Turns{{Role::user, "a"}, {Role::assistant, "b"}, {Role::user, "c"}, {Role::user, ""}}));
  EXPECT_EQ(call.request.instructions, "");
  EXPECT_TRUE(call.transforms.empty());
}

TEST(DecodeMessages, SystemAndDeveloperTextsBecomeInstructionsJoinedByABlankLine) {
  const auto call = decode(R"({"role":"system","content":"a"},{"role":"developer","content":""},
                              {"role":"developer","content":"b"},)" +
                           user)
                        .value();
  EXPECT_EQ(call.request.instructions, "a\n\nb");
  EXPECT_EQ(call.request.turns, (Turns{{Role::user, "Hello"}}));
  EXPECT_TRUE(call.transforms.empty());
}

TEST(DecodeMessages, ALateSystemMessageIsMovedAndThatIsRecorded) {
  const auto call =
      decode(R"({"role":"system","content":"a"},)" + user + R"(,{"role":"system","content":"b"})")
          .value();
  EXPECT_EQ(call.request.instructions, "a\n\nb");
  EXPECT_EQ(call.transforms.entries(), Entries{"changed:system_position"});
}

TEST(DecodeMessages, TextPartsAreJoinedByALineBreak) {
  const auto call = decode(R"({"role":"user","content":[{"type":"text","text":"a"},
                              {"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]})")
                        .value();
  EXPECT_EQ(call.request.turns, (Turns{{Role::user, "a\nb"}}));
  EXPECT_EQ(call.transforms.entries(), Entries{"changed:content_parts"});
}

TEST(DecodeMessages, OneTextPartIsTheSameAsAString) {
  const auto call = decode(R"({"role":"system","content":[{"type":"text","text":"s"}]},
                              {"role":"user","content":[{"text":"a","type":"text"}]})")
                        .value();
  EXPECT_EQ(call.request.instructions, "s");
  EXPECT_EQ(call.request.turns, (Turns{{Role::user, "a"}}));
  EXPECT_TRUE(call.transforms.empty());
}

TEST(DecodeMessages, AnAssistantMayHaveSaidNothingOrRefused) {
  const auto call = decode(user + R"(,{"role":"assistant","content":null},{"role":"assistant"},
      {"role":"assistant","content":null,"refusal":"No"},
      {"role":"assistant","content":"x","refusal":null,"tool_calls":[],"function_call":null,
       "audio":null},
      {"role":"assistant","content":[{"type":"refusal","refusal":"Never"}]})")
                        .value();
  EXPECT_EQ(call.request.turns, (Turns{{Role::user, "Hello"},
                                       {Role::assistant, ""},
                                       {Role::assistant, ""},
                                       {Role::assistant, "No"},
                                       {Role::assistant, "x"},
                                       {Role::assistant, "Never"}}));
}

TEST(DecodeMessages, NamesAndReasoningAreRecordedAsDropped) {
  const auto call = decode(R"({"role":"user","content":"a","name":"Ann"},
      {"role":"assistant","content":"b","reasoning_content":"hm"})")
                        .value();
  EXPECT_EQ(call.transforms.entries(), (Entries{"dropped:name", "dropped:reasoning_content"}));
}

TEST(DecodeMessages, EscapesAreResolved) {
  EXPECT_EQ(decode(R"({"role":"user","content":"\"\n\u20ac\ud83d\ude00\u0000"})")
                ->request.turns.at(0)
                .text,
            std::string_view("\"\n\xE2\x82\xAC\xF0\x9F\x98\x80\0", 10));
}

TEST(DecodeMessages, ToolsImagesAndFilesAreRefusedByName) {
  struct Row {
    const char* message;
    const char* param;
    const char* says;
  };
  constexpr Row table[] = {
      {R"({"role":"user","content":[{"type":"text","text":"a"},
          {"type":"image_url","image_url":{"url":"data:"}}]})",
       "messages.1.content.1.type", "images are not supported yet"},
      {R"({"role":"user","content":[{"type":"image","source":{}}]})", "messages.1.content.0.type",
       "images are not supported yet"},
      {R"({"role":"user","content":[{"type":"input_audio","input_audio":{}}]})",
       "messages.1.content.0.type", "audio is not supported yet"},
      {R"({"role":"user","content":[{"type":"file","file":{}}]})", "messages.1.content.0.type",
       "files are not supported yet"},
      {R"({"role":"tool","tool_call_id":"c","content":"x"})", "messages.1.role",
       "tools are not supported yet"},
      {R"({"role":"function","name":"f","content":"x"})", "messages.1.role",
       "tools are not supported yet"},
      {R"({"role":"assistant","content":null,"tool_calls":[{"id":"c"}]})", "messages.1.tool_calls",
       "tools are not supported yet"},
      {R"({"role":"assistant","function_call":{"name":"f"}})", "messages.1.function_call",
       "functions are not supported yet"},
      {R"({"role":"assistant","audio":{"id":"a"}})", "messages.1.audio",
       "audio is not supported yet"},
  };
  for (const Row& row : table) {
    const Error error = error_of(user + "," + row.message);
    EXPECT_EQ(error.kind, ErrorKind::bad_request);
    EXPECT_EQ(error.param, row.param);
    EXPECT_EQ(error.code, "unsupported_parameter");
    EXPECT_NE(error.message.find(row.says), std::string::npos) << error.message;
  }
}

TEST(DecodeMessages, WhatIsWrongIsNamedByItsPath) {
  struct Row {
    const char* message;
    const char* param;
  };
  constexpr Row table[] = {
      {"7", "messages.1"},
      {"null", "messages.1"},
      {"[]", "messages.1"},
      {"\"hi\"", "messages.1"},
      {"{}", "messages.1.role"},
      {R"({"content":"x"})", "messages.1.role"},
      {R"({"role":null,"content":"x"})", "messages.1.role"},
      {R"({"role":7,"content":"x"})", "messages.1.role"},
      {R"({"role":"USER","content":"x"})", "messages.1.role"},
      {R"({"role":"","content":"x"})", "messages.1.role"},
      {R"({"role":"user"})", "messages.1.content"},
      {R"({"role":"user","content":null})", "messages.1.content"},
      {R"({"role":"user","content":7})", "messages.1.content"},
      {R"({"role":"user","content":true})", "messages.1.content"},
      {R"({"role":"user","content":{"type":"text","text":"x"}})", "messages.1.content"},
      {R"({"role":"user","content":[]})", "messages.1.content"},
      {R"({"role":"assistant","content":[]})", "messages.1.content"},
      {R"({"role":"system","content":null})", "messages.1.content"},
      {R"({"role":"user","content":["x"]})", "messages.1.content.0"},
      {R"({"role":"user","content":[null]})", "messages.1.content.0"},
      {R"({"role":"user","content":[{}]})", "messages.1.content.0.type"},
      {R"({"role":"user","content":[{"type":7}]})", "messages.1.content.0.type"},
      {R"({"role":"user","content":[{"type":"video"}]})", "messages.1.content.0.type"},
      {R"({"role":"user","content":[{"type":"refusal","refusal":"x"}]})",
       "messages.1.content.0.type"},
      {R"({"role":"user","content":[{"type":"text"}]})", "messages.1.content.0.text"},
      {R"({"role":"user","content":[{"type":"text","text":null}]})", "messages.1.content.0.text"},
      {R"({"role":"user","content":[{"type":"text","text":7}]})", "messages.1.content.0.text"},
      {R"({"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":[]}]})",
       "messages.1.content.1.text"},
      {R"({"role":"assistant","content":[{"type":"refusal"}]})", "messages.1.content.0.refusal"},
      {R"({"role":"user","content":"x","name":7})", "messages.1.name"},
      {R"({"role":"assistant","content":"x","refusal":7})", "messages.1.refusal"},
      {R"({"role":"assistant","content":"x","reasoning_content":[]})",
       "messages.1.reasoning_content"},
      {R"({"role":"assistant","content":"x","tool_calls":{}})", "messages.1.tool_calls"},
  };
  for (const Row& row : table) {
    const Error error = error_of(user + "," + row.message);
    EXPECT_EQ(error.kind, ErrorKind::bad_request) << row.message;
    EXPECT_EQ(error.param, row.param) << row.message;
    EXPECT_EQ(error.message.rfind(std::string(row.param) + ": ", 0), 0U) << error.message;
  }
}

TEST(DecodeMessages, WithoutATurnOfTheUserThereIsNothingToAnswer) {
  for (const auto* messages : {"", R"({"role":"system","content":"x"})",
                               R"({"role":"system","content":"x"},
                                  {"role":"assistant","content":"y"})"}) {
    const Error error = error_of(messages);
    EXPECT_EQ(error.kind, ErrorKind::bad_request);
    EXPECT_EQ(error.param, "messages");
    EXPECT_EQ(error.code, "");
  }
}

}  // namespace
}  // namespace dragoman::openai
