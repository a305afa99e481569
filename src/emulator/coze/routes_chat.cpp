#include <algorithm>

#include "emulator/coze/objects.hpp"
#include "emulator/coze/service.hpp"

namespace dragoman::emulator::coze {
namespace {

constexpr Dialect dialect{native_step_names};

std::string data_of(const Chat& chat) {
  std::string members;
  json::Writer out(members);
  write_chat(out.key("data"), chat);
  return members;
}

Outcome<const Bot*> published_bot(const Service& service, const ChatRequest& request) {
  const Bot* bot = service.find_bot(request.bot);
  if (bot == nullptr) return not_found("bot_id", format_id(request.bot));
  const bool on_channel = request.connector_id == "1024" || request.connector_id == "999" ||
                          request.connector_id == "998";
  if (!request.draft && (!bot->published || !on_channel)) {
    return Refusal{4015, "The bot_id " + format_id(bot->id) +
                             " has not been published to the channel Agent As API. Please refer to "
                             "the documentation to publish your Bot to the corresponding channel."};
  }
  return bot;
}

// What the bot is asked: the last message of the user that has words.
std::string query_of(const ChatRequest& request, const Conversation* conversation) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role == "user" && !message->text.empty()) return message->text;
  }
  if (conversation == nullptr || !request.messages.empty()) return "";
  const auto& stored = conversation->messages;
  for (auto message = stored.rbegin(); message != stored.rend(); ++message) {
    if (message->section != conversation->section) break;
    if (message->role == "user" && message->content_type == "text") return message->content;
  }
  return "";
}

bool has_context(const Conversation& conversation) {
  return std::ranges::any_of(conversation.messages, [&](const Message& message) {
    return message.section == conversation.section && !is_intermediate(message);
  });
}

struct Chosen {
  Script script;
  std::string echo;  // what the usual answer says
};

// From the message, else from the queue, else what the bot does.
Outcome<Chosen> choose_script(const Bot& bot, const std::string& query, Call& call) {
  auto mock = find_mock(query, dialect);
  if (!mock) return bad_parameter("!mock: " + mock.error().message);
  if (*mock) {
    std::string rest = std::move((*mock)->rest);
    return Chosen{std::move((*mock)->script), rest.empty() ? "Hello from the emulator." : rest};
  }
  if (auto queued = call.take_script()) return Chosen{std::move(*queued), query};
  if (bot.script.empty()) return Chosen{Script(), query};
  auto own = parse_script(bot.script, dialect);
  if (!own) return Refusal{5000, "the emulator's own script is broken: " + own.error().message};
  return Chosen{std::move(*own), query};
}

Outcome<TurnPlan> plan_turn(const Service& service, const Bot& bot, const Chosen& chosen) {
  TurnPlan plan;
  plan.tail = chosen.script.tail;
  plan.unquoted_done = bot.unquoted_done;
  if (!chosen.script.events) {
    plan.steps = make_echo(chosen.echo,
                           bot.slow ? service.options.slow_word_delay : service.options.word_delay);
    return plan;
  }
  auto steps = decode_steps(*chosen.script.events);
  if (!steps) return bad_parameter("!mock: " + steps.error().message);
  plan.steps = std::move(*steps);
  return plan;
}

Chat& begin_chat(Service& service, Conversation& conversation, const Bot& bot,
                 const ChatRequest& request) {
  World& world = service.world;
  Chat& chat = world.add_chat(conversation, bot.id, request.save);
  chat.studio = bot.studio;
  chat.meta_data = request.meta_data;
  chat.context_tokens = world.context_tokens(conversation);
  for (const InputMessage& input : request.messages) {
    chat.context_tokens += count_tokens(input.content);
    if (!request.save) continue;
    Message message;
    message.bot = bot.id;
    message.chat = chat.id;
    message.role = input.role;
    message.type = input.type;
    message.content = input.content;
    message.content_type = input.content_type;
    message.meta_data = input.meta_data;
    chat.inserted.push_back(world.store(conversation, std::move(message)).id);
  }
  world.advance(chat, ChatStatus::in_progress);
  return chat;
}

// A turn that has been made becomes the state of its chat and the reply.
Outcome<Reply> start_turn(Service& service, Chat& chat, Turn turn, Script script, bool stream) {
  chat.pending = turn.ending;
  chat.polled = !stream;
  const auto& refusal = turn.refused || stream ? turn.refused : turn.error;
  if (refusal) {
    service.world.settle(chat);
    return *refusal;
  }
  Reply reply;
  reply.script = std::move(script);
  if (stream) {
    reply.chat = chat.id;
    reply.turn = std::move(turn);
    return reply;
  }
  chat.polls_left = service.options.polls_in_progress;
  chat.ready_at_ms = service.world.now_ms() + turn.pauses.count();
  reply.members = data_of(chat);
  return reply;
}

Reply stream_of(const Refusal& refusal) {
  std::string data;
  json::Writer(data)
      .begin_object()
      .key("code")
      .number(refusal.code)
      .key("msg")
      .string(refusal.msg)
      .end_object();
  Bytes event;
  append_event(event.bytes, "error", data);
  Reply reply;
  reply.turn.emplace();
  reply.turn->body.emplace_back(std::move(event));
  return reply;
}

// Of the query parameters conversation_id and chat_id; saved ones only.
Outcome<Chat*> look_up(Service& service, Call& call) {
  const Id conversation = call.query.id("conversation_id");
  const Id id = call.query.id("chat_id");
  if (call.query.refused()) return *call.query.refused();
  auto chat = service.world.find_chat(conversation, id, call.account.user_id);
  if (!chat) return chat.error();
  if (!(*chat)->saved) return not_found("chat_id", format_id(id));
  return *chat;
}

}  // namespace

