#include "emulator/codewhisperer/inputs.hpp"

#include <algorithm>
#include <array>

namespace dragoman::emulator::codewhisperer {
namespace {

using Kind = Shape::Kind;
using Word = std::string_view;

constexpr Shape any_string{.kind = Kind::string};
constexpr Shape text(std::int64_t min, std::int64_t max) {
  return {.kind = Kind::string, .min = min, .max = max};
}
constexpr Shape matching(std::int64_t min, std::int64_t max, bool (*pattern)(std::string_view)) {
  return {.kind = Kind::string, .min = min, .max = max, .pattern = pattern};
}
constexpr Shape one_word(std::span<const Word> words) {
  return {.kind = Kind::string, .words = words};
}
constexpr Shape structure(std::span<const MemberRule> members) {
  return {.kind = Kind::structure, .members = members};
}
constexpr Shape one_of(std::span<const MemberRule> members) {
  return {.kind = Kind::one_of, .members = members};
}
constexpr Shape list(const Shape& element, std::int64_t max = INT64_MAX) {
  return {.kind = Kind::list, .max = max, .element = &element};
}
constexpr Shape boolean{.kind = Kind::boolean};
constexpr Shape any_json{.kind = Kind::any};
constexpr Shape any_object{.kind = Kind::object};
constexpr Shape integer{.kind = Kind::integer, .min = INT32_MIN, .max = INT32_MAX};
constexpr Shape natural{.kind = Kind::integer, .min = 0, .max = INT32_MAX};

// ---- patterns

bool all_in(std::string_view value, bool (*allowed)(unsigned char)) {
  return std::ranges::all_of(value, [&](unsigned char c) { return allowed(c); });
}
constexpr bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(unsigned char c) {
  return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool is_model_id(std::string_view value) {
  return all_in(value, [](unsigned char c) {
    return is_alnum(c) || c == '_' || c == ':' || c == '.' || c == '-';
  });
}

// The part up to the next ':'; takes it and the colon away from value.
std::string_view next_part(std::string_view& value) {
  auto end = value.find(':');
  auto part = value.substr(0, end);
  value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
  return part;
}

bool is_region(std::string_view value) {
  return !value.empty() && value.size() <= 63 && all_in(value, [](unsigned char c) {
    return is_lower(c) || is_digit(c) || c == '-' || c == '.';
  });
}

// arn:aws:(codewhisperer|transform):<region>:<12 digits>:profile/<12 alphanumerics>
bool is_profile_arn(std::string_view value) {
  if (next_part(value) != "arn" || next_part(value) != "aws") return false;
  const auto service = next_part(value);
  if (service != "codewhisperer" && service != "transform") return false;
  if (!is_region(next_part(value))) return false;
  const auto account = next_part(value);
  if (account.size() != 12 || !all_in(account, is_digit)) return false;
  constexpr std::string_view kind = "profile/";
  if (!value.starts_with(kind)) return false;
  value.remove_prefix(kind.size());
  return value.size() == 12 && all_in(value, is_alnum);
}

bool is_customization_arn(std::string_view value) {
  return next_part(value) == "arn" && is_region(next_part(value)) &&
         next_part(value) == "codewhisperer" && !value.empty();
}

bool is_uuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !(is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
      return false;
  }
  return true;
}

// [a-z]+(?:-[a-z0-9]+)*
bool is_context_name(std::string_view value) {
  const auto first = value.substr(0, value.find('-'));
  if (first.empty() || !all_in(first, is_lower)) return false;
  value.remove_prefix(first.size());
  while (!value.empty()) {
    value.remove_prefix(1);
    const auto part = value.substr(0, value.find('-'));
    if (part.empty() || !all_in(part, [](unsigned char c) { return is_lower(c) || is_digit(c); }))
      return false;
    value.remove_prefix(part.size());
  }
  return true;
}

// ---- words

constexpr std::array<Word, 3> trigger_words{"MANUAL", "DIAGNOSTIC", "INLINE_CHAT"};
constexpr std::array<Word, 2> task_words{"vibe", "spectask"};
constexpr std::array<Word, 22> origin_words{"CHATBOT",
                                            "CONSOLE",
                                            "DOCUMENTATION",
                                            "MARKETING",
                                            "MOBILE",
                                            "SERVICE_INTERNAL",
                                            "UNIFIED_SEARCH",
                                            "UNKNOWN",
                                            "MD",
                                            "MD_IDE",
                                            "MD_CE",
                                            "IDE",
                                            "SAGE_MAKER",
                                            "SM_AI_STUDIO_IDE",
                                            "CLI",
                                            "AI_EDITOR",
                                            "OPENSEARCH_DASHBOARD",
                                            "GITLAB",
                                            "Q_DEV_BEXT",
                                            "INLINE_CHAT",
                                            "KIRO_CLI",
                                            "KIRO_WEB"};
constexpr std::array<Word, 10> intent_words{"SUGGEST_ALTERNATE_IMPLEMENTATION",
                                            "APPLY_COMMON_BEST_PRACTICES",
                                            "IMPROVE_CODE",
                                            "SHOW_EXAMPLES",
                                            "CITE_SOURCES",
                                            "EXPLAIN_LINE_BY_LINE",
                                            "EXPLAIN_CODE_SELECTION",
                                            "GENERATE_CLOUDFORMATION_TEMPLATE",
                                            "GENERATE_UNIT_TESTS",
                                            "CODE_GENERATION"};
constexpr std::array<Word, 4> image_words{"png", "jpeg", "gif", "webp"};
constexpr std::array<Word, 9> document_words{"pdf",  "csv",  "doc", "docx", "xls",
                                             "xlsx", "html", "txt", "md"};
constexpr std::array<Word, 1> cache_words{"default"};
constexpr std::array<Word, 2> result_words{"success", "error"};
constexpr std::array<Word, 3> system_words{"macos", "linux", "windows"};
constexpr std::array<Word, 5> shell_words{"zsh", "bash", "fish", "pwsh", "nu"};
constexpr std::array<Word, 30> language_words{
    "python",    "javascript",    "java", "csharp", "typescript", "c",     "cpp",
    "go",        "kotlin",        "php",  "ruby",   "rust",       "scala", "shell",
    "sql",       "json",          "yaml", "vue",    "tf",         "tsx",   "jsx",
    "plaintext", "systemverilog", "dart", "lua",    "swift",      "hcl",   "powershell",
    "r",         "abap"};
constexpr std::array<Word, 2> symbol_words{"DECLARATION", "USAGE"};
constexpr std::array<Word, 4> document_type_words{"FILE", "PROMPT", "CODE", "WORKSPACE"};
constexpr std::array<Word, 4> severity_words{"ERROR", "WARNING", "INFORMATION", "HINT"};
constexpr std::array<Word, 2> tag_words{"UNNECESSARY", "DEPRECATED"};

constexpr Shape trigger = one_word(trigger_words);
constexpr Shape task = one_word(task_words);
constexpr Shape origin = one_word(origin_words);
constexpr Shape intent = one_word(intent_words);
constexpr Shape image_format = one_word(image_words);
constexpr Shape document_format = one_word(document_words);
constexpr Shape cache_type = one_word(cache_words);
constexpr Shape result_status = one_word(result_words);
constexpr Shape operating_system = one_word(system_words);
constexpr Shape shell_name = one_word(shell_words);
constexpr Shape language_name = one_word(language_words);
constexpr Shape symbol_type = one_word(symbol_words);
constexpr Shape document_type = one_word(document_type_words);
constexpr Shape severity = one_word(severity_words);
constexpr Shape tag = one_word(tag_words);

// ---- sizes

constexpr Shape user_content = text(0, 600'000);
constexpr Shape assistant_content = text(0, 100'000);
constexpr Shape result_text = text(0, 800'000);
constexpr Shape conversation_id = text(1, 128);
constexpr Shape message_id = text(0, 128);
constexpr Shape tool_word = matching(1, 64, is_tool_word);
constexpr Shape description = text(1, 10'240);
constexpr Shape model_id = matching(1, 1024, is_model_id);
constexpr Shape profile_arn = matching(0, 950, is_profile_arn);
constexpr Shape customization_arn = matching(0, 950, is_customization_arn);
constexpr Shape uuid = matching(36, 36, is_uuid);
constexpr Shape text_256 = text(0, 256);
constexpr Shape text_1_256 = text(1, 256);
constexpr Shape text_1024 = text(0, 1024);
constexpr Shape text_1_1024 = text(1, 1024);
constexpr Shape text_4096 = text(0, 4096);
constexpr Shape text_1_4096 = text(1, 4096);
constexpr Shape text_8192 = text(0, 8192);
constexpr Shape document_text = text(0, 40'000);
constexpr Shape relevant_text = text(0, 40'960);
constexpr Shape context_name = matching(1, 1024, is_context_name);
constexpr Shape image_bytes{.kind = Kind::blob, .min = 1};  // the rules of images say how many
constexpr Shape document_bytes{.kind = Kind::blob, .min = 1};
constexpr Shape redacted_bytes{.kind = Kind::blob};
constexpr Shape timezone_offset{.kind = Kind::integer, .min = -1440, .max = 1440};

// ---- structures, leaves first

constexpr std::array<MemberRule, 1> cache_point_members{{{"type", &cache_type, true}}};
constexpr Shape cache_point = structure(cache_point_members);

constexpr std::array<MemberRule, 1> client_cache_members{{{"useClientCachingOnly", &boolean}}};
constexpr Shape client_cache = structure(client_cache_members);

constexpr std::array<MemberRule, 1> image_source_members{{{"bytes", &image_bytes}}};
constexpr Shape image_source = one_of(image_source_members);
constexpr std::array<MemberRule, 2> image_members{
    {{"format", &image_format, true}, {"source", &image_source, true}}};
constexpr Shape image = structure(image_members);
constexpr Shape images = list(image);  // their number is judged with the images, behind the rules

constexpr std::array<MemberRule, 1> document_source_members{{{"bytes", &document_bytes}}};
constexpr Shape document_source = one_of(document_source_members);
constexpr std::array<MemberRule, 3> attached_members{{{"name", &text_1_1024, true},
                                                      {"format", &document_format, true},
                                                      {"source", &document_source, true}}};
constexpr Shape attached = structure(attached_members);
constexpr Shape attachments = list(attached);

constexpr std::array<MemberRule, 1> schema_members{{{"json", &any_object}}};
constexpr Shape input_schema = structure(schema_members);
constexpr std::array<MemberRule, 3> specification_members{{{"name", &tool_word, true},
                                                           {"inputSchema", &input_schema, true},
                                                           {"description", &description}}};
constexpr Shape specification = structure(specification_members);
constexpr std::array<MemberRule, 2> tool_members{
    {{"toolSpecification", &specification}, {"cachePoint", &cache_point}}};
constexpr Shape tool = one_of(tool_members);
constexpr Shape tools = list(tool);

constexpr std::array<MemberRule, 2> block_members{{{"text", &result_text}, {"json", &any_json}}};
constexpr Shape block = one_of(block_members);
constexpr Shape blocks = list(block);
constexpr std::array<MemberRule, 4> result_members{{{"toolUseId", &tool_word, true},
                                                    {"content", &blocks, true},
                                                    {"status", &result_status},
                                                    {"toolName", &tool_word}}};
constexpr Shape result = structure(result_members);
constexpr Shape results = list(result);

constexpr std::array<MemberRule, 2> variable_members{{{"key", &text_1_256}, {"value", &text_1024}}};
constexpr Shape variable = structure(variable_members);
constexpr Shape variables = list(variable, 100);
constexpr std::array<MemberRule, 4> env_members{{{"operatingSystem", &operating_system},
                                                 {"currentWorkingDirectory", &text_1_256},
                                                 {"environmentVariables", &variables},
                                                 {"timezoneOffset", &timezone_offset}}};
constexpr Shape env_state = structure(env_members);

constexpr std::array<MemberRule, 1> language_members{{{"languageName", &language_name, true}}};
constexpr Shape language = structure(language_members);
constexpr std::array<MemberRule, 3> symbol_members{
    {{"name", &text_1_256, true}, {"type", &symbol_type, true}, {"source", &text_256}}};
constexpr Shape symbol = structure(symbol_members);
constexpr Shape symbols = list(symbol);
constexpr std::array<MemberRule, 4> text_document_members{{{"relativeFilePath", &text_1_4096, true},
                                                           {"programmingLanguage", &language},
                                                           {"text", &document_text},
                                                           {"documentSymbols", &symbols}}};
constexpr Shape text_document = structure(text_document_members);
constexpr std::array<MemberRule, 5> relevant_members{{{"relativeFilePath", &text_1_4096, true},
                                                      {"programmingLanguage", &language},
                                                      {"text", &relevant_text},
                                                      {"documentSymbols", &symbols},
                                                      {"type", &document_type}}};
constexpr Shape relevant = structure(relevant_members);
constexpr Shape relevant_documents = list(relevant, 100);
constexpr std::array<MemberRule, 2> position_members{
    {{"line", &natural, true}, {"character", &natural, true}}};
constexpr Shape position = structure(position_members);
constexpr std::array<MemberRule, 2> range_members{
    {{"start", &position, true}, {"end", &position, true}}};
constexpr Shape range = structure(range_members);
constexpr std::array<MemberRule, 2> cursor_members{{{"position", &position}, {"range", &range}}};
constexpr Shape cursor = one_of(cursor_members);
constexpr Shape folders = list(text_1_4096, 100);
constexpr std::array<MemberRule, 5> editor_members{{{"document", &text_document},
                                                    {"cursorState", &cursor},
                                                    {"relevantDocuments", &relevant_documents},
                                                    {"useRelevantDocuments", &boolean},
                                                    {"workspaceFolders", &folders}}};
constexpr Shape editor_state = structure(editor_members);

constexpr std::array<MemberRule, 5> history_members{{{"command", &text_1_1024, true},
                                                     {"directory", &text_256},
                                                     {"exitCode", &integer},
                                                     {"stdout", &text_4096},
                                                     {"stderr", &text_4096}}};
constexpr Shape shell_entry = structure(history_members);
constexpr Shape shell_history = list(shell_entry, 20);
constexpr std::array<MemberRule, 2> shell_members{
    {{"shellName", &shell_name, true}, {"shellHistory", &shell_history}}};
constexpr Shape shell_state = structure(shell_members);

constexpr std::array<MemberRule, 1> git_members{{{"status", &text_4096}}};
constexpr Shape git_state = structure(git_members);

constexpr std::array<MemberRule, 3> runtime_members{
    {{"source", &any_string, true}, {"severity", &severity, true}, {"message", &any_string, true}}};
constexpr Shape runtime_diagnostic = structure(runtime_members);
constexpr std::array<MemberRule, 1> href_members{{{"href", &any_string, true}}};
constexpr Shape code_description = structure(href_members);
constexpr Shape tags = list(tag);
constexpr std::array<MemberRule, 2> location_members{
    {{"uri", &any_string, true}, {"range", &range, true}}};
constexpr Shape location = structure(location_members);
constexpr std::array<MemberRule, 2> related_members{
    {{"location", &location, true}, {"message", &any_string, true}}};
constexpr Shape related = structure(related_members);
constexpr Shape related_list = list(related);
constexpr std::array<MemberRule, 10> text_diagnostic_members{
    {{"document", &text_document, true},
     {"range", &range, true},
     {"source", &any_string, true},
     {"severity", &severity, true},
     {"message", &any_string, true},
     {"code", &integer},
     {"codeDescription", &code_description},
     {"tags", &tags},
     {"relatedInformation", &related_list},
     {"data", &any_string}}};
constexpr Shape text_diagnostic = structure(text_diagnostic_members);
constexpr std::array<MemberRule, 2> diagnostic_members{
    {{"textDocumentDiagnostic", &text_diagnostic}, {"runtimeDiagnostic", &runtime_diagnostic}}};
constexpr Shape diagnostic = one_of(diagnostic_members);

constexpr std::array<MemberRule, 7> console_members{{{"region", &any_string},
                                                     {"consoleUrl", &any_string},
                                                     {"serviceId", &any_string},
                                                     {"serviceConsolePage", &any_string},
                                                     {"serviceSubconsolePage", &any_string},
                                                     {"taskName", &any_string},
                                                     {"uxErrorMessage", &any_string}}};
constexpr Shape console_state = structure(console_members);
constexpr std::array<MemberRule, 4> studio_members{{{"namespace", &any_string, true},
                                                    {"propertyName", &any_string, true},
                                                    {"propertyContext", &any_string, true},
                                                    {"propertyValue", &any_string}}};
constexpr Shape studio_context = structure(studio_members);
constexpr std::array<MemberRule, 1> settings_members{
    {{"hasConsentedToCrossRegionCalls", &boolean}}};
constexpr Shape user_settings = structure(settings_members);
constexpr std::array<MemberRule, 3> extra_members{{{"name", &context_name, true},
                                                   {"description", &text_1024, true},
                                                   {"innerContext", &text_8192}}};
constexpr Shape extra = structure(extra_members);
constexpr Shape extra_context = list(extra, 20);

constexpr std::array<MemberRule, 11> context_members{{{"tools", &tools},
                                                      {"toolResults", &results},
                                                      {"envState", &env_state},
                                                      {"editorState", &editor_state},
                                                      {"shellState", &shell_state},
                                                      {"gitState", &git_state},
                                                      {"diagnostic", &diagnostic},
                                                      {"consoleState", &console_state},
                                                      {"appStudioContext", &studio_context},
                                                      {"userSettings", &user_settings},
                                                      {"additionalContext", &extra_context}}};
constexpr Shape context = structure(context_members);

constexpr std::array<MemberRule, 9> user_members{{{"content", &user_content, true},
                                                  {"userInputMessageContext", &context},
                                                  {"userIntent", &intent},
                                                  {"origin", &origin},
                                                  {"images", &images},
                                                  {"documents", &attachments},
                                                  {"modelId", &model_id},
                                                  {"cachePoint", &cache_point},
                                                  {"clientCacheConfig", &client_cache}}};
constexpr Shape user_message = structure(user_members);

constexpr std::array<MemberRule, 3> tool_use_members{
    {{"toolUseId", &tool_word, true}, {"name", &tool_word, true}, {"input", &any_json, true}}};
constexpr Shape tool_use = structure(tool_use_members);
constexpr Shape tool_uses = list(tool_use);
constexpr std::array<MemberRule, 2> reasoning_text_members{
    {{"text", &any_string, true}, {"signature", &any_string}}};
constexpr Shape reasoning_text = structure(reasoning_text_members);
constexpr std::array<MemberRule, 2> reasoning_members{
    {{"reasoningText", &reasoning_text}, {"redactedContent", &redacted_bytes}}};
constexpr Shape reasoning = one_of(reasoning_members);
constexpr std::array<MemberRule, 3> link_members{
    {{"url", &any_string, true}, {"title", &any_string, true}, {"snippet", &any_string}}};
constexpr Shape link = structure(link_members);
constexpr Shape links = list(link, 10);
constexpr std::array<MemberRule, 2> span_members{{{"start", &natural}, {"end", &natural}}};
constexpr Shape span = structure(span_members);
constexpr std::array<MemberRule, 4> reference_members{{{"licenseName", &any_string},
                                                       {"repository", &any_string},
                                                       {"url", &any_string},
                                                       {"recommendationContentSpan", &span}}};
constexpr Shape reference = structure(reference_members);
constexpr Shape references = list(reference, 10);
constexpr std::array<MemberRule, 2> followup_members{
    {{"content", &any_string, true}, {"userIntent", &intent}}};
constexpr Shape followup = structure(followup_members);
constexpr std::array<MemberRule, 8> assistant_members{{{"content", &assistant_content, true},
                                                       {"messageId", &message_id},
                                                       {"toolUses", &tool_uses},
                                                       {"reasoningContent", &reasoning},
                                                       {"supplementaryWebLinks", &links},
                                                       {"references", &references},
                                                       {"followupPrompt", &followup},
                                                       {"cachePoint", &cache_point}}};
constexpr Shape assistant_message = structure(assistant_members);

constexpr std::array<MemberRule, 2> message_members{
    {{"userInputMessage", &user_message}, {"assistantResponseMessage", &assistant_message}}};
constexpr Shape message = one_of(message_members);
constexpr Shape history = list(message);

constexpr std::array<MemberRule, 8> state_members{{{"currentMessage", &message, true},
                                                   {"chatTriggerType", &trigger, true},
                                                   {"conversationId", &conversation_id},
                                                   {"workspaceId", &text_1_256},
                                                   {"history", &history},
                                                   {"customizationArn", &customization_arn},
                                                   {"agentContinuationId", &uuid},
                                                   {"agentTaskType", &task}}};
constexpr Shape state = structure(state_members);

constexpr std::array<MemberRule, 4> generate_members{
    {{"conversationState", &state, true},
     {"profileArn", &profile_arn},
     {"agentMode", &any_string},
     {"additionalModelRequestFields", &any_object}}};
constexpr Shape generate = structure(generate_members);

constexpr std::array<MemberRule, 4> send_members{{{"conversationState", &state, true},
                                                  {"profileArn", &profile_arn},
                                                  {"source", &origin},
                                                  {"dryRun", &boolean}}};
constexpr Shape send = structure(send_members);

}  // namespace

const Shape& generate_input() { return generate; }
const Shape& send_input() { return send; }

}  // namespace dragoman::emulator::codewhisperer
