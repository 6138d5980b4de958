// The registry's own thread: it merges the notes, tells of new workloads and keeps the rows in the
// store, so that nothing of this happens on the path of a fetch.
//
// A workload that is new or received something new is written within about a second; one that was
// only seen again, within a minute. What a crash takes is that much, and the audit has it. A store
// that cannot be written delays the rows and nothing else.
//
// Where several nodes have the store, each writes rows of its own, and follows those of the others
// (peers.h). `workload.new` is recorded once: a node waits until it has seen twice what the others
// saw, and leaves it to the one that saw the workload first. Where the database is away meanwhile,
// or where a node dies before it told, there may be two records or none.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "registry/peers.h"
#include "registry/registry.h"
#include "registry/row_codec.h"
#include "registry/writer.h"
#include "store/backend/backend.h"

namespace sutler::registry {

struct KeeperOptions {
  std::size_t batch_rows_max = 500;  // of one write, during which the store is locked
  std::size_t rows_per_second_max = 5'000;
  double seen_again_every_seconds = 60;
  std::size_t events_per_second_max = 20;  // records of `workload.new`; the rest is counted
  PeerOptions peers = {};
};

// All must outlive it. Every call but start() and stop() is of one thread.
class Keeper {
 public:
  Keeper(Registry& registry, RowCodec& codec, store::Backend& backend, audit::Log& audit,
         const KeeperOptions& options = {});
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // Fills the registry from the rows. Rows that do not open are left out, counted and logged: the
  // store is untrusted, and this is telemetry. Without a database it is tried again each second,
  // and nothing is written or told before.
  [[nodiscard]] base::Result<void> load();
  void start();
  // Writes what is left. The destructor does it too.
  void stop();
  // One second's work. `now` is of a clock that never goes back.
  void work(double now);
  // Everything, whatever is due.
  [[nodiscard]] base::Result<void> flush();

 private:
  void run();
  [[nodiscard]] base::Result<void> load_now();
  [[nodiscard]] base::Result<void> load_own();
  void write_due(double now);
  void tell_evicted(std::vector<audit::Event>& events);
  void tell_newcomers(double now);

  Registry& registry_;
  RowCodec& codec_;
  store::Backend& backend_;
  audit::Log& audit_;
  const KeeperOptions options_;
  Writer writer_;
  Peers peers_;
  struct Newcomer {
    double told_at = 0;
    model::Workload workload;
  };
  std::deque<Newcomer> newcomers_;
  bool own_loaded_ = false;
  bool loaded_ = false;
  double seen_again_at_ = 0;
  bool writes_work_ = true;
  std::uint64_t told_evicted_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sutler::registry
