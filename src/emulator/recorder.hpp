#pragma once
// Remembers what an emulator was asked, for assertions.
//
//   auto record = recorder.begin("chat", exchange.request(), body);   // shared: outlives eviction
//   ...
//   recorder.end(*record);
//
// Bounded: the newest max_requests are kept, bodies are cut at max_body_bytes. Token values in
// headers are replaced by "<token>". Belongs to one thread.

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/script.hpp"
#include "json/writer.hpp"
#include "net/server.hpp"

namespace dragoman::emulator {

struct Recorded {
  std::uint64_t n = 0;  // 1 for the first request since start or reset
  std::string operation;
  std::string method;
  std::string target;
  std::vector<HeaderField> headers;  // lower-case names, wire order
  std::string body;                  // at most max_body_bytes of it
  bool body_cut = false;
  bool running = true;
  int status = 0;  // of the answer; 0: none was sent
  std::uint64_t sent_bytes = 0;
  bool closed_by_client = false;  // before the answer was complete
  // From the last byte we sent (or, before any, the arrival of the request) to the moment the
  // client's leaving was noticed.
  std::optional<milliseconds> close_delay;
  std::optional<std::int64_t>
      closed_at_ms;     // the same moment, milliseconds since 1970 (real clock)
  std::string refused;  // the rule a refused request broke; empty: none
};

class Recorder {
 public:
  static constexpr std::size_t max_requests = 2'000;
  static constexpr std::size_t max_body_bytes = 64 * 1024;

  std::shared_ptr<Recorded> begin(std::string operation, const net::Request& request,
                                  std::string_view body);
  void end(Recorded& record);
  void reset();

  std::size_t active() const { return active_; }
  std::uint64_t requests() const { return requests_; }
  const std::map<std::string, std::uint64_t>& counters() const { return counters_; }
  const std::deque<std::shared_ptr<Recorded>>& records() const { return records_; }

  // The array of GET /_emulator/requests; operation empty: all.
  void write(json::Writer& out, std::string_view operation) const;

 private:
  std::deque<std::shared_ptr<Recorded>> records_;
  std::map<std::string, std::uint64_t> counters_;
  std::uint64_t requests_ = 0;
  std::size_t active_ = 0;  // survives reset(): what runs goes on running
};

// "Bearer abc" -> "Bearer <token>"; for the headers that carry a token.
std::string redact_header(std::string_view lower_name, std::string_view value);

}  // namespace dragoman::emulator
