#include "base/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>
#include <stdexcept>
#include <vector>

namespace dragoman {
namespace {

using boost::system::error_code;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

class TaskGroupTest : public testing::Test {
 protected:
  void run(Awaitable<void> coroutine) {
    asio::co_spawn(io, std::move(coroutine), asio::detached);
    io.run();
    io.restart();
  }

  asio::io_context io{1};
  TaskGroup tasks{io.get_executor()};
};

Awaitable<void> count_up(int& counter) {
  ++counter;
  co_return;
}

// Waits for ever, or until it is asked to stop.
Awaitable<void> wait_for_cancel(Executor executor, std::vector<error_code>& results) {
  Timer timer(executor);
  timer.expires_at(std::chrono::steady_clock::time_point::max());
  const auto [ec] = co_await timer.async_wait(as_value);
  results.push_back(ec);
}

// As above, then works on for a while before it ends.
Awaitable<void> clean_up_after_cancel(Executor executor, std::vector<error_code>& results,
                                      bool& cleaned) {
  co_await wait_for_cancel(executor, results);
  for (int i = 0; i < 3; ++i) co_await asio::post(executor, asio::use_awaitable_t<Executor>{});
  cleaned = true;
}

Awaitable<void> spawn_another(TaskGroup& tasks, int& counter) {
  tasks.spawn(count_up(counter));
  co_return;
}

Awaitable<void> wait_and_note(TaskGroup& tasks, bool& noted) {
  co_await tasks.wait();
  noted = true;
}

Awaitable<void> close_and_note(TaskGroup& tasks, std::size_t& left) {
  co_await tasks.close();
  left = tasks.size();
}

TEST_F(TaskGroupTest, RunsItsTasksAndForgetsThem) {
  int counter = 0;
  for (int i = 0; i < 3; ++i) tasks.spawn(count_up(counter));
  EXPECT_EQ(tasks.size(), 3U);
  bool noted = false;
  run(wait_and_note(tasks, noted));
  EXPECT_TRUE(noted);
  EXPECT_EQ(counter, 3);
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, WaitingForAnEmptyGroupIsOverAtOnce) {
  bool noted = false;
  run(wait_and_note(tasks, noted));
  EXPECT_TRUE(noted);
}

TEST_F(TaskGroupTest, SeveralMayWait) {
  int counter = 0;
  tasks.spawn(count_up(counter));
  bool first = false;
  bool second = false;
  asio::co_spawn(io, wait_and_note(tasks, first), asio::detached);
  run(wait_and_note(tasks, second));
  EXPECT_TRUE(first && second);
}

TEST_F(TaskGroupTest, WaitIncludesTasksThatTasksStarted) {
  int counter = 0;
  bool noted = false;
  tasks.spawn(spawn_another(tasks, counter));
  run(wait_and_note(tasks, noted));
  EXPECT_TRUE(noted);
  EXPECT_EQ(counter, 1);
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, CloseTellsEveryTaskAndWaitsForAll) {
  std::vector<error_code> results;
  bool cleaned = false;
  for (int i = 0; i < 5; ++i) tasks.spawn(wait_for_cancel(io.get_executor(), results));
  tasks.spawn(clean_up_after_cancel(io.get_executor(), results, cleaned));
  io.poll();  // all of them wait now
  io.restart();
  EXPECT_TRUE(results.empty());

  std::size_t left = 99;
  run(close_and_note(tasks, left));
  EXPECT_EQ(results, std::vector<error_code>(6, asio::error::operation_aborted));
  EXPECT_TRUE(cleaned);
  EXPECT_EQ(left, 0U);
}

TEST_F(TaskGroupTest, ATaskThatHadNotBegunIsToldToo) {
  std::vector<error_code> results;
  tasks.spawn(wait_for_cancel(io.get_executor(), results));
  std::size_t left = 99;
  run(close_and_note(tasks, left));
  EXPECT_EQ(results, std::vector<error_code>(1, asio::error::operation_aborted));
  EXPECT_EQ(left, 0U);
}

TEST_F(TaskGroupTest, NothingStartsAfterClose) {
  std::size_t left = 99;
  run(close_and_note(tasks, left));
  int counter = 0;
  tasks.spawn(count_up(counter));
  io.poll();
  EXPECT_EQ(counter, 0);
  EXPECT_EQ(tasks.size(), 0U);
}

TEST_F(TaskGroupTest, CancelLeavesTheGroupOpen) {
  std::vector<error_code> results;
  tasks.spawn(wait_for_cancel(io.get_executor(), results));
  io.poll();
  io.restart();
  tasks.cancel();
  int counter = 0;
  tasks.spawn(count_up(counter));
  bool noted = false;
  run(wait_and_note(tasks, noted));
  EXPECT_TRUE(noted);
  EXPECT_EQ(results.size(), 1U);
  EXPECT_EQ(counter, 1);
}

Awaitable<void> fail() {
  throw std::runtime_error("a bug");
  co_return;
}

TEST(TaskGroupDeathTest, ATaskThatThrowsEndsTheProgram) {
  EXPECT_DEATH(
      {
        asio::io_context io(1);
        TaskGroup tasks(io.get_executor());
        tasks.spawn(fail());
        io.run();
      },
      "");
}

}  // namespace
}  // namespace dragoman
