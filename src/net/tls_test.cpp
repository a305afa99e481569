// The client's TLS and proxies, against a server and a proxy on loopback with certificates made
// here.

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/task_group.hpp"
#include "net/client.hpp"
#include "net/testing.hpp"

namespace dragoman::net {
namespace {

using namespace testing;
using namespace std::chrono_literals;
namespace ssl = asio::ssl;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

struct Certificate {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

std::string pem_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

// Self-signed, valid from `begin` to `end` seconds from now, for one host.
Certificate make_certificate(const std::string& alt_name, long begin = -60, long end = 3600) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* x509 = X509_new();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), begin);
  X509_gmtime_adj(X509_getm_notAfter(x509), end);
  X509_set_pubkey(x509, key);
  X509_NAME* name = X509_get_subject_name(x509);
  const auto* common_name = reinterpret_cast<const unsigned char*>("test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(x509, name);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alt_name.c_str());
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(x509, key, EVP_sha256());
  BIO* certificate = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate, x509);
  BIO* private_key = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(private_key, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(x509);
  EVP_PKEY_free(key);
  return {pem_of(certificate), pem_of(private_key)};
}

class ClientTlsTest : public ::testing::Test {
 protected:
  ClientTlsTest()
      : tasks_(worker_.executor()),
        acceptor_(worker_.executor(), {asio::ip::address_v4::loopback(), 0}),
        proxy_(worker_.executor(), {asio::ip::address_v4::loopback(), 0}),
        ca_file_(::testing::TempDir() + "/dragoman_ca_" +
                 std::to_string(acceptor_.local_endpoint().port()) + ".pem") {
    options_.connect_timeout = 2s;
  }
  ~ClientTlsTest() override { std::filesystem::remove(ca_file_); }

  void trust(const Certificate& certificate) {
    std::ofstream(ca_file_) << certificate.certificate;
    options_.ca_file = ca_file_;
  }

  // Serves one request over TLS; what was decrypted is kept. `close_notify`: end properly.
  Awaitable<void> serve_tls(Certificate identity, bool close_notify, std::string answer) {
    ssl::context context(ssl::context::tls_server);
    context.use_certificate_chain(asio::buffer(identity.certificate));
    context.use_private_key(asio::buffer(identity.key), ssl::context::pem);
    auto [ec, socket] = co_await acceptor_.async_accept(as_value);
    if (ec) co_return;
    ssl::stream<Socket&> stream(socket, context);
    const auto [shake_ec] = co_await stream.async_handshake(ssl::stream_base::server, as_value);
    if (shake_ec) co_return;
    char piece[4096];
    const auto buffer = asio::buffer(piece);
    const auto [read_ec, count] = co_await stream.async_read_some(buffer, as_value);
    decrypted_.append(piece, count);
    co_await asio::async_write(stream, asio::buffer(answer), as_value);
    if (close_notify) co_await stream.async_shutdown(as_value);
  }

  // One connection that is told it is through, then carried to the server.
  Awaitable<void> serve_proxy(std::string answer) {
    auto [ec, client] = co_await proxy_.async_accept(as_value);
    if (ec) co_return;
    proxied_ = co_await read_until(client, "\r\n\r\n");
    co_await send_text(client, answer);
    if (!answer.starts_with("HTTP/1.1 200 Connection")) co_return;
    Socket server = co_await connect_to(worker_, acceptor_.local_endpoint().port());
    TaskGroup back(worker_.executor());
    back.spawn(carry(server, client));
    co_await carry(client, server);
    co_await back.close();
  }
  static Awaitable<void> carry(Socket& from, Socket& to) {
    char piece[4096];
    for (;;) {
      const auto buffer = asio::buffer(piece);
      const auto [ec, count] = co_await from.async_read_some(buffer, as_value);
      if (ec) break;
      const auto bytes = asio::buffer(piece, count);
      co_await asio::async_write(to, bytes, as_value);
    }
    boost::system::error_code ignored;
    to.shutdown(Socket::shutdown_send, ignored);
  }

  Awaitable<void> fetch(HttpRequest request) {
    Client client(worker_, options_);
    auto answer = co_await client.send(std::move(request));
    if (!answer) {
      outcome_ = "error: " + std::string(to_string(answer.error().kind));
    } else {
      auto body = co_await (*answer)->read_all(1000);
      outcome_ = body ? *body : "error: " + std::string(to_string(body.error().kind));
      answer->reset();
    }
    acceptor_.close();
    proxy_.close();
    co_await tasks_.close();
  }

  std::string get(const std::string& host) {
    HttpRequest request;
    request.url.tls = true;
    request.url.host = host;
    request.url.port = acceptor_.local_endpoint().port();
    request.target = "/secret";
    run(worker_, fetch(std::move(request)));
    return outcome_;
  }

