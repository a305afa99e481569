#pragma once
// JSON string contents in escaped form, the form in which text travels through this program.
//
// Every client API writes JSON, so text that arrives as JSON can mostly be copied as it is. A
// JsonText is a view of the inside of a JSON string, without its quotes: valid UTF-8, every
// escape valid, surrogate escapes in pairs. It may be written between quotes unseen.
//
//   TextStream text;                       // one for each stream of deltas
//   text.begin_batch();                    // forgets the texts returned so far
//   JsonText part = text.next(raw_token);  // raw inside of a JSON string token
//   JsonText rest = text.finish();         // what was held back at the end
//
// A pair of surrogate escapes may be cut between two deltas (\ud83d | \ude00): TextStream holds a
// trailing high half back until the next delta, and replaces what never completes by U+FFFD.

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman::json {

class JsonText {
 public:
  JsonText() = default;
  // The caller promises what the header says above.
  static JsonText promise(std::string_view escaped) { return JsonText(escaped); }

  std::string_view escaped() const { return escaped_; }
  bool empty() const { return escaped_.empty(); }
  // Plain UTF-8, for those who need it: stop sequences, tags, estimates.
  std::string plain() const;

  friend bool operator==(JsonText, JsonText) = default;

 private:
  explicit JsonText(std::string_view escaped) : escaped_(escaped) {}
  std::string_view escaped_;
};

// Appends plain UTF-8 in escaped form; invalid bytes become U+FFFD. Escapes only what JSON demands:
// the quote, the backslash and controls.
void append_escaped(std::string& out, std::string_view utf8);

// The same as a value.
std::string escape(std::string_view utf8);

// Plain text of the inside of a JSON string; nullopt when an escape or the UTF-8 is broken. Lone
// surrogates become U+FFFD.
std::optional<std::string> unescape(std::string_view raw);

class TextStream {
 public:
  // Texts returned before are void from here on. Their memory is used again.
  void begin_batch() { used_ = 0; }

  // raw: the inside of a JSON string token, as a parser that checks no escapes delivers it. What is
  // broken in it becomes U+FFFD: a delta is shown, never lost. The result refers to raw where raw
  // is clean (the common case), else to memory of this object.
  JsonText next(std::string_view raw);

  // Call once at the end of the text: U+FFFD when half a pair is left, else empty.
  JsonText finish();

 private:
  std::string& scratch();
  std::deque<std::string> scratch_;
  std::size_t used_ = 0;
  char32_t held_ = 0;  // a high surrogate waiting for its low half
};

}  // namespace dragoman::json
