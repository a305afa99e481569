#pragma once
// Splits a server-sent-event byte stream into events.
//
//   SseParser parser;
//   parser.feed(bytes);                       // what one read brought
//   for (;;) {
//     auto event = parser.next();             // Result<std::optional<SseEvent>>
//     if (!event) return event.error();       // over the limit: the stream is unusable
//     if (!*event) break;                     // all that is complete has been handed out
//     use(**event);
//   }
//   parser.finish();                          // at the end of the body, then next() as above
//
// The grammar is that of the WHATWG HTML standard (9.2.6): lines end with LF, CRLF or CR; a byte
// order mark at the start, comments and unknown fields are ignored; a field without a colon has an
// empty value; one space after the colon is dropped; several data lines are joined by LF; an event
// without any data line is not handed out. Three deliberate differences:
// - finish() hands out an event that is pending when the body ends, also one whose last line has no
//   line end. The standard drops it; Coze servers are known to leave out the last blank line. What
//   is cut in the middle shows as broken JSON to whoever reads the data.
// - `id` is the event's own field, not the last one seen in the stream; `retry` is ignored.
// - Bytes are not judged as UTF-8: the reader of the data does that.
//
// Bytes may be cut anywhere, even between \r and \n. An event that lies within the fed bytes and
// has one data line is a view into them; otherwise it is a view into the parser. Either way it
// lives until the next feed() or finish(), and its data is padded, so that JSON can be parsed where
// it lies. The fed bytes must live as long as the events taken from them, and all events must be
// taken before the next feed(). Nothing is allocated for an event once the buffers have grown to
// the usual size of one; only a partial event is kept from one feed to the next.

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/padded.hpp"

namespace dragoman::wire {

// All bytes of one event, field names and line ends included. Tool results, cards and audio come as
// one line of some MiB.
inline constexpr std::size_t max_sse_event_bytes = 16 * 1024 * 1024;

struct SseEvent {
  std::string_view name;  // empty when there was none
  std::string_view id;    // empty when there was none
  PaddedBytes data;       // lines joined by LF
};

class SseParser {
 public:
  explicit SseParser(std::size_t max_event_bytes = max_sse_event_bytes) : limit_(max_event_bytes) {}

  void feed(PaddedBytes bytes);
  void finish();

  // Errors: upstream_failed when one event is larger than the limit; then for ever.
  Result<std::optional<SseEvent>> next();

 private:
  // A part of the event under way, counted from the event's first byte.
  struct Span {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  bool skip_byte_order_mark();
  std::optional<Span> take_line();
  void read_field(Span line);
  std::optional<SseEvent> dispatch();
  void start_event();
  void advance(std::size_t count);
  std::string_view event_bytes() const;
  std::string_view part(Span span) const { return event_bytes().substr(span.begin, span.size); }

  const std::size_t limit_;
  PaddedBytes fed_;
  std::size_t position_ = 0;     // in fed_: the bytes before it are done with
  std::size_t line_feed_ = 0;    // in fed_: the next LF, or the end
  std::size_t event_start_ = 0;  // in fed_: where the event began, unless it is carried
  bool carrying_ = false;        // the event began in an earlier feed
  std::string carry_;            // its bytes so far, if so
  std::string handed_out_;       // the carried event that was handed out since the last feed
  bool after_cr_ = false;        // a LF here belongs to the line before
  bool ended_ = false;
  bool overflowed_ = false;
  std::size_t mark_seen_ = 0;  // bytes of a byte order mark at the start; all of them: decided

  std::size_t line_begin_ = 0;  // in the event: where the line under way began
  bool any_field_ = false;
  Span name_, id_, data_;
  std::size_t data_lines_ = 0;
  std::string joined_;             // the data so far when it has several lines
  std::deque<std::string> joins_;  // such data handed out since the last feed
  std::size_t joins_used_ = 0;
};

}  // namespace dragoman::wire
