// All operators at one revision, with an index of their tokens: immutable once it is shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/operator.h"

namespace sutler::store {

struct OperatorRecord {
  model::Operator who;
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  base::UnixTime changed;
  std::string changed_by;
};

class OperatorTable {
 public:
  using Pointer = std::shared_ptr<const OperatorRecord>;
  using ByName = std::map<std::string, Pointer, std::less<>>;

  void put(Pointer record);
  void erase(std::string_view name);

  [[nodiscard]] const ByName& all() const { return by_name_; }
  // Null when there is none.
  [[nodiscard]] Pointer find(std::string_view name) const;
  // Whose token has this hash, and which: O(log tokens), whoever asks with whatever. The hash of a
  // guess says nothing about how near it was. Null when there is none; expiry is not looked at.
  struct Match {
    Pointer record;
    const model::OperatorToken* token = nullptr;  // lives as long as `record`
  };
  [[nodiscard]] Match find_token(const model::TokenHash& hash) const;

 private:
  ByName by_name_;
  std::map<model::TokenHash, Pointer> by_token_;
};

}  // namespace sutler::store
