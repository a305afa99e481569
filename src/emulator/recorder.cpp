#include "emulator/recorder.hpp"

#include <algorithm>

#include "json/reader.hpp"

namespace dragoman::emulator {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

void write_body(json::Writer& out, const Recorded& record) {
  if (!record.body_cut && !record.body.empty()) {
    if (auto document = json::Document::parse(record.body)) {
      out.raw(document->root().minified());
      return;
    }
  }
  out.string(record.body);
}

void write_record(json::Writer& out, const Recorded& record) {
  out.begin_object().key("n").number(record.n).key("operation").string(record.operation);
  out.key("method").string(record.method).key("target").string(record.target);
  out.key("headers").begin_object();
  for (auto field = record.headers.begin(); field != record.headers.end(); ++field) {
    // A repeated name keeps its first value: the same as Headers::get().
    const bool repeated = std::any_of(record.headers.begin(), field,
                                      [&](const HeaderField& f) { return f.name == field->name; });
    if (!repeated) out.key(field->name).string(field->value);
  }
  out.end_object().key("body");
  write_body(out, record);
  if (record.body_cut) out.key("body_cut").boolean(true);
  if (!record.refused.empty()) out.key("refused").string(record.refused);
  out.key("running").boolean(record.running).key("status").number(record.status);
  out.key("sent_bytes").number(record.sent_bytes);
  out.key("closed_by_client").boolean(record.closed_by_client);
  if (record.close_delay) out.key("close_delay_ms").number(record.close_delay->count());
  if (record.closed_at_ms) out.key("closed_at_ms").number(*record.closed_at_ms);
  out.end_object();
}

}  // namespace

std::string redact_header(std::string_view name, std::string_view value) {
  if (name == "authorization" || name == "proxy-authorization") {
    auto space = value.find(' ');
    if (space == std::string_view::npos) return "<token>";
    return std::string(value.substr(0, space + 1)) + "<token>";
  }
  if (name == "x-api-key" || name == "cookie" || name == "x-amz-security-token") return "<token>";
  return std::string(value);
}

std::shared_ptr<Recorded> Recorder::begin(std::string operation, const net::Request& request,
                                          std::string_view body) {
  auto record = std::make_shared<Recorded>();
  record->n = ++requests_;
  record->method = request.method;
  record->target = request.target;
  for (const net::Field& field : request.headers) {
    std::string name = lower(field.name);
    std::string value = redact_header(name, field.value);
    record->headers.push_back({std::move(name), std::move(value)});
  }
  record->body = body.substr(0, max_body_bytes);
  record->body_cut = body.size() > max_body_bytes;
  ++counters_[operation];
  record->operation = std::move(operation);
  ++active_;
  records_.push_back(record);
  if (records_.size() > max_requests) records_.pop_front();
  return record;
}

void Recorder::end(Recorded& record) {
  if (!record.running) return;
  record.running = false;
  --active_;
}

void Recorder::reset() {
  records_.clear();
  counters_.clear();
  requests_ = 0;
}

void Recorder::write(json::Writer& out, std::string_view operation) const {
  out.begin_array();
  for (const auto& record : records_)
    if (operation.empty() || record->operation == operation) write_record(out, *record);
  out.end_array();
}

}  // namespace dragoman::emulator
