#include "emulator/answer.hpp"

#include <gtest/gtest.h>

namespace dragoman::emulator {
namespace {

const std::vector<Piece> body{Bytes{"abc"}, DelayStep{milliseconds(9)}, Bytes{"def"},
                              WaitStep{"go"}, Bytes{"gh"}};

using Moves = std::vector<Move>;

TEST(PlanMoves, WithoutFaultsIsTheBodyAndItsEnd) {
  EXPECT_EQ(plan_moves(body, {}), (Moves{Bytes{"abc"}, DelayStep{milliseconds(9)}, Bytes{"def"},
                                         WaitStep{"go"}, Bytes{"gh"}, EndMove{}}));
  EXPECT_EQ(plan_moves({}, {}), (Moves{EndMove{}}));
}

TEST(PlanMoves, CutsAtTheByte) {
  Faults faults;
  faults.cut_at = 4;
  faults.cut_with_reset = true;
  EXPECT_EQ(plan_moves(body, faults),
            (Moves{Bytes{"abc"}, DelayStep{milliseconds(9)}, Bytes{"d"}, CutMove{true}}));
  faults.cut_at = 0;
  EXPECT_EQ(plan_moves(body, faults), (Moves{CutMove{true}}));
}

TEST(PlanMoves, ACutAtTheBorderOfAPieceComesBeforeThePauseBehindIt) {
  Faults faults;
  faults.cut_at = 3;
  EXPECT_EQ(plan_moves(body, faults), (Moves{Bytes{"abc"}, CutMove{false}}));
}

TEST(PlanMoves, ACutBehindTheEndTakesThePlaceOfTheEnd) {
  Faults faults;
  faults.cut_at = 100;
  EXPECT_EQ(plan_moves(body, faults).back(), Move(CutMove{false}));
}

TEST(PlanMoves, TruncatesProperly) {
  Faults faults;
  faults.truncate_clean_at = 2;
  EXPECT_EQ(plan_moves(body, faults), (Moves{Bytes{"ab"}, EndMove{}}));
}

TEST(PlanMoves, Hangs) {
  Faults faults;
  faults.hang_at = 1;
  EXPECT_EQ(plan_moves(body, faults), (Moves{Bytes{"a"}, HangMove{}}));
  faults.hang_head = true;
  EXPECT_EQ(plan_moves(body, faults), (Moves{HangMove{}}));
}

TEST(PlanMoves, TheFirstStopWins) {
  Faults faults;
  faults.cut_at = 5;
  faults.truncate_clean_at = 2;
  EXPECT_EQ(plan_moves(body, faults).back(), Move(EndMove{}));
  faults.hang_at = 1;
  EXPECT_EQ(plan_moves(body, faults).back(), Move(HangMove{}));
}

TEST(PlanMoves, FlipsOneBit) {
  Faults faults;
  faults.corrupt_at = 4;
  EXPECT_EQ(std::get<Bytes>(plan_moves(body, faults)[2]).bytes, "duf");
  faults.corrupt_at = 100;
  EXPECT_EQ(plan_moves(body, faults), plan_moves(body, {}));
}

TEST(PlanMoves, JoinsEverythingIntoOneWriteAfterThePauses) {
  Faults faults;
  faults.one_write = true;
  EXPECT_EQ(plan_moves(body, faults),
            (Moves{DelayStep{milliseconds(9)}, WaitStep{"go"}, Bytes{"abcdefgh"}, EndMove{}}));
}

TEST(Headers, OfAScriptReplaceTheUsualOnes) {
  EXPECT_EQ(merge_headers({{"a", "1"}, {"b", "2"}}, {{"b", "3"}, {"c", "4"}}),
            (std::vector<HeaderField>{{"a", "1"}, {"b", "3"}, {"c", "4"}}));
}

}  // namespace
}  // namespace dragoman::emulator
