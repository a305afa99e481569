#pragma once
// The emulated service without sockets: calls in, replies out.
//
//   Service service(options, clock);
//   std::string_view id;
//   const Route* route = find_route("POST", "/v3/chat", id);      // null: 404
//   auto reply = route->handler(service, call);                   // Outcome<Reply>
//
// A reply either holds the members of a JSON envelope or a turn to be streamed. While a turn is
// written, whoever writes it calls world().settle() before the bytes at Turn::ends_at go out, and
// world().abandon() when they never do.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/coze/bots.hpp"
#include "emulator/coze/query.hpp"
#include "emulator/coze/turn.hpp"
#include "emulator/coze/world.hpp"
#include "json/reader.hpp"

namespace dragoman::emulator::coze {

struct Call {
  const Account& account;
  Query query;
  std::string_view path_id;  // the {id} of the route
  std::string_view content_type;
  std::string_view body;
  // The next script of the queue for this operation, for those that run a turn.
  std::function<std::optional<Script>()> take_script;
};

struct Reply {
  std::string members;  // of the envelope, beside code and msg: "data":{...}; may be empty
  std::optional<Turn> turn;
  Id chat = 0;    // of the turn; 0: none, the stream is an error event
  Script script;  // how a chat call is answered; for the others the queue decides
};

struct Service {
  Service(const Options& options, const Clock& clock)
      : options(options), world(options, clock), bots(make_bots(options)) {}

  const Bot* find_bot(Id id) const;
  // nullptr: the token is missing or unknown.
  const Account* authenticate(std::string_view authorization) const;

  const Options& options;  // must outlive the service
  World world;
  const std::vector<Bot> bots;
};

using RouteHandler = Outcome<Reply> (*)(Service&, Call&);

struct Route {
  std::string_view method;
  std::string_view path;  // "{id}" stands for one segment
  std::string_view operation;
  RouteHandler handler;
};

// nullptr: the service has no such route.
const Route* find_route(std::string_view method, std::string_view path, std::string_view& path_id);
// Names that scripts may be queued for, each once.
std::vector<std::string> list_operations();
// Those that run a turn: scripts for them may have events.
bool is_turn(std::string_view operation);

// The body as JSON; an empty one counts as {}, whatever its content type.
Outcome<json::Document> parse_body(const Call& call);

// {"code":0,"msg":"",<members>,"detail":{"logid":"..."}}, without a line break at the end.
std::string make_envelope(std::string_view members, std::string_view logid);
std::string make_envelope(const Refusal& refusal, std::string_view logid);

Outcome<Reply> answer_chat(Service& service, Call& call);
Outcome<Reply> answer_submit(Service& service, Call& call);
Outcome<Reply> answer_chat_retrieve(Service& service, Call& call);
Outcome<Reply> answer_chat_messages(Service& service, Call& call);
Outcome<Reply> answer_chat_cancel(Service& service, Call& call);

Outcome<Reply> answer_conversation_create(Service& service, Call& call);
Outcome<Reply> answer_conversation_retrieve(Service& service, Call& call);
Outcome<Reply> answer_conversation_list(Service& service, Call& call);
Outcome<Reply> answer_conversation_update(Service& service, Call& call);
Outcome<Reply> answer_conversation_delete(Service& service, Call& call);
Outcome<Reply> answer_conversation_clear(Service& service, Call& call);

Outcome<Reply> answer_message_create(Service& service, Call& call);
Outcome<Reply> answer_message_list(Service& service, Call& call);
Outcome<Reply> answer_message_retrieve(Service& service, Call& call);
Outcome<Reply> answer_message_modify(Service& service, Call& call);
Outcome<Reply> answer_message_delete(Service& service, Call& call);

Outcome<Reply> answer_bots(Service& service, Call& call);
Outcome<Reply> answer_bot(Service& service, Call& call);
Outcome<Reply> answer_bot_online_info(Service& service, Call& call);
Outcome<Reply> answer_published_bots(Service& service, Call& call);
Outcome<Reply> answer_workspaces(Service& service, Call& call);
Outcome<Reply> answer_user(Service& service, Call& call);

}  // namespace dragoman::emulator::coze
