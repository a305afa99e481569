#include "emulator/codewhisperer/runtime.hpp"

#include <algorithm>
#include <optional>

#include "emulator/codewhisperer/models.hpp"
#include "json/reader.hpp"
#include "json/writer.hpp"

namespace dragoman::emulator::codewhisperer {
namespace {

using json::Reader;

bool query_has(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.substr(0, pair.find('=')) == name && pair.size() > name.size() + 1) return true;
  }
  return false;
}

std::string text_at(const Reader& in, std::string_view key) {
  auto text = in.optional_string(key);
  return text && *text ? std::string(**text) : std::string();
}

Answer refuse(const RuntimeCall& call, std::string_view message) {
  return encode_service_error({400, "ValidationException", std::string(message), {}}, call.binding);
}

void write_profile(json::Writer& out, const Profile& profile) {
  out.begin_object().key("arn").string(profile.arn).key("profileName").string(profile.name);
  out.key("status").string("ACTIVE").key("profileType").string("Q_DEVELOPER").end_object();
}

std::string profiles_json(const std::vector<Profile>& profiles) {
  std::string text;
  json::Writer out(text);
  out.begin_object().key("profiles").begin_array();
  for (const Profile& profile : profiles) write_profile(out, profile);
  out.end_array().end_object();
  return text;
}

// The quota ends on the first of the next month, UTC.
std::string limits_json(const Clock& clock) {
  using namespace std::chrono;
  const year_month_day today(floor<days>(clock.now()));
  const sys_days reset = sys_days((today.year() / today.month() + months(1)) / day(1));
  const auto reset_s = duration_cast<seconds>(reset.time_since_epoch()).count();
  const auto days_left = (reset - floor<days>(clock.now())).count();

  std::string text;
  json::Writer out(text);
  out.begin_object().key("nextDateReset").number(reset_s);
  out.key("daysUntilReset").number(days_left).key("limits").begin_array().end_array();
  out.key("subscriptionInfo").begin_object();
  out.key("type")
      .string("Q_DEVELOPER_STANDALONE_FREE")
      .key("subscriptionTitle")
      .string("KIRO FREE");
  out.key("upgradeCapability").string("UPGRADE_CAPABLE");
  out.key("overageCapability").string("OVERAGE_INCAPABLE");
  out.key("subscriptionManagementTarget").string("PURCHASE").end_object();
  out.key("overageConfiguration").begin_object();
  out.key("overageStatus").string("DISABLED").end_object();
  out.key("userInfo").begin_object().key("userId").string("emulated-user").end_object();
  out.key("usageBreakdownList").begin_array().begin_object();
  out.key("resourceType").string("CREDIT").key("displayName").string("Credit");
  out.key("displayNamePlural").string("Credits").key("unit").string("INVOCATIONS");
  out.key("currency").string("USD");
  out.key("currentUsage").number(12).key("currentUsageWithPrecision").number(12.5);
  out.key("usageLimit").number(50).key("usageLimitWithPrecision").number(50);
  out.key("currentOverages").number(0).key("currentOveragesWithPrecision").number(0);
  out.key("overageCap").number(0).key("overageCapWithPrecision").number(0);
  out.key("overageRate").number(0.04).key("overageCharges").number(0);
  out.key("nextDateReset").number(reset_s).key("bonuses").begin_array().end_array();
  out.end_object().end_array().end_object();
  return text;
}

// JSON-RPC: tools/list names web_search, tools/call finds one page that does not exist.
Answer mcp(const RuntimeCall& call, const Reader& body) {
  const std::string method = text_at(body, "method");
  const auto id = body.find("id");
  if (method.empty() || !id) return refuse(call, "Improperly formed request.");
  std::string text;
  json::Writer out(text);
  out.begin_object().key("id").raw(id->minified()).key("jsonrpc").string("2.0");
  const auto params = body.find("params");
  if (method == "tools/list") {
    out.key("result").begin_object().key("tools").begin_array().begin_object();
    out.key("name").string("web_search").key("description").string("Searches the web.");
    out.key("inputSchema")
        .raw(R"({"type":"object","properties":{"query":{"type":"string"}},"required":["query"]})");
    out.end_object().end_array().end_object();
  } else if (method == "tools/call" && params && text_at(*params, "name") == "web_search") {
    const auto arguments = params->find("arguments");
    const std::string query = arguments ? text_at(*arguments, "query") : std::string();
    std::string results;
    json::Writer inner(results);
    inner.begin_object().key("results").begin_array().begin_object();
    inner.key("title").string("An emulated result").key("url").string("https://example.com/");
    inner.key("snippet").string("There was no search: this answer is emulated.");
    inner.key("publishedDate").number(std::int64_t{1'767'225'600'000});
    inner.key("domain").string("example.com").end_object().end_array();
    inner.key("totalResults").number(1).key("query").string(query).key("error").null().end_object();
    out.key("result").begin_object().key("content").begin_array().begin_object();
    out.key("type").string("text").key("text").string(results).end_object().end_array();
    out.key("isError").boolean(false).end_object();
  } else {
    out.key("error").begin_object().key("code").number(-32601);
    out.key("message").string("Method not found").end_object();
  }
  out.end_object();
  return make_plain_answer(200, content_type(call.binding), std::move(text));
}

}  // namespace

Answer answer_runtime(const RuntimeCall& call, const std::vector<Profile>& profiles,
                      const Clock& clock) {
  // The REST forms of the first two are queries, all others have a body.
  auto document = json::Document::parse(call.body.empty() ? std::string_view("{}") : call.body);
  if (!document || document->root().kind() != Reader::Kind::object)
    return refuse(call, "Improperly formed request.");
  const Reader body = document->root();
  auto ok = [&](std::string text) {
    return make_plain_answer(200, content_type(call.binding), std::move(text));
  };
  if (call.operation == "models") {
    const bool origin = call.binding == Binding::rest ? query_has(call.query, "origin")
                                                      : !text_at(body, "origin").empty();
    if (!origin) return refuse(call, "origin is required.");
    return ok(list_models_json());
  }
  if (call.operation == "limits") return ok(limits_json(clock));
  if (call.operation == "profiles") return ok(profiles_json(profiles));
  if (call.operation == "customizations") return ok(R"({"customizations":[]})");
  if (call.operation == "mcp") return mcp(call, body);

  const std::string arn = text_at(body, "profileArn");
  if (arn.empty()) return refuse(call, "profileArn is required for this request.");
  const auto found = std::ranges::find(profiles, arn, &Profile::arn);
  if (found == profiles.end())
    return encode_service_error({404, "ResourceNotFoundException", "No such profile.", {}},
                                call.binding);
  std::string text;
  json::Writer out(text);
  out.begin_object().key("profile");
  write_profile(out, *found);
  out.end_object();
  return ok(std::move(text));
}

}  // namespace dragoman::emulator::codewhisperer
