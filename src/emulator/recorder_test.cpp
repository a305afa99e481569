#include "emulator/recorder.hpp"

#include <gtest/gtest.h>

namespace dragoman::emulator {
namespace {

net::Request request_of(std::string_view method, std::string_view target) {
  net::Request request;
  request.method = method;
  request.target = target;
  return request;
}

std::string written(const Recorder& recorder, std::string_view operation = "") {
  std::string out;
  json::Writer writer(out);
  recorder.write(writer, operation);
  return out;
}

TEST(Recorder, KeepsHeadersInLowerCaseAndHidesTokens) {
  Recorder recorder;
  net::Request request = request_of("POST", "/chat?x=1");
  request.headers.add("Authorization", "Bearer abc");
  request.headers.add("X-Api-Key", "abc");
  request.headers.add("Content-Type", "application/json");
  auto record = recorder.begin("chat", request, R"({"a": 1})");
  const std::string out = written(recorder);
  EXPECT_NE(out.find(R"("authorization":"Bearer <token>")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("x-api-key":"<token>")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("content-type":"application/json")"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("body":{"a":1})"), std::string::npos) << out;
  EXPECT_NE(out.find(R"("n":1,"operation":"chat","method":"POST","target":"/chat?x=1")"),
            std::string::npos)
      << out;
  EXPECT_EQ(out.find("abc"), std::string::npos);
}

TEST(Recorder, ShowsABodyThatIsNotJsonAsText) {
  Recorder recorder;
  recorder.begin("chat", request_of("POST", "/"), "{not json");
  EXPECT_NE(written(recorder).find(R"("body":"{not json")"), std::string::npos);
}

TEST(Recorder, KeepsTheNewestRequestsAndCutsLongBodies) {
  Recorder recorder;
  const std::string body(Recorder::max_body_bytes + 1, 'a');
  for (std::size_t i = 0; i < Recorder::max_requests + 5; ++i) {
    auto record = recorder.begin("chat", request_of("POST", "/"), i == 0 ? "" : "x");
    recorder.end(*record);
  }
  auto last = recorder.begin("chat", request_of("POST", "/"), body);
  EXPECT_EQ(recorder.records().size(), Recorder::max_requests);
  EXPECT_EQ(recorder.records().front()->n, 7U);
  EXPECT_EQ(last->body.size(), Recorder::max_body_bytes);
  EXPECT_TRUE(last->body_cut);
  EXPECT_EQ(recorder.requests(), Recorder::max_requests + 6);
}

TEST(Recorder, CountsByOperationAndWhatRuns) {
  Recorder recorder;
  auto a = recorder.begin("chat", request_of("POST", "/"), "");
  auto b = recorder.begin("token", request_of("POST", "/"), "");
  recorder.end(*a);
  recorder.end(*a);
  EXPECT_EQ(recorder.active(), 1U);
  EXPECT_EQ(recorder.counters().at("chat"), 1U);
  recorder.reset();
  EXPECT_EQ(recorder.active(), 1U);
  EXPECT_EQ(recorder.requests(), 0U);
  recorder.end(*b);
  EXPECT_EQ(recorder.active(), 0U);
}

TEST(Recorder, FiltersByOperation) {
  Recorder recorder;
  recorder.begin("chat", request_of("POST", "/"), "");
  recorder.begin("token", request_of("POST", "/"), "");
  EXPECT_EQ(written(recorder, "token").find("chat"), std::string::npos);
  EXPECT_EQ(written(recorder, "none"), "[]");
}

}  // namespace
}  // namespace dragoman::emulator
