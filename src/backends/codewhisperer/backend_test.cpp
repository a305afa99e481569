// The backend against a fake service on loopback: what is sent, and what an answer becomes.

#include "backends/codewhisperer/backend.hpp"

#include <cctype>
#include <gtest/gtest.h>
#include <map>

#include "backends/codewhisperer/models.hpp"
#include "backends/codewhisperer/test_vectors.hpp"
#include "net/server.hpp"
#include "net/testing.hpp"

namespace dragoman::codewhisperer {
namespace {

using namespace std::chrono_literals;

using Fields = std::map<std::string, std::string>;
using Lines = std::vector<std::string>;

struct Answer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {
      {"content-type", "application/vnd.amazon.eventstream"},
      {"x-amzn-requestid", "REQ"},
      {"x-amzn-codewhisperer-conversation-id", "CONV"}};
  Lines chunks;      // each a write of its own
  bool cut = false;  // close abruptly after the chunks
};

struct Call {
  std::string method;
  std::string target;
  Fields headers;
  std::string body;
};

std::string frame(const wire::Header& kind, std::string_view message_type,
                  std::string_view payload) {
  std::string out;
  const wire::Header headers[] = {kind, {":message-type", message_type}};
  wire::encode_frame(out, headers, payload);
  return out;
}
std::string event(std::string_view type, std::string_view payload) {
  return frame({":event-type", type}, "event", payload);
}
std::string text(std::string_view words) {
  return event("assistantResponseEvent", "{\"content\":\"" + json::escape(words) + "\"}");
}
std::string exception(std::string_view type, std::string_view payload) {
  return frame({":exception-type", type}, "exception", payload);
}
const std::string tail = event("contextUsageEvent", R"({"contextUsagePercentage":1})");

class CodewhispererBackend : public ::testing::Test {
 protected:
  CodewhispererBackend()
      : server_(worker_, net::ServerLimits{}, [this](net::Exchange& x) { return serve(x); }),
        client_(worker_, client_options()) {
    const auto port = server_.listen("127.0.0.1", 0);
    settings_.endpoint = "http://127.0.0.1:" + std::to_string(port.value());
    request_.turns = {{chat::Role::user, "hello"}};
    credential_.token = Secret("token-1");
  }

  // One call and its whole answer: a line for each event or error.
  Lines call(Answer answer) {
    answer_ = std::move(answer);
    net::testing::run(worker_, run());
    return lines_;
  }

  chat::Request request_;
  backends::Credential credential_;
  settings::Codewhisperer settings_;
  chat::Transforms transforms_;
  std::vector<Call> calls_;

 private:
  static net::ClientOptions client_options() {
    net::ClientOptions options;
    options.user_agent = "dragoman/test";
    return options;
  }

  Awaitable<void> serve(net::Exchange& x) {
    Call call;
    call.method = x.request().method;
    call.target = x.request().target;
    for (const net::Field& field : x.request().headers) {
      std::string name(field.name);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      call.headers[name] = field.value;
    }
    const auto body = co_await x.read_body();
    if (body) call.body = *body;
    calls_.push_back(std::move(call));

    net::HeaderBlock head;
    for (const auto& [name, value] : answer_.headers) head.add(name, value);
    x.start(answer_.status, head);
    for (const std::string& chunk : answer_.chunks) {
      x.out() += chunk;
      const bool open = co_await x.flush();
      if (!open) co_return;
    }
    if (answer_.cut) {
      x.abort(true);
    } else {
      co_await x.finish();
    }
  }

  Awaitable<void> run() {
    lines_.clear();
    {
      auto options = make_options(settings_);
      Backend backend(client_, std::move(options.value()));
      auto stream = co_await backend.open(request_, credential_, transforms_);
      if (!stream) {
        add_error("open", stream.error());
      } else {
        co_await read(**stream);
      }
    }
    co_await server_.drain(0ms);
  }

  Awaitable<void> read(chat::EventStream& stream) {
    for (;;) {
      const auto batch = co_await stream.next();
      if (!batch) {
        add_error("next", batch.error());
        co_return;
      }
      if (batch->empty()) co_return;
      for (const chat::Event& e : *batch) add(e);
    }
  }

