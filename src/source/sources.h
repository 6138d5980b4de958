// All configured sources: one cached document per locator, sealed in memory, however many fetches
// ask; fresh for its TTL, refreshed ahead while it is used, served stale while its store is out.
//
// Fetches never block here. A fetch asks through an Asking; what is not there yet it is told by
// pending(), lets obtain() have it read on the threads of the sources, and asks again.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/locked_bytes.h"
#include "base/metric.h"
#include "base/result.h"
#include "base/secret.h"
#include "source/config.h"
#include "source/driver.h"

namespace sutler::source {

// A document that somebody wants.
struct Wanted {
  std::string source;
  std::string locator;
  auto operator<=>(const Wanted&) const = default;
};

// The time that one fetch has for all that it waits for, one obtain() after the other: from its
// start, as long as the longest `deadline` of the sources that it has asked so far.
struct FetchTime {
  Deadline started = std::chrono::steady_clock::now();
  std::chrono::milliseconds span{0};  // kept by obtain()
};

// What a rendered answer hangs on. It holds while the document is what it was and may still be
// served without asking the store.
class Slot;
class Content;
struct Dependency {
  std::shared_ptr<const Slot> slot;
  std::uint64_t generation = 0;
  [[nodiscard]] bool holds(base::UnixTime now) const;
  // Says that a cached answer used it again, so that it is refreshed ahead.
  void touch(base::UnixTime now) const;
};

// Where a value came from, for explain.
struct Origin {
  base::UnixTime read_at;               // when the store gave it
  base::UnixTime fresh_until;           // from then on the store is asked first
  base::UnixTime stale_until;           // from then on it is served no more
  bool stale = false;                   // served although the store could not be asked
  std::optional<Failure> last_failure;  // of the last call, if it failed
};

// The answer to one question of an Asking.
struct Found {
  enum class State {
    kValue,
    kMissing,     // the store says that there is no such value (or no such key in it)
    kPending,     // not known yet: obtain() and ask again
    kFailed,      // cannot be had now, or is not ours: `failure`
    kUnknown,     // no source of this name
    kNotAllowed,  // its `allow` does not name this group with this reference
  };
  State state = State::kUnknown;
  base::Secret value;                   // kValue, of value()
  std::vector<Document::Field> fields;  // kValue, of object()
  Failure failure;                      // kFailed
  std::optional<Origin> origin;         // when something was read
};

enum class Patience {
  kMayWait,  // not there or not fresh, and the store is not known to be out: kPending
  kNow,      // what cannot be had at once is served stale, or has failed
};

struct SourceStatus {
  std::string name, kind;
  bool reachable = true;  // the last call was answered
  bool breaker_open = false;
  std::size_t documents = 0, stale_documents = 0;
  std::uint64_t calls = 0, hits = 0;
  std::vector<std::pair<std::string, std::uint64_t>> errors;  // by kind: "outage", "login", …
  std::optional<base::UnixTime> last_success, last_failure, next_expiry, oldest_read;
  std::string last_error;  // empty: none since the last success
};

class Sources {
 public:
  struct Configured {
    Common common;
    std::unique_ptr<Driver> driver;
  };
  struct Options {
    std::filesystem::path cache_dir;  // of the sealed cache; empty: none is kept on disk
    base::LockedBytes cache_key;      // 32 bytes, from the master key; empty: none is kept on disk
    std::size_t documents_max = 100'000;
    std::size_t bytes_max = 256 * 1024 * 1024;
    // How often the background thread looks after what is due.
    std::chrono::milliseconds tick{1000};
  };
  // Reads what the disk cache holds. A cache that does not open is started anew, with a warning.
  Sources(std::vector<Configured> configured, Options options, const base::Clock& clock);
  // Ends its threads: calls in flight have until their deadline, and no `done` is called after it.
  ~Sources();

  [[nodiscard]] bool has(std::string_view source) const;
  [[nodiscard]] bool empty() const;
  // May `group` of `team` refer to `ref`? Without an `allow` list: only what an owner saves.
  enum class Permission { kYes, kOwnersOnly, kNo };
  [[nodiscard]] Permission permission(std::string_view source, std::string_view team,
                                      std::string_view group, std::string_view ref) const;
  // For a save: source known, locator well formed. kInvalid, with a hint.
  [[nodiscard]] base::Result<void> validate(std::string_view source, std::string_view ref) const;

  // Has them read, each by one call however many wait for it, and calls `done` once, on a thread
  // of the sources, when each is settled, or when the deadline of their sources or what is left
  // of `time` has passed. What is asked for when nothing is left is read all the same, for whoever
  // comes next. `done` must not block.
  void obtain(std::vector<Wanted> wanted, FetchTime& time, std::function<void()> done);

  // When the store may be asked again for what lies at `ref` of the source, as far as it is known
  // now; nothing: at once, or there is no such source.
  [[nodiscard]] std::optional<base::UnixTime> next_try(std::string_view source,
                                                       std::string_view ref) const;

  // Blocking, for the control plane.
  [[nodiscard]] Answer<std::string> check(const std::string& source);
  // Reads all cached documents of the source anew; how many were read and how many failed.
  struct Refreshed {
    std::size_t read = 0, failed = 0;
  };
  [[nodiscard]] base::Result<Refreshed> refresh(const std::string& source);

  [[nodiscard]] std::vector<SourceStatus> status() const;
  [[nodiscard]] std::vector<base::MetricFamily> metrics() const;

 private:
  friend class Asking;
  struct State;
  std::unique_ptr<State> state_;
};

// One fetch's (or one explain's) questions. Not thread-safe; lives for one way through resolve.
class Asking {
 public:
  // `sources` null: none are configured, everything is kUnknown.
  Asking(Sources* sources, Patience patience) : sources_(sources), patience_(patience) {}

  // The value at `ref` for a group that holds the reference. `#KEY` picks a field; without one the
  // bytes of the document.
  [[nodiscard]] Found value(std::string_view source, std::string_view ref, std::string_view team,
                            std::string_view group);
  // All fields of the document at `ref` (which has no `#KEY`). kFailed where it is no object.
  [[nodiscard]] Found object(std::string_view source, std::string_view ref, std::string_view team,
                             std::string_view group);

  // What was kPending, each once.
  [[nodiscard]] std::vector<Wanted> take_pending();
  // What the values given so far hang on, each once.
  [[nodiscard]] std::vector<Dependency> take_dependencies();

 private:
  struct Seen {
    std::shared_ptr<const Slot> slot;
    std::shared_ptr<const Content> content;
    std::optional<Origin> origin;
  };
  struct Asked;
  [[nodiscard]] Asked ask(std::string_view source, std::string_view locator, std::string_view ref,
                          std::string_view team, std::string_view group);

  Sources* sources_;
  Patience patience_;
  std::vector<Wanted> pending_;
  std::vector<Dependency> dependencies_;
  // What was served so far: one way sees one version of a document.
  std::unordered_map<const Slot*, Seen> seen_;
};

}  // namespace sutler::source
