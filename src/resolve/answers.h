// What a resolution needs of the sources, and what it learned from them.
#pragma once

#include <string>

#include "base/clock.h"
#include "source/sources.h"

namespace sutler::resolve {

// Who says what references point to.
struct Answers {
  source::Asking* asking = nullptr;  // null: no sources are configured
  // kStandIn: no value is asked for; each reference has a text in its place that is the same as
  // long as the reference is. What `secretsFrom` expands to is asked with Patience::kNow, and what
  // is not known is no problem. For comparing bundles, never for giving one out.
  enum class References { kAsk, kStandIn } references = References::kAsk;
};

// Of one fetch or explain.
struct Sourcing {
  source::Asking* asking = nullptr;
  base::UnixTime now = {};
  // Told back: the source and reference that the resolution failed for; empty: none.
  std::string source = {};
  std::string ref = {};
};

}  // namespace sutler::resolve
