#include "store/backup.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "store/record_codec.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

// "20261124T150528Z"
std::string file_time(base::UnixTime time) {
  std::string out;
  for (const char c : base::rfc3339(time).substr(0, 19)) {
    if (c != '-' && c != ':') out += c;
  }
  return out + "Z";
}

// Frames in a file that grows, hashed as they go.
class Writer final : public RowSink {
 public:
  Writer(base::FileDescriptor& fd, const BackupRequest& request) : fd_(fd), request_(request) {}

  Wants wants() const override { return Wants::kNoAuditLines; }
  Result<void> begin(const Contents& contents) override {
    info = {contents.store_id, contents.revision,  request_.now,       request_.version,
            contents.keys,     request_.audit_seq, request_.audit_hash};
    const std::string json = encode_backup_info(info);
    if (json.size() > kBackupMetadataBytesMax) {
      return base::fail(Code::kTooLarge, "the records need too many different master keys",
                        "`sutler master-key rotate` brings them under one");
    }
    return add(std::string(kBackupMagic) + encode_length(json.size()) + json);
  }
  Result<void> current(Record&& record) override {
    ++counts.current;
    return frame(Frame::kCurrent, encode_record(record));
  }
  Result<void> history(Record&& record) override {
    ++counts.history;
    return frame(Frame::kHistory, encode_record(record));
  }
  Result<void> telemetry(Telemetry&& row) override {
    if (is_audit_line_row(row.key)) return {};
    ++counts.telemetry;
    return frame(Frame::kTelemetry, encode_telemetry(row));
  }

  Result<void> end(const StoreKeys& keys) {
    if (auto last = frame(Frame::kEnd, encode_counts(counts)); !last) return last;
    if (auto flushed = flush(); !flushed) return flushed;
    const crypto::Digest hash = hash_.digest();
    buffer_.assign(reinterpret_cast<const char*>(hash.data()), hash.size());
    buffer_ += backup_mac(keys, hash);
    return flush();
  }

  BackupInfo info;
  FrameCounts counts;
  std::uint64_t bytes = 0;

 private:
  Result<void> frame(Frame kind, const std::string& payload) {
    if (request_.stopped && request_.stopped()) {
      return base::fail(Code::kUnavailable, "the server stops");
    }
    if (payload.size() > kBackupFrameBytesMax) {
      return base::fail(Code::kTooLarge, "a record is too large for a backup");
    }
    if (auto head = add(static_cast<char>(kind) + encode_length(payload.size())); !head) {
      return head;
    }
    return add(payload);
  }
  Result<void> add(std::string_view what) {
    buffer_ += what;
    return buffer_.size() < kBufferBytes ? Result<void>() : flush();
  }
  Result<void> flush() {
    hash_.add(buffer_);
    bytes += buffer_.size();
    auto written = base::write_all(fd_.get(), buffer_);
    buffer_.clear();
    return written;
  }

  base::FileDescriptor& fd_;
  const BackupRequest& request_;
  std::string buffer_;
  crypto::Sha256Stream hash_;
};

Result<void> make_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return base::fail_errno(errno, "backup folder " + folder.string() + " cannot be made");
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const base::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.is_open() && ::fsync(fd.get()) == 0) return {};
  return base::fail_errno(errno, "backup folder " + folder.string() + " cannot be synced");
}

// A file with a name of its own that is locked while we write: two servers may share a folder.
struct Part {
  std::filesystem::path path;
  base::FileDescriptor fd;
};

Result<Part> make_part(const std::filesystem::path& folder) {
  std::string pattern = (folder / ".sutler-backup.XXXXXX.part").string();
  constexpr int kSuffixBytes = 5;
  base::FileDescriptor fd(::mkostemps(pattern.data(), kSuffixBytes, O_CLOEXEC));
  if (!fd.is_open()) return base::fail_errno(errno, "backup " + pattern);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    (void)::unlink(pattern.c_str());
    return base::fail_errno(error, "backup " + pattern);
  }
  return Part{pattern, std::move(fd)};
}

