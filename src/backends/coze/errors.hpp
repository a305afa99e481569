#pragma once
// Failures of Coze, wherever they hide, as errors of this program.
//
// Coze reports failures in many places: an HTTP status, an envelope {code,msg} under HTTP 200, a
// JSON document where a stream was asked for, an older shape with an `error` object, a page of some
// proxy, and events inside a stream. All of them come through here and are judged by one table of
// codes; a code that is not in it is judged by the HTTP status.
//
// Messages keep Coze's own words (shortened, cleaned of control characters and of anything that
// looks like a Coze token), its code and its log id, since that is what its support asks for:
//   Coze: not published (code 4015, logid 2024...). Publish the bot to the API channel ...
// What an answer says that is no answer of the Coze API (HTML, plain text) is never repeated.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace dragoman::coze {

// What is known of an answer besides its body.
struct AnswerHead {
  int status = 200;
  std::string content_type;
  std::string log_id;  // header x-tt-logid
  std::optional<std::chrono::milliseconds> retry_after;
};

// A whole answer that is not an event stream: always a failure for who asked for a stream, also
// under HTTP 200 and code 0.
Error decode_refusal(const AnswerHead& head, std::string_view body);

// The data of an `error` or `conversation.chat.failed` event in any of its forms: {code,msg},
// {error_code,error_message}, or a chat object with last_error.
Error decode_failure(std::string_view data, std::string_view log_id);

// The error of a code. `text` is Coze's own wording.
Error make_error(std::int64_t code, std::string_view text, std::string_view log_id, int status);

// A log id or object id that may go into a header or message as it is: letters, digits, '-', '_',
// '.', at most 64. Anything else becomes empty.
std::string_view clean_id(std::string_view text);

}  // namespace dragoman::coze
