#pragma once
// One connection of the server: reads requests one after the other, lends itself to the handler as
// an Exchange, and watches for the client's leaving. Internal to net/server.cpp.
//
// Owned by its own coroutine run(), which holds a shared_ptr; the server keeps a list of raw
// pointers that the destructor takes itself out of. All on the worker's thread.

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/deadline.hpp"
#include "net/message.hpp"
#include "net/read_buffer.hpp"
#include "net/server.hpp"

namespace dragoman::net {

using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

class Connection;

// What connections share with their server; outlives them by shared_ptr.
struct ServerShared {
  ServerShared(Worker& w, ServerLimits l, Handler h)
      : worker(w), limits(std::move(l)), handler(std::move(h)), count(limits.connection_count) {
    if (!count) count = std::make_shared<std::atomic<std::size_t>>(0);
  }

  Worker& worker;
  ServerLimits limits;
  Handler handler;
  std::list<Connection*> connections;
  std::shared_ptr<std::atomic<std::size_t>> count;  // also of the servers beside this one
  std::size_t running = 0;                          // handlers at work
  bool draining = false;
  std::function<void()> on_connection_end;  // set while drain() waits
};

class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerShared> shared, TcpSocket socket);
  ~Connection() override;

  // Starts run() on the worker; it keeps the connection alive until it ends.
  void start_running();
  // No more requests: ends now when idle, after the current answer otherwise.
  void retire();
  // Cancels the handler at work, ends the connection. A handler that is cancelled because the
  // server ends may still say so, as far as the client takes it at once.
  enum class Reason { client_gone, server_ends };
  void cancel(Reason reason);

  const Request& request() const override { return request_; }
  Worker& worker() override { return shared_->worker; }
  std::string peer_address() const override;
  Awaitable<Result<std::string_view>> read_body() override;
  Awaitable<bool> respond(int status, const HeaderBlock& head, std::string_view body) override;
  void start(int status, const HeaderBlock& head) override;
  std::string& out() override { return out_; }
  Awaitable<bool> flush() override;
  Awaitable<bool> finish() override;
  bool answered() const override { return answer_ != Answer::none; }
  bool cancelled() const override { return cancelled_; }
  Awaitable<bool> write_raw(std::string_view bytes) override;
  void abort(bool reset) override;

 private:
  // How far the answer to the current request is.
  enum class Answer { none, streaming, done };
  enum class HeadOutcome { complete, closed, refused };

  Awaitable<void> run();
  Awaitable<HeadOutcome> read_head();
  bool interpret_head();
  Awaitable<void> handle();
  Awaitable<bool> drain_body();
  Awaitable<void> refuse(int status, std::string_view message);
  Awaitable<void> linger();

  // One read into in_. False: end of input, error, cancelled or timed out (deadline_ tells).
  Awaitable<bool> read_more();
  Awaitable<bool> write(std::string_view first, std::string_view second = {});
  Awaitable<Result<std::string_view>> read_body_pieces();
  void append_head(std::string& to, int status, const HeaderBlock& head);
  void begin_chunk();
  void seal_chunk();
  void watch_client();
  bool client_closed();
  void look_again();
  void stop_watching();
  void close();

  std::shared_ptr<ServerShared> shared_;
  TcpSocket socket_;
  Deadline deadline_;
  Deadline second_look_;  // at a client that has pipelined
  asio::cancellation_signal cancel_signal_;
  std::list<Connection*>::iterator place_;

  ReadBuffer in_;
  std::string head_;  // of the current request: request_ refers to it
  IncomingMessage message_;
  Request request_;
  std::string body_;

  std::string out_;
  std::size_t chunk_at_ = 0;  // where the size of the open chunk will be written in out_

  Answer answer_ = Answer::none;
  bool body_read_ = false;
  bool expects_continue_ = false;
  bool keep_alive_ = false;
  bool chunked_answer_ = false;
  bool handling_ = false;
  bool idle_ = true;  // between requests
  bool cancelled_ = false;
  bool aborted_ = false;  // the handler cut the connection on purpose
  bool gone_ = false;     // nothing can be written any more
  bool watching_ = false;
  unsigned watch_number_ = 0;  // tells a late completion from the current watch
};

}  // namespace dragoman::net
