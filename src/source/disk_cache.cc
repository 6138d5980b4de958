#include "source/disk_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "source/document_bytes.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "sutler source cache 1";
constexpr std::string_view kCheckFile = "key-check";
constexpr std::size_t kFileBytesMax = 64 * 1024 * 1024;
constexpr std::size_t kNameBytes = 32;  // of a file and of a folder, as hex of half a tag

bool is_our_name(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.size() == kNameBytes &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Beside it and renamed; not synced.
base::Result<void> replace_file(const fs::path& path, std::string_view bytes) {
  const std::string beside = path.string() + ".new";
  (void)::unlink(beside.c_str());
  base::FileDescriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.is_open()) return base::fail_errno(errno, "file " + beside + " cannot be created");
  auto written = base::write_all(file.get(), bytes);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) {
    written = base::fail_errno(errno, "it cannot be renamed");
  }
  if (!written) {
    (void)::unlink(beside.c_str());
    return pass(written, "file " + path.string());
  }
  return {};
}

base::Result<void> make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail_errno(errno, "folder " + path.string() + " cannot be made");
  }
  return {};
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    entries.push_back(at->path());
  }
  return entries;
}

std::string owner_text(const DiskCache::Owner& owner) {
  return "source\n" + std::to_string(owner.name.size()) + "\n" + owner.name + owner.fingerprint;
}

}  // namespace

DiskCache::DiskCache(fs::path folder, const base::LockedBytes& key)
    : folder_(std::move(folder)),
      key_(crypto::derive_key(key.expose(), "sutler source cache seal")),
      names_(crypto::HashAlgorithm::kSha256,
             crypto::derive_key(key.expose(), "sutler source cache names").expose()) {}

base::Result<std::unique_ptr<DiskCache>> DiskCache::open(fs::path folder,
                                                         const base::LockedBytes& key) {
  std::unique_ptr<DiskCache> cache(new DiskCache(std::move(folder), key));
  if (auto started = cache->start(); !started) return pass(started);
  return cache;
}

base::Result<void> DiskCache::start() {
  if (auto made = make_folder(folder_); !made) return made;
  const fs::path check = folder_ / kCheckFile;
  const auto sealed = base::read_file(check, 1024);
  if (sealed && crypto::open(key_.expose(), associated(check), sealed->expose())) return {};
  if (sealed || !entries_of(folder_).empty()) {
    base::log::warning(
        "the sealed cache of the sources was written under another key or is damaged, and is "
        "started anew",
        {{"folder", folder_.native()}});
    clear();
  }
  return replace_file(check, crypto::seal(key_.expose(), associated(check), kFormat));
}

// Only what has a name of ours: the folder may be somebody else's by mistake.
void DiskCache::clear() const {
  std::error_code ignored;
  for (const fs::path& entry : entries_of(folder_)) {
    if (is_our_name(entry)) fs::remove_all(entry, ignored);
  }
}

fs::path DiskCache::folder_of(const Owner& owner) const {
  const auto tag = names_.sign(owner_text(owner));
  return folder_ / base::hex_encode(tag.view().substr(0, kNameBytes / 2));
}

fs::path DiskCache::file_of(const Owner& owner, std::string_view locator) const {
  const std::string text = owner_text(owner);
  const auto tag =
      names_.sign("document\n" + std::to_string(text.size()) + "\n" + text + std::string(locator));
  return folder_of(owner) / base::hex_encode(tag.view().substr(0, kNameBytes / 2));
}

// The place is part of it: folder and name stand for source and locator.
std::string DiskCache::associated(const fs::path& file) const {
  return std::string(kFormat) + "\n" + file.lexically_relative(folder_).string();
}

std::vector<DiskCache::Kept> DiskCache::load(const Owner& owner, base::UnixTime oldest,
                                             base::UnixTime newest) {
  const std::lock_guard lock(mutex_);
  std::vector<Kept> all;
  std::int64_t damaged = 0, from_the_future = 0;
  for (const fs::path& path : entries_of(folder_of(owner))) {
    std::optional<KeptDocument> kept;
    if (is_our_name(path)) {
      const auto sealed = base::read_file(path, kFileBytesMax);
      auto plain =
          sealed ? crypto::open(key_.expose(), associated(path), sealed->expose()) : std::nullopt;
      if (plain) kept = read_document(plain->expose());
      if (!kept || file_of(owner, kept->locator) != path) {
        ++damaged;
        kept = std::nullopt;
      } else if (kept->read_at > newest) {
        ++from_the_future;
        kept = std::nullopt;
      } else if (kept->read_at < oldest) {
        kept = std::nullopt;
      }
    }
    if (!kept) {
      (void)::unlink(path.c_str());
      continue;
    }
    all.push_back({std::move(kept->locator), std::move(kept->document), kept->read_at});
  }
  if (damaged > 0) {
    base::log::warning("damaged entries of the sealed cache of a source were deleted",
                       {{"source", owner.name}, {"entries", damaged}});
  }
  if (from_the_future > 0) {
    base::log::warning(
        "entries of the sealed cache of a source are from the future: the clock went back; they "
        "were deleted",
        {{"source", owner.name}, {"entries", from_the_future}});
  }
  return all;
}

void DiskCache::retain(const std::vector<Owner>& owners) {
  const std::lock_guard lock(mutex_);
  std::vector<fs::path> kept;
  kept.reserve(owners.size());
  for (const Owner& owner : owners) kept.push_back(folder_of(owner));
  std::error_code ignored;
  for (const fs::path& entry : entries_of(folder_)) {
    if (is_our_name(entry) && std::ranges::find(kept, entry) == kept.end()) {
      fs::remove_all(entry, ignored);
    }
  }
}

base::Result<void> DiskCache::write_locked(const Owner& owner, std::string_view locator,
                                           const Entry& entry) {
  if (auto made = make_folder(folder_of(owner)); !made) return made;
  const fs::path path = file_of(owner, locator);
  const base::Secret plain = write_document(locator, entry.document, entry.read_at);
  return replace_file(path, crypto::seal(key_.expose(), associated(path), plain.expose()));
}

void DiskCache::remove(const Owner& owner, std::string_view locator) {
  const std::lock_guard lock(mutex_);
  (void)::unlink(file_of(owner, locator).c_str());
}

}  // namespace sutler::source
