// What Sources holds.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "source/cached_source.h"
#include "source/sources.h"

namespace sutler::source {

struct Sources::State {
  State(std::vector<Configured> configured, Options options, const base::Clock& clock);
  ~State();

  [[nodiscard]] CachedSource* find(std::string_view name) const;
  void make_room();
  void load_disk();
  void keep(base::UnixTime before);  // the keeper's thread

  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<CachedSource>> all;
  std::map<std::string, CachedSource*, std::less<>> by_name;
  std::mutex room_mutex;
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;
  std::thread keeper;
};

}  // namespace sutler::source
