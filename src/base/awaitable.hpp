#pragma once
// The coroutine type of this program, and the token that turns completions into values.
//
//   Awaitable<Result<int>> read_answer(Socket& socket);
//   auto [ec, count] = co_await socket.async_read_some(buffer, as_value);
//
// One io_context runs on one thread; everything a connection owns lives on that thread.
//
// Name every argument before you await: g++ 12 destroys braced temporaries and capturing lambdas
// twice when they are written inside a co_await expression.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dragoman {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;

template <class T>
using Awaitable = asio::awaitable<T, Executor>;

// Completes with a tuple whose first member is the error code; nothing is thrown.
inline constexpr auto as_value = asio::as_tuple(asio::use_awaitable_t<Executor>{});

}  // namespace dragoman
