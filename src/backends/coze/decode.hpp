#pragma once
// The event stream of POST /v3/chat (and of chatflows) -> chat::Event. Pure.
//
//   Decoder decoder(parser, log_id);
//   decoder.feed(bytes, events);      // events of one read, appended
//   decoder.finish(events);           // once, at the end of the body
//
// Texts in the events refer to the fed bytes and to the decoder; they live until the next feed() or
// finish(). The bytes may be cut anywhere. Nothing is allocated for a delta in steady state.
//
// What becomes what:
// - Started comes with the first event that tells of a chat, once. A failure may come without it.
// - Text is taken from the deltas of answers; a completed answer counts only when no delta with its
//   id brought text (cards, short answers of plugins), else it would double. A card is handed over
//   as its JSON text. Several answers are separated by a blank line. Half a surrogate pair at the
//   end of a delta waits for the next one.
// - Function calls, tool responses, knowledge, verbose notes, follow-up questions and audio are
//   never shown; events nobody knows are passed over.
// - Usage comes with conversation.chat.completed, unless all its figures are zero: not known.
// - Failed: chat.failed in its long and its short form, error events, a cancelled or expired chat,
//   a chat that waits for tool results (there is no way yet to ask the client for them), an answer
//   without any text, data that is not JSON, and an end without completion. A question node that
//   waits for the user's reply is an ordinary end: the reply is the next turn.
// - A body that begins with '{' or '<' is no event stream, whatever its content type said: it is
//   collected and judged as a refusal.
// After Finished or Failed the rest is read over.

#include <simdjson.h>
#include <string>
#include <string_view>
#include <vector>

#include "backends/coze/objects.hpp"
#include "base/padded.hpp"
#include "chat/event.hpp"
#include "json/text.hpp"
#include "wire/sse.hpp"

namespace dragoman::coze {

// A body that is judged as a refusal: more than this is not read.
inline constexpr std::size_t max_refusal_bytes = 256 * 1024;
// Answer messages of one turn.
inline constexpr std::size_t max_answers = 1024;

// What names a running turn: POST /v3/chat/cancel needs both.
struct TurnIds {
  std::string conversation_id;
  std::string chat_id;

  friend bool operator==(const TurnIds&, const TurnIds&) = default;
};

class Decoder {
 public:
  // The parser is scratch memory; one serves all decoders of a thread and outlives them.
  Decoder(simdjson::ondemand::parser& parser, std::string_view log_id);

  void feed(PaddedBytes bytes, std::vector<chat::Event>& events);
  void finish(std::vector<chat::Event>& events);

  bool ended() const { return ended_; }        // Finished or Failed was appended
  bool done() const { return done_; }          // the server said that nothing follows
  const TurnIds& ids() const { return ids_; }  // empty until known

 private:
  struct Answer {
    std::string id;
    bool any_text = false;
    bool any_reasoning = false;
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  bool is_plain(std::string_view bytes);
  void take_events(std::vector<chat::Event>& events);
  void take(const wire::SseEvent& event, std::vector<chat::Event>& events);
  void start(std::string_view chat_id, std::string_view conversation_id,
             std::vector<chat::Event>& events);
  void take_message(PaddedBytes data, bool completed, std::vector<chat::Event>& events);
  bool select_answer(std::string_view id, std::vector<chat::Event>& events);
  void add_text(std::string_view raw, std::vector<chat::Event>& events);
  void add_reasoning(std::string_view raw, std::vector<chat::Event>& events);
  void flush_text(std::vector<chat::Event>& events);
  void take_chat(PaddedBytes data, std::vector<chat::Event>& events);
  void complete(PaddedBytes data, std::vector<chat::Event>& events);
  void require_action(PaddedBytes data, std::vector<chat::Event>& events);
  void end(std::vector<chat::Event>& events);
  void fail(Error error, std::vector<chat::Event>& events);

  wire::SseParser parser_;
  ObjectReader objects_;
  json::TextStream text_, reasoning_;
  std::string log_id_;
  TurnIds ids_;
  std::vector<Answer> answers_;   // in order of appearance
  std::size_t answer_ = none;     // the one whose message came last
  std::size_t last_text_ = none;  // the one that brought the last text
  std::size_t last_reasoning_ = none;
  std::string plain_;     // a body that is no event stream
  bool sniffed_ = false;  // it is decided whether it is one
  bool plain_body_ = false;
  bool started_ = false;
  bool ended_ = false;
  bool done_ = false;
};

}  // namespace dragoman::coze
