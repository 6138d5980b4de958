#include "source/driver.h"

namespace sutler::source {

std::string_view failure_name(FailureKind kind) {
  switch (kind) {
    case FailureKind::kOutage: return "outage";
    case FailureKind::kLogin: return "login";
    case FailureKind::kMissing: return "missing";
    case FailureKind::kDenied: return "denied";
    case FailureKind::kBadReference: return "bad_reference";
  }
  return "outage";
}

}  // namespace sutler::source
