#include "backends/codewhisperer/models.hpp"

#include <gtest/gtest.h>

namespace dragoman::codewhisperer {
namespace {

TEST(CodewhispererModels, NamesPeopleUseBecomeTheServicesSpelling) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"claude-sonnet-4-5", "claude-sonnet-4.5"},
      {"claude-sonnet-4.5", "claude-sonnet-4.5"},
      {"claude-sonnet-4-5-20250929", "claude-sonnet-4.5"},
      {"claude-sonnet-4-5-latest", "claude-sonnet-4.5"},
      {"Claude-Sonnet-4-5", "claude-sonnet-4.5"},
      {"claude-sonnet-4-20250514", "claude-sonnet-4"},
      {"claude-sonnet-4-0", "claude-sonnet-4"},
      {"claude-sonnet-4", "claude-sonnet-4"},
      {"claude-opus-5", "claude-opus-5"},
      {"claude-haiku-4-5-20251001", "claude-haiku-4.5"},
      {"claude-3-7-sonnet-20250219", "claude-3.7-sonnet"},
      {"claude-3-haiku-20240307", "claude-3-haiku"},
      {"claude-4.5-opus-high", "claude-opus-4.5"},
      {"claude-opus-4-6-thinking", "claude-opus-4.6"},
      {"auto", "auto"},
      {"AUTO", "auto"},
      {"deepseek-3.2", "deepseek-3.2"},
      {"gpt-5.6-large", "gpt-5.6-large"},
      {"CLAUDE_SONNET_4_20250514_V1_0", "CLAUDE_SONNET_4_20250514_V1_0"},
      {"claude-next-generation", "claude-next-generation"},
      {"claude-sonnet-4-5-turbo", "claude-sonnet-4-5-turbo"},
      {"claude-sonnet-123", "claude-sonnet-123"},
      {"codewhisperer/claude-sonnet-4-5", "claude-sonnet-4.5"},
      {"codewhisperer/gpt-4o", "gpt-4o"},
      {"codewhisperer", ""},
      {"CodeWhisperer", ""},
      {"codewhisperer/", ""},
      {"codewhisperer/codewhisperer", ""},
      {"", ""},
  };
  for (const auto& [given, sent] : cases) {
    const ResolvedModel model = resolve_model(given);
    EXPECT_EQ(model.id, sent) << given;
    EXPECT_FALSE(model.substituted) << given;
  }
}

TEST(CodewhispererModels, ForeignNamesAreAnsweredByTheDefaultAndSaidSo) {
  for (const auto* name : {"gpt-4o", "gpt-3.5-turbo", "o3", "gemini-2.5-pro", "x"}) {
    const ResolvedModel model = resolve_model(name);
    EXPECT_EQ(model.id, "");
    EXPECT_TRUE(model.substituted);
  }
}

TEST(CodewhispererModels, ConfiguredIdsAreSentAsConfigured) {
  const std::string configured[] = {"Kimi-K3", "claude-sonnet-4-5"};
  EXPECT_EQ(resolve_model("kimi-k3", configured).id, "Kimi-K3");
  EXPECT_EQ(resolve_model("claude-sonnet-4-5", configured).id, "claude-sonnet-4-5");
}

TEST(CodewhispererModels, SuffixThatAsksForEffortIsDroppedAndSaidSo) {
  EXPECT_TRUE(resolve_model("claude-4.5-opus-high").suffix_dropped);
  EXPECT_TRUE(resolve_model("claude-sonnet-4-5-20250929-thinking").suffix_dropped);
  EXPECT_FALSE(resolve_model("claude-sonnet-4-5").suffix_dropped);
}

TEST(CodewhispererModels, RoutingKnowsItsOwn) {
  const std::string configured[] = {"kimi-k3"};
  for (const auto* name : {"codewhisperer", "codewhisperer/anything", "claude-sonnet-9", "auto",
                           "Claude-Opus-4.5", "glm-5", "KIMI-K3", "gpt-5.6-x"}) {
    EXPECT_TRUE(is_codewhisperer_model(name, configured)) << name;
  }
  for (const auto* name : {"", "gpt-4o", "coze", "coze/123", "claude", "codewhispererx", "kimi"}) {
    EXPECT_FALSE(is_codewhisperer_model(name, configured)) << name;
  }
}

}  // namespace
}  // namespace dragoman::codewhisperer
