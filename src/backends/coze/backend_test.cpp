#include "backends/coze/backend.hpp"

#include "backends/coze/stream.hpp"
#include "net/server.hpp"
#include "net/testing.hpp"

namespace dragoman::coze {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

const std::string created =
    "event:conversation.chat.created\n"
    R"(data:{"id":"2","conversation_id":"1","status":"created"})"
    "\n\n";
const std::string in_progress =
    "event:conversation.chat.in_progress\n"
    R"(data:{"id":"2","conversation_id":"1","status":"in_progress"})"
    "\n\n";
const std::string failed =
    "event:conversation.chat.failed\n"
    R"(data:{"code":4011,"msg":"no credit"})"
    "\n\n";
const std::string completed =
    "event:conversation.chat.completed\n"
    R"(data:{"id":"2","conversation_id":"1","usage":{"input_count":2,"output_count":1}})"
    "\n\n";
const std::string done = "event:done\ndata:\"[DONE]\"\n\n";

std::string delta(std::string_view text) {
  return R"(event:conversation.message.delta
data:{"id":"7","conversation_id":"1","role":"assistant","type":"answer","content":")" +
         std::string(text) + R"(","content_type":"text","chat_id":"2"})" + "\n\n";
}

// An upstream that plays the given writes, one flush each.
class FakeCoze {
 public:
  enum class End { proper, cut, hang };

  explicit FakeCoze(net::Worker& worker)
      : worker_(worker), server_(worker, {}, [this](net::Exchange& x) { return answer(x); }) {
    port = *server_.listen("127.0.0.1", 0);
  }

  int status = 200;
  std::string content_type = "text/event-stream";
  Lines writes;
  End end = End::proper;
  bool stepwise = false;  // wait before each further write until step() was called
  void step() {
    if (stepwise) steps_.cancel();
  }

  std::uint16_t port = 0;
  std::string authorization, request_type, accept, target, body;
  int requests = 0;
  Awaitable<void> stop() { co_await server_.drain(0ms); }

 private:
  Awaitable<void> answer(net::Exchange& x) {
    ++requests;
    const auto& headers = x.request().headers;
    authorization = headers.get("authorization");
    request_type = headers.get("content-type");
    accept = headers.get("accept");
    target = x.request().target;
    const auto sent = co_await x.read_body();
    if (sent) body = *sent;
    net::HeaderBlock head;
    head.add("content-type", content_type);
    head.add("x-tt-logid", "LOG1");
    x.start(status, head);
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (stepwise && i > 0) co_await wait_for_step();
      x.out() += writes[i];
      const bool sent_all = co_await x.flush();
      if (!sent_all) co_return;
    }
    if (end == End::cut) {
      x.abort(false);
      co_return;
    }
    if (end == End::hang) co_await wait_for_step();
    co_await x.finish();
  }
  Awaitable<void> wait_for_step() {
    steps_.expires_at(std::chrono::steady_clock::time_point::max());
    co_await steps_.async_wait(as_value);
  }

  net::Worker& worker_;
  asio::basic_waitable_timer<std::chrono::steady_clock,
                             asio::wait_traits<std::chrono::steady_clock>, Executor>
      steps_{worker_.executor()};
  net::Server server_;
};

class CozeBackendTest : public ::testing::Test {
 protected:
  CozeBackendTest() : coze_(worker_), client_(worker_, {}) {
    settings_.base_url = "http://127.0.0.1:" + std::to_string(coze_.port);
    settings_.bot_id = "7401";
    credential_.token = Secret("pat_test");
    request_.turns = {{chat::Role::user, "hi"}};
  }

  static std::string describe(const Error& error) {
    return "error " + std::string(to_string(error.kind)) + " " + error.code;
  }

  // One line a batch.
  Awaitable<void> pull(Lines& out) {
    auto backend = make_backend(client_, settings_);
    auto stream = co_await (*backend)->open(request_, credential_, transforms_);
    if (!stream) {
      error_ = stream.error();
      out.push_back(describe(stream.error()));
    }
    while (stream) {
      auto batch = co_await (*stream)->next();
      coze_.step();
      if (!batch) out.push_back(describe(batch.error()));
      if (!batch || batch->empty()) break;
      out.push_back(line_of(*batch));
    }
    if (stream) stream->reset();
    idle_ = client_.idle_connections();
    co_await coze_.stop();
  }

  static std::string line_of(std::span<const chat::Event> batch) {
    std::string line;
    for (const chat::Event& event : batch) {
      if (const auto* started = std::get_if<chat::Started>(&event)) {
        line += "started " + started->conversation_id + " " + started->turn_id + " " +
                started->request_id + ";";
      } else if (const auto* text = std::get_if<chat::TextDelta>(&event)) {
        line += "text " + text->text.plain() + ";";
      } else if (const auto* failure = std::get_if<chat::Failed>(&event)) {
        line += "failed " + std::string(to_string(failure->error.kind)) + ";";
      } else if (std::holds_alternative<chat::Usage>(event)) {
        line += "usage;";
      } else if (std::holds_alternative<chat::Finished>(event)) {
        line += "finished;";
      } else {
        line += "other;";
      }
    }
    return line;
  }

  Lines pull() {
    Lines out;
    net::testing::run(worker_, pull(out));
    return out;
  }

