#pragma once
// For tests of the service without sockets: calls, answers as JSON, streams as events.

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/overloaded.hpp"
#include "emulator/coze/service.hpp"

namespace dragoman::emulator::coze::testing {

inline std::string read_testdata(const std::string& name) {
  std::ifstream file(std::string(DRAGOMAN_TESTDATA) + "/coze/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A JSON text that can be asked for "data.messages.0.id".
class Json {
 public:
  explicit Json(std::string_view text) : document_(parse(text)) {}

  bool has(std::string_view path) const { return find(path).has_value(); }
  // Strings plain, anything else as JSON; "" when there is none.
  std::string at(std::string_view path) const {
    const auto found = find(path);
    if (!found) return "";
    if (auto text = found->string()) return std::string(*text);
    return found->minified();
  }
  std::size_t count(std::string_view path) const {
    const auto found = find(path);
    if (!found) return 0;
    auto array = found->array();
    return array ? array->size() : 0;
  }

  // Every member with its type: "data.messages[].id" -> "string". Elements of arrays are merged.
  std::map<std::string, std::string> shape() const {
    std::map<std::string, std::string> shape;
    add_shape(document_.root(), "", shape);
    return shape;
  }

 private:
  static json::Document parse(std::string_view text) {
    auto document = json::Document::parse(text);
    if (!document) {
      ADD_FAILURE() << "not JSON: " << text;
      document = json::Document::parse("null");
    }
    return std::move(*document);
  }

  std::optional<json::Reader> find(std::string_view path) const {
    json::Reader at = document_.root();
    while (!path.empty()) {  // readers keep views of the keys: the path outlives them
      const auto dot = path.find('.');
      const std::string_view step = path.substr(0, dot);
      path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
      if (auto array = at.array()) {
        std::size_t left = std::stoul(std::string(step));
        std::optional<json::Reader> element;
        for (json::Reader item : *array) {
          if (left-- == 0) {
            element = item;
            break;
          }
        }
        if (!element) return std::nullopt;
        at = *element;
      } else if (auto member = at.find(step)) {
        at = *member;
      } else {
        return std::nullopt;
      }
    }
    return at;
  }

  static void add_shape(const json::Reader& in, const std::string& path,
                        std::map<std::string, std::string>& shape) {
    switch (in.kind()) {
      case json::Reader::Kind::null: shape[path] = "null"; break;
      case json::Reader::Kind::boolean: shape[path] = "boolean"; break;
      case json::Reader::Kind::number: shape[path] = "number"; break;
      case json::Reader::Kind::string: shape[path] = "string"; break;
      case json::Reader::Kind::array: {
        shape[path] = "array";
        auto array = in.array();
        for (json::Reader item : *array) add_shape(item, path + "[]", shape);
        break;
      }
      case json::Reader::Kind::object: {
        shape[path] = "object";
        auto object = in.object();
        for (auto [key, value] : *object) add_shape(value, path + "." + std::string(key), shape);
        break;
      }
    }
  }

  json::Document document_;
};

struct SseEvent {
  std::string name;
  std::string data;
};

// As strict as the official Python client: two lines an event, "event" before "data", each once, no
// other field, no comment, every event ended by an empty line, the last one too.
inline std::vector<SseEvent> read_strictly(std::string_view stream) {
  std::vector<SseEvent> events;
  while (!stream.empty()) {
    std::vector<std::string_view> lines;
    for (;;) {
      const auto end = stream.find('\n');
      if (end == std::string_view::npos) {
        ADD_FAILURE() << "the last line is not ended: " << stream;
        return events;
      }
      const auto line = stream.substr(0, end);
      stream.remove_prefix(end + 1);
      if (line.empty()) break;
      lines.push_back(line);
    }
    if (lines.size() != 2 || !lines[0].starts_with("event:") || !lines[1].starts_with("data:") ||
        lines[0].starts_with("event: ") || lines[1].starts_with("data: ")) {
      ADD_FAILURE() << "not an event: " << (lines.empty() ? "" : lines[0]);
      return events;
    }
    events.push_back({std::string(lines[0].substr(6)), std::string(lines[1].substr(5))});
  }
  return events;
}

inline std::string body_of(const std::vector<Piece>& pieces) {
  std::string body;
  for (const Piece& piece : pieces) {
    if (const auto* bytes = std::get_if<Bytes>(&piece)) body += bytes->bytes;
  }
  return body;
}

inline std::string names_of(const std::vector<SseEvent>& events) {
  std::string names;
  for (const SseEvent& event : events) names += event.name + "\n";
  return names;
}

class Bench {
 public:
  explicit Bench(Options given = {}) : options(std::move(given)), service(options, clock) {}

  // The envelope as JSON text.
  std::string call(std::string_view method, std::string_view target, std::string_view body = "",
                   std::size_t account = 0) {
    auto reply = ask(method, target, body, account);
    if (!reply) return make_envelope(reply.error(), "LOG");
    EXPECT_FALSE(reply->turn) << "a stream was not expected";
    return make_envelope(reply->members, "LOG");
  }

  // "0" or the code of the refusal.
  std::string code(std::string_view method, std::string_view target, std::string_view body = "",
                   std::size_t account = 0) {
    return Json(call(method, target, body, account)).at("code");
  }

  // A stream played to its end: the chat is settled.
  std::vector<SseEvent> stream(std::string_view target, std::string_view body) {
    auto reply = ask("POST", target, body, 0);
    if (!reply) {
      ADD_FAILURE() << reply.error().msg;
      return {};
    }
    if (!reply->turn) {
      ADD_FAILURE() << "no stream: " << reply->members;
      return {};
    }
    Chat* chat = service.world.find_chat(reply->chat);
    if (chat != nullptr && reply->turn->ends_at) service.world.settle(*chat);
    return read_strictly(body_of(reply->turn->body));
  }

  Outcome<Reply> ask(std::string_view method, std::string_view target, std::string_view body = "",
                     std::size_t account = 0) {
    const auto mark = target.find('?');
    const auto query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
    std::string_view path_id;
    const Route* route = find_route(method, target.substr(0, mark), path_id);
    if (route == nullptr) return Refusal{4200, "no route", 404};
    Call call{options.accounts[account], Query(query), path_id, content_type, body, [this] {
                auto script = std::move(queued);
                queued.reset();
                return script;
              }};
    return route->handler(service, call);
  }

  Options options;
  Clock clock = Clock::fixed_at(Clock::time_point(std::chrono::seconds(1760000000)));
  Service service;
  std::string content_type = "application/json";
  std::optional<Script> queued;
};

// A chat request: of a bot (by its last two digits), with further members and a question.
inline std::string chat_body(int bot, std::string_view members = R"("stream":true)",
                             std::string_view question = "Hello big world") {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("bot_id").string(format_id(echo_bot - 1 + static_cast<Id>(bot)));
  out.key("user_id").string("user-1");
  out.key("additional_messages").begin_array().begin_object();
  out.key("role").string("user").key("content").string(question);
  out.key("content_type").string("text").end_object().end_array().end_object();
  text.pop_back();
  if (!members.empty()) text.append(",").append(members);
  return text + "}";
}

// Every member of the vector is there with its type; more is only what `more` names.
inline void expect_shape(const std::string& vector, const std::string& ours,
                         const std::set<std::string>& more = {}) {
  const auto wanted = Json(read_testdata(vector)).shape();
  const auto got = Json(ours).shape();
  for (const auto& [path, kind] : wanted) {
    const auto found = got.find(path);
    EXPECT_TRUE(found != got.end() && found->second == kind) << vector << " " << path << "\n"
                                                             << ours;
  }
  for (const auto& [path, kind] : got) {
    EXPECT_TRUE(wanted.contains(path) || more.contains(path) || path.starts_with(".detail"))
        << vector << " has no " << path;
  }
}

}  // namespace dragoman::emulator::coze::testing
