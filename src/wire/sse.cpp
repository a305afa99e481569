#include "wire/sse.hpp"

#include <algorithm>
#include <cassert>

namespace dragoman::wire {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Buffers that grew beyond this for one large event are given back after it.
constexpr std::size_t usual_capacity = 64 * 1024;

void reuse(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > usual_capacity) buffer.shrink_to_fit();
}

// Puts the padding behind the text.
PaddedBytes pad(std::string& text) {
  const std::size_t size = text.size();
  text.append(byte_padding, '\0');
  return PaddedBytes::promise(std::string_view(text).substr(0, size));
}

}  // namespace

void SseParser::feed(PaddedBytes bytes) {
  assert(overflowed_ || position_ == fed_.size());
  fed_ = bytes;
  position_ = 0;
  event_start_ = 0;
  line_feed_ = std::min(bytes.view().find('\n'), bytes.size());
  reuse(handed_out_);
  for (std::size_t i = 0; i < joins_used_; ++i) reuse(joins_[i]);
  joins_used_ = 0;
}

void SseParser::finish() {
  feed(PaddedBytes());
  ended_ = true;
}

Result<std::optional<SseEvent>> SseParser::next() {
  while (!overflowed_) {
    const auto line = take_line();
    if (!line) break;
    if (line->size > 0) {
      read_field(*line);
    } else if (auto event = dispatch()) {
      return event;
    }
  }
  if (overflowed_) {
    return Error(ErrorKind::upstream_failed, "the upstream sent an event that is too large");
  }
  return ended_ ? dispatch() : std::optional<SseEvent>();
}

// False when more bytes are needed to tell.
bool SseParser::skip_byte_order_mark() {
  while (mark_seen_ < byte_order_mark.size()) {
    if (position_ == fed_.size()) return false;
    if (fed_.view()[position_] != byte_order_mark[mark_seen_]) {
      // Not a mark: what looked like its beginning is the beginning of the first line.
      carry_.assign(byte_order_mark.substr(0, mark_seen_));
      carrying_ = mark_seen_ > 0;
      mark_seen_ = byte_order_mark.size();
      return true;
    }
    ++position_;
    if (++mark_seen_ == byte_order_mark.size()) start_event();
  }
  return true;
}

// The next line without its end; nullopt when the fed bytes hold no whole line any more, which are
// all taken then.
std::optional<SseParser::Span> SseParser::take_line() {
  if (!skip_byte_order_mark()) return std::nullopt;
  const std::string_view fed = fed_.view();
  if (after_cr_ && position_ < fed.size()) {
    after_cr_ = false;
    if (fed[position_] == '\n') {
      advance(1);
      line_begin_ = event_bytes().size();
    }
  }
  // The place of the next LF is remembered, so that input full of CR takes no quadratic time.
  if (line_feed_ < position_) line_feed_ = std::min(fed.find('\n', position_), fed.size());
  const std::string_view rest = fed.substr(position_, line_feed_ - position_);
  const std::size_t size = std::min(rest.find('\r'), rest.size());
  const bool complete = position_ + size < fed.size();
  advance(size);

  const Span line{line_begin_, event_bytes().size() - line_begin_};
  if (line.begin + line.size > limit_) {
    overflowed_ = true;
    return std::nullopt;
  }
  if (complete) {
    after_cr_ = fed[position_] == '\r';
    advance(1);
  } else if (!ended_ || line.size == 0) {
    if (!carrying_ && position_ > event_start_) {
      carry_.assign(event_bytes());
      carrying_ = true;
    }
    return std::nullopt;
  }
  line_begin_ = event_bytes().size();
  return line;
}

void SseParser::read_field(Span line) {
  const std::string_view bytes = part(line);
  const std::size_t colon = std::min(bytes.find(':'), bytes.size());
  const std::string_view field = bytes.substr(0, colon);
  std::size_t skip = std::min(colon + 1, bytes.size());
  if (skip < bytes.size() && bytes[skip] == ' ') ++skip;
  const Span value{line.begin + skip, line.size - skip};

  if (field == "data") {
    if (data_lines_ == 0) {
      data_ = value;
    } else {
      if (data_lines_ == 1) joined_.assign(part(data_));
      joined_ += '\n';
      joined_ += part(value);
    }
    ++data_lines_;
  } else if (field == "event") {
    name_ = value;
  } else if (field == "id") {
    if (part(value).find('\0') == std::string_view::npos) id_ = value;
  } else {
    // Comments between events (heartbeats) must not add up to an event of any size.
    if (!any_field_) start_event();
    return;
  }
  any_field_ = true;
}

std::optional<SseEvent> SseParser::dispatch() {
  if (data_lines_ == 0) {
    start_event();
    return std::nullopt;
  }
  PaddedBytes bytes = fed_.substr(event_start_, position_ - event_start_);
  if (carrying_) {
    handed_out_.swap(carry_);
    bytes = pad(handed_out_);
  }
  SseEvent event;
  event.name = bytes.view().substr(name_.begin, name_.size);
  event.id = bytes.view().substr(id_.begin, id_.size);
  event.data = bytes.substr(data_.begin, data_.size);
  if (data_lines_ > 1) {
    if (joins_used_ == joins_.size()) joins_.emplace_back();
    std::string& join = joins_[joins_used_++];
    join.swap(joined_);
    event.data = pad(join);
  }
  start_event();
  return event;
}

void SseParser::start_event() {
  event_start_ = position_;
  carrying_ = false;
  reuse(carry_);
  line_begin_ = 0;
  any_field_ = false;
  name_ = id_ = data_ = Span();
  data_lines_ = 0;
  reuse(joined_);
}

void SseParser::advance(std::size_t count) {
  if (carrying_) carry_.append(fed_.view().substr(position_, count));
  position_ += count;
}

std::string_view SseParser::event_bytes() const {
  if (carrying_) return carry_;
  return fed_.view().substr(event_start_, position_ - event_start_);
}

}  // namespace dragoman::wire
