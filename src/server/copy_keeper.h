// Writes the local copy of a shared store anew when the store has moved on (store/local_copy.h).
//
// A thread of its own; the copy of a large store is written less often than that of a small one, so
// that a twentieth of the time at most goes into it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/result.h"
#include "store/local_copy.h"
#include "store/store.h"

namespace sutler::server {

class CopyKeeper {
 public:
  // The store must outlive it.
  // `state` changes when the copy is to be written anew though the revision stays: with the master
  // keys and their rotation.
  CopyKeeper(store::Store& store, store::CopyPlace place, std::function<std::string()> state);
  ~CopyKeeper();
  CopyKeeper(const CopyKeeper&) = delete;
  CopyKeeper& operator=(const CopyKeeper&) = delete;

  // Ends the thread, and writes what has come since the last copy, where that is done within about
  // `limit`. Nothing is written after it.
  void finish(std::chrono::seconds limit);

  // The revision of the copy that was written last; 0: none since the start.
  [[nodiscard]] std::uint64_t revision() const;

 private:
  void run();
  [[nodiscard]] bool state_moved();
  void stop();
  void write(std::optional<double> deadline = {});

  store::Store& store_;
  const store::CopyPlace place_;
  const std::function<std::string()> state_;
  double next_ = 0;  // monotonic seconds
  double next_state_ = 0;
  double took_ = 0;  // the last one, in seconds
  bool worked_ = true;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t revision_ = 0;
  std::string written_state_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sutler::server
