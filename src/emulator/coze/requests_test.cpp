// Every rule for requests, one test each.

#include "emulator/coze/requests.hpp"

#include <gtest/gtest.h>
#include <string>

namespace dragoman::emulator::coze {
namespace {

// The refusal of a chat request with these members beside bot_id and user_id; code 0: taken.
Refusal judge(const std::string& members) {
  const std::string text = R"({"bot_id":"7401000000000000001","user_id":"u")" +
                           (members.empty() ? "" : "," + members) + "}";
  auto document = json::Document::parse(text);
  EXPECT_TRUE(document) << text;
  auto request = read_chat_request(document->root());
  return request ? Refusal() : request.error();
}

std::int64_t code_of(const std::string& members) { return judge(members).code; }

std::string messages(const std::string& list) { return R"("additional_messages":[)" + list + "]"; }

std::string one(const std::string& members) {
  return R"("stream":true,)" + messages(R"({"role":"user",)" + members + "}");
}

// One user message, the content of which is this object_string.
std::string object_string(std::string content) {
  std::string escaped;
  for (char c : content) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return one(R"("content_type":"object_string","content":")" + escaped + "\"");
}

std::int64_t code_of_body(const std::string& text) {
  auto document = json::Document::parse(text);
  auto request = read_chat_request(document->root());
  return request ? 0 : request.error().code;
}

TEST(CozeChatRequest, TheSimplestOneIsTaken) {
  EXPECT_EQ(judge(one(R"("content":"hi","content_type":"text")")), Refusal());
}

TEST(CozeChatRequest, TheBodyMustBeAnObject) { EXPECT_EQ(code_of_body("[]"), 4000); }

TEST(CozeChatRequest, BotIdIsRequired) { EXPECT_EQ(code_of_body(R"({"user_id":"u"})"), 4000); }

TEST(CozeChatRequest, BotIdIsAStringNotANumber) {
  EXPECT_EQ(code_of_body(R"({"bot_id":7401000000000000001,"user_id":"u"})"), 4000);
}

TEST(CozeChatRequest, BotIdIsOfDigits) {
  EXPECT_EQ(code_of_body(R"({"bot_id":"my-bot","user_id":"u"})"), 4000);
}

TEST(CozeChatRequest, UserIdIsRequired) {
  EXPECT_EQ(code_of_body(R"({"bot_id":"7401000000000000001"})"), 4000);
  EXPECT_EQ(code_of_body(R"({"bot_id":"7401000000000000001","user_id":""})"), 4000);
}

TEST(CozeChatRequest, StreamAndAutoSaveHistoryAreBooleans) {
  EXPECT_EQ(code_of(R"("stream":"true")"), 4000);
  EXPECT_EQ(code_of(R"("stream":true,"auto_save_history":1)"), 4000);
}

TEST(CozeChatRequest, WithoutAStreamTheHistoryMustBeSaved) {
  EXPECT_EQ(judge(R"("stream":false,"auto_save_history":false)"),
            (Refusal{4007, "stream false is only allowed when auto_save_history is true"}));
  EXPECT_EQ(code_of(R"("stream":true,"auto_save_history":false)"), 0);
}

TEST(CozeChatRequest, AHundredMessagesAreTakenAndOneMoreIsNot) {
  std::string list;
  for (int i = 0; i < 100; ++i) list += R"({"role":"user","content":"x"},)";
  std::string hundred = list.substr(0, list.size() - 1);
  EXPECT_EQ(code_of(messages(hundred)), 0);
  EXPECT_EQ(code_of(messages(list + R"({"role":"user","content":"x"})")), 4004);
}

TEST(CozeChatRequest, ThereIsNoSystemRole) {
  const Refusal refusal =
      judge(messages(R"({"role":"system","content":"be brief"},{"role":"user","content":"hi"})"));
  EXPECT_EQ(refusal, bad_parameter("additional_messages.0.role: must be user or assistant"));
}

TEST(CozeChatRequest, ARoleIsRequired) {
  EXPECT_EQ(code_of(messages(R"({"content":"hi"})")), 4000);
}

TEST(CozeChatRequest, TheLastMessageIsTheUsers) {
  EXPECT_EQ(
      code_of(messages(R"({"role":"user","content":"a"},{"role":"assistant","content":"b"})")),
      4005);
}

TEST(CozeChatRequest, QuestionsAreOfUsersAndAnswersOfAssistants) {
  EXPECT_EQ(code_of(one(R"("type":"question","content":"a")")), 0);
  EXPECT_EQ(code_of(one(R"("type":"answer","content":"a")")), 4000);
  const std::string user = R"(,{"role":"user","content":"b"})";
  EXPECT_EQ(code_of(messages(R"({"role":"assistant","type":"answer","content":"a"})" + user)), 0);
  EXPECT_EQ(code_of(messages(R"({"role":"assistant","type":"question","content":"a"})" + user)),
            4000);
}

TEST(CozeChatRequest, AnUnknownTypeIsRefused) {
  EXPECT_EQ(code_of(one(R"("type":"statement","content":"a")")), 4000);
}

TEST(CozeChatRequest, ToolTypesNeedUnsavedHistory) {
  for (const std::string type : {"function_call", "tool_output", "tool_response"}) {
    const std::string list = messages(R"({"role":"assistant","type":")" + type +
                                      R"(","content":"{}"},{"role":"user","content":"b"})");
    EXPECT_EQ(code_of(R"("stream":true,)" + list), 4000) << type;
    EXPECT_EQ(code_of(R"("stream":true,"auto_save_history":false,)" + list), 0) << type;
  }
}

