#include "net/port.hpp"

#include <gtest/gtest.h>

#include "net/server.hpp"

namespace dragoman::net {
namespace {

TEST(Port, OfAnotherListenerIsNotFreeThoughItCouldBeShared) {
  Worker worker;
  Server server(worker, {}, [](Exchange&) -> Awaitable<void> { co_return; });
  const auto port = server.listen("127.0.0.1", 0);
  ASSERT_TRUE(port);
  const auto taken = check_port_is_free("127.0.0.1", *port);
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().message.find("Address already in use"), std::string::npos);
  EXPECT_TRUE(check_port_is_free("127.0.0.1", 0));
  EXPECT_FALSE(check_port_is_free("nowhere", 0));
}

}  // namespace
}  // namespace dragoman::net
