#include "emulator/coze/service.hpp"

#include <algorithm>
#include <array>

namespace dragoman::emulator::coze {
namespace {

constexpr std::array<Route, 23> routes{{
    {"POST", "/v3/chat", "chat", answer_chat},
    {"POST", "/v3/chat/submit_tool_outputs", "submit_tool_outputs", answer_submit},
    {"GET", "/v3/chat/retrieve", "chat_retrieve", answer_chat_retrieve},
    {"POST", "/v3/chat/retrieve", "chat_retrieve", answer_chat_retrieve},
    {"GET", "/v3/chat/message/list", "chat_messages", answer_chat_messages},
    {"POST", "/v3/chat/cancel", "chat_cancel", answer_chat_cancel},
    {"POST", "/v1/conversation/create", "conversation_create", answer_conversation_create},
    {"GET", "/v1/conversation/retrieve", "conversation_retrieve", answer_conversation_retrieve},
    {"GET", "/v1/conversations", "conversations", answer_conversation_list},
    {"PUT", "/v1/conversations/{id}", "conversation_update", answer_conversation_update},
    {"DELETE", "/v1/conversations/{id}", "conversation_delete", answer_conversation_delete},
    {"POST", "/v1/conversations/{id}/clear", "conversation_clear", answer_conversation_clear},
    {"POST", "/v1/conversation/message/create", "message_create", answer_message_create},
    {"POST", "/v1/conversation/message/list", "message_list", answer_message_list},
    {"GET", "/v1/conversation/message/retrieve", "message_retrieve", answer_message_retrieve},
    {"POST", "/v1/conversation/message/modify", "message_modify", answer_message_modify},
    {"POST", "/v1/conversation/message/delete", "message_delete", answer_message_delete},
    {"GET", "/v1/bots", "bots", answer_bots},
    {"GET", "/v1/bots/{id}", "bot", answer_bot},
    {"GET", "/v1/bot/get_online_info", "bot", answer_bot_online_info},
    {"GET", "/v1/space/published_bots_list", "bots", answer_published_bots},
    {"GET", "/v1/workspaces", "workspaces", answer_workspaces},
    {"GET", "/v1/users/me", "user", answer_user},
}};

bool matches(std::string_view pattern, std::string_view path, std::string_view& path_id) {
  const auto hole = pattern.find("{id}");
  if (hole == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, hole);
  const std::string_view after = pattern.substr(hole + 4);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return false;
  }
  const auto id = path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return false;
  path_id = id;
  return true;
}

void write_detail(json::Writer& out, std::string_view logid) {
  out.key("detail").begin_object().key("logid").string(logid).end_object();
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  std::ranges::transform(type, type.begin(), to_lower);
  while (type.ends_with(' ')) type.pop_back();
  return type == "application/json";
}

}  // namespace

const Bot* Service::find_bot(Id id) const {
  const auto found = std::ranges::find(bots, id, &Bot::id);
  return found == bots.end() ? nullptr : &*found;
}

const Account* Service::authenticate(std::string_view authorization) const {
  constexpr std::string_view scheme = "bearer ";
  std::string given(authorization.substr(0, scheme.size()));
  std::ranges::transform(given, given.begin(), to_lower);
  if (given != scheme) return nullptr;
  const std::string_view token = authorization.substr(scheme.size());
  const auto found = std::ranges::find(options.accounts, token, &Account::token);
  return found == options.accounts.end() ? nullptr : &*found;
}

const Route* find_route(std::string_view method, std::string_view path, std::string_view& path_id) {
  for (const Route& route : routes) {
    if (route.method == method && matches(route.path, path, path_id)) return &route;
  }
  return nullptr;
}

std::vector<std::string> list_operations() {
  std::vector<std::string> names;
  for (const Route& route : routes) {
    if (std::ranges::find(names, route.operation) == names.end()) {
      names.emplace_back(route.operation);
    }
  }
  return names;
}

bool is_turn(std::string_view operation) {
  return operation == "chat" || operation == "submit_tool_outputs";
}

Outcome<json::Document> parse_body(const Call& call) {
  if (!call.body.empty() && !call.content_type.empty() && !is_json(call.content_type)) {
    return bad_parameter("the content type must be application/json");
  }
  auto document = json::Document::parse(call.body.empty() ? "{}" : call.body);
  if (!document) return bad_parameter(document.error().message);
  return std::move(*document);
}

std::string make_envelope(std::string_view members, std::string_view logid) {
  std::string text = R"({"code":0,"msg":"",)";
  if (!members.empty()) text.append(members).append(",");
  std::string detail;
  json::Writer out(detail);
  write_detail(out, logid);
  return text.append(detail).append("}");
}

std::string make_envelope(const Refusal& refusal, std::string_view logid) {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("code").number(refusal.code).key("msg").string(refusal.msg);
  write_detail(out, logid);
  out.end_object();
  return text;
}

}  // namespace dragoman::emulator::coze
