#include "base/deadline.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <vector>

namespace dragoman {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// The sweep runs while a deadline exists, so a test ends by destroying its deadlines: then run()
// returns by itself.
class DeadlineTest : public testing::Test {
 protected:
  asio::io_context io{1};
  Deadlines deadlines{io.get_executor()};
};

TEST_F(DeadlineTest, FiresOnceAndNotBeforeItsTime) {
  const auto start = steady_clock::now();
  int fired = 0;
  std::optional<Deadline> last;
  Deadline first(deadlines, [&] {
    ++fired;
    EXPECT_GE(steady_clock::now() - start, 50ms);
    EXPECT_TRUE(first.expired());
  });
  last.emplace(deadlines, [&] { io.stop(); });
  first.expires_after(50ms);
  last->expires_after(350ms);  // sweeps happen in between
  EXPECT_FALSE(first.expired());
  io.run();
  EXPECT_EQ(fired, 1);
}

TEST_F(DeadlineTest, NeverFiresInsideExpiresAfter) {
  bool fired = false;
  Deadline deadline(deadlines, [&] {
    fired = true;
    io.stop();
  });
  deadline.expires_after(-1s);
  EXPECT_FALSE(fired);
  io.run();
  EXPECT_TRUE(fired);
}

TEST_F(DeadlineTest, AClearedOneDoesNotFire) {
  bool fired = false;
  Deadline cleared(deadlines, [&] { fired = true; });
  Deadline last(deadlines, [&] { io.stop(); });
  cleared.expires_after(0ms);
  last.expires_after(250ms);
  cleared.clear();
  io.run();
  EXPECT_FALSE(fired);
  EXPECT_FALSE(cleared.expired());
}

TEST_F(DeadlineTest, SettingItAgainReplacesTheOldTime) {
  bool moved_fired = false;
  Deadline moved(deadlines, [&] { moved_fired = true; });
  Deadline last(deadlines, [&] {
    EXPECT_FALSE(moved_fired);
    io.stop();
  });
  moved.expires_after(0ms);
  moved.expires_after(1h);
  last.expires_after(150ms);
  io.run();
  EXPECT_FALSE(moved_fired);
}

TEST_F(DeadlineTest, ItsCallbackMaySetItAgain) {
  int fired = 0;
  Deadline deadline(deadlines, [&] {
    if (++fired == 3) {
      io.stop();
    } else {
      deadline.expires_after(0ms);
    }
  });
  deadline.expires_after(0ms);
  io.run();
  EXPECT_EQ(fired, 3);
}

TEST_F(DeadlineTest, ACallbackMayDestroyAnyDeadline) {
  int fired = 0;
  std::vector<std::unique_ptr<Deadline>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<Deadline>(deadlines, [&] {
      ++fired;
      all.clear();  // itself too, and those that are due in the same sweep
    }));
    all.back()->expires_after(0ms);
  }
  io.run();
  EXPECT_EQ(fired, 1);
}

TEST_F(DeadlineTest, ACallbackMayDestroyItsNeighbours) {
  for (const int victim : {0, 2}) {
    std::vector<std::unique_ptr<Deadline>> all(3);
    std::vector<int> fired;
    for (int i = 0; i < 3; ++i) {
      all[i] = std::make_unique<Deadline>(deadlines, [&, i] {
        fired.push_back(i);
        if (i != 1) return;
        all[victim].reset();
        io.stop();  // takes effect after the sweep
      });
      all[i]->expires_after(0ms);
    }
    io.run();
    io.restart();
    // The newest is visited first: 2, 1, 0.
    EXPECT_EQ(fired, victim == 0 ? (std::vector<int>{2, 1}) : (std::vector<int>{2, 1, 0}));
  }
}

TEST_F(DeadlineTest, TheSweepStopsWhenNoDeadlineIsLeft) {
  {
    Deadline deadline(deadlines, [] { ADD_FAILURE(); });
    deadline.expires_after(1h);
  }
  io.run();  // returns
  SUCCEED();
}

TEST_F(DeadlineTest, TheSweepStartsAgainForALaterDeadline) {
  bool fired = false;
  {
    Deadline(deadlines, [] {}).expires_after(1h);
  }
  io.run();
  io.restart();
  Deadline deadline(deadlines, [&] {
    fired = true;
    io.stop();
  });
  deadline.expires_after(0ms);
  io.run();
  EXPECT_TRUE(fired);
}

}  // namespace
}  // namespace dragoman