  Worker worker_;
  ClientOptions options_;
  TaskGroup tasks_;
  Acceptor acceptor_;
  Acceptor proxy_;
  std::string ca_file_;
  std::string decrypted_;
  std::string proxied_;
  std::string outcome_;
};

const std::string ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

TEST_F(ClientTlsTest, TalksToAServerItTrusts) {
  const auto identity = make_certificate("IP:127.0.0.1");
  trust(identity);
  tasks_.spawn(serve_tls(identity, true, ok));
  EXPECT_EQ(get("127.0.0.1"), "ok");
  EXPECT_TRUE(decrypted_.starts_with("GET /secret HTTP/1.1\r\n"));
}

TEST_F(ClientTlsTest, SendsNothingToAServerItDoesNotTrust) {
  tasks_.spawn(serve_tls(make_certificate("IP:127.0.0.1"), true, ok));
  EXPECT_EQ(get("127.0.0.1"), "error: upstream_unreachable");
  EXPECT_EQ(decrypted_, "");
}

TEST_F(ClientTlsTest, RefusesTheCertificateOfAnotherHost) {
  const auto identity = make_certificate("DNS:other.example");
  trust(identity);
  tasks_.spawn(serve_tls(identity, true, ok));
  EXPECT_EQ(get("127.0.0.1"), "error: upstream_unreachable");
  EXPECT_EQ(decrypted_, "");
}

TEST_F(ClientTlsTest, RefusesACertificateThatHasExpired) {
  const auto identity = make_certificate("IP:127.0.0.1", -7200, -3600);
  trust(identity);
  tasks_.spawn(serve_tls(identity, true, ok));
  EXPECT_EQ(get("127.0.0.1"), "error: upstream_unreachable");
  EXPECT_EQ(decrypted_, "");
}

TEST_F(ClientTlsTest, TakesAnEndWithoutCloseNotifyForACut) {
  const auto identity = make_certificate("IP:127.0.0.1");
  trust(identity);
  tasks_.spawn(serve_tls(identity, false, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhalf"));
  EXPECT_EQ(get("127.0.0.1"), "error: upstream_failed");
}

TEST_F(ClientTlsTest, GivesUpOnAServerThatIsSilentInTheHandshake) {
  options_.connect_timeout = 200ms;
  EXPECT_EQ(get("127.0.0.1"), "error: timed_out");
}

TEST_F(ClientTlsTest, GoesThroughAProxyByConnect) {
  const auto identity = make_certificate("DNS:service.example");
  trust(identity);
  options_.https_proxy =
      *parse_proxy("http://me:pw@127.0.0.1:" + std::to_string(proxy_.local_endpoint().port()));
  tasks_.spawn(serve_tls(identity, true, ok));
  tasks_.spawn(serve_proxy("HTTP/1.1 200 Connection established\r\n\r\n"));
  const std::string port = std::to_string(acceptor_.local_endpoint().port());
  EXPECT_EQ(get("service.example"), "ok");
  EXPECT_TRUE(proxied_.starts_with("CONNECT service.example:" + port + " HTTP/1.1\r\n"))
      << proxied_;
  EXPECT_NE(proxied_.find("\r\nproxy-authorization: Basic bWU6cHc=\r\n"), std::string::npos);
  EXPECT_EQ(decrypted_.find("proxy-authorization"), std::string::npos);
}

TEST_F(ClientTlsTest, SaysThatTheProxyRefused) {
  options_.https_proxy =
      *parse_proxy("127.0.0.1:" + std::to_string(proxy_.local_endpoint().port()));
  tasks_.spawn(serve_proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
  EXPECT_EQ(get("service.example"), "error: upstream_unreachable");
}

TEST_F(ClientTlsTest, LeavesTheProxyOutForExemptHosts) {
  const auto identity = make_certificate("IP:127.0.0.1");
  trust(identity);
  options_.https_proxy = *parse_proxy("127.0.0.1:1");
  options_.no_proxy = "127.0.0.1";
  tasks_.spawn(serve_tls(identity, true, ok));
  EXPECT_EQ(get("127.0.0.1"), "ok");
}

TEST_F(ClientTlsTest, SendsPlainRequestsToAProxyInAbsoluteForm) {
  options_.http_proxy = *parse_proxy("127.0.0.1:" + std::to_string(proxy_.local_endpoint().port()));
  tasks_.spawn(serve_proxy(ok));
  HttpRequest request;
  request.url = *parse_url("http://service.example:8080/base");
  request.target = "/x";
  run(worker_, fetch(std::move(request)));
  EXPECT_EQ(outcome_, "ok");
  EXPECT_TRUE(proxied_.starts_with("GET http://service.example:8080/base/x HTTP/1.1\r\n"))
      << proxied_;
}

}  // namespace
}  // namespace dragoman::net
