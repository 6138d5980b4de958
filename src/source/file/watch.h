// Which of the files that were read have changed. Internal to file.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "source/file/walk.h"

namespace sutler::source {

// inotify(7) on the folders that led to the files says when to look; looking compares
// fingerprints. Where there is no inotify, or no room for another watch, each call looks; and
// every 30 seconds one looks in any case, since other machines' writes to a network file system
// are not reported. Thread-safe.
class FileWatch {
 public:
  // kPollOnly: as if there were no inotify.
  enum class Means { kNotify, kPollOnly };
  explicit FileWatch(Means means = Means::kNotify);

  // To be given to walk(): watches the folder.
  void add_folder(int folder);
  // What was read at `path`; nothing: there was no such file.
  void remember(const std::string& path, std::optional<Fingerprint> fingerprint);
  // The paths whose files are not what was remembered, each once; from then on what is there now
  // is what is remembered. `root` is an open folder.
  [[nodiscard]] std::vector<std::string> take_changed(int root);

  // "watched by inotify", "looked at once a second".
  [[nodiscard]] std::string describe() const;

 private:
  struct Known {
    std::optional<Fingerprint> fingerprint;
    bool fresh = false;  // so newly changed that a further write may have left it the same
  };
  [[nodiscard]] bool take_events();
  [[nodiscard]] static Known known_of(std::optional<Fingerprint> fingerprint);

  base::FileDescriptor notify_;
  mutable std::mutex mutex_;
  std::map<std::string, Known> known_;
  std::chrono::steady_clock::time_point looked_at_;
  bool polls_ = false;
};

}  // namespace sutler::source
