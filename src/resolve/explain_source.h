// What explain tells of a value that a source gave. Internal to explain.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "source/sources.h"

namespace sutler::resolve {

struct SourceNote {
  std::string_view source;
  std::string_view ref;
  source::Found::State state = source::Found::State::kUnknown;
  const std::optional<source::Origin>& origin;
  enum class Default { kNo, kStandsIn } fallback = Default::kNo;
};

// `{"from":…,"ref":…,"state":…,…}` (docs/explain.md).
void append_source_json(std::string& out, const SourceNote& note, base::UnixTime now);

}  // namespace sutler::resolve
