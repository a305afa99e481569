#pragma once
// Writes answers of POST /v1/chat/completions: the stream of chunks, or the one body.
//
//   ChunkEncoder encoder({id, created, model}, call.include_usage);
//   for (const chat::Event& event : batch) encoder.write(event, out);   // one read ...
//   co_await client.write(out);                                         // ... one write
//   ...
//   encoder.end(out);                    // after the last batch: a missing end becomes an error
//
//   Completion completion({id, created, model});
//   completion.add(event);
//   Result<std::string> body = std::move(completion).body();
//
// created is in Unix seconds; id and model are plain UTF-8 and are copied.
//
// A stream: the first delta holds the role; then content or reasoning_content; then the chunk with
// finish_reason; then, when the client asked and the numbers are known, the usage chunk with no
// choices; then [DONE]. Unknown usage is not invented: that chunk is then absent.
// After a failure comes `data: {"error":{...}}` and nothing more: no finish_reason, no [DONE].
// Official clients raise on that line. The HTTP body should still end properly after it.
//
// When usage was counted here and not by the service, its object has "estimated":true.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "chat/event.hpp"

namespace dragoman::openai {

// A comment line that clients skip, to be sent while nothing else comes.
inline constexpr std::string_view keep_alive_comment = ": keep-alive\n\n";

struct AnswerHead {
  std::string_view id;  // "chatcmpl-..."
  std::int64_t created = 0;
  std::string_view model;
};

class ChunkEncoder {
 public:
  ChunkEncoder(const AnswerHead& head, bool include_usage);

  // Appends nothing for events that have no chunk of their own (Started, Usage, empty deltas) and
  // for whatever comes after Finished or Failed. Allocates only what out needs to grow, except
  // for Failed.
  void write(const chat::Event& event, std::string& out);

  // The stream is over. If it never finished, appends an upstream_failed error: a cut answer must
  // not look like a whole one.
  void end(std::string& out);

  bool ended() const { return ended_; }      // Finished or Failed was written
  bool started() const { return started_; }  // something was written: the status is decided

 private:
  void delta(std::string_view member, chat::JsonText text, std::string& out);
  void finish(chat::FinishReason reason, std::string& out);
  void fail(const Error& error, std::string& out);
  void usage_chunk(std::string& out);

  std::string prefix_;       // of every chunk: data: {"id":...,"model":...,
  std::string_view suffix_;  // of every chunk but the usage chunk
  std::optional<chat::Usage> usage_;
  bool include_usage_;
  bool role_written_ = false;
  bool started_ = false;
  bool ended_ = false;
};

class Completion {
 public:
  static constexpr std::size_t max_bytes = std::size_t{64} << 20;  // of text, and of reasoning

  explicit Completion(const AnswerHead& head);

  // Ignores whatever comes after Finished or Failed.
  void add(const chat::Event& event);

  bool ended() const { return finished_ || failed_; }

  // Errors: the failure of the stream; upstream_failed when it never finished or grew past
  // max_bytes.
  Result<std::string> body() &&;

 private:
  void append(std::string& to, chat::JsonText text);

  std::string id_;
  std::int64_t created_;
  std::string model_;
  std::string text_;       // escaped, as it came
  std::string reasoning_;  // likewise
  std::optional<chat::Usage> usage_;
  std::optional<chat::FinishReason> finished_;
  std::optional<Error> failed_;
};

}  // namespace dragoman::openai
