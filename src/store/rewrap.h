// Rotation of the master key: all data keys of the store are wrapped anew by the first master key,
// in the background and in small steps, while the store is read and written as always.
//
// Content, versions and revision stay as they are. A note in the store says that a rotation is
// going on, so that it goes on after a crash at any point: what is wrapped already is not touched
// again. An older version whose data key does not open is left as it is, counted and named. Of
// several nodes the one with the lease works on it, the others tell of it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <tuple>

#include "base/clock.h"
#include "base/result.h"
#include "store/damaged.h"
#include "store/leases.h"
#include "store/nodes.h"
#include "store/notes.h"
#include "store/store.h"

namespace sutler::store {

inline constexpr std::chrono::seconds kRotationLookEvery{20};

enum class RotationState { kNone, kRunning, kDone, kFailed };

struct RotationStatus {
  RotationState state = RotationState::kNone;
  std::string target;  // id of the master key that wraps all when it is done
  std::string by;
  base::UnixTime started;
  base::UnixTime ended;
  std::uint64_t rewrapped = 0;  // data keys, by all attempts of this rotation
  std::string error;            // of a failed one, with what to do
  Damaged damaged = {};         // that stay as they are, under their old key
};

class Rotation {
 public:
  struct Options {
    std::size_t batch = 500;                      // data keys a transaction
    std::size_t look_ahead = 20'000;              // read at a time
    std::chrono::milliseconds retry_after{1000};  // when the database cannot be written
    // How the operator puts a new key first: the file and line, for hints.
    std::string how = "put a new key first in master_key";
  };
  // Called from the rotation's thread when it has ended, well or not.
  using Ended = std::function<void(const RotationStatus&)>;

  // All must outlive it.
  Rotation(Store& store, Nodes& nodes, const Notes& notes, Leases& leases, const base::Clock& clock,
           Options options, Ended ended);
  ~Rotation();  // stops after the transaction at hand; the next start goes on
  Rotation(const Rotation&) = delete;
  Rotation& operator=(const Rotation&) = delete;

  // Starts one to the first of the store's master keys. kConflict: one is running; kInvalid: that
  // key wraps everything already (the hint says which line to change); kRefused: a key that is
  // needed to open records is not configured, or a live node lacks the new key or does not wrap
  // with it. Errors of the backend.
  [[nodiscard]] base::Result<void> start(const std::string& by);
  // Goes on with what a crash or a stop interrupted, here or on a node that is gone, if the new key
  // still is the first and no other node works on it. At the start, and about every
  // kRotationLookEvery: it costs reading one note.
  void resume();
  [[nodiscard]] RotationStatus status() const;
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  [[nodiscard]] base::Result<void> check_nodes(const std::string& target);
  [[nodiscard]] base::Result<void> keep(const RotationStatus& status);
  [[nodiscard]] std::optional<RotationStatus> kept() const;
  void launch(RotationStatus status, Leases::Held lease);
  void tell(RotationStatus status);
  [[nodiscard]] std::optional<RotationStatus> run();
  using Skipped = std::set<std::tuple<std::string, std::string, std::uint64_t>>;
  [[nodiscard]] base::Result<void> rewrap_all();
  [[nodiscard]] base::Result<void> rewrap_some(std::vector<WrappedKey>& found, const Sealer& sealer,
                                               Skipped& skipped);
  void skip(const WrappedKey& row, Skipped& skipped);
  [[nodiscard]] base::Result<void> check_rest(const std::string& target);
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] bool wait_to_retry(const base::Error& error);

  Store& store_;
  Nodes& nodes_;
  const Notes& notes_;
  Leases& leases_;
  const base::Clock& clock_;
  const Options options_;
  const Ended ended_;
  std::mutex starting_;
  std::atomic<bool> working_ = false;
  std::string not_ours_;               // the key of a rotation that this node cannot go on with
  std::optional<Leases::Held> lease_;  // of the thread
  mutable std::mutex mutex_;           // over what follows
  RotationStatus status_;
  bool stop_ = false;
  std::condition_variable stopped_;
  std::thread thread_;
};

}  // namespace sutler::store
