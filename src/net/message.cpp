#include "net/message.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <variant>

namespace dragoman::net {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t unlimited_head = 1 << 20;  // the head's length is limited by who reads it

// The raw bytes of a head: every line ends with CRLF, no other control characters, no folded line.
bool has_clean_lines(std::string_view head) {
  bool line_start = false;  // the first line may not begin with a blank either: see below
  if (head.front() == ' ' || head.front() == '\t') return false;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (line_start && (c == ' ' || c == '\t')) return false;
    line_start = false;
    if (c >= 0x20 && c != 0x7F) continue;
    if (c == '\t') continue;
    if (c != '\r' || i + 1 >= head.size() || head[i + 1] != '\n') return false;
    ++i;
    line_start = true;
  }
  return true;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// One of the registered codings, perhaps with chunked behind it: well-formed, but not read here.
bool is_known_coding(std::string_view text) {
  constexpr std::string_view chunked_behind = ", chunked";
  if (text.size() > chunked_behind.size() &&
      equals_ignoring_case(text.substr(text.size() - chunked_behind.size()), chunked_behind)) {
    text.remove_suffix(chunked_behind.size());
  }
  for (const std::string_view name : {"gzip", "x-gzip", "deflate", "compress", "x-compress"}) {
    if (equals_ignoring_case(text, name)) return true;
  }
  return false;
}

// uri-host [":" port]: enough to refuse what could be read as something else.
bool is_host(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~!$&'()*+,;=:[]%").find(c) != std::string_view::npos;
  });
}

// What both kinds of parser collect. Body pieces are moved to the front of the caller's buffer.
struct Collected {
  Headers headers;
  std::string_view method;
  std::string_view target;
  int status = 0;
  int version = 11;
  bool in_head = true;
  char* body_at = nullptr;
  std::string_view input;  // of the decode() at work
  std::size_t extension_bytes = 0;
  std::size_t max_extension_bytes = 0;

  void field(beast::string_view name, beast::string_view value, error_code& ec) {
    if (in_head) {
      headers.add({name.data(), name.size()}, {value.data(), value.size()});
      return;
    }
    // Trailer fields are read past: nothing here needs them, and they must not pose as headers.
    // One that Beast had to unfold lies elsewhere than in the input.
    const bool folded = value.data() < input.data() || value.data() > input.data() + input.size();
    if (folded && !value.empty()) ec = http::error::bad_value;
  }
  std::size_t body(beast::string_view piece) {
    std::memmove(body_at, piece.data(), piece.size());
    body_at += piece.size();
    return piece.size();
  }
  void chunk(beast::string_view extension, error_code& ec) {
    extension_bytes += extension.size();
    if (extension_bytes > max_extension_bytes) ec = http::error::bad_chunk_extension;
  }
};

template <bool is_request>
class Parser final : public http::basic_parser<is_request> {
 public:
  explicit Parser(Collected& into) : into_(into) {
    this->eager(true);
    this->header_limit(unlimited_head);
    this->body_limit(boost::none);
  }

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    into_.method = {method.data(), method.size()};
    into_.target = {target.data(), target.size()};
    into_.version = version;
  }
  void on_response_impl(int code, beast::string_view, int version, error_code&) override {
    into_.status = code;
    into_.version = version;
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code& ec) override {
    into_.field(name, value, ec);
  }
  void on_header_impl(error_code&) override { into_.in_head = false; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view piece, error_code&) override {
    return into_.body(piece);
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view extension, error_code& ec) override {
    into_.chunk(extension, ec);
  }
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, error_code&) override {
    return into_.body(piece);
  }
  void on_finish_impl(error_code&) override {}

  Collected& into_;
};

}  // namespace

std::size_t find_head_end(std::string_view bytes, std::size_t& scanned) {
  const std::size_t from = scanned > 3 ? scanned - 3 : 0;
  const auto at = bytes.find("\r\n\r\n", from);
  scanned = bytes.size();
  return at == std::string_view::npos ? at : at + 4;
}

struct IncomingMessage::Impl {
  Impl(Kind k, MessageLimits l) : kind(k), limits(l) {}

  // Calls f with whichever parser is there.
  template <class F>
  auto with_parser(F f) const {
    return kind == Kind::request ? f(*request) : f(*response);
  }

  std::optional<HeadProblem> check_request() const;
  std::optional<HeadProblem> check_framing() const;

  Kind kind;
  MessageLimits limits;
  Collected collected;
  mutable std::optional<Parser<true>> request;
  mutable std::optional<Parser<false>> response;
};

IncomingMessage::IncomingMessage(Kind kind, MessageLimits limits)
    : impl_(std::make_unique<Impl>(kind, limits)) {
  reset();
}
IncomingMessage::~IncomingMessage() = default;

void IncomingMessage::reset(bool bodiless) {
  Collected& c = impl_->collected;
  c.headers.clear();
  c.in_head = true;
  c.extension_bytes = 0;
  c.max_extension_bytes = impl_->limits.max_chunk_extension_bytes;
  if (impl_->kind == Kind::request) {
    impl_->request.emplace(c);
  } else {
    impl_->response.emplace(c);
    impl_->response->skip(bodiless);
  }
}

