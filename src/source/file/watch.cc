#include "source/file/watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sutler::source {
namespace {

constexpr std::size_t kKnownMax = 100'000;  // more are noticed by the TTL of the source
constexpr std::chrono::seconds kLookAnyway{30};
// Times of files are only as fine as the kernel's tick, 10 ms at most.
constexpr std::chrono::milliseconds kTick{20};
constexpr std::uint32_t kEvents = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                  IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF |
                                  IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

FileWatch::FileWatch(Means means) : looked_at_(std::chrono::steady_clock::now()) {
  if (means == Means::kNotify) {
    notify_ = base::FileDescriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  }
  polls_ = !notify_.is_open();
}

void FileWatch::add_folder(int folder) {
  if (!notify_.is_open()) return;
  // The folder itself, whatever its name is by now. Once is enough for one folder; twice is once.
  const std::string path = "/proc/self/fd/" + std::to_string(folder);
  if (::inotify_add_watch(notify_.get(), path.c_str(), kEvents) >= 0) return;
  const std::scoped_lock lock(mutex_);
  polls_ = true;
}

FileWatch::Known FileWatch::known_of(std::optional<Fingerprint> fingerprint) {
  Known known{fingerprint, false};
  if (fingerprint) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto changed = std::chrono::nanoseconds(fingerprint->changed_ns);
    known.fresh = now - changed < kTick;
  }
  return known;
}

void FileWatch::remember(const std::string& path, std::optional<Fingerprint> fingerprint) {
  const std::scoped_lock lock(mutex_);
  const auto place = known_.find(path);
  if (place != known_.end()) {
    place->second = known_of(fingerprint);
  } else if (known_.size() < kKnownMax) {
    known_.emplace(path, known_of(fingerprint));
  }
}

bool FileWatch::take_events() {
  if (!notify_.is_open()) return true;
  alignas(inotify_event) std::array<char, 16 * 1024> events;
  bool any = false;
  while (::read(notify_.get(), events.data(), events.size()) > 0) any = true;
  return any;
}

std::vector<std::string> FileWatch::take_changed(int root) {
  const auto now = std::chrono::steady_clock::now();
  const bool events = take_events();
  std::map<std::string, Known> known;
  {
    const std::scoped_lock lock(mutex_);
    if (!events && !polls_ && now - looked_at_ < kLookAnyway) return {};
    looked_at_ = now;
    known = known_;
  }
  const auto visit = [this](int folder) { add_folder(folder); };
  std::vector<std::string> changed;
  for (const auto& [path, before] : known) {
    const auto place = walk(root, path, visit);
    // What cannot be looked at has not changed, as far as we know.
    if (!place && place.error().kind == WalkFault::Kind::kUnreadable) continue;
    const auto after = place ? std::optional(place->fingerprint) : std::nullopt;
    if (after == before.fingerprint && !before.fresh) continue;
    changed.push_back(path);
    const std::scoped_lock lock(mutex_);
    const auto here = known_.find(path);
    // Unless it was read meanwhile.
    if (here != known_.end() && here->second.fingerprint == before.fingerprint) {
      here->second = known_of(after);
    }
  }
  return changed;
}

std::string FileWatch::describe() const {
  const std::scoped_lock lock(mutex_);
  return polls_ ? "looked at once a second" : "watched by inotify";
}

}  // namespace sutler::source