// What stands under the name is what we wrote.
bool still_ours(const Part& part) {
  struct stat written{};
  struct stat named{};
  return ::fstat(part.fd.get(), &written) == 0 && ::lstat(part.path.c_str(), &named) == 0 &&
         written.st_dev == named.st_dev && written.st_ino == named.st_ino;
}

Result<WrittenBackup> write_part(Store& store, const BackupRequest& request, Part& part) {
  Writer writer(part.fd, request);
  auto done = store.backend().dump(writer);
  if (done) done = writer.end(store.codec()->keys());
  if (!done) return pass(done, "backup " + part.path.string());
  if (::fsync(part.fd.get()) != 0) return base::fail_errno(errno, "backup " + part.path.string());
  return WrittenBackup{{}, std::move(writer.info), writer.bytes};
}

// Fails with EEXIST when the name is taken. A file system without that kind of rename is asked.
int rename_to_free(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  struct stat taken{};
  if (::lstat(to.c_str(), &taken) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

// A backup of the same moment of the same store is replaced; that of another store is not.
Result<void> name_it(const Part& part, const BackupRequest& request, WrittenBackup& written) {
  const std::string stem =
      "sutler-" + file_time(request.now) + "-r" + std::to_string(written.info.revision);
  constexpr int kTriesMax = 100;
  int error = EEXIST;
  for (int i = 1; i <= kTriesMax && error == EEXIST; ++i) {
    const std::string more = i == 1 ? "" : "-" + std::to_string(i);
    written.file = request.folder / (stem + more + ".backup");
    if (!still_ours(part)) {
      return base::fail(
          Code::kUnavailable,
          "backup " + part.path.string() + ": somebody took the file away while it was written",
          "give each server a backup_dir of its own");
    }
    error = rename_to_free(part.path, written.file);
    if (error != EEXIST) break;
    const auto there = BackupReader::open(written.file);
    if (!there || there->info().store_id != written.info.store_id) continue;
    error = ::rename(part.path.c_str(), written.file.c_str()) == 0 ? 0 : errno;
  }
  if (error == 0) return {};
  return base::fail_errno(error, "backup " + written.file.string());
}

}  // namespace

Result<WrittenBackup> write_backup(Store& store, const BackupRequest& request) {
  if (auto made = make_folder(request.folder); !made) return pass(made);
  auto part = make_part(request.folder);
  if (!part) return pass(part);
  auto written = write_part(store, request, *part);
  if (written) {
    if (auto named = name_it(*part, request, *written); !named) written = pass(named);
  }
  if (!written) {
    if (still_ours(*part)) (void)::unlink(part->path.c_str());
    return written;
  }
  if (auto synced = sync_folder(request.folder); !synced) return pass(synced);
  return written;
}

void remove_left_parts(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(".sutler-backup.") || !name.ends_with("part")) continue;
    if (!entry.is_regular_file(ignored) || entry.is_symlink(ignored)) continue;
    const base::FileDescriptor fd(
        ::open(entry.path().c_str(), O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    // One that is locked is being written, by another server.
    if (!fd.is_open() || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    (void)::unlink(entry.path().c_str());
  }
}

Result<BackupReader> BackupReader::open(const std::filesystem::path& file) {
  // A named pipe without a writer must not hold us up.
  base::FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.is_open()) return base::fail_errno(errno, "backup " + file.string());
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return base::fail_errno(errno, "backup " + file.string());
  if (!S_ISREG(info.st_mode)) {
    return base::fail(Code::kInvalid, file.string() + " is no file but something else");
  }
  BackupReader reader(file, std::move(fd));
  if (auto started = reader.start(); !started) return pass(started);
  return reader;
}

base::Unexpected BackupReader::fail(std::string_view what) const {
  return base::fail(Code::kCorrupt,
                    "backup " + path_.string() + ": " + std::string(what) + ", near byte " +
                        std::to_string(offset_),
                    "use another backup; this one is not what was written");
}

Result<void> BackupReader::start() {
  buffer_.clear();
  used_ = 0;
  offset_ = 0;
  running_ = crypto::Sha256Stream();
  if (::lseek(fd_.get(), 0, SEEK_SET) != 0) {
    return base::fail_errno(errno, "backup " + path_.string());
  }
  auto magic = take(kBackupMagic.size());
  if (!magic || *magic != kBackupMagic) {
    return base::fail(Code::kInvalid, path_.string() + " is no backup of sutler");
  }
  auto length = take(4);
  if (!length) return pass(length);
  const std::size_t bytes = decode_length(*length);
  if (bytes > kBackupMetadataBytesMax) return fail("its metadata is too long");
  auto json = take(bytes);
  if (!json) return pass(json);
  auto info = decode_backup_info(*json);
  if (!info) return pass(info, path_.string());
  info_ = std::move(*info);
  return {};
}

Result<std::string> BackupReader::take(std::size_t bytes) {
  while (buffer_.size() - used_ < bytes) {
    buffer_.erase(0, used_);
    used_ = 0;
    const std::size_t before = buffer_.size();
    const std::size_t more = std::max(kBufferBytes, std::min(bytes - before, 4 * kBufferBytes));
    buffer_.resize(before + more);
    const ssize_t got = ::read(fd_.get(), buffer_.data() + before, more);
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno(errno, "backup " + path_.string());
    if (got == 0) return fail("it is cut off");
  }
  std::string out = buffer_.substr(used_, bytes);
  used_ += bytes;
  offset_ += bytes;
  running_.add(out);
  return out;
}

Result<FrameCounts> BackupReader::read(RowSink& sink) {
  if (auto started = start(); !started) return pass(started);
  auto begun = sink.begin({info_.store_id, info_.revision, info_.keys});
  if (!begun) return pass(begun);
  FrameCounts counts;
  while (true) {
    auto head = take(5);
    if (!head) return pass(head);
    const auto frame = static_cast<Frame>((*head)[0]);
    const std::size_t bytes = decode_length(std::string_view(*head).substr(1));
    if (bytes > kBackupFrameBytesMax) return fail("a part has a length that cannot be");
    auto payload = take(bytes);
    if (!payload) return pass(payload);
    if (frame == Frame::kEnd) {
      if (auto ended = finish(*payload, counts); !ended) return pass(ended);
      return counts;
    }
    if (auto passed = pass_on(frame, *payload, sink, counts); !passed) return pass(passed);
  }
}

Result<void> BackupReader::pass_on(Frame frame, std::string_view payload, RowSink& sink,
                                   FrameCounts& counts) {
  if (frame == Frame::kTelemetry) {
    auto row = decode_telemetry(payload);
    if (!row) return fail("a part cannot be read");
    ++counts.telemetry;
    return sink.telemetry(std::move(*row));
  }
  if (frame != Frame::kCurrent && frame != Frame::kHistory) return fail("a part is of no kind");
  auto record = decode_record(payload);
  if (!record) return fail("a part cannot be read");
  if (frame == Frame::kHistory) {
    ++counts.history;
    return sink.history(std::move(*record));
  }
  ++counts.current;
  return sink.current(std::move(*record));
}

Result<void> BackupReader::finish(std::string_view payload, const FrameCounts& counts) {
  const auto said = decode_counts(payload);
  if (!said || *said != counts) return fail("it has not as many parts as it says");
  hash_ = running_.digest();
  auto hash = take(hash_.size());
  if (!hash) return pass(hash);
  if (std::memcmp(hash->data(), hash_.data(), hash_.size()) != 0) {
    return fail("its hash is not that of its content: it was changed or is damaged");
  }
  auto mac = take(crypto::Digest().size());
  if (!mac) return pass(mac);
  mac_ = std::move(*mac);
  if (take(1)) return fail("something stands behind its end");
  return {};
}

}  // namespace sutler::store