  void add(const chat::Event& e) {
    if (const auto* started = std::get_if<chat::Started>(&e)) {
      lines_.push_back("started " + started->request_id + " " + started->conversation_id);
    } else if (const auto* delta = std::get_if<chat::TextDelta>(&e)) {
      lines_.push_back("text " + std::string(delta->text.escaped()));
    } else if (const auto* finished = std::get_if<chat::Finished>(&e)) {
      const bool stop = finished->reason == chat::FinishReason::stop;
      lines_.push_back(stop ? "finished stop" : "finished otherwise");
    } else if (const auto* failed = std::get_if<chat::Failed>(&e)) {
      add_error("event", failed->error);
    } else {
      lines_.push_back("another event");
    }
  }
  void add_error(std::string_view where, const Error& error) {
    lines_.push_back(std::string(where) + " " + std::string(to_string(error.kind)) + ": " +
                     error.message);
  }

  net::Worker worker_;
  net::Server server_;
  net::Client client_;
  Answer answer_;
  Lines lines_;
};

Answer stream_of(Lines chunks) {
  Answer answer;
  answer.chunks = std::move(chunks);
  return answer;
}

TEST_F(CodewhispererBackend, SendsTheDocumentedCall) {
  settings_.endpoint += "/prefix";
  request_.model = "claude-sonnet-4-5";
  call(stream_of({text("hi"), tail}));
  ASSERT_EQ(calls_.size(), 1u);
  const Call& sent = calls_[0];
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.target, "/prefix/generateAssistantResponse");
  Fields headers = sent.headers;
  EXPECT_EQ(headers["authorization"], "Bearer token-1");
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_EQ(headers["amz-sdk-invocation-id"].size(), 36u);
  EXPECT_EQ(headers["amz-sdk-request"], "attempt=1; max=1");
  EXPECT_EQ(headers["x-amzn-codewhisperer-optout"], "true");
  EXPECT_EQ(headers["user-agent"], "dragoman/test");
  for (const auto* name : {"tokentype", "accept", "accept-encoding", "x-amz-target", "expect"}) {
    EXPECT_FALSE(sent.headers.contains(name)) << name;
  }
  const auto document = json::Document::parse(sent.body);
  ASSERT_TRUE(document);
  const auto message = document->root()
                           .require("conversationState")
                           ->require("currentMessage")
                           ->require("userInputMessage");
  EXPECT_EQ(vectors::canonical(*message),
            R"({"content":"hello","modelId":"claude-sonnet-4.5","origin":"AI_EDITOR"})");
  EXPECT_FALSE(document->root().find("profileArn"));
}

TEST_F(CodewhispererBackend, ApiKeyIsSentWithItsTokenType) {
  credential_.kind = backends::Credential::Kind::api_key;
  credential_.token = Secret("ksk_emulator");
  call(stream_of({text("hi"), tail}));
  EXPECT_EQ(calls_.at(0).headers["tokentype"], "API_KEY");
  EXPECT_EQ(calls_.at(0).headers["authorization"], "Bearer ksk_emulator");
}

TEST_F(CodewhispererBackend, ProfileOfTheCredentialIsSent) {
  credential_.profile_arn = "arn:credential";
  call(stream_of({text("hi"), tail}));
  EXPECT_NE(calls_.at(0).body.find("arn:credential"), std::string::npos);
}

TEST_F(CodewhispererBackend, ProfileOfTheSettingsWins) {
  credential_.profile_arn = "arn:credential";
  settings_.profile_arn = "arn:settings";
  call(stream_of({text("hi"), tail}));
  EXPECT_NE(calls_.at(0).body.find("arn:settings"), std::string::npos);
  EXPECT_EQ(calls_.at(0).body.find("arn:credential"), std::string::npos);
}

TEST_F(CodewhispererBackend, TokenThatCannotBeAHeaderIsNeverSent) {
  credential_.token = Secret("a\r\nx: y");
  const Lines lines = call(stream_of({text("hi"), tail}));
  EXPECT_EQ(lines, (Lines{"open signed_out: the CodeWhisperer credential has characters no token "
                          "has; sign in again"}));
  EXPECT_TRUE(calls_.empty());
}

TEST_F(CodewhispererBackend, StreamsAnAnswer) {
  EXPECT_EQ(call(stream_of({text("Hel"), text("lo"), tail})),
            (Lines{"started REQ CONV", "text Hel", "text lo", "finished stop"}));
}

TEST_F(CodewhispererBackend, ContentTypeMayHaveParametersAndAnyCase) {
  Answer answer = stream_of({text("a"), tail});
  answer.headers[0].second = "Application/vnd.amazon.EventStream ; charset=x";
  EXPECT_EQ(call(answer).back(), "finished stop");
}

