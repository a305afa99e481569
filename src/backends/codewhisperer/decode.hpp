#pragma once
// The event stream of a chat -> chat::Event batches.
//
//   PayloadParser parser;                          // one a worker, shared by its streams
//   Decoder decoder(parser, request_id, conversation_id);
//   auto events = decoder.feed(bytes);             // each read; may be empty
//   ...
//   auto events = decoder.finish();                // the body has ended as HTTP says it should
//   if (decoder.done()) ...                        // Finished or Failed was among the events
//
// Pure. Events and their texts live until the next feed() or finish(), and refer to the fed bytes:
// these must live as long. After done() everything is ignored. No call allocates in steady state.
//
// Order: Started comes with the first event that says something; Usage and the end come from
// finish(), since the service ends an answer by ending the body and sends its counts in any order.
// Failures end the stream at once, and what follows them is not read.
//
// How an answer ends:
//   an exception, an error frame, invalidStateEvent, broken or truncated framing   Failed
//   ContentLengthExceededException after text                                     length
//   a stop reason of the service                                                  by its word
//   the context window is full (100 % and more)                                   length
//   a clean end after the usual tail (metadata, metering or context usage)        stop
//   a clean end without any tail: the service or something between cut it         length
//   nothing was said at all                                                       Failed
// A call of a tool, which nobody can have asked for, cannot be shown: Failed.

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/padded.hpp"
#include "chat/event.hpp"
#include "json/text.hpp"
#include "wire/event_stream.hpp"

namespace dragoman::codewhisperer {

// The JSON parser's memory, which is worth sharing: it is several times as big as a payload. Used
// by one decoder at a time, never across two calls. One thread only.
class PayloadParser {
 public:
  PayloadParser();
  PayloadParser(const PayloadParser&) = delete;
  PayloadParser& operator=(const PayloadParser&) = delete;
  ~PayloadParser();

 private:
  friend class Decoder;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Decoder {
 public:
  // The parser must outlive the decoder. The ids are those of the answer's headers, empty if none.
  Decoder(PayloadParser& parser, std::string request_id, std::string conversation_id);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  std::span<const chat::Event> feed(PaddedBytes bytes);
  // framed: the HTTP message said where it ends. When only the end of the connection said it, an
  // answer without its tail events is a cut one.
  std::span<const chat::Event> finish(bool framed = true);
  bool done() const { return done_; }

 private:
  struct Members;  // of a payload, those anybody wants

  void take(const wire::Frame& frame);
  void take_event(const wire::Frame& frame);
  bool read_members(PaddedBytes payload, Members& members);
  void begin_batch();
  void start();
  void add_text(std::string_view raw);
  void add_reasoning(std::string_view raw);
  void end_texts();
  void finish_as(chat::FinishReason reason);
  void fail(Error error);

  PayloadParser& parser_;
  wire::EventStreamDecoder frames_;
  std::vector<chat::Event> events_;
  json::TextStream text_;
  json::TextStream reasoning_;
  std::deque<std::string> repaired_;  // payloads of this batch that were not valid UTF-8
  std::size_t repaired_used_ = 0;

  chat::Started started_;
  bool start_sent_ = false;
  bool answered_ = false;   // some text or reasoning was given
  bool tail_seen_ = false;  // since the last text
  bool window_full_ = false;
  std::optional<chat::FinishReason> stop_reason_;
  std::optional<chat::Usage> usage_;
  std::optional<double> credits_;
  bool done_ = false;
};

}  // namespace dragoman::codewhisperer