TEST(CozeChatRequest, ContentIsAString) {
  EXPECT_EQ(code_of(one(R"("content":[{"type":"text","text":"a"}])")), 4000);
  EXPECT_EQ(code_of(one(R"("content_type":"text")")), 4000);
}

TEST(CozeChatRequest, ContentTypesAreTextAndObjectString) {
  EXPECT_EQ(code_of(one(R"("content":"a","content_type":"card")")), 4000);
}

TEST(CozeObjectString, AllKindsOfItemsAreTaken) {
  EXPECT_EQ(judge(object_string(R"([{"type":"text","text":"What is \"this\"?"},)"
                                R"({"type":"image","file_id":"7405000000000000001"},)"
                                R"({"type":"image","file_url":"https://example.com/a.png"},)"
                                R"({"type":"file","file_url":"http://example.com/a.pdf"},)"
                                R"({"type":"audio","file_id":"7405000000000000002"}])")),
            Refusal());
}

TEST(CozeObjectString, MustBeTheTextOfAnArray) {
  EXPECT_EQ(code_of(object_string("hello")), 4000);
  EXPECT_EQ(code_of(object_string(R"({"type":"text","text":"a"})")), 4000);
}

TEST(CozeObjectString, TextAloneIsRefused) {
  EXPECT_EQ(code_of(object_string(R"([{"type":"text","text":"a"}])")), 4000);
}

TEST(CozeObjectString, TwoTextsAreRefused) {
  EXPECT_EQ(code_of(object_string(R"([{"type":"text","text":"a"},{"type":"text","text":"b"},)"
                                  R"({"type":"image","file_id":"1"}])")),
            4000);
}

TEST(CozeObjectString, UnknownItemsAreRefused) {
  EXPECT_EQ(code_of(object_string(R"([{"type":"video","file_id":"1"}])")), 4000);
}

TEST(CozeObjectString, MediaNeedAFile) {
  EXPECT_EQ(code_of(object_string(R"([{"type":"text","text":"a"},{"type":"image"}])")), 4000);
  EXPECT_EQ(
      code_of(object_string(R"([{"type":"text","text":"a"},{"type":"image","file_id":"abc"}])")),
      4000);
}

TEST(CozeObjectString, UrlsMustBeReachableFromOutside) {
  const auto code_of_url = [](const std::string& url) {
    return code_of(object_string(R"([{"type":"text","text":"a"},{"type":"image","file_url":")" +
                                 url + R"("}])"));
  };
  EXPECT_EQ(code_of_url("https://example.com/a.png"), 0);
  EXPECT_EQ(code_of_url("https://172.15.0.1/a.png"), 0);
  EXPECT_EQ(code_of_url("https://10.example.com:8443/a.png"), 0);
  for (const std::string url :
       {"data:image/png;base64,AAAA", "ftp://example.com/a", "https://", "http://localhost/a",
        "http://127.0.0.1:8080/a", "http://10.1.2.3/a", "http://192.168.0.1/a",
        "http://172.16.0.1/a", "http://172.31.0.1/a", "http://169.254.1.1/a", "http://[::1]/a",
        "http://user@localhost/a"}) {
    EXPECT_EQ(code_of_url(url), 4000) << url;
  }
}

TEST(CozeObjectString, MediaAloneStandNextToAText) {
  const std::string media = R"({"role":"user","content_type":"object_string",)"
                            R"("content":"[{\"type\":\"image\",\"file_id\":\"1\"}]"})";
  const std::string text = R"({"role":"user","content":"what is it?"})";
  EXPECT_EQ(code_of(messages(media)), 4000);
  EXPECT_EQ(code_of(messages(media + "," + text)), 0);
  EXPECT_EQ(code_of(messages(text + "," + media)), 0);
  EXPECT_EQ(code_of(messages(text + R"(,{"role":"assistant","content":"ok"},)" + media)), 4000);
}

