#pragma once
// For tests of things that live on a Worker: runs one coroutine to its end, and raw clients.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <gtest/gtest.h>
#include <string>

#include "net/worker.hpp"

namespace dragoman::net::testing {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// Runs the worker's loop until the coroutine has ended; fails the test after ten seconds.
inline void run(Worker& worker, Awaitable<void> body) {
  bool ended = false;
  asio::co_spawn(worker.executor(), std::move(body), [&](std::exception_ptr error) {
    ended = true;
    worker.io.stop();
    if (error) std::rethrow_exception(error);
  });
  worker.io.restart();
  worker.io.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(ended) << "the test did not end in time";
}

inline Awaitable<Socket> connect_to(Worker& worker, std::uint16_t port) {
  Socket socket(worker.executor());
  const asio::ip::tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  co_await socket.async_connect(endpoint, as_value);
  co_return socket;
}

inline Awaitable<void> send_text(Socket& socket, std::string text) {
  co_await asio::async_write(socket, asio::buffer(text), as_value);
}

// Everything until the peer closes.
inline Awaitable<std::string> read_to_end(Socket& socket) {
  std::string text;
  co_await asio::async_read(socket, asio::dynamic_buffer(text), as_value);
  co_return text;
}

// Until `mark` has been seen; what was read so far when the peer closes first.
inline Awaitable<std::string> read_until(Socket& socket, std::string mark) {
  std::string text;
  char piece[1024];
  while (text.find(mark) == std::string::npos) {
    const auto buffer = asio::buffer(piece);
    const auto [ec, count] = co_await socket.async_read_some(buffer, as_value);
    if (ec) break;
    text.append(piece, count);
  }
  co_return text;
}

inline Awaitable<void> pause(Worker& worker, std::chrono::milliseconds time) {
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer(worker.executor());
  timer.expires_after(time);
  co_await timer.async_wait(as_value);
}

}  // namespace dragoman::net::testing
