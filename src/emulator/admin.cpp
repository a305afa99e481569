#include "emulator/admin.hpp"

#include <algorithm>

namespace dragoman::emulator {
namespace {

constexpr std::string_view prefix = "/_emulator/";

Answer failure(int status, std::string_view message) {
  std::string body;
  json::Writer(body).begin_object().key("error").string(message).end_object();
  return make_json_answer(status, std::move(body));
}

std::string ok() { return R"({"ok":true})"; }

Result<std::string> required_text(const json::Reader& in, std::string_view key) {
  auto value = in.require(key);
  if (!value) return value.error();
  auto text = value->string();
  if (!text) return text.error();
  return std::string(*text);
}

// The value of a query parameter. No escapes: operation names need none.
std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    auto end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    auto equals = pair.find('=');
    if (pair.substr(0, equals) == name)
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
  }
  return {};
}

template <class Counts>
void write_counts(json::Writer& out, std::string_view name, const Counts& counts) {
  out.key(name).begin_object();
  for (const auto& [key, count] : counts) out.key(key).number(count);
  out.end_object();
}

}  // namespace

bool ScriptQueue::push(const std::string& operation, Script script, std::size_t times) {
  auto& queue = queues_[operation];
  if (queue.size() >= max_scripts) return false;
  queue.push_back({std::move(script), times});
  return true;
}

std::optional<Script> ScriptQueue::take(const std::string& operation) {
  auto found = queues_.find(operation);
  if (found == queues_.end() || found->second.empty()) return std::nullopt;
  Entry& entry = found->second.front();
  if (--entry.times > 0) return entry.script;
  Script script = std::move(entry.script);
  found->second.pop_front();
  return script;
}

std::map<std::string, std::size_t> ScriptQueue::sizes() const {
  std::map<std::string, std::size_t> sizes;
  for (const auto& [operation, queue] : queues_)
    for (const Entry& entry : queue) sizes[operation] += entry.times;
  return sizes;
}

Admin::Admin(Control& control, AdminHooks hooks) : control_(control), hooks_(std::move(hooks)) {}

Answer Admin::answer(std::string_view method, std::string_view path, std::string_view query,
                     std::string_view body) {
  if (!owns(path)) return failure(404, "no such route");
  const std::string_view route = path.substr(prefix.size());
  if (route == "state" || route == "requests") {
    if (method != "GET") return failure(405, "use GET");
    if (route == "state") return make_json_answer(200, state());
    std::string out;
    json::Writer writer(out);
    control_.recorder.write(writer, query_value(query, "operation"));
    return make_json_answer(200, std::move(out));
  }
  if (method != "POST") return failure(405, "use POST");
  auto done = post(route, body);
  if (done) return make_json_answer(200, std::move(*done));
  return failure(done.error().kind == ErrorKind::not_found ? 404 : 400, done.error().message);
}

Result<std::string> Admin::post(std::string_view route, std::string_view body) {
  auto document = json::Document::parse(body.empty() ? std::string_view("{}") : body);
  if (!document) return document.error();
  const json::Reader root = document->root();
  if (root.kind() != json::Reader::Kind::object)
    return Error(ErrorKind::bad_request, "the body must be a JSON object");

  if (route == "script") return queue_script(root);
  if (route == "signal") {
    auto name = required_text(root, "name");
    if (!name) return name.error();
    auto keep = root.optional_boolean("keep");
    if (!keep) return keep.error();
    control_.signals.give(*name, keep->value_or(false));
    return ok();
  }
  if (route == "clock") {
    auto by = root.require("advance_ms");
    if (!by) return by.error();
    auto ms = by->integer();
    if (!ms) return ms.error();
    constexpr std::int64_t ten_years = std::int64_t{10} * 366 * 24 * 3600 * 1000;
    if (*ms < -ten_years || *ms > ten_years) return by->error("is more than ten years");
    control_.clock.advance(milliseconds(*ms));
    return ok();
  }
  if (route == "reset") {
    control_.recorder.reset();
    control_.scripts.reset();
    control_.signals.reset();
    control_.clock.reset();
    if (hooks_.reset) hooks_.reset();
    return ok();
  }
  if (hooks_.post)
    if (auto own = hooks_.post(route, root)) return std::move(*own);
  return Error(ErrorKind::not_found, "no such route");
}

Result<std::string> Admin::queue_script(const json::Reader& body) {
  auto operation = required_text(body, "operation");
  if (!operation) return operation.error();
  if (std::ranges::find(hooks_.operations, *operation) == hooks_.operations.end())
    return body.require("operation")->error("is not an operation of this emulator");
  auto times = body.optional_integer("times");
  if (!times) return times.error();
  const std::int64_t count = times->value_or(1);
  if (count < 1 || count > static_cast<std::int64_t>(ScriptQueue::max_times))
    return body.require("times")->error("must be between 1 and 1000000");
  auto answer = body.require("answer");
  if (!answer) return answer.error();
  auto script = parse_script(*answer, hooks_.dialect);
  if (!script) return script.error();
  if (hooks_.check_script) {
    auto checked = hooks_.check_script(*operation, *script);
    if (!checked) return checked.error();
  }
  if (!control_.scripts.push(*operation, std::move(*script), static_cast<std::size_t>(count)))
    return Error(ErrorKind::bad_request, "too many scripts wait for this operation");
  return ok();
}

std::string Admin::state() const {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  out.key("active").number(control_.recorder.active());
  out.key("requests").number(control_.recorder.requests());
  write_counts(out, "counters", control_.recorder.counters());
  write_counts(out, "queued", control_.scripts.sizes());
  write_counts(out, "waiting", control_.signals.waiting());
  out.key("now_ms").number(control_.clock.now_ms());
  if (hooks_.state) hooks_.state(out);
  out.end_object();
  return text;
}

}  // namespace dragoman::emulator
