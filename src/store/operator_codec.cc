#include "store/operator_codec.h"

#include <algorithm>

#include "base/limits.h"
#include "store/wire.h"

namespace sutler::store {
namespace {

constexpr unsigned kFormat = 1;

void write_texts(ByteWriter& out, const std::vector<std::string>& texts) {
  out.number(texts.size());
  for (const auto& text : texts) out.text(text);
}

std::vector<std::string> read_texts(ByteReader& in) {
  std::vector<std::string> texts;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) texts.emplace_back(in.text());
  return texts;
}

void write_token(ByteWriter& out, const model::OperatorToken& token) {
  out.text(token.id);
  out.text(token.label);
  out.raw({reinterpret_cast<const char*>(token.hash.data()), token.hash.size()});
  out.signed_number(token.created.microseconds);
  out.byte(token.expires ? 1 : 0);
  if (token.expires) out.signed_number(token.expires->microseconds);
}

model::OperatorToken read_token(ByteReader& in) {
  model::OperatorToken token;
  token.id = in.text();
  token.label = in.text();
  const std::string_view hash = in.raw(token.hash.size());
  std::copy(hash.begin(), hash.end(), token.hash.begin());
  token.created.microseconds = in.signed_number();
  if (in.byte(1) == 1) token.expires = base::UnixTime{in.signed_number()};
  return token;
}

}  // namespace

base::Secret encode_operator_body(const model::Operator& who) {
  ByteWriter out(256 + 256 * who.scopes.size() + 128 * who.tokens.size());
  out.byte(kFormat);
  out.text(who.description);
  out.byte(static_cast<unsigned>(who.role));
  out.byte(who.reveal == model::Reveal::kYes ? 1 : 0);
  out.byte(who.disabled ? 1 : 0);
  out.number(who.scopes.size());
  for (const auto& scope : who.scopes) {
    write_texts(out, scope.teams);
    write_texts(out, scope.projects);
    write_texts(out, scope.groups);
    out.byte(static_cast<unsigned>(scope.priority_max));
  }
  out.number(who.tokens.size());
  for (const auto& token : who.tokens) write_token(out, token);
  return base::Secret(std::move(out).take());
}

std::optional<model::Operator> decode_operator_body(std::string_view bytes) {
  ByteReader in(bytes);
  model::Operator who;
  if (in.byte(kFormat) != kFormat) in.refuse();
  who.description = in.text();
  who.role = static_cast<model::Role>(in.byte(static_cast<unsigned>(model::Role::kAuditor)));
  who.reveal = in.byte(1) == 1 ? model::Reveal::kYes : model::Reveal::kNo;
  who.disabled = in.byte(1) == 1;
  const std::size_t scopes = in.count();
  for (std::size_t i = 0; i < scopes && in.ok(); ++i) {
    model::Scope scope;
    scope.teams = read_texts(in);
    scope.projects = read_texts(in);
    scope.groups = read_texts(in);
    scope.priority_max = static_cast<int>(in.byte(base::limits::kPriorityMax));
    who.scopes.push_back(std::move(scope));
  }
  const std::size_t tokens = in.count();
  for (std::size_t i = 0; i < tokens && in.ok(); ++i) who.tokens.push_back(read_token(in));
  if (!in.done()) return std::nullopt;
  return who;
}

}  // namespace sutler::store
