#pragma once
// What an emulator answers, as bytes and pauses, and how faults change it. Pure.
//
// An emulator turns a call (and perhaps a script) into an Answer; plan_moves() turns its body and
// the faults into the list of things the player does one after the other.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "emulator/script.hpp"

namespace dragoman::emulator {

struct Bytes {
  std::string bytes;
  friend bool operator==(const Bytes&, const Bytes&) = default;
};
// One Bytes is one write, unless the faults say otherwise.
using Piece = std::variant<Bytes, DelayStep, WaitStep>;

struct Answer {
  int status = 200;
  std::vector<HeaderField> headers;
  std::vector<Piece> body;
  bool streamed = true;  // chunked; false: one body with a content-length
};

// A plain answer of one body.
Answer make_plain_answer(int status, std::string_view content_type, std::string body);
Answer make_json_answer(int status, std::string body);

// The fields of `usual`, with those of `own` in place of the same names and appended otherwise.
std::vector<HeaderField> merge_headers(std::vector<HeaderField> usual,
                                       const std::vector<HeaderField>& own);

// The answer of a script that is plain().
Answer make_scripted_answer(const Script& script, std::vector<HeaderField> usual_headers);

struct EndMove {  // the proper end of the body
  friend bool operator==(const EndMove&, const EndMove&) = default;
};
struct CutMove {
  bool reset = false;
  friend bool operator==(const CutMove&, const CutMove&) = default;
};
struct HangMove {  // until the client goes
  friend bool operator==(const HangMove&, const HangMove&) = default;
};
using Move = std::variant<Bytes, DelayStep, WaitStep, EndMove, CutMove, HangMove>;

// The last move is an EndMove, CutMove or HangMove, whichever offset comes first; a cut or hang
// behind the end of the body takes the place of its end. Pauses behind it are left out. Writes of
// at most write_bytes bytes are the player's business.
std::vector<Move> plan_moves(const std::vector<Piece>& body, const Faults& faults);

}  // namespace dragoman::emulator
