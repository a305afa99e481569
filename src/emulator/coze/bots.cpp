#include "emulator/coze/bots.hpp"

namespace dragoman::emulator::coze {
namespace {

constexpr std::int64_t published_at = 1750000000;

constexpr std::string_view reasoning_script = R"({"events":[
  {"reasoning":"The user greets me. "},{"reasoning":"I greet back: 你好."},
  {"text":"Hello! "},{"text":"How can I help? 😀"},
  {"follow_up":"What can you do?"},{"follow_up":"今天天气怎么样？"}]})";

constexpr std::string_view multi_answer_script = R"({"events":[
  {"message":{"type":"knowledge","content":"---\nrecall slice 1: refund policy\n"}},
  {"message":{"type":"function_call","content":"{\"name\":\"news-search\",\"arguments\":{\"cursor\":0,\"input_query\":\"sport\"},\"plugin_id\":7281192623887548000,\"api_id\":7288907006982013000,\"plugin_type\":1}"}},
  {"message":{"type":"tool_response","content":"{\"content_type\":1,\"response_for_model\":\"two results\",\"type_for_model\":1}"}},
  {"message":{"type":"answer","content":"{\"elements\":{}}","content_type":"card"}},
  {"text":"First "},{"text":"answer."},{"answer_end":true},{"text":"Second answer."}]})";

constexpr std::string_view client_tool_script = R"({"events":[
  {"message":{"type":"function_call","content":"{\"name\":\"ts-weather_assistant-get_rain_probability\",\"arguments\":{\"location\":\"Hangzhou\"},\"plugin_id\":7374787648269074000,\"plugin_type\":1}"}},
  {"requires_action":{"type":"submit_tool_outputs","submit_tool_outputs":{"tool_calls":[
    {"id":"BUJJRW11bGF0b3JUb29sQ2FsbDAwMDAwMDAwMDAwMQ==","type":"function",
     "function":{"name":"get_rain_probability","arguments":"{\"location\":\"Hangzhou\"}"},
     "require_info":null}]}}}]})";

constexpr std::string_view reply_script = R"({"events":[
  {"text":"Which city do you mean?"},
  {"requires_action":{"type":"reply_message","submit_tool_outputs":{"tool_calls":[
    {"id":"BUJJRW11bGF0b3JSZXBseTAwMDAwMDAwMDAwMDAwMQ==","type":"reply_message",
     "function":{"name":"","arguments":""},"require_info":null}]}}}]})";

// The cut lies behind the end: it takes the place of the end.
constexpr std::string_view cut_script = R"({"events":[
  {"text":"This answer "},{"text":"is cut off before it"}],"tail":false,"cut_at":1000000})";

constexpr std::string_view audio_script = R"({"events":[
  {"text":"A red "},{"audio":"KgAxAC8ALgAvAC0AKgAuAA=="},{"text":"square."}]})";

std::string make_huge_script(std::size_t bytes) {
  return R"({"events":[{"filler":)" + std::to_string(bytes) + "}]}";
}

}  // namespace