TEST(CozeObjectString, AssistantsHaveTextOnly) {
  EXPECT_EQ(
      code_of(messages(R"({"role":"assistant","content_type":"object_string","content":"[]"},)"
                       R"({"role":"user","content":"a"})")),
      4000);
}

TEST(CozeChatRequest, MetaDataHasLimits) {
  std::string pairs;
  for (int i = 0; i < 16; ++i) pairs += "\"k" + std::to_string(i) + "\":\"v\",";
  const auto meta = [](const std::string& members) { return R"("meta_data":{)" + members + "}"; };
  EXPECT_EQ(code_of(meta(pairs.substr(0, pairs.size() - 1))), 0);
  EXPECT_EQ(code_of(meta(pairs + R"("one":"more")")), 4003);
  EXPECT_EQ(code_of(meta("\"" + std::string(64, 'k') + "\":\"v\"")), 0);
  EXPECT_EQ(code_of(meta("\"" + std::string(65, 'k') + "\":\"v\"")), 4003);
  EXPECT_EQ(code_of(meta(R"("":"v")")), 4003);
  EXPECT_EQ(code_of(meta("\"k\":\"" + std::string(512, 'v') + "\"")), 0);
  EXPECT_EQ(code_of(meta("\"k\":\"" + std::string(513, 'v') + "\"")), 4003);
  EXPECT_EQ(code_of(meta(R"("k":"")")), 4003);
  EXPECT_EQ(code_of(meta(R"("k":1)")), 4000);
}

TEST(CozeChatRequest, MetaDataOfAMessageHasThemToo) {
  EXPECT_EQ(code_of(one(R"("content":"a","meta_data":{"k":""})")), 4003);
}

TEST(CozeChatRequest, ParametersAreAnObjectNotItsText) {
  EXPECT_EQ(code_of(R"("parameters":{"user":[{"user_id":"1"}]})"), 0);
  EXPECT_EQ(judge(R"("parameters":"{}")"),
            bad_parameter("parameters: field should be an object, not a string"));
}

TEST(CozeChatRequest, CustomVariablesHaveNamesOfLettersAndStringValues) {
  EXPECT_EQ(code_of(R"("custom_variables":{"bot_name":"Coco"})"), 0);
  EXPECT_EQ(code_of(R"("custom_variables":{"bot-name":"Coco"})"), 4000);
  EXPECT_EQ(code_of(R"("custom_variables":{"name2":"Coco"})"), 4000);
  EXPECT_EQ(code_of(R"("custom_variables":{"age":3})"), 4000);
}

TEST(CozeChatRequest, ExtraParamsAreLatitudeAndLongitude) {
  EXPECT_EQ(code_of(R"("extra_params":{"latitude":"39.98","longitude":"116.30"})"), 0);
  EXPECT_EQ(code_of(R"("extra_params":{"altitude":"12"})"), 4000);
}

TEST(CozeChatRequest, AShortcutHasAnIdAndParametersOfStrings) {
  EXPECT_EQ(code_of(R"("shortcut_command":{"command_id":"1","parameters":{"a":"b"}})"), 0);
  EXPECT_EQ(code_of(R"("shortcut_command":{"parameters":{}})"), 4000);
  EXPECT_EQ(code_of(R"("shortcut_command":{"command_id":"1","parameters":{"a":[]}})"), 4000);
}

TEST(CozeChatRequest, PublishStatusIsOneOfTwo) {
  EXPECT_EQ(code_of(R"("publish_status":"published_online")"), 0);
  EXPECT_EQ(code_of(R"("publish_status":"draft")"), 4000);
}

TEST(CozeChatRequest, AVersionOfADraftIsRefused) {
  EXPECT_EQ(code_of(R"("bot_version":"3")"), 0);
  EXPECT_EQ(code_of(R"("bot_version":"3","publish_status":"unpublished_draft")"), 4000);
}

TEST(CozeChatRequest, EnableCardIsABoolean) { EXPECT_EQ(code_of(R"("enable_card":"yes")"), 4000); }

std::int64_t code_of_submit(const std::string& text) {
  auto document = json::Document::parse(text);
  auto request = read_submit_request(document->root());
  return request ? 0 : request.error().code;
}

TEST(CozeSubmitRequest, OutputsHaveACallAndAString) {
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":[{"tool_call_id":"a=","output":""}]})"), 0);
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":[{"output":"x"}]})"), 4000);
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":[{"tool_call_id":"a"}]})"), 4000);
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":[{"tool_call_id":"a","output":{}}]})"), 4000);
}

TEST(CozeSubmitRequest, OutputsAreRequired) {
  EXPECT_EQ(code_of_submit(R"({"stream":true})"), 4000);
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":[]})"), 4000);
  EXPECT_EQ(code_of_submit(R"({"tool_outputs":{}})"), 4000);
}

}  // namespace
}  // namespace dragoman::emulator::coze
