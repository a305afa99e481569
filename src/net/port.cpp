#include "net/port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace dragoman::net {

Result<void> check_port_is_free(const std::string& address, std::uint16_t port) {
  namespace asio = boost::asio;
  boost::system::error_code ec;
  const auto ip = asio::ip::make_address(address == "localhost" ? "127.0.0.1" : address, ec);
  if (ec)
    return Error(ErrorKind::bad_request, "'" + address + "' is not an IP address to listen on");
  asio::io_context io;
  asio::ip::tcp::acceptor probe(io);
  const asio::ip::tcp::endpoint endpoint(ip, port);
  probe.open(endpoint.protocol(), ec);
  if (!ec) probe.set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) probe.bind(endpoint, ec);
  if (!ec) return {};
  return Error(ErrorKind::internal, "cannot listen on " + address + " port " +
                                        std::to_string(port) + ": " + ec.message());
}

}  // namespace dragoman::net