TEST_F(CodewhispererBackend, ExceptionInTheFirstFrameIsAnErrorOfTheCall) {
  EXPECT_EQ(call(stream_of({exception("ThrottlingException", R"({"message":"Slow down."})")})),
            Lines{"open rate_limited: CodeWhisperer: Slow down. (request REQ)"});
}

TEST_F(CodewhispererBackend, ExceptionBehindMereMetadataIsAnErrorOfTheCallToo) {
  EXPECT_EQ(call(stream_of({event("messageMetadataEvent", "{}"), exception("error", "")})),
            Lines{"open upstream_failed: CodeWhisperer reported InternalServerException (request "
                  "REQ)"});
}

TEST_F(CodewhispererBackend, ExceptionAfterTextIsAnEvent) {
  const Lines expected = {"started REQ CONV", "text a",
                          "event rate_limited: CodeWhisperer reported ThrottlingException "
                          "(request REQ)"};
  EXPECT_EQ(call(stream_of({text("a") + exception("ThrottlingException", "")})), expected);
}

TEST_F(CodewhispererBackend, EmptyAnswerIsAnErrorOfTheCall) {
  EXPECT_EQ(call(stream_of({tail})),
            Lines{"open upstream_failed: CodeWhisperer gave an empty answer"});
}

TEST_F(CodewhispererBackend, AnswerThatEndsInsideAFrameFails) {
  EXPECT_EQ(call(stream_of({text("a"), text("b").substr(0, 20)})),
            (Lines{"started REQ CONV", "text a",
                   "event upstream_failed: the upstream's answer ended in the middle of a frame"}));
}

TEST_F(CodewhispererBackend, BrokenConnectionIsAnErrorOfTheStream) {
  Answer answer = stream_of({text("a")});
  answer.cut = true;
  const Lines lines = call(answer);
  // A reset may overtake the bytes before it.
  const bool in_open = lines.size() == 1 && lines[0].starts_with("open upstream_failed: ");
  const bool in_stream = lines.size() == 3 && lines[2].starts_with("next upstream_failed: ");
  EXPECT_TRUE(in_open || in_stream) << ::testing::PrintToString(lines);
}

TEST_F(CodewhispererBackend, AnswerThatIsNoEventStreamIsAnError) {
  Answer answer = stream_of({"{\"content\":\"x\"}"});
  answer.headers = {{"content-type", "application/json"}};
  EXPECT_EQ(call(answer), Lines{"open upstream_failed: CodeWhisperer answered with something else "
                                "than an event stream"});
}

TEST_F(CodewhispererBackend, FailureStatusIsReadForItsMeaning) {
  Answer answer = stream_of(
      {R"({"message":"Input is too long.",)", R"("reason":"CONTENT_LENGTH_EXCEEDS_THRESHOLD"})"});
  answer.status = 400;
  answer.headers = {{"content-type", "application/json"},
                    {"x-amzn-requestid", "REQ"},
                    {"x-amzn-errortype", "ValidationException"}};
  EXPECT_EQ(call(answer), Lines{"open context_overflow: CodeWhisperer: Input is too long. "
                                "(CONTENT_LENGTH_EXCEEDS_THRESHOLD, request REQ)"});
}

TEST_F(CodewhispererBackend, EndlessFailureBodyIsNotRead) {
  Answer answer = stream_of({std::string(200'000, 'x')});
  answer.status = 500;
  EXPECT_EQ(call(answer),
            Lines{"open upstream_failed: CodeWhisperer answered with status 500 (request REQ)"});
}

TEST_F(CodewhispererBackend, RequestThatCannotBeEncodedIsNotSent) {
  request_.turns.clear();
  EXPECT_EQ(call(stream_of({})), Lines{"open bad_request: messages: there is nothing to answer"});
  EXPECT_TRUE(calls_.empty());
}

TEST(CodewhispererOptions, EndpointMustBeAUrl) {
  settings::Codewhisperer settings;
  settings.endpoint = "ftp://x";
  EXPECT_FALSE(make_options(settings));
}

TEST(CodewhispererOptions, ModelsAreTheDefaultTheBuiltInAndTheConfigured) {
  settings::Codewhisperer settings;
  settings.models = {"kimi-k3", "auto"};
  net::Worker worker;
  net::Client client(worker, {});
  const Backend backend(client, make_options(settings).value());
  const auto models = backend.models();
  EXPECT_EQ(models.size(), 2 + builtin_models().size());
  EXPECT_EQ(models.front().id, "codewhisperer");
  EXPECT_EQ(models.back().id, "kimi-k3");
}

}  // namespace
}  // namespace dragoman::codewhisperer
