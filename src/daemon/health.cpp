#include "daemon/health.hpp"

#include "base/utc_time.hpp"
#include "daemon/version.hpp"
#include "json/writer.hpp"

namespace dragoman::daemon {
std::function<std::string()> make_health(const settings::Settings& settings,
                                         std::function<SignInStatus()> sign_in, bool demo) {
  const settings::Coze& coze = settings.coze;
  return [has_key = !coze.api_key.empty(), type = coze.default_model_type,
          has_bot = !coze.bot_id.empty(), has_workflow = !coze.workflow_id.empty(),
          sign_in = std::move(sign_in), demo] {
    std::string body;
    json::Writer w(body);
    w.begin_object().key("status").string("ok");
    w.key("timestamp").string(format_utc(std::chrono::system_clock::now()));
    w.key("version").string(version).key("demo").boolean(demo);
    w.key("config").begin_object();
    w.key("hasCozeApiKey").boolean(has_key).key("hasJWTConfig").boolean(false);
    w.key("defaultModelType").string(type);
    w.key("hasBotId").boolean(has_bot).key("hasWorkflowId").boolean(has_workflow);
    w.end_object();
    w.key("jwt").begin_object().key("hasToken").boolean(false).key("isValid").boolean(false);
    w.end_object();
    w.key("codewhisperer").begin_object().key("enabled").boolean(static_cast<bool>(sign_in));
    if (sign_in) {
      const SignInStatus status = sign_in();
      w.key("state").string(status.state);
      if (status.expires_at) w.key("expires_at").string(format_utc(*status.expires_at));
      if (!status.problem.empty()) w.key("problem").string(status.problem);
    }
    w.end_object().end_object();
    return body;
  };
}

}  // namespace dragoman::daemon