// Beast answers "unknown" for several of these, and accepts a few: each check here is one that
// smuggling needs.
std::optional<HeadProblem> IncomingMessage::Impl::check_framing() const {
  int lengths = 0;
  int encodings = 0;
  for (const Field& field : collected.headers) {
    if (equals_ignoring_case(field.name, "content-length")) {
      ++lengths;
      constexpr std::size_t max_digits = 18;  // below 2^63
      if (!is_digits(field.value) || field.value.size() > max_digits) {
        return HeadProblem{400, "malformed Content-Length"};
      }
    } else if (equals_ignoring_case(field.name, "transfer-encoding")) {
      ++encodings;
      if (!equals_ignoring_case(field.value, "chunked")) {
        const bool unknown_coding = kind == Kind::request && is_known_coding(field.value);
        return HeadProblem{unknown_coding ? 501 : 400, "unsupported Transfer-Encoding"};
      }
    }
  }
  if (lengths > 1) return HeadProblem{400, "more than one Content-Length"};
  if (encodings > 1) return HeadProblem{400, "more than one Transfer-Encoding"};
  if (lengths > 0 && encodings > 0) {
    return HeadProblem{400, "both Content-Length and Transfer-Encoding"};
  }
  if (encodings > 0 && collected.version < 11) {
    return HeadProblem{400, "Transfer-Encoding in HTTP/1.0"};
  }
  return std::nullopt;
}

std::optional<HeadProblem> IncomingMessage::Impl::check_request() const {
  if (collected.target.size() > limits.max_target_bytes) {
    return HeadProblem{414, "the request target is too long"};
  }
  const bool visible = std::all_of(collected.target.begin(), collected.target.end(),
                                   [](char c) { return c > 0x20 && c < 0x7F; });
  if (!visible) return HeadProblem{400, "malformed request target"};
  int hosts = 0;
  for (const Field& field : collected.headers) {
    if (equals_ignoring_case(field.name, "host")) {
      ++hosts;
      if (!is_host(field.value)) return HeadProblem{400, "malformed Host"};
    } else if (equals_ignoring_case(field.name, "expect") &&
               !equals_ignoring_case(field.value, "100-continue")) {
      return HeadProblem{417, "unknown expectation"};
    }
  }
  if (hosts > 1) return HeadProblem{400, "more than one Host"};
  if (hosts == 0 && collected.version >= 11) return HeadProblem{400, "Host is missing"};
  return std::nullopt;
}

std::optional<HeadProblem> IncomingMessage::parse_head(std::string_view head) {
  if (!has_clean_lines(head)) return HeadProblem{400, "malformed header section"};

  error_code ec;
  const std::size_t used = impl_->with_parser([&](auto& parser) {
    return parser.put(boost::asio::const_buffer(head.data(), head.size()), ec);
  });
  if (impl_->collected.headers.size() > impl_->limits.max_fields) {
    return HeadProblem{431, "too many header fields"};
  }
  // Our own words first: they are more telling than Beast's.
  if (auto problem = impl_->check_framing()) return problem;
  if (ec == http::error::bad_version) return HeadProblem{505, "HTTP version not supported"};
  const bool complete = impl_->with_parser([](auto& parser) { return parser.is_header_done(); });
  if ((ec && ec != http::error::need_more) || !complete || used != head.size()) {
    return HeadProblem{400, "malformed header section"};
  }
  // Only now: with a Content-Length over the limit the head would count as broken. Whoever reads
  // the body looks at that himself.
  impl_->with_parser([&](auto& parser) {
    if (parser.chunked()) parser.body_limit(impl_->limits.max_body_bytes);
    return 0;
  });
  if (impl_->kind == Kind::request) return impl_->check_request();
  return std::nullopt;
}

std::string_view IncomingMessage::method() const { return impl_->collected.method; }
std::string_view IncomingMessage::target() const { return impl_->collected.target; }
int IncomingMessage::status() const { return impl_->collected.status; }
bool IncomingMessage::http_1_0() const { return impl_->collected.version < 11; }
const Headers& IncomingMessage::headers() const { return impl_->collected.headers; }

bool IncomingMessage::keep_alive() const {
  return impl_->with_parser([](auto& parser) { return parser.keep_alive(); });
}
bool IncomingMessage::chunked() const {
  return impl_->with_parser([](auto& parser) { return parser.chunked(); });
}
std::optional<std::uint64_t> IncomingMessage::content_length() const {
  const auto length = impl_->with_parser([](auto& parser) { return parser.content_length(); });
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}
bool IncomingMessage::body_ends_at_eof() const {
  return impl_->with_parser([](auto& parser) { return parser.need_eof(); });
}
bool IncomingMessage::done() const {
  return impl_->with_parser([](auto& parser) { return parser.is_done(); });
}

IncomingMessage::Step IncomingMessage::decode(char* data, std::size_t size) {
  Step step;
  if (size == 0 || done()) return step;
  impl_->collected.body_at = data;
  impl_->collected.input = {data, size};
  error_code ec;
  step.consumed = impl_->with_parser(
      [&](auto& parser) { return parser.put(boost::asio::const_buffer(data, size), ec); });
  step.too_large = ec == http::error::body_limit;
  step.failed = ec && ec != http::error::need_more && !step.too_large;
  step.body = static_cast<std::size_t>(impl_->collected.body_at - data);
  return step;
}

bool IncomingMessage::end_of_input() {
  if (done()) return true;
  error_code ec;
  impl_->with_parser([&](auto& parser) {
    parser.put_eof(ec);
    return 0;
  });
  return !ec;
}

}  // namespace dragoman::net
