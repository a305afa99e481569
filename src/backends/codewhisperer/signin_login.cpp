#include "backends/codewhisperer/signin_login.hpp"

namespace dragoman::codewhisperer {
namespace {

using backends::Token;

// Somebody else's token is worth taking only if it outlives a request.
constexpr std::chrono::seconds least_life{1};

Error ended(Error cause) {
  Error error(ErrorKind::signed_out, "the sign-in has ended: run `dragoman login`");
  error.code = cause.code;
  error.detail = cause.message;
  error.upstream_status = cause.upstream_status;
  return error;
}

}  // namespace

StoredLogin::StoredLogin(StateDir dir, OidcSend send, std::string profile_arn, SignInClock clock)
    : dir_(std::move(dir)),
      send_(std::move(send)),
      profile_arn_(std::move(profile_arn)),
      clock_(std::move(clock)) {}

std::uint64_t StoredLogin::revision() { return dir_.revision(tokens_file); }

Result<Token> StoredLogin::load() {
  auto tokens = load_tokens(dir_);
  if (!tokens) return tokens.error();
  return to_token(*tokens);
}

Token StoredLogin::to_token(const Tokens& tokens) const {
  Token token;
  token.access = tokens.access_token;
  token.renewable = !tokens.refresh_token.empty();
  // A token of unknown age is renewed before its first use, if it can be.
  const WallTime unknown = token.renewable ? WallTime() : WallTime::max();
  token.expires_at = tokens.expires_at.value_or(unknown);
  token.profile_arn = profile_arn_.empty() ? tokens.profile_arn : profile_arn_;
  return token;
}

bool StoredLogin::is_alive(const Tokens& tokens) const {
  return tokens.expires_at && *tokens.expires_at > clock_.now() + least_life;
}

Result<Token> StoredLogin::store_renewed(Tokens tokens) {
  auto saved = dir_.save(tokens_file, encode_tokens(tokens));
  if (!saved) {
    unsaved_ = std::move(tokens);
    return saved.error();
  }
  unsaved_.reset();
  return to_token(tokens);
}

Awaitable<Result<TokenAnswer>> StoredLogin::refresh(const Registration& registration,
                                                    const Tokens& tokens) {
  OidcClient client{registration.client_id, registration.client_secret};
  std::string body = encode_refresh(client, tokens.refresh_token);
  OidcCall call{.path = token_path, .body = std::move(body), .region = tokens.region};
  auto reply = co_await send_(std::move(call));
  if (!reply) co_return reply.error();
  co_return decode_token(reply->status, reply->body);
}

Awaitable<Result<Token>> StoredLogin::renew(Token old) {
  auto locked = co_await lock(dir_, clock_);
  if (!locked) co_return locked.error();

  constexpr int attempts = 2;  // the second with what somebody else has stored meanwhile
  std::optional<Error> refusal;
  std::string refused_token;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    auto tokens = load_tokens(dir_);
    if (!tokens) co_return tokens.error();
    const bool is_other = !tokens->access_token.equals(old.access.reveal());
    if (is_other && is_alive(*tokens)) {
      unsaved_.reset();
      co_return to_token(*tokens);
    }
    if (unsaved_ && !is_other) {
      Tokens renewed = std::move(*unsaved_);
      co_return store_renewed(std::move(renewed));
    }
    if (tokens->refresh_token.empty()) {
      co_return Error(ErrorKind::signed_out,
                      "the sign-in has ended and cannot be renewed: run `dragoman login`");
    }
    if (refusal && tokens->refresh_token.equals(refused_token)) break;
    auto registration = load_registration(dir_);
    if (!registration) co_return ended(registration.error());

    auto answer = co_await refresh(*registration, *tokens);
    if (answer) {
      Tokens renewed = std::move(*tokens);
      renewed.access_token = std::move(answer->access_token);
      renewed.expires_at = clock_.now() + answer->expires_in;
      // Refresh tokens rotate, but an answer without one means the old one stays good.
      if (!answer->refresh_token.empty()) renewed.refresh_token = std::move(answer->refresh_token);
      co_return store_renewed(std::move(renewed));
    }
    if (is_passing(answer.error()) || answer.error().kind == ErrorKind::cancelled) {
      co_return answer.error();
    }
    refusal = answer.error();
    refused_token = tokens->refresh_token.reveal();
  }
  if (refusal->code == "wrong_region") co_return *refusal;
  co_return ended(*refusal);
}

}  // namespace dragoman::codewhisperer
