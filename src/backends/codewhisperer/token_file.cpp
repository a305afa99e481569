#include "backends/codewhisperer/token_file.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

#include "json/reader.hpp"
#include "json/text.hpp"

namespace dragoman::codewhisperer {
namespace {

constexpr std::size_t max_text_bytes = 4 * 1024;
constexpr std::string_view checksum_key = "checksum";

using Strings = std::vector<std::string>;

Error damaged(std::string_view file, std::string_view why) {
  return Error(ErrorKind::signed_out, "the stored sign-in is damaged (" + std::string(file) + ": " +
                                          std::string(why) + "): run `dragoman login`");
}

// SHA-256 over parts, each with its length before it, so that no two lists of parts are alike.
class Checksum {
 public:
  Checksum() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(context_, EVP_sha256(), nullptr); }
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;
  ~Checksum() { EVP_MD_CTX_free(context_); }

  Checksum& add(std::string_view part) {
    const std::string size = std::to_string(part.size()) + ":";
    EVP_DigestUpdate(context_, size.data(), size.size());
    EVP_DigestUpdate(context_, part.data(), part.size());
    return *this;
  }
  Checksum& add(const std::optional<WallTime>& time) {
    return add(time ? format_time(*time) : std::string());
  }
  Checksum& add(const Strings& parts) {
    add(std::to_string(parts.size()));
    for (const std::string& part : parts) add(part);
    return *this;
  }

  std::string str() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_, digest.data(), &size);
    std::string text = "sha256:";
    constexpr std::string_view hex = "0123456789abcdef";
    for (unsigned i = 0; i < size; ++i) {
      text += hex[digest[i] >> 4];
      text += hex[digest[i] & 15];
    }
    return text;
  }

 private:
  EVP_MD_CTX* context_;
};

std::string checksum(const Tokens& t) {
  return Checksum()
      .add("tokens")
      .add(t.access_token.reveal())
      .add(t.expires_at)
      .add(t.refresh_token.reveal())
      .add(t.region)
      .add(t.start_url)
      .add(t.oauth_flow)
      .add(t.scopes)
      .add(t.profile_arn)
      .str();
}

std::string checksum(const Registration& r) {
  return Checksum()
      .add("registration")
      .add(r.client_id)
      .add(r.client_secret.reveal())
      .add(r.client_secret_expires_at)
      .add(r.region)
      .add(r.oauth_flow)
      .add(r.scopes)
      .str();
}

// Tokens travel in headers: one visible ASCII word.
bool is_token_text(std::string_view text) {
  return text.size() <= max_token_bytes &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

// Reads the members of one file; the first thing wrong is kept in `problem`.
class FileReader {
 public:
  explicit FileReader(json::Reader root) : root_(root) {}

  std::string text(std::string_view key, std::string fallback = "") {
    auto value = root_.optional_string(key);
    if (!value) {
      fail(key, "is not a text");
      return fallback;
    }
    if (!*value) return fallback;
    if ((*value)->size() > max_text_bytes) fail(key, "is too long");
    return std::string(**value);
  }

  std::string token(std::string_view key) {
    auto value = root_.optional_string(key);
    if (!value || (*value && !is_token_text(**value))) {
      fail(key, "is not a token");
      return {};
    }
    return *value ? std::string(**value) : std::string();
  }

  std::optional<WallTime> time(std::string_view key) {
    const auto value = root_.find(key);
    if (!value) return std::nullopt;
    if (auto written = value->string()) {
      const auto parsed = parse_time(*written);
      if (!parsed) fail(key, "is not a time");
      return parsed;
    }
    // Numbers below are seconds until the year 5138, above they are milliseconds.
    constexpr double first_milliseconds = 1e11;
    constexpr double last_milliseconds = 7.2e12;  // the year 2198
    auto number = value->number();
    if (!number || *number < 0 || *number > last_milliseconds) {
      fail(key, "is not a time");
      return std::nullopt;
    }
    const double count = *number < first_milliseconds ? *number * 1000 : *number;
    if (count > last_milliseconds) {
      fail(key, "is not a time");
      return std::nullopt;
    }
    return WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(count)));
  }

  // A list of texts, or one text with blanks between the parts.
  Strings list(std::string_view key) {
    Strings parts;
    const auto value = root_.find(key);
    if (!value) return parts;
    if (auto words = value->string()) {
      std::string_view rest = *words;
      while (!rest.empty()) {
        const auto end = std::min(rest.find(' '), rest.size());
        if (end > 0) parts.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
      }
      return parts;
    }
    auto items = value->array();
    if (!items) {
      fail(key, "is not a list");
      return parts;
    }
    for (json::Reader item : *items) {
      auto word = item.string();
      if (word) {
        parts.emplace_back(*word);
      } else {
        fail(key, "is not a list of texts");
      }
    }
    return parts;
  }

  OtherMembers other(std::initializer_list<std::string_view> known) {
    OtherMembers members;
    auto object = root_.object();
    if (!object) return members;
    for (const json::Member member : *object) {
      if (member.key == checksum_key) continue;
      if (std::ranges::find(known, member.key) != known.end()) continue;
      members.emplace_back(member.key, member.value.minified());
    }
    return members;
  }

  void fail(std::string_view key, std::string_view what) {
    if (problem_.empty()) problem_ = std::string(key) + " " + std::string(what);
  }

  void check(const std::string& expected) {
    if (root_.find(checksum_key) && text(checksum_key) != expected) {
      fail(checksum_key, "does not match");
    }
  }

  const std::string& problem() const { return problem_; }

 private:
  json::Reader root_;
  std::string problem_;
};

