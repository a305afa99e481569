#include "backends/coze/backend.hpp"

#include <charconv>
#include <simdjson.h>

#include "backends/coze/encode.hpp"
#include "backends/coze/select.hpp"
#include "backends/coze/stream.hpp"

namespace dragoman::coze {
namespace {

constexpr std::int64_t max_retry_after_seconds = 24 * 3600;

Error not_offered(std::string_view type) {
  return Error(ErrorKind::not_implemented, "The model type " + std::string(type) +
                                               " is not implemented yet; use the model type chat")
      .with_code("model_type_not_implemented")
      .with_param("x-model-type");
}

// Seconds only: the form with a date is not worth a calendar here.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, max_retry_after_seconds));
}

AnswerHead read_head(const net::HttpAnswer& answer) {
  const net::Headers& headers = answer.headers();
  AnswerHead head;
  head.status = answer.status();
  head.content_type = headers.get("content-type");
  head.log_id = clean_id(headers.get("x-tt-logid"));
  head.retry_after = parse_retry_after(headers.get("retry-after"));
  return head;
}

class CozeBackend final : public backends::Backend {
 public:
  CozeBackend(net::Client& client, settings::Coze settings, net::Url base)
      : client_(client), settings_(std::move(settings)), base_(std::move(base)) {}

  std::string_view name() const override { return "coze"; }
  std::vector<backends::ModelInfo> models() const override { return list_models(settings_); }

  Awaitable<Result<std::unique_ptr<chat::EventStream>>> open(
      const chat::Request& request, const backends::Credential& credential,
      chat::Transforms& transforms) override {
    auto http = make_request(request, credential, transforms);
    if (!http) co_return http.error();
    auto answer = co_await client_.send(std::move(*http));
    if (!answer) co_return answer.error();
    AnswerHead head = read_head(**answer);
    std::unique_ptr<net::HttpAnswer> body = std::move(*answer);
    co_return co_await open_stream(std::move(body), std::move(head), parser_);
  }

 private:
  Result<net::HttpRequest> make_request(const chat::Request& request,
                                        const backends::Credential& credential,
                                        chat::Transforms& transforms) const {
    const auto type = model_type_of(request, settings_);
    if (!type) return type.error();
    switch (*type) {
      case ModelType::chat: break;
      case ModelType::conversation: return not_offered("conversation");
      case ModelType::workflow: return not_offered("workflow");
    }
    const auto bot = bot_of(request, settings_);
    if (!bot) return bot.error();
    auto call = encode_chat(request, *bot, settings_.user_id, transforms);
    if (!call) return call.error();

    net::HttpRequest http;
    http.url = base_;
    http.method = "POST";
    http.target = std::move(call->target);
    http.body = std::move(call->body);
    const std::string bearer = "Bearer " + std::string(credential.token.reveal());
    if (credential.token.empty() || !http.headers.add("authorization", bearer)) {
      return Error(ErrorKind::signed_out, "There is no usable Coze token: set COZE_API_KEY");
    }
    http.headers.add("content-type", "application/json");
    http.headers.add("accept", "text/event-stream");
    return http;
  }

  net::Client& client_;
  const settings::Coze settings_;
  const net::Url base_;
  simdjson::ondemand::parser parser_;  // scratch memory of all streams of this worker
};

}  // namespace

std::vector<backends::ModelInfo> list_models(const settings::Coze& settings) {
  std::vector<backends::ModelInfo> models{{"gpt-3.5-turbo", "coze-proxy"}, {"gpt-4", "coze-proxy"}};
  if (!settings.bot_id.empty()) models.push_back({"coze/bot/" + settings.bot_id, "coze-proxy"});
  return models;
}

Result<std::unique_ptr<backends::Backend>> make_backend(net::Client& client,
                                                        settings::Coze settings) {
  auto base = net::parse_url(settings.base_url);
  if (!base) return base.error();
  return std::unique_ptr<backends::Backend>(
      std::make_unique<CozeBackend>(client, std::move(settings), std::move(*base)));
}

}  // namespace dragoman::coze
