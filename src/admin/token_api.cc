#include "admin/token_api.h"

#include <algorithm>

#include "admin/access.h"
#include "admin/action.h"
#include "admin/commit.h"
#include "admin/json_io.h"
#include "admin/operator_api.h"
#include "admin/page.h"
#include "admin/token_uses.h"
#include "base/wipe.h"
#include "crypto/random.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kTokenIdBytes = 4;
constexpr std::int64_t kExpiresSecondsMax = 10LL * 366 * 24 * 3600;

bool is_expired(const model::OperatorToken& token, base::UnixTime now) {
  return token.expires && *token.expires <= now;
}

void write_token(JsonObject& json, const model::OperatorToken& token, base::UnixTime now) {
  json.text("id", token.id);
  if (!token.label.empty()) json.text("label", token.label);
  json.text("created", base::rfc3339(token.created));
  if (token.expires) json.text("expires", base::rfc3339(*token.expires));
  json.text("state", is_expired(token, now) ? "expired" : "active");
}

base::Result<void> make_room(model::Operator& who, base::UnixTime now) {
  if (who.tokens.size() < base::limits::kTokensPerOperatorMax) return {};
  std::erase_if(who.tokens, [&](const auto& token) { return is_expired(token, now); });
  if (who.tokens.size() < base::limits::kTokensPerOperatorMax) return {};
  return base::fail(base::Code::kInvalid,
                    "operator \"" + who.name + "\" has " +
                        std::to_string(base::limits::kTokensPerOperatorMax) + " tokens already",
                    "revoke one: sutler token revoke OPERATOR TOKENID", "too_many_tokens");
}

base::Result<model::OperatorToken> read_new_token(const Context& context, const Call& call) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  model::OperatorToken token;
  token.label = body->text("label").value_or(std::string());
  token.created = context.clock.now();
  const auto expires = body->whole("expires_seconds", 1, kExpiresSecondsMax);
  if (expires) token.expires = token.created + std::chrono::seconds(*expires);
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  token.id = crypto::random_hex(kTokenIdBytes);
  return token;
}

}  // namespace

base::Result<http::Response> list_tokens(const Context& context, const Call& call, Action&) {
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  const base::UnixTime now = context.clock.now();
  std::vector<model::OperatorToken> tokens = (*record)->who.tokens;
  std::ranges::sort(tokens, {}, &model::OperatorToken::id);
  for (const auto& token : tokens) {
    if (token.id <= page->after()) continue;
    if (page->full()) break;
    JsonObject json;
    write_token(json, token, now);
    if (const auto used = context.uses.last(token.id)) {
      json.text("last_used", base::rfc3339(base::UnixTime::from_seconds(used->seconds())));
    }
    page->add(token.id, json.done());
  }
  return json_response(200, page->done());
}

base::Result<http::Response> create_token(const Context& context, const Call& call,
                                          Action& action) {
  note_operator(action, call.name);
  auto made = read_new_token(context, call);
  if (!made) return base::pass(made);
  const base::UnixTime now = made->created;
  std::string text = new_token();
  made->hash = hash_of_token(text);
  JsonObject answer;
  answer.text("operator", call.name);
  write_token(answer, *made, now);
  answer.text("token", text);
  base::wipe(text);
  const std::string id = made->id;
  const WriteTurn turn(context);
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  model::Operator next = (*record)->who;
  if (next.disabled) {
    return base::fail(base::Code::kRefused, "operator \"" + next.name + "\" is disabled",
                      "sutler operator enable " + next.name);
  }
  if (auto room = make_room(next, now); !room) return base::pass(room);
  next.tokens.push_back(std::move(*made));
  auto revision = save_operator(context, call, action, std::move(next), (*record)->version);
  if (!revision) return base::pass(revision);
  action.details().key_id = id;
  auto recorded = action.record_change(*revision);
  if (!recorded) return base::pass(recorded);
  http::Response response =
      secret_response(base::Secret(answer.number("revision", *revision).done()));
  response.status = 201;
  return response;
}

base::Result<http::Response> revoke_token(const Context& context, const Call& call,
                                          Action& action) {
  note_operator(action, call.name);
  if (is_key_id(call.item)) action.details().key_id = call.item;
  const WriteTurn turn(context);
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  model::Operator next = (*record)->who;
  const auto token = std::ranges::find(next.tokens, call.item, &model::OperatorToken::id);
  if (token == next.tokens.end()) {
    return base::fail(base::Code::kNotFound,
                      "operator \"" + next.name + "\" has no token of that id",
                      "sutler token list " + next.name + " shows them");
  }
  next.tokens.erase(token);
  auto revision = save_operator(context, call, action, std::move(next), (*record)->version);
  if (!revision) return base::pass(revision);
  auto recorded = action.record_change(*revision);
  if (!recorded) return base::pass(recorded);
  JsonObject answer;
  answer.text("operator", call.name).text("id", call.item).number("revision", *revision);
  return json_response(200, answer.done());
}

}  // namespace sutler::admin
