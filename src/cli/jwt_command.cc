// `sutler jwt`: test tokens.
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/json_body.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "cli/token_options.h"
#include "crypto/hmac.h"
#include "jwt/verify.h"

namespace sutler::cli {
namespace {

base::Result<int> sign(const Context& context, const TokenOptions& options) {
  auto token = make_token(options);
  if (!token) return base::pass(token);
  auto printed = context.json ? print_line(JsonBody().text("token", token->expose()).done())
                              : print_line(token->expose());
  if (!printed) return base::pass(printed);
  return 0;
}

struct VerifyOptions {
  std::string key_file;
  std::string token = "-";
  std::string leeway;
};

base::Result<int> parse_leeway(const std::string& text) {
  if (text.empty()) return base::limits::kLeewaySecondsDefault;
  auto leeway = parse_duration(text, "--leeway");
  if (!leeway) return base::pass(leeway);
  if (leeway->count() > base::limits::kLeewaySecondsMax) {
    return usage_error("--leeway " + text + " is more than 60s",
                       "servers allow no more: a leeway keeps expired tokens alive");
  }
  return static_cast<int>(leeway->count());
}

base::Result<base::Secret> read_token(const std::string& word) {
  if (word != "-") return base::Secret(std::string_view(word));
  // Longer than a token may be, so that the room `jwt` says so.
  return read_local_value("-", "token", 2 * base::limits::kTokenBytesMax);
}

base::Error error_of(jwt::Refusal refusal) {
  base::Error error;
  error.code = base::Code::kRefused;
  error.message = "the token is refused: " + std::string(jwt::reason(refusal));
  switch (refusal) {
    case jwt::Refusal::kMalformed:
      error.hint = "a token is three parts of base64url with dots between them";
      break;
    case jwt::Refusal::kBadAlgorithm:
      error.hint = "its `alg` is none of HS256, HS384, HS512";
      break;
    case jwt::Refusal::kBadSignature: error.hint = "it was signed with another key"; break;
    case jwt::Refusal::kExpired:
    case jwt::Refusal::kNotYetValid:
      error.hint = "compare its times with this machine's clock";
      break;
    case jwt::Refusal::kBadClaims:
    case jwt::Refusal::kExpRequired:
      error.hint = "projectId, nfObjectId and nfObjectType are texts, iat and exp numbers";
      break;
  }
  return error;
}

base::Result<int> verify(const VerifyOptions& options) {
  if (options.token == "-" && options.key_file == "-") {
    return usage_error("key and token cannot both come from standard input",
                       "put the key into a file");
  }
  auto leeway = parse_leeway(options.leeway);
  if (!leeway) return base::pass(leeway);
  auto secret = read_signing_key(options.key_file);
  if (!secret) return base::pass(secret);
  auto token = read_token(options.token);
  if (!token) return base::pass(token);
  using enum crypto::HashAlgorithm;
  const crypto::HmacKey hmacs[] = {
      {kSha256, secret->expose()}, {kSha384, secret->expose()}, {kSha512, secret->expose()}};
  const jwt::Key keys[] = {{&hmacs[0]}, {&hmacs[1]}, {&hmacs[2]}};
  const base::UnixTime now = base::SystemClock().now();
  const jwt::Policy policy{*leeway, jwt::ExpiryDemand::kWhenPresent};
  const auto claims = jwt::verify(token->expose(), keys, policy, now);
  if (!claims) return std::unexpected(error_of(claims.error()));
  // All that was signed, also what is no claim of ours.
  const auto payload = jwt::verify_jws(token->expose(), keys, now);
  if (!payload) return std::unexpected(error_of(payload.error()));
  auto printed = print_line(payload->payload());
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_jwt_command(CLI::App& root, Context& context) {
  auto& jwt = add_family(root, context,
                         {.name = "jwt",
                          .purpose = "Makes and checks tokens like Northflank's, for tests",
                          .example = "sutler jwt verify --key-file northflank.key - < token"});
  const auto signing = std::make_shared<TokenOptions>();
  auto& sign_command = add_command(
      jwt, context,
      {.name = "sign",
       .purpose = "Prints a token as Northflank would sign it for a workload",
       .example =
           "sutler jwt sign --key-file northflank.key --project shop --object api --type service"},
      Talks::kToNobody, [&context, signing] { return sign(context, *signing); });
  add_token_options(sign_command, *signing);

  const auto verifying = std::make_shared<VerifyOptions>();
  auto& verify_command =
      add_command(jwt, context,
                  {.name = "verify",
                   .purpose = "Checks a token as a server would, and prints its claims",
                   .example = "sutler jwt verify --key-file northflank.key - < token",
                   .more = "Exit status 4 says that the token is refused, and the error why."},
                  Talks::kToNobody, [verifying] { return verify(*verifying); });
  add_word(verify_command, verifying->token, "TOKEN", "the token, or - for standard input")
      .required(false);
  add_key_file_option(verify_command, verifying->key_file);
  add_text(verify_command, verifying->leeway,
           {"--leeway", "TIME", "how far clocks may be apart, 60s at most (30s)"});
}

}  // namespace sutler::cli