  net::Worker worker_;
  FakeCoze coze_;
  net::Client client_;
  settings::Coze settings_;
  backends::Credential credential_;
  chat::Request request_;
  chat::Transforms transforms_;
  Error error_;
  std::size_t idle_ = 0;
};

TEST_F(CozeBackendTest, StreamsATurnAndKeepsTheConnection) {
  coze_.writes = {created + in_progress + delta("Hel") + delta("lo") + completed + done};
  EXPECT_EQ(pull(), (Lines{"started 1 2 LOG1;text Hel;text lo;usage;finished;"}));
  EXPECT_EQ(coze_.target, "/v3/chat");
  EXPECT_EQ(coze_.authorization, "Bearer pat_test");
  EXPECT_EQ(coze_.request_type, "application/json");
  EXPECT_EQ(coze_.accept, "text/event-stream");
  EXPECT_TRUE(coze_.body.starts_with(R"({"bot_id":"7401","user_id":"dragoman","stream":true,)"));
  EXPECT_EQ(idle_, 1U);
}

TEST_F(CozeBackendTest, EachReadIsABatchAndTheNextIsNotWaitedFor) {
  coze_.stepwise = true;  // the upstream writes on only when a batch has been pulled
  coze_.writes = {created + delta("a"), delta("b"), completed + done};
  EXPECT_EQ(pull(), (Lines{"started 1 2 LOG1;text a;", "text b;", "usage;finished;"}));
}

TEST_F(CozeBackendTest, AFailureBeforeTheFirstTextIsAnErrorOfOpen) {
  coze_.writes = {created, in_progress, failed, done};
  EXPECT_EQ(pull(), (Lines{"error quota_exhausted insufficient_quota"}));
  EXPECT_EQ(error_.message, "Coze: no credit (code 4011, logid LOG1)");
}

TEST_F(CozeBackendTest, AFailureAfterTextIsAnEvent) {
  coze_.writes = {created + delta("a") + failed + done};
  EXPECT_EQ(pull(), (Lines{"started 1 2 LOG1;text a;failed quota_exhausted;"}));
}

TEST_F(CozeBackendTest, AJsonAnswerIsARefusalWithTheLogIdOfTheHeader) {
  coze_.content_type = "Application/JSON; charset=utf-8";
  coze_.writes = {R"({"code":4015,"msg":"not published"})"};
  EXPECT_EQ(pull(), (Lines{"error bad_request bot_not_published"}));
  EXPECT_TRUE(error_.message.starts_with("Coze: not published (code 4015, logid LOG1). "));
}

TEST_F(CozeBackendTest, AJsonBodyUnderAnotherContentTypeIsARefusalToo) {
  coze_.writes = {"\n{\"code\":4015,", "\"msg\":\"not published\"}\n"};
  EXPECT_EQ(pull(), (Lines{"error bad_request bot_not_published"}));
}

TEST_F(CozeBackendTest, AnHttpErrorCountsEvenWhenItsBodyIsTooLarge) {
  coze_.status = 401;
  coze_.writes = {std::string(max_refusal_bytes + 1, 'x')};
  EXPECT_EQ(pull(), (Lines{"error upstream_unauthorized "}));
  EXPECT_EQ(error_.upstream_status, 401);
}

TEST_F(CozeBackendTest, ACutStreamIsAnErrorNotAnEnd) {
  coze_.end = FakeCoze::End::cut;
  coze_.writes = {created + delta("a")};
  const Lines lines = pull();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "started 1 2 LOG1;text a;");
  EXPECT_TRUE(lines[1].starts_with("error upstream_failed")) << lines[1];
}

TEST_F(CozeBackendTest, AnEndWithoutCompletionIsAFailure) {
  coze_.writes = {created + delta("a")};
  EXPECT_EQ(pull(), (Lines{"started 1 2 LOG1;text a;", "failed upstream_failed;"}));
}

TEST_F(CozeBackendTest, AServerThatDoesNotEndItsAnswerIsNotWaitedForLong) {
  coze_.end = FakeCoze::End::hang;
  coze_.writes = {created + delta("a") + completed + done};
  EXPECT_EQ(pull(), (Lines{"started 1 2 LOG1;text a;usage;finished;"}));
  EXPECT_EQ(idle_, 0U);
}

TEST_F(CozeBackendTest, WhatCannotBeSentIsRefusedWithoutACall) {
  request_.hints.model_type = "workflow";
  EXPECT_EQ(pull(), (Lines{"error not_implemented model_type_not_implemented"}));
  request_.hints.model_type = "conversation";
  EXPECT_EQ(pull(), (Lines{"error not_implemented model_type_not_implemented"}));
  request_.hints.model_type = "image";
  EXPECT_EQ(pull(), (Lines{"error bad_request invalid_model_type"}));
  request_.hints.model_type.reset();
  settings_.bot_id = "";
  EXPECT_EQ(pull(), (Lines{"error bad_request missing_bot_id"}));
  settings_.bot_id = "7401";
  credential_.token = Secret("a\r\nx: y");
  EXPECT_EQ(pull(), (Lines{"error signed_out "}));
  EXPECT_EQ(coze_.requests, 0);
}

TEST_F(CozeBackendTest, ABaseUrlThatIsNoneIsAnError) {
  settings_.base_url = "not a url";
  EXPECT_FALSE(make_backend(client_, settings_));
}

}  // namespace
}  // namespace dragoman::coze