std::vector<Bot> make_bots(const Options& options) {
  std::vector<Bot> bots;
  const auto add = [&](std::string_view name, std::string_view description,
                       std::string_view script) -> Bot& {
    Bot bot;
    bot.id = echo_bot + bots.size();
    bot.name = name;
    bot.description = description;
    bot.script = script;
    return bots.emplace_back(std::move(bot));
  };
  add("Echo", "Says the query again, word by word", "");
  add("Thinker", "Reasoning, an answer and follow-up questions", reasoning_script);
  add("Reporter", "Knowledge, a plugin, a card and two answers", multi_answer_script)
      .unquoted_done = true;
  add("Weather", "Needs a client tool", client_tool_script);
  add("Failure", "Fails after some text",
      R"({"events":[{"text":"I was about to "},{"failed":{"code":5000,"msg":"event interval error"}}]})");
  add("Short failure", "Fails at once, in the short form",
      R"({"events":[{"failed":{"code":701231,"msg":"error","short":true}}]})");
  add("Error event", "Ends with an error event",
      R"({"events":[{"text":"I was about to "},{"error":{"code":5000,"msg":"internal error"}}]})");
  add("Broke", "Answers JSON: the balance is used up",
      R"({"events":[{"refused":{"code":4011,"msg":"Your credit balance is used up. Please recharge and try again."}}]})");
  add("Cut", "Loses the connection in mid-stream", cut_script);
  add("Slow", "Echoes slowly", "").slow = true;
  add("Card", "Answers with a card",
      R"({"events":[{"message":{"type":"answer","content":"{\"elements\":{\"title\":\"Card\"}}","content_type":"card"}}]})");
  add("Speaker", "Answers with text and audio", audio_script);
  add("Silent", "Answers nothing", R"({"events":[{"message":{"type":"answer","content":""}}]})");
  add("Huge", "Answers one very long line", make_huge_script(options.huge_line_bytes));
  add("Studio", "Echoes in the open-source dialect", "").studio = true;
  add("Drip", "Echoes byte by byte", R"({"write_bytes":1})");
  add("Lump", "Echoes in one write", R"({"one_write":true})");
  add("Plain", "Answers without deltas",
      R"({"events":[{"message":{"type":"answer","content":"It is sunny in Hangzhou."}}]})");
  add("Asker", "Asks back before it answers", reply_script);
  add("Lost", "Stops without an end",
      R"({"events":[{"text":"This answer "},{"text":"has no end"}],"tail":false})");
  add("Draft", "Is not published", "").published = false;
  return bots;
}

void write_bot(json::Writer& out, const Bot& bot, std::string_view owner) {
  out.begin_object();
  out.key("bot_id").string(format_id(bot.id));
  out.key("name").string(bot.name);
  out.key("description").string(bot.description);
  out.key("icon_url").string("https://example.com/icon.png");
  out.key("create_time").number(published_at - 1000);
  out.key("update_time").number(published_at);
  out.key("version").string(std::to_string(published_at));
  out.key("owner_user_id").string(owner);
  out.key("prompt_info").begin_object().key("prompt").string("You are an emulator.").end_object();
  out.key("onboarding_info").begin_object().key("prologue").string("Hello");
  out.key("suggested_questions").begin_array().string("Who are you?").end_array().end_object();
  out.key("bot_mode").number(0);
  out.key("model_info").begin_object();
  out.key("model_id").string("1737521813").key("model_name").string("emulator");
  out.key("temperature").number(0.8).key("context_round").number(3);
  out.key("max_tokens").number(4096).end_object();
  out.key("plugin_info_list").begin_array().end_array();
  out.key("knowledge").begin_object().key("knowledge_infos").begin_array().end_array().end_object();
  out.key("workflow_info_list").begin_array().end_array();
  out.key("shortcut_commands").begin_array().end_array();
  out.key("suggest_reply_info").begin_object().key("reply_mode").string("enable");
  out.key("customized_prompt").string("").end_object();
  out.key("background_image_info").begin_object().end_object();
  out.key("variables").begin_array().end_array();
  out.key("voice_info_list").begin_array().end_array();
  out.key("default_user_input_type").string("text").end_object();
}

void write_bot_item(json::Writer& out, const Bot& bot, std::string_view owner) {
  out.begin_object();
  out.key("id").string(format_id(bot.id));
  out.key("name").string(bot.name);
  out.key("icon_url").string("https://example.com/icon.png");
  out.key("folder_id").string("0");
  out.key("updated_at").number(published_at);
  out.key("description").string(bot.description);
  out.key("is_published").boolean(bot.published);
  if (bot.published) out.key("published_at").number(published_at);
  out.key("owner_user_id").string(owner).end_object();
}

void write_space_bot(json::Writer& out, const Bot& bot) {
  out.begin_object();
  out.key("bot_id").string(format_id(bot.id));
  out.key("bot_name").string(bot.name);
  out.key("description").string(bot.description);
  out.key("icon_url").string("https://example.com/icon.png");
  out.key("publish_time").string(std::to_string(published_at)).end_object();
}

}  // namespace dragoman::emulator::coze
