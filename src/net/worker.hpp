#pragma once
// One thread's share of the program: its event loop and its deadlines.
//
// Connections, pools and streams belong to one worker and are touched on its thread only, so
// nothing in them is locked. A worker must outlive everything that was built on it.

#include <boost/asio/io_context.hpp>

#include "base/deadline.hpp"

namespace dragoman::net {

struct Worker {
  boost::asio::io_context io{1};
  Deadlines deadlines{io.get_executor()};

  Executor executor() { return io.get_executor(); }
};

}  // namespace dragoman::net