Outcome<Reply> answer_chat(Service& service, Call& call) {
  auto body = parse_body(call);
  if (!body) return body.error();
  auto request = read_chat_request(body->root());
  if (!request) return request.error();
  auto bot = published_bot(service, *request);
  if (!bot) return bot.error();
  const Id conversation_id = call.query.optional_id("conversation_id");
  if (call.query.refused()) return *call.query.refused();

  Conversation* conversation = nullptr;
  if (conversation_id != 0) {
    auto found = service.world.find_conversation(conversation_id, call.account.user_id);
    if (!found) return found.error();
    conversation = *found;
  }
  const bool empty = conversation == nullptr || !has_context(*conversation);
  if (empty && request->messages.empty() && !request->shortcut) {
    return bad_parameter("additional_messages: is required when the conversation is empty");
  }
  if (conversation != nullptr && service.world.is_busy(*conversation)) {
    if (request->stream) return stream_of(conversation_occupied());
    return conversation_occupied();
  }

  auto chosen = choose_script(**bot, query_of(*request, conversation), call);
  if (!chosen) return chosen.error();
  if (chosen->script.plain()) return Reply{{}, {}, 0, std::move(chosen->script)};
  auto plan = plan_turn(service, **bot, *chosen);
  if (!plan) return plan.error();
  if (conversation == nullptr) {
    conversation = &service.world.add_conversation(call.account.user_id);
  }
  Chat& chat = begin_chat(service, *conversation, **bot, *request);
  Turn turn = make_turn(service.world, chat, *plan);
  return start_turn(service, chat, std::move(turn), std::move(chosen->script), request->stream);
}

Outcome<Reply> answer_submit(Service& service, Call& call) {
  const Id conversation = call.query.id("conversation_id");
  const Id id = call.query.id("chat_id");
  if (call.query.refused()) return *call.query.refused();
  auto body = parse_body(call);
  if (!body) return body.error();
  auto request = read_submit_request(body->root());
  if (!request) return request.error();
  auto found = service.world.find_chat(conversation, id, call.account.user_id);
  if (!found) return found.error();
  Chat& chat = **found;
  if (!chat.saved) return Refusal{5000, "internal error"};
  if (chat.status != ChatStatus::requires_action || !chat.action) {
    return Refusal{4001, "The chat does not wait for tool outputs"};
  }
  std::vector<std::string> wanted = chat.action->call_ids;
  std::vector<std::string> given;
  for (const ToolOutput& output : request->outputs) given.push_back(output.call_id);
  std::ranges::sort(wanted);
  std::ranges::sort(given);
  if (wanted != given) {
    return bad_parameter("tool_outputs: every pending tool call needs exactly one output");
  }

  const Bot* bot = service.find_bot(chat.bot);
  if (bot == nullptr) return not_found("bot_id", format_id(chat.bot));
  Chosen chosen{call.take_script().value_or(Script()), "The tool answered:"};
  for (const ToolOutput& output : request->outputs) chosen.echo += " " + output.output;
  if (chosen.script.plain()) return Reply{{}, {}, 0, std::move(chosen.script)};
  auto plan = plan_turn(service, *bot, chosen);
  if (!plan) return plan.error();
  plan->resumed = true;
  plan->outputs = request->outputs;
  for (const ToolOutput& output : request->outputs) {
    chat.context_tokens += count_tokens(output.output);
  }
  chat.action.reset();
  service.world.advance(chat, ChatStatus::in_progress);
  Turn turn = make_turn(service.world, chat, *plan);
  return start_turn(service, chat, std::move(turn), std::move(chosen.script), request->stream);
}

Outcome<Reply> answer_chat_retrieve(Service& service, Call& call) {
  auto chat = look_up(service, call);
  if (!chat) return chat.error();
  service.world.poll(**chat);
  return Reply{data_of(**chat), {}, 0, {}};
}

Outcome<Reply> answer_chat_messages(Service& service, Call& call) {
  auto chat = look_up(service, call);
  if (!chat) return chat.error();
  auto conversation = service.world.find_conversation((*chat)->conversation, call.account.user_id);
  if (!conversation) return conversation.error();
  const auto& inserted = (*chat)->inserted;
  std::vector<const Message*> messages;
  // The order is not promised to be that of time: the end mark comes before the answer.
  for (const bool verbose : {true, false}) {
    for (const Message& message : (*conversation)->messages) {
      if (message.chat != (*chat)->id || (message.type == "verbose") != verbose) continue;
      if (std::ranges::find(inserted, message.id) == inserted.end()) messages.push_back(&message);
    }
  }
  std::string members;
  json::Writer out(members);
  out.key("data").begin_array();
  for (const Message* message : messages) write_message(out, *message);
  out.end_array();
  return Reply{std::move(members), {}, 0, {}};
}

Outcome<Reply> answer_chat_cancel(Service& service, Call& call) {
  auto body = parse_body(call);
  if (!body) return body.error();
  Fields fields(body->root());
  const Id conversation = fields.id("conversation_id");
  const Id id = fields.id("chat_id");
  if (fields.refused()) return *fields.refused();
  auto chat = service.world.find_chat(conversation, id, call.account.user_id);
  if (!chat) return chat.error();
  if (!may_follow((*chat)->status, ChatStatus::canceled)) {
    return Refusal{4104, "The chat cannot be cancelled in its state: " +
                             std::string(to_string((*chat)->status))};
  }
  service.world.advance(**chat, ChatStatus::canceled);
  (*chat)->pending.reset();
  return Reply{data_of(**chat), {}, 0, {}};
}

}  // namespace dragoman::emulator::coze
