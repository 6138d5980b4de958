#include "store/operator_table.h"

#include <algorithm>

namespace sutler::store {

void OperatorTable::put(Pointer record) {
  erase(record->who.name);
  for (const auto& token : record->who.tokens) by_token_.insert_or_assign(token.hash, record);
  by_name_.insert_or_assign(record->who.name, std::move(record));
}

void OperatorTable::erase(std::string_view name) {
  const auto at = by_name_.find(name);
  if (at == by_name_.end()) return;
  for (const auto& token : at->second->who.tokens) by_token_.erase(token.hash);
  by_name_.erase(at);
}

OperatorTable::Pointer OperatorTable::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

OperatorTable::Match OperatorTable::find_token(const model::TokenHash& hash) const {
  const auto at = by_token_.find(hash);
  if (at == by_token_.end()) return {};
  const auto& tokens = at->second->who.tokens;
  const auto token = std::ranges::find(tokens, hash, &model::OperatorToken::hash);
  if (token == tokens.end()) return {};
  return {at->second, &*token};
}

}  // namespace sutler::store
