#include <algorithm>

#include "emulator/coze/service.hpp"

namespace dragoman::emulator::coze {
namespace {

struct Span {
  std::size_t first;
  std::size_t last;
};

// The part of `total` things that page (from 1) of `size` shows.
Span page_of(std::size_t total, std::int64_t page, std::int64_t size) {
  const auto first = std::min(total, static_cast<std::size_t>((page - 1) * size));
  return {first, std::min(total, first + static_cast<std::size_t>(size))};
}

constexpr std::int64_t max_page = 1'000'000;

Outcome<std::vector<const Bot*>> bots_of(const Service& service, const std::string& workspace,
                                         std::string_view status) {
  if (workspace != workspace_id) {
    return no_permission("space_id=" + workspace.substr(0, 40), "listBot");
  }
  std::vector<const Bot*> bots;
  for (const Bot& bot : service.bots) {
    const bool fits = status == "all" || (status == "published_online" && bot.published) ||
                      (status == "unpublished_draft" && !bot.published);
    if (fits) bots.push_back(&bot);
  }
  return bots;
}

Outcome<Reply> show_bot(const Service& service, const Call& call, Id id, bool drafts) {
  const Bot* bot = service.find_bot(id);
  if (bot == nullptr || (!bot->published && !drafts)) return not_found("bot_id", format_id(id));
  Reply reply;
  json::Writer out(reply.members);
  write_bot(out.key("data"), *bot, call.account.user_id);
  return reply;
}

}  // namespace

Outcome<Reply> answer_bots(Service& service, Call& call) {
  const std::string workspace = call.query.required_text("workspace_id");
  const std::string status = call.query.text("publish_status", "published_online");
  const auto known = {"all", "published_online", "published_draft", "unpublished_draft"};
  if (std::ranges::find(known, status) == known.end()) {
    call.query.refuse(bad_parameter("publish_status: is not a known word"));
  }
  // The Python client calls it page_index.
  const auto page =
      call.query.number(call.query.has("page_num") ? "page_num" : "page_index", 1, 1, max_page);
  const auto size = call.query.number("page_size", 20, 1, 50);
  if (call.query.refused()) return *call.query.refused();
  auto bots = bots_of(service, workspace, status);
  if (!bots) return bots.error();
  const Span span = page_of(bots->size(), page, size);
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("items").begin_array();
  for (std::size_t i = span.first; i < span.last; ++i) {
    write_bot_item(out, *(*bots)[i], call.account.user_id);
  }
  out.end_array().key("total").number(bots->size()).end_object();
  return reply;
}

Outcome<Reply> answer_published_bots(Service& service, Call& call) {
  const std::string workspace = call.query.required_text("space_id");
  const auto page = call.query.number("page_index", 1, 1, max_page);
  const auto size = call.query.number("page_size", 20, 1, 50);
  if (call.query.refused()) return *call.query.refused();
  auto bots = bots_of(service, workspace, "published_online");
  if (!bots) return bots.error();
  const Span span = page_of(bots->size(), page, size);
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("space_bots").begin_array();
  for (std::size_t i = span.first; i < span.last; ++i) write_space_bot(out, *(*bots)[i]);
  out.end_array().key("total").number(bots->size()).end_object();
  return reply;
}

Outcome<Reply> answer_bot(Service& service, Call& call) {
  const auto id = parse_id(call.path_id);
  if (!id) return bad_parameter("bot_id: must be a decimal number");
  const std::string published = call.query.text("is_published", "true");
  if (published != "true" && published != "false") {
    return bad_parameter("is_published: must be true or false");
  }
  return show_bot(service, call, *id, published == "false");
}

Outcome<Reply> answer_bot_online_info(Service& service, Call& call) {
  const Id id = call.query.id("bot_id");
  if (call.query.refused()) return *call.query.refused();
  return show_bot(service, call, id, false);
}

Outcome<Reply> answer_workspaces(Service&, Call& call) {
  const auto page = call.query.number("page_num", 1, 1, max_page);
  const auto size = call.query.number("page_size", 20, 1, 50);
  if (call.query.refused()) return *call.query.refused();
  const Span span = page_of(1, page, size);
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("workspaces").begin_array();
  if (span.first < span.last) {
    out.begin_object().key("id").string(workspace_id).key("name").string("Personal");
    out.key("icon_url").string("").key("role_type").string("owner");
    out.key("enterprise_id").string("").key("workspace_type").string("personal");
    out.key("joined_status").string("joined");
    out.key("owner_uid").string(call.account.user_id).end_object();
  }
  out.end_array().key("total_count").number(1).end_object();
  return reply;
}

Outcome<Reply> answer_user(Service&, Call& call) {
  Reply reply;
  json::Writer out(reply.members);
  out.key("data").begin_object().key("user_id").string(call.account.user_id);
  out.key("user_name").string(call.account.user_name);
  out.key("nick_name").string(call.account.user_name);
  out.key("avatar_url").string("").end_object();
  return reply;
}

}  // namespace dragoman::emulator::coze
