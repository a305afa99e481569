#include "frontends/openai/models.hpp"

#include "base/utf8.hpp"
#include "frontends/openai/errors.hpp"
#include "json/writer.hpp"

namespace dragoman::openai {
namespace {

void write_model(json::Writer& w, const Model& model, std::int64_t created) {
  w.begin_object();
  w.key("id").string(model.id);
  w.key("object").string("model");
  w.key("created").number(created);
  w.key("owned_by").string(model.owned_by);
  if (model.old_members) {
    w.key("permission").begin_array().end_array();
    w.key("root").string(model.id);
    w.key("parent").null();
  }
  w.end_object();
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string encode_models(std::span<const Model> models, std::int64_t created) {
  std::string out;
  json::Writer w(out);
  w.begin_object().key("object").string("list").key("data").begin_array();
  for (const Model& model : models) write_model(w, model, created);
  w.end_array().end_object();
  return out;
}

std::string encode_model(const Model& model, std::int64_t created) {
  std::string out;
  json::Writer w(out);
  write_model(w, model, created);
  return out;
}

Result<std::string> decode_model_id(std::string_view path_rest) {
  const Error unknown = model_not_found(path_rest);
  if (path_rest.size() > 3 * max_model_id_bytes) return unknown;
  std::string id;
  for (std::size_t i = 0; i < path_rest.size(); ++i) {
    if (path_rest[i] != '%') {
      id += path_rest[i];
      continue;
    }
    if (path_rest.size() - i < 3) return unknown;
    const int high = hex_digit(path_rest[i + 1]);
    const int low = hex_digit(path_rest[i + 2]);
    if (high < 0 || low < 0) return unknown;
    id += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (id.empty() || id.size() > max_model_id_bytes || !is_valid_utf8(id)) return unknown;
  return id;
}

}  // namespace dragoman::openai
