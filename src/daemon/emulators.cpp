#include "daemon/emulators.hpp"

namespace dragoman::daemon {

net::ServerLimits emulator_limits() {
  net::ServerLimits limits;
  // The services close idle connections too, but never so soon that a client's pool notices.
  limits.idle_timeout = std::chrono::minutes(5);
  limits.write_stall_timeout = std::chrono::minutes(10);
  limits.error_body = [](int, std::string_view message) {
    return "{\"message\":\"" + std::string(message) + "\"}";
  };
  return limits;
}

DemoUpstreams::DemoUpstreams(std::chrono::milliseconds word_delay) {
  emulator::codewhisperer::Options codewhisperer_options;
  codewhisperer_options.word_delay = word_delay;
  emulator::coze::Options coze_options;
  coze_options.word_delay = word_delay;
  net::Worker& worker = thread_.worker();
  codewhisperer_.emplace(worker, std::move(codewhisperer_options));
  coze_.emplace(worker, std::move(coze_options));
  codewhisperer_server_.emplace(worker, emulator_limits(), codewhisperer_->handler());
  coze_server_.emplace(worker, emulator_limits(), coze_->handler());
}

Result<std::unique_ptr<DemoUpstreams>> DemoUpstreams::start(std::chrono::milliseconds word_delay) {
  std::unique_ptr<DemoUpstreams> demo(new DemoUpstreams(word_delay));
  const auto codewhisperer = demo->codewhisperer_server_->listen("127.0.0.1", 0);
  if (!codewhisperer) return codewhisperer.error();
  const auto coze = demo->coze_server_->listen("127.0.0.1", 0);
  if (!coze) return coze.error();
  demo->codewhisperer_port_ = *codewhisperer;
  demo->coze_port_ = *coze;
  demo->thread_.start();
  return demo;
}

DemoUpstreams::~DemoUpstreams() { thread_.stop(); }

std::string DemoUpstreams::codewhisperer_url() const {
  return "http://127.0.0.1:" + std::to_string(codewhisperer_port_);
}

std::string DemoUpstreams::coze_url() const {
  return "http://127.0.0.1:" + std::to_string(coze_port_);
}

}  // namespace dragoman::daemon