// One member a line, as a person may want to look at it.
class FileWriter {
 public:
  void raw(std::string_view key, std::string_view json) {
    out_ += out_.empty() ? "{\n  \"" : ",\n  \"";
    json::append_escaped(out_, key);
    out_ += "\": ";
    out_ += json;
  }
  void text(std::string_view key, std::string_view value) {
    raw(key, "\"" + json::escape(value) + "\"");
  }
  void optional_text(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  void time(std::string_view key, const std::optional<WallTime>& value) {
    if (value) text(key, format_time(*value));
  }
  void list(std::string_view key, const Strings& values) {
    std::string items;
    for (const std::string& value : values) {
      items += (items.empty() ? "\"" : ", \"") + json::escape(value) + "\"";
    }
    raw(key, "[" + items + "]");
  }
  void other(const OtherMembers& members) {
    for (const auto& [key, value] : members) raw(key, value);
  }
  std::string finish() { return std::move(out_) + "\n}\n"; }

 private:
  std::string out_;
};

}  // namespace

Result<Tokens> decode_tokens(std::string_view text) {
  constexpr std::string_view file = "tokens.json";
  auto document = json::Document::parse(text);
  if (!document) return damaged(file, "it is not valid JSON");
  if (document->root().kind() != json::Reader::Kind::object) {
    return damaged(file, "it is not a JSON object");
  }
  FileReader in(document->root());
  Tokens tokens;
  tokens.access_token = Secret(in.token("access_token"));
  tokens.expires_at = in.time("expires_at");
  tokens.refresh_token = Secret(in.token("refresh_token"));
  tokens.region = in.text("region");
  tokens.start_url = in.text("start_url");
  tokens.oauth_flow = in.text("oauth_flow", tokens.oauth_flow);
  tokens.scopes = in.list("scopes");
  tokens.profile_arn = in.text("profile_arn");
  tokens.other = in.other({"access_token", "expires_at", "refresh_token", "region", "start_url",
                           "oauth_flow", "scopes", "profile_arn"});
  if (tokens.access_token.empty()) in.fail("access_token", "is missing");
  in.check(checksum(tokens));
  if (!in.problem().empty()) return damaged(file, in.problem());
  return tokens;
}

Result<Registration> decode_registration(std::string_view text) {
  constexpr std::string_view file = "registration.json";
  auto document = json::Document::parse(text);
  if (!document) return damaged(file, "it is not valid JSON");
  if (document->root().kind() != json::Reader::Kind::object) {
    return damaged(file, "it is not a JSON object");
  }
  FileReader in(document->root());
  Registration registration;
  registration.client_id = in.token("client_id");
  registration.client_secret = Secret(in.token("client_secret"));
  registration.client_secret_expires_at = in.time("client_secret_expires_at");
  registration.region = in.text("region");
  registration.oauth_flow = in.text("oauth_flow", registration.oauth_flow);
  registration.scopes = in.list("scopes");
  registration.other = in.other(
      {"client_id", "client_secret", "client_secret_expires_at", "region", "oauth_flow", "scopes"});
  if (registration.client_id.empty()) in.fail("client_id", "is missing");
  if (registration.client_secret.empty()) in.fail("client_secret", "is missing");
  in.check(checksum(registration));
  if (!in.problem().empty()) return damaged(file, in.problem());
  return registration;
}

std::string encode_tokens(const Tokens& tokens) {
  FileWriter out;
  out.text("access_token", tokens.access_token.reveal());
  out.time("expires_at", tokens.expires_at);
  out.optional_text("refresh_token", tokens.refresh_token.reveal());
  out.text("region", tokens.region);
  out.text("start_url", tokens.start_url);
  out.text("oauth_flow", tokens.oauth_flow);
  out.list("scopes", tokens.scopes);
  out.optional_text("profile_arn", tokens.profile_arn);
  out.other(tokens.other);
  out.text(checksum_key, checksum(tokens));
  return out.finish();
}

std::string encode_registration(const Registration& registration) {
  FileWriter out;
  out.text("client_id", registration.client_id);
  out.text("client_secret", registration.client_secret.reveal());
  out.time("client_secret_expires_at", registration.client_secret_expires_at);
  out.text("region", registration.region);
  out.text("oauth_flow", registration.oauth_flow);
  out.list("scopes", registration.scopes);
  out.other(registration.other);
  out.text(checksum_key, checksum(registration));
  return out.finish();
}

}  // namespace dragoman::codewhisperer
