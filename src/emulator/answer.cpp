#include "emulator/answer.hpp"

#include <algorithm>

#include "base/overloaded.hpp"

namespace dragoman::emulator {
namespace {

// Where the body stops, and how.
struct Stop {
  std::size_t at;
  Move move;
};

std::optional<Stop> first_stop(const Faults& faults) {
  std::optional<Stop> first;
  auto consider = [&](const std::optional<std::size_t>& at, Move move) {
    if (at && (!first || *at < first->at)) first = Stop{*at, std::move(move)};
  };
  consider(faults.cut_at, CutMove{faults.cut_with_reset});
  consider(faults.truncate_clean_at, EndMove{});
  consider(faults.hang_at, HangMove{});
  return first;
}

std::vector<Piece> joined(const std::vector<Piece>& body) {
  std::vector<Piece> pauses;
  Bytes all;
  for (const Piece& piece : body) {
    if (const auto* bytes = std::get_if<Bytes>(&piece)) {
      all.bytes += bytes->bytes;
    } else {
      pauses.push_back(piece);
    }
  }
  pauses.emplace_back(std::move(all));
  return pauses;
}

}  // namespace

Answer make_plain_answer(int status, std::string_view content_type, std::string body) {
  Answer answer;
  answer.status = status;
  answer.headers.push_back({"content-type", std::string(content_type)});
  answer.body.emplace_back(Bytes{std::move(body)});
  answer.streamed = false;
  return answer;
}

Answer make_json_answer(int status, std::string body) {
  return make_plain_answer(status, "application/json", std::move(body));
}

std::vector<HeaderField> merge_headers(std::vector<HeaderField> usual,
                                       const std::vector<HeaderField>& own) {
  for (const HeaderField& field : own) {
    auto same = std::ranges::find(usual, field.name, &HeaderField::name);
    if (same != usual.end()) {
      same->value = field.value;
    } else {
      usual.push_back(field);
    }
  }
  return usual;
}

Answer make_scripted_answer(const Script& script, std::vector<HeaderField> usual_headers) {
  Answer answer;
  answer.status = script.status.value_or(200);
  answer.headers = merge_headers(std::move(usual_headers), script.headers);
  if (script.body) answer.body.emplace_back(Bytes{*script.body});
  answer.streamed = false;
  return answer;
}

std::vector<Move> plan_moves(const std::vector<Piece>& body, const Faults& faults) {
  if (faults.hang_head) return {HangMove{}};
  const auto stop = first_stop(faults);
  std::vector<Move> moves;
  std::size_t offset = 0;
  bool stopped = stop && stop->at == 0;

  auto add_bytes = [&](const Bytes& piece) {
    std::string bytes = piece.bytes;
    if (stop && offset + bytes.size() >= stop->at) {
      bytes.resize(stop->at - offset);
      stopped = true;
    }
    if (faults.corrupt_at && *faults.corrupt_at >= offset &&
        *faults.corrupt_at < offset + bytes.size())
      bytes[*faults.corrupt_at - offset] ^= 0x10;
    offset += bytes.size();
    if (!bytes.empty()) moves.emplace_back(Bytes{std::move(bytes)});
  };

  const std::vector<Piece>& pieces = faults.one_write ? joined(body) : body;
  for (const Piece& piece : pieces) {
    if (stopped) break;
    std::visit(overloaded{
                   [&](const Bytes& p) { add_bytes(p); },
                   [&](const DelayStep& p) { moves.emplace_back(p); },
                   [&](const WaitStep& p) { moves.emplace_back(p); },
               },
               piece);
  }
  moves.push_back(stop ? stop->move : Move(EndMove{}));
  return moves;
}

}  // namespace dragoman::emulator
