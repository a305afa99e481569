#include "net/connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/http_date.hpp"
#include "net/status.hpp"

namespace dragoman::net {
namespace {

using boost::system::error_code;
using namespace std::chrono_literals;

// "0000abcd\r\n": the size of a chunk, written when the chunk is complete. Leading zeros are legal,
// and eight digits are enough for any chunk.
constexpr std::size_t chunk_head_bytes = 10;
constexpr std::size_t kept_buffer_bytes = 8 * 1024;  // what an idle connection may hold on to
constexpr std::size_t body_step_bytes = 64 * 1024;
// After a refusal the client may still be sending. Closing at once would make its kernel throw our
// answer away, so we listen a little longer.
constexpr auto linger_timeout = 2s;
constexpr std::size_t max_linger_bytes = 1024 * 1024;
constexpr auto second_look_pause = 200ms;

void release_if_large(std::string& text) {
  text.clear();
  if (text.capacity() > kept_buffer_bytes) text.shrink_to_fit();
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerShared> shared, TcpSocket socket)
    : shared_(std::move(shared)),
      socket_(std::move(socket)),
      deadline_(shared_->worker.deadlines,
                [this] {
                  error_code ignored;
                  socket_.cancel(ignored);
                }),
      second_look_(shared_->worker.deadlines, [this] { look_again(); }),
      in_(std::max<std::size_t>(shared_->limits.max_head_bytes, body_step_bytes)),
      message_(IncomingMessage::Kind::request,
               {shared_->limits.max_fields, shared_->limits.max_target_bytes,
                shared_->limits.max_chunk_extension_bytes, shared_->limits.max_body_bytes}) {
  shared_->connections.push_front(this);
  place_ = shared_->connections.begin();
  shared_->count->fetch_add(1, std::memory_order_relaxed);
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

Connection::~Connection() {
  shared_->connections.erase(place_);
  shared_->count->fetch_sub(1, std::memory_order_relaxed);
  if (shared_->on_connection_end) shared_->on_connection_end();
}

void Connection::start_running() {
  auto ended = [self = shared_from_this()](std::exception_ptr error) {
    if (error) std::terminate();  // handlers' exceptions are caught in handle()
  };
  asio::co_spawn(shared_->worker.executor(), run(),
                 asio::bind_cancellation_slot(cancel_signal_.slot(), std::move(ended)));
}

void Connection::retire() {
  keep_alive_ = false;
  if (!handling_) close();  // idle, or in the middle of a head: nothing that runs is lost
}

void Connection::cancel(Reason reason) {
  cancelled_ = true;
  gone_ = gone_ || reason == Reason::client_gone;
  keep_alive_ = false;
  if (handling_) {
    cancel_signal_.emit(asio::cancellation_type::terminal);
  } else {
    close();
  }
}

std::string Connection::peer_address() const {
  error_code ec;
  const auto endpoint = socket_.remote_endpoint(ec);
  return ec ? std::string() : endpoint.address().to_string();
}

void Connection::close() {
  error_code ignored;
  socket_.close(ignored);
}

Awaitable<void> Connection::run() {
  co_await asio::this_coro::throw_if_cancelled(false);
  for (;;) {
    const HeadOutcome outcome = co_await read_head();
    if (outcome != HeadOutcome::complete) break;
    co_await handle();
    if (!keep_alive_) break;
    release_if_large(body_);
    release_if_large(out_);
    in_.shrink();
  }
  close();
}

Awaitable<bool> Connection::read_more() {
  const auto room = in_.prepare();
  const auto buffer = asio::buffer(room.data(), room.size());
  const auto [ec, count] = co_await socket_.async_read_some(buffer, as_value);
  if (ec) co_return false;
  in_.commit(count);
  co_return true;
}

Awaitable<Connection::HeadOutcome> Connection::read_head() {
  const ServerLimits& limits = shared_->limits;
  std::size_t scanned = 0;
  idle_ = in_.empty();
  deadline_.expires_after(idle_ && answer_ == Answer::done ? limits.idle_timeout
                                                           : limits.head_timeout);
  for (;;) {
    // One empty line before a request line is forgiven, as RFC 9112, 2.2 asks.
    if (scanned <= 2 && in_.bytes().starts_with("\r\n")) {
      in_.consume(2);
      scanned = 0;
    }
    const auto bytes = in_.bytes();
    // Not HTTP at all (TLS, for instance): do not wait for the end of a head that never comes.
    if (!bytes.empty() && bytes.front() != '\r' && !is_token(bytes.substr(0, 1))) {
      co_await refuse(400, "malformed request line");
      co_return HeadOutcome::refused;
    }
    const auto end = find_head_end(bytes, scanned);
    if (std::min(end, bytes.size()) > limits.max_head_bytes) {
      co_await refuse(431, "the header section is too long");
      co_return HeadOutcome::refused;
    }
    if (end != std::string_view::npos) {
      head_.assign(bytes.substr(0, end));
      in_.consume(end);
      break;
    }
    constexpr std::size_t method_and_version = 64;
    if (bytes.size() > limits.max_target_bytes + method_and_version &&
        bytes.find('\n') == std::string_view::npos) {
      co_await refuse(414, "the request target is too long");
      co_return HeadOutcome::refused;
    }

    const bool first_byte_pending = bytes.empty();
    const bool more = co_await read_more();
    if (!more) {
      const bool slow = deadline_.expired() && !in_.empty() && socket_.is_open();
      if (slow) co_await refuse(408, "the header section did not arrive in time");
      co_return slow ? HeadOutcome::refused : HeadOutcome::closed;
    }
    if (first_byte_pending && idle_) deadline_.expires_after(limits.head_timeout);
    idle_ = false;
  }
  deadline_.clear();
  idle_ = false;

  message_.reset();
  answer_ = Answer::none;
  keep_alive_ = false;
  if (const auto problem = message_.parse_head(head_)) {
    co_await refuse(problem->status, problem->message);
    co_return HeadOutcome::refused;
  }
  if (!interpret_head()) {
    co_await refuse(400, "malformed request target");
    co_return HeadOutcome::refused;
  }
  co_return HeadOutcome::complete;
}

bool Connection::interpret_head() {
  request_ = Request{};
  request_.method = message_.method();
  request_.target = message_.target();
  request_.headers = message_.headers();
  request_.has_body = message_.chunked() || message_.content_length().value_or(0) > 0;
  expects_continue_ = request_.has_body && request_.headers.has("expect") && !message_.http_1_0();
  keep_alive_ = message_.keep_alive() && !message_.http_1_0() && !shared_->draining;
  body_read_ = !request_.has_body;

  // absolute-form (RFC 9112, 3.2.2): the authority is not ours to judge, the path is what counts.
  std::string_view& target = request_.target;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    break;
  }
  if (!target.starts_with('/') && target != "*") return false;
  const auto question = target.find('?');
  request_.path = target.substr(0, question);
  if (question != std::string_view::npos) request_.query = target.substr(question + 1);
  return target.find('#') == std::string_view::npos;
}

Awaitable<void> Connection::handle() {
  handling_ = true;
  aborted_ = false;
  ++shared_->running;
  if (body_read_) watch_client();
  try {
    co_await shared_->handler(*this);
  } catch (const std::exception&) {
    // A bug: what was begun cannot be completed. The client learns it from the status or the cut.
    if (answer_ == Answer::streaming) aborted_ = true;
  }
  stop_watching();
  --shared_->running;
  handling_ = false;
  if (cancelled_ || aborted_) {
    keep_alive_ = false;
    co_return;
  }
  if (answer_ == Answer::none) {
    HeaderBlock head;
    head.add("content-type", "application/json");
    std::string body = shared_->limits.error_body
                           ? shared_->limits.error_body(500, "internal error")
                           : std::string("internal error");
    co_await respond(500, head, body);
  } else if (answer_ == Answer::streaming) {
    // Cut, so that the client notices. Without chunks only a reset tells it.
    if (!chunked_answer_) abort(true);
    keep_alive_ = false;
    co_return;
  }
  if (keep_alive_ && !body_read_) keep_alive_ = co_await drain_body();
  if (!keep_alive_ && !body_read_) co_await linger();
}

// ---- reading the body

Awaitable<Result<std::string_view>> Connection::read_body() {
  if (body_read_) co_return std::string_view(body_);
  const auto length = message_.content_length();
  if (length && *length > shared_->limits.max_body_bytes) {
    co_return Error(ErrorKind::too_large, fmt::format("the request body is larger than {} bytes",
                                                      shared_->limits.max_body_bytes));
  }
  if (expects_continue_ && in_.empty()) {
    const bool sent = co_await write("HTTP/1.1 100 Continue\r\n\r\n");
    if (!sent) co_return Error(ErrorKind::cancelled, "the client has gone");
  }
  expects_continue_ = false;
  auto body = co_await read_body_pieces();
  deadline_.clear();
  if (!body) {
    keep_alive_ = false;  // where the next request would begin is not known any more
    co_return body;
  }
  body_read_ = true;
  watch_client();
  co_return body;
}

Awaitable<Result<std::string_view>> Connection::read_body_pieces() {
  const std::size_t max_bytes = shared_->limits.max_body_bytes;
  const auto length = message_.content_length();
  body_.clear();
  for (;;) {
    if (length) {
      const std::size_t take = std::min<std::uint64_t>(in_.size(), *length - body_.size());
      body_.append(in_.data(), take);
      in_.consume(take);
      if (body_.size() == *length) break;
    } else {
      const auto step = message_.decode(in_.data(), in_.size());
      if (step.failed) co_return Error(ErrorKind::bad_request, "malformed chunked body");
      if (step.too_large || body_.size() + step.body > max_bytes) {
        co_return Error(ErrorKind::too_large,
                        fmt::format("the request body is larger than {} bytes", max_bytes));
      }
      body_.append(in_.data(), step.body);
      in_.consume(step.consumed);
      if (message_.done()) break;
    }
    if (in_.size() >= shared_->limits.max_head_bytes) {
      // Chunk headers or trailers that go on and on.
      co_return Error(ErrorKind::bad_request, "malformed chunked body");
    }
    deadline_.expires_after(shared_->limits.body_stall_timeout);
    const bool more = co_await read_more();
    if (!more) {
      if (deadline_.expired()) {
        co_return Error(ErrorKind::request_timed_out, "the request body did not arrive in time");
      }
      gone_ = gone_ || !cancelled_;
      cancelled_ = true;
      co_return Error(ErrorKind::cancelled, "the client has gone");
    }
  }
  body_.reserve(body_.size() + byte_padding);
  co_return std::string_view(body_);
}

// A small body that nobody wanted: read past it, so that the connection can be kept.
Awaitable<bool> Connection::drain_body() {
  const auto length = message_.content_length();
  if (!length || *length > shared_->limits.max_drain_bytes || expects_continue_) co_return false;
  std::size_t left = *length;
  deadline_.expires_after(shared_->limits.body_stall_timeout);
  for (;;) {
    const std::size_t take = std::min(in_.size(), left);
    in_.consume(take);
    left -= take;
    if (left == 0) break;
    const bool more = co_await read_more();
    if (!more) co_return false;
  }
  deadline_.clear();
  body_read_ = true;
  co_return true;
}

// ---- writing

Awaitable<bool> Connection::write(std::string_view first, std::string_view second) {
  while (!first.empty() || !second.empty()) {
    if (gone_ || !socket_.is_open()) co_return false;
    const std::array buffers{asio::const_buffer(first.data(), first.size()),
                             asio::const_buffer(second.data(), second.size())};
    error_code ec;
    const std::size_t sent = socket_.write_some(buffers, ec);
    const std::size_t of_first = std::min(sent, first.size());
    first.remove_prefix(of_first);
    second.remove_prefix(sent - of_first);
    if (!ec) continue;
    if (ec != asio::error::would_block || cancelled_) {
      cancelled_ = gone_ = true;
      co_return false;
    }
    deadline_.expires_after(shared_->limits.write_stall_timeout);
    const auto [wait_ec] = co_await socket_.async_wait(TcpSocket::wait_write, as_value);
    if (wait_ec && !(cancelled_ && !gone_)) {
      cancelled_ = gone_ = true;
      co_return false;
    }
    deadline_.clear();
  }
  co_return true;
}

void Connection::append_head(std::string& to, int status, const HeaderBlock& head) {
  const auto length = message_.content_length();
  if (!body_read_ && (!length || *length > shared_->limits.max_drain_bytes || expects_continue_)) {
    keep_alive_ = false;  // see drain_body()
  }
  if (shared_->draining) keep_alive_ = false;
  fmt::format_to(std::back_inserter(to), "HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  to += head.str();
  to += "date: ";
  to += http_date();
  to += keep_alive_ ? "\r\n" : "\r\nconnection: close\r\n";
}

Awaitable<bool> Connection::respond(int status, const HeaderBlock& head, std::string_view body) {
  if (answer_ != Answer::none) co_return false;
  answer_ = Answer::done;
  std::string text;
  text.reserve(512 + head.str().size());
  append_head(text, status, head);
  if (status == 204 || status == 304) {
    text += "\r\n";
    body = {};
  } else {
    fmt::format_to(std::back_inserter(text), "content-length: {}\r\n\r\n", body.size());
  }
  if (request_.method == "HEAD") body = {};
  co_return co_await write(text, body);
}

void Connection::start(int status, const HeaderBlock& head) {
  if (answer_ != Answer::none) return;
  answer_ = Answer::streaming;
  out_.clear();
  chunked_answer_ = !message_.http_1_0();
  append_head(out_, status, head);
  out_ += chunked_answer_ ? "transfer-encoding: chunked\r\n\r\n" : "\r\n";
  begin_chunk();
}

void Connection::begin_chunk() {
  chunk_at_ = out_.size();
  if (chunked_answer_) out_.append("00000000\r\n");
}

// Writes the size of the open chunk, or takes its head away when nothing is in it: an empty chunk
// would end the body.
void Connection::seal_chunk() {
  if (!chunked_answer_) return;
  const std::size_t size = out_.size() - chunk_at_ - chunk_head_bytes;
  if (size == 0) {
    out_.resize(chunk_at_);
    return;
  }
  constexpr std::string_view hex = "0123456789abcdef";
  for (std::size_t digit = 0, rest = size; rest != 0; ++digit, rest >>= 4) {
    out_[chunk_at_ + 7 - digit] = hex[rest & 15];
  }
  out_ += "\r\n";
}

Awaitable<bool> Connection::flush() {
  if (answer_ != Answer::streaming) co_return false;
  seal_chunk();
  const bool sent = co_await write(out_);
  out_.clear();
  begin_chunk();
  co_return sent;
}

Awaitable<bool> Connection::finish() {
  if (answer_ != Answer::streaming) co_return false;
  seal_chunk();
  if (chunked_answer_) {
    out_ += "0\r\n\r\n";
  } else {
    keep_alive_ = false;
  }
  const bool sent = co_await write(out_);
  answer_ = Answer::done;
  co_return sent;
}

Awaitable<bool> Connection::write_raw(std::string_view bytes) {
  answer_ = Answer::done;
  keep_alive_ = false;
  co_return co_await write(bytes);
}

void Connection::abort(bool reset) {
  aborted_ = true;
  error_code ignored;
  if (reset) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

Awaitable<void> Connection::refuse(int status, std::string_view message) {
  keep_alive_ = false;
  std::string body = shared_->limits.error_body ? shared_->limits.error_body(status, message)
                                                : std::string(message);
  std::string text = fmt::format(
      "HTTP/1.1 {} {}\r\ncontent-type: application/json\r\n{}date: {}\r\nconnection: close\r\n"
      "content-length: {}\r\n\r\n",
      status, reason_phrase(status), shared_->limits.error_headers, http_date(), body.size());
  text += body;
  const bool sent = co_await write(text);
  if (sent) co_await linger();
}

Awaitable<void> Connection::linger() {
  error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
  deadline_.expires_after(linger_timeout);
  idle_ = true;  // a drain need not wait for this
  for (std::size_t read = 0; read < max_linger_bytes;) {
    in_.consume(in_.size());
    const bool more = co_await read_more();
    if (!more) break;
    read += in_.size();
  }
  deadline_.clear();
}

// ---- watching the client

void Connection::watch_client() {
  if (watching_ || cancelled_) return;
  watching_ = true;
  const unsigned number = ++watch_number_;
  auto readable = [self = shared_from_this(), number](error_code ec) {
    if (ec || number != self->watch_number_) return;
    self->watching_ = false;
    char byte = 0;
    error_code peek_error;
    const auto buffer = asio::buffer(&byte, 1);
    const std::size_t count =
        self->socket_.receive(buffer, asio::socket_base::message_peek, peek_error);
    if (count == 0 && peek_error != asio::error::would_block) {
      self->cancel(Reason::client_gone);
      return;
    }
    // A pipelined request. It stays unread until its turn, so that readability says nothing more.
    self->second_look_.expires_after(second_look_pause);
  };
  socket_.async_wait(TcpSocket::wait_read, std::move(readable));
}

// Whether the client has closed its side, unread bytes before it or not.
bool Connection::client_closed() {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  return info.tcpi_state != TCP_ESTABLISHED;
}

void Connection::look_again() {
  if (!handling_ || cancelled_) return;
  if (client_closed()) {
    cancel(Reason::client_gone);
  } else {
    second_look_.expires_after(second_look_pause);
  }
}

void Connection::stop_watching() {
  second_look_.clear();
  if (!watching_) return;
  watching_ = false;
  ++watch_number_;
  error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace dragoman::net
