#include "emulator/codewhisperer/models.hpp"

#include <algorithm>
#include <array>

#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

constexpr std::string_view no_schema;

constexpr std::string_view claude_schema =
    R"({"type":"object","properties":{"thinking":{"type":"object","properties":{"type":{"enum":)"
    R"(["adaptive","disabled"]},"display":{"enum":["summarized","omitted"]}}},"output_config":)"
    R"({"type":"object","properties":{"effort":{"type":"string","enum":["low","medium","high",)"
    R"("max"],"default":"high"}}},"max_tokens":{"type":"integer","minimum":1024,"maximum":64000}},)"
    R"("additionalProperties":false})";

constexpr std::string_view claude_xhigh_schema =
    R"({"type":"object","properties":{"thinking":{"type":"object","properties":{"type":{"enum":)"
    R"(["adaptive","disabled"]},"display":{"enum":["summarized","omitted"]}}},"output_config":)"
    R"({"type":"object","properties":{"effort":{"type":"string","enum":["low","medium","high",)"
    R"("xhigh","max"],"default":"high"}}},"max_tokens":{"type":"integer","minimum":1024,)"
    R"("maximum":64000}},"additionalProperties":false})";

// Rates of models nobody reported are guesses.
constexpr std::array<Model, 16> models{{
    {"auto", "Auto", 1.0, 1'000'000, 64'000, true, no_schema},
    {"claude-sonnet-4", "Claude Sonnet 4", 1.3, 200'000, 64'000, true, no_schema},
    {"claude-sonnet-4.5", "Claude Sonnet 4.5", 1.3, 200'000, 64'000, true, no_schema},
    {"claude-sonnet-4.6", "Claude Sonnet 4.6", 1.3, 1'000'000, 64'000, true, claude_schema},
    {"claude-sonnet-5", "Claude Sonnet 5", 1.3, 1'000'000, 64'000, true, claude_xhigh_schema},
    {"claude-haiku-4.5", "Claude Haiku 4.5", 0.4, 200'000, 64'000, true, no_schema},
    {"claude-opus-4.5", "Claude Opus 4.5", 2.2, 200'000, 64'000, true, no_schema},
    {"claude-opus-4.6", "Claude Opus 4.6", 2.2, 1'000'000, 64'000, true, claude_schema},
    {"claude-opus-4.7", "Claude Opus 4.7", 2.2, 1'000'000, 64'000, true, claude_xhigh_schema},
    {"claude-opus-4.8", "Claude Opus 4.8", 2.2, 1'000'000, 64'000, true, claude_xhigh_schema},
    {"claude-opus-5", "Claude Opus 5", 2.2, 1'000'000, 64'000, true, claude_xhigh_schema},
    {"deepseek-3.2", "DeepSeek 3.2", 0.25, 128'000, 32'000, false, no_schema},
    {"minimax-m2.1", "MiniMax M2.1", 0.15, 200'000, 32'000, false, no_schema},
    {"minimax-m2.5", "MiniMax M2.5", 0.25, 200'000, 32'000, false, no_schema},
    {"glm-5", "GLM 5", 0.5, 200'000, 32'000, false, no_schema},
    {"qwen3-coder-next", "Qwen3 Coder Next", 0.05, 256'000, 32'000, false, no_schema},
}};

void write_model(json::Writer& out, const Model& model) {
  out.begin_object().key("modelId").string(model.id).key("modelName").string(model.name);
  out.key("description").string(model.name);
  out.key("rateMultiplier").number(model.rate).key("rateUnit").string("Credit");
  out.key("tokenLimits").begin_object();
  out.key("maxInputTokens").number(model.max_input_tokens);
  out.key("maxOutputTokens").number(model.max_output_tokens).end_object();
  out.key("supportedInputTypes").begin_array().string("TEXT");
  if (model.images) out.string("IMAGE");
  out.end_array();
  if (!model.request_fields_schema.empty())
    out.key("additionalModelRequestFieldsSchema").raw(model.request_fields_schema);
  out.end_object();
}

}  // namespace

std::span<const Model> all_models() { return models; }

const Model* find_model(std::string_view id) {
  const auto* found = std::ranges::find(models, id, &Model::id);
  return found == models.end() ? nullptr : found;
}

const Model& default_model() { return models.front(); }

std::string list_models_json() {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("defaultModel");
  write_model(out, default_model());
  out.key("models").begin_array();
  for (const Model& model : models) write_model(out, model);
  out.end_array().end_object();
  return text;
}

}  // namespace dragoman::emulator::codewhisperer
