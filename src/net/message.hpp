#pragma once
// One incoming HTTP/1.1 message, without I/O: its head in one piece, its body as it comes.
//
//   IncomingMessage message(IncomingMessage::Kind::request, limits);
//   std::size_t end = find_head_end(bytes, scanned);        // npos: read more
//   auto problem = message.parse_head(bytes.substr(0, end)); // nullopt: fine
//   ...
//   auto step = message.decode(data, size);                 // removes the chunked coding in place
//
// Stricter than RFC 9112 where leniency lets two parsers disagree about where a message ends: no
// bare CR or LF, no folded lines, one Content-Length of digits only, one Transfer-Encoding that is
// exactly "chunked", never both, no Transfer-Encoding in HTTP/1.0. Beast's basic_parser does the
// parsing; the checks before it look at the raw bytes.
//
// The head must stay where it is while the views of target(), headers() and so on are used.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/headers.hpp"

namespace dragoman::net {

struct MessageLimits {
  std::size_t max_fields = 100;
  std::size_t max_target_bytes = 8 * 1024;
  std::size_t max_chunk_extension_bytes = 1024;
  // Of a chunked body; the declared size of a chunk counts before its bytes come.
  std::uint64_t max_body_bytes = std::uint64_t{1} << 62;
};

// Where the head (with its empty line) ends; npos when it is not complete. `scanned` remembers how
// far earlier calls looked.
std::size_t find_head_end(std::string_view bytes, std::size_t& scanned);

// What is wrong, in the words of an HTTP answer.
struct HeadProblem {
  int status = 400;
  std::string_view message;  // a literal
};

class IncomingMessage {
 public:
  enum class Kind { request, response };

  IncomingMessage(Kind kind, MessageLimits limits);
  IncomingMessage(const IncomingMessage&) = delete;
  IncomingMessage& operator=(const IncomingMessage&) = delete;
  ~IncomingMessage();

  // Forgets the message before; keeps the memory. `bodiless`: an answer that has no body whatever
  // its head says (to HEAD).
  void reset(bool bodiless = false);

  std::optional<HeadProblem> parse_head(std::string_view head);

  std::string_view method() const;
  std::string_view target() const;
  int status() const;
  bool http_1_0() const;
  const Headers& headers() const;
  bool keep_alive() const;
  bool chunked() const;
  std::optional<std::uint64_t> content_length() const;
  bool body_ends_at_eof() const;  // an answer delimited by the end of the connection
  bool done() const;              // the body has been decoded to its end

  struct Step {
    std::size_t consumed = 0;  // bytes of data used up; the rest must be given again with more
    std::size_t body = 0;      // body bytes, now at the front of data
    bool failed = false;       // the framing is broken, or
    bool too_large = false;    // the body is over its limit
  };
  Step decode(char* data, std::size_t size);

  // The connection ended. False: in the middle of the body.
  bool end_of_input();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::net
