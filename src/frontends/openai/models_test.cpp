#include "frontends/openai/models.hpp"

#include <gtest/gtest.h>
#include <vector>

#include "frontends/openai/errors.hpp"

namespace dragoman::openai {
namespace {

TEST(OpenAiModels, ListHasEachModelInOrder) {
  const std::vector<Model> models = {{"codewhisperer", "aws"}, {"gpt-4", "coze-proxy", true}};
  EXPECT_EQ(encode_models(models, 1700000000),
            R"({"object":"list","data":[)"
            R"({"id":"codewhisperer","object":"model","created":1700000000,"owned_by":"aws"},)"
            R"({"id":"gpt-4","object":"model","created":1700000000,"owned_by":"coze-proxy",)"
            R"("permission":[],"root":"gpt-4","parent":null}]})");
  EXPECT_EQ(encode_models({}, 1), R"({"object":"list","data":[]})");
}

TEST(OpenAiModels, OneModelIsOneObject) {
  EXPECT_EQ(encode_model({"coze/7401", "coze"}, 5),
            R"({"id":"coze/7401","object":"model","created":5,"owned_by":"coze"})");
}

TEST(OpenAiModels, AnUnknownModelIs404WithItsCode) {
  const ErrorAnswer answer = encode_error(model_not_found("gpt-9"));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"error":{"message":"The model 'gpt-9' does not exist",)"
                         R"("type":"invalid_request_error","param":"model",)"
                         R"("code":"model_not_found"}})");
}

TEST(OpenAiModels, IdsInPathsMayHoldSlashesBareOrEscaped) {
  EXPECT_EQ(decode_model_id("gpt-4").value(), "gpt-4");
  EXPECT_EQ(decode_model_id("coze/7401").value(), "coze/7401");
  EXPECT_EQ(decode_model_id("coze%2F7401").value(), "coze/7401");
  EXPECT_EQ(decode_model_id("coze%2f%C3%A9").value(), "coze/\xC3\xA9");
  EXPECT_EQ(decode_model_id("a+b").value(), "a+b");
  EXPECT_EQ(decode_model_id(std::string(256, 'm')).value().size(), 256U);
}

TEST(OpenAiModels, BrokenIdsAreUnknownModels) {
  for (const std::string& rest :
       {std::string(), std::string("%"), std::string("a%2"), std::string("a%zz"),
        std::string("%FF"), std::string("\xFF"), std::string(257, 'm'), std::string(100000, '%')}) {
    const auto id = decode_model_id(rest);
    ASSERT_FALSE(id.has_value()) << rest.substr(0, 10);
    EXPECT_EQ(id.error().kind, ErrorKind::model_not_found);
    EXPECT_LT(id.error().message.size(), 120U);
  }
}

}  // namespace
}  // namespace dragoman::openai
