// A small language for the tests of this room: workloads are `project/object`, a bundle is a list
// of {group, version, "KEYS"}, time is in seconds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "registry/registry.h"

namespace sutler::registry::test {

inline constexpr std::string_view kDigestKey = "a key for digests of 32 bytes...";

inline base::UnixTime at(std::int64_t seconds) { return base::UnixTime::from_seconds(seconds); }

inline model::Workload workload(std::string_view text) {
  const std::size_t slash = text.find('/');
  return {"default", std::string(text.substr(0, slash)), std::string(text.substr(slash + 1)),
          "service"};
}

struct Part {
  std::string group;
  std::uint64_t version = 0;
  std::string keys;  // "A B"
};

inline PackedKeys packed(std::string_view words) {
  PackedKeys out;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    pack_key(out, words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return out;
}

inline ServedPointer served(std::string_view who, const std::vector<Part>& parts) {
  auto made = std::make_shared<Served>();
  made->workload = workload(who);
  for (const Part& part : parts) {
    made->groups.push_back({part.group, part.version, packed(part.keys)});
  }
  return made;
}

// "3x 10..30 g:3(A B)10..20*": count, first and last seen, what was received; `*` in the last one.
inline std::string show_record(const Record& record) {
  const auto span = [](base::UnixTime first, base::UnixTime last) {
    return std::to_string(first.seconds()) + ".." + std::to_string(last.seconds());
  };
  std::string out = std::to_string(record.count) + "x ";
  out += span(record.first_seen, record.last_seen);
  for (const Received& row : record.received) {
    std::string keys;
    for_each_key(row.what->keys,
                 [&](std::string_view key) { keys.append(keys.empty() ? "" : " ").append(key); });
    out += " " + row.what->group + ":" + std::to_string(row.version) + "(" + keys + ")";
    out += span(row.first, row.last) + (row.in_last_bundle ? "*" : "");
  }
  return out;
}

struct Book {
  explicit Book(const Options& options = {}) : registry(options, kDigestKey) {}
  void fetch(std::int64_t seconds, std::string_view who, const std::vector<Part>& parts) {
    recorder->note(served(who, parts), {at(seconds), "10.0.0.1", "key1"});
    registry.settle();
  }
  [[nodiscard]] std::string show(std::string_view who) const {
    const auto record = registry.find(workload(who));
    return record ? show_record(*record) : "none";
  }
  Registry registry;
  std::shared_ptr<Recorder> recorder = registry.recorder();
};

}  // namespace sutler::registry::test
