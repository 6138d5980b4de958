// What one kind of store must be able to do. A Driver knows how to log in and how to read; caching,
// coalescing, retries, staleness and limits are above it (sources.h) and the same for every kind.
//
// A reference is `LOCATOR` or `LOCATOR#KEY`, cut at the last `#` (reference.h). A Driver sees
// locators only; picking KEY out of the Document is done above it.
//
// Calls block, come from several threads at once, and must return by `deadline`.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace sutler::source {

using Deadline = std::chrono::steady_clock::time_point;

// Why a store gave nothing. Messages name source, locator and HTTP status or errno, never a value,
// a credential or what the store wrote.
enum class FailureKind {
  kOutage,        // not reached, cut off, too slow, 429, 5xx, an answer that makes no sense
  kLogin,         // our own login failed, twice: an outage like the one above, told apart
  kMissing,       // the store says that there is no such value
  kDenied,        // the store says, after a new login, that it is not ours to read
  kBadReference,  // the locator cannot be one of this kind
};
// "outage", "login", …: the word in metrics, the audit and the API.
[[nodiscard]] std::string_view failure_name(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::kOutage;
  std::string message;
  std::chrono::seconds retry_after{0};  // the store's own word, 0: none
};
template <class T>
using Answer = std::expected<T, Failure>;

// What lies at a locator.
struct Document {
  // Exactly as the store keeps it. For a store of objects (Vault): the object as compact JSON.
  base::Secret bytes;
  // The fields of an object of strings, where it is one, sorted by name. A value that is no string
  // (number, true, object) stands here as its compact JSON; null is left out.
  struct Field {
    std::string name;
    base::Secret value;
  };
  std::optional<std::vector<Field>> fields;
  // The store's own word on how long this is good (a lease); none: the TTL of the source.
  std::optional<std::chrono::seconds> good_for;
};

class Driver {
 public:
  virtual ~Driver() = default;

  // Whether `locator` can be one of this kind, without I/O; asked at save. kInvalid, with a hint
  // that shows a right one.
  [[nodiscard]] virtual base::Result<void> validate(std::string_view locator) const = 0;

  [[nodiscard]] virtual Answer<Document> read(const std::string& locator, Deadline deadline) = 0;

  // Several at once, for stores that can (AWS batch calls); answers in the order of the locators.
  [[nodiscard]] virtual std::size_t batch_max() const { return 1; }
  [[nodiscard]] virtual std::vector<Answer<Document>> read_many(
      std::span<const std::string> locators, Deadline deadline) {
    std::vector<Answer<Document>> answers;
    answers.reserve(locators.size());
    for (const auto& locator : locators) answers.push_back(read(locator, deadline));
    return answers;
  }

  // Whether the store is there and lets us in, with the driver's own credentials; reads no value.
  // A sentence for people ("logged in by AppRole, token good for 58m").
  [[nodiscard]] virtual Answer<std::string> check(Deadline deadline) = 0;

  // Whether it can say by itself that something has changed; only then is it asked.
  enum class Watches { kNo, kYes };
  [[nodiscard]] virtual Watches watches() const { return Watches::kNo; }
  // Locators whose content is known to have changed since the last call (watched files); they are
  // read anew before they are served again. Called about once a second, by a thread of its own.
  [[nodiscard]] virtual std::vector<std::string> take_changed() { return {}; }
};

}  // namespace sutler::source
