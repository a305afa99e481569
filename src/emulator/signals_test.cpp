#include "emulator/signals.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "base/task_group.hpp"

namespace dragoman::emulator {
namespace {

using namespace std::chrono_literals;

Awaitable<void> wait_for(Executor executor, Signals& signals, std::string name, int& result) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool given = co_await signals.wait(executor, std::move(name), 1h);
  result = given ? 1 : 0;
}

struct SignalsTest : ::testing::Test {
  asio::io_context io;
  Signals signals;
  TaskGroup tasks{io.get_executor()};
  int first = -1;
  int second = -1;

  void poll() {
    io.restart();
    io.poll();
  }
};

TEST_F(SignalsTest, WakeAllWhoWait) {
  tasks.spawn(wait_for(io.get_executor(), signals, "go", first));
  tasks.spawn(wait_for(io.get_executor(), signals, "go", second));
  poll();
  EXPECT_EQ(signals.waiting(), (std::map<std::string, std::size_t>{{"go", 2}}));
  signals.give("other");
  poll();
  EXPECT_EQ(first, -1);
  signals.give("go");
  poll();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
  EXPECT_TRUE(signals.waiting().empty());
}

TEST_F(SignalsTest, AreRememberedForOneWait) {
  signals.give("go");
  tasks.spawn(wait_for(io.get_executor(), signals, "go", first));
  poll();
  EXPECT_EQ(first, 1);
  tasks.spawn(wait_for(io.get_executor(), signals, "go", second));
  poll();
  EXPECT_EQ(second, -1);
  tasks.cancel();
  poll();
  EXPECT_EQ(second, 0);
}

TEST_F(SignalsTest, StayGivenWhenKept) {
  signals.give("go", true);
  tasks.spawn(wait_for(io.get_executor(), signals, "go", first));
  tasks.spawn(wait_for(io.get_executor(), signals, "go", second));
  poll();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 1);
}

TEST_F(SignalsTest, EndWithTheirCoroutine) {
  tasks.spawn(wait_for(io.get_executor(), signals, "go", first));
  poll();
  tasks.cancel();
  poll();
  EXPECT_EQ(first, 0);
  EXPECT_TRUE(signals.waiting().empty());
}

TEST_F(SignalsTest, ResetFreesEveryone) {
  tasks.spawn(wait_for(io.get_executor(), signals, "go", first));
  poll();
  signals.reset();
  poll();
  EXPECT_EQ(first, 1);
}

}  // namespace
}  // namespace dragoman::emulator
