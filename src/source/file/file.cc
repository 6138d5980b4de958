// Kind file: files below one root, decrypted by a program if there is one.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "base/limits.h"
#include "base/utf8.h"
#include "source/exec/landlock.h"
#include "source/exec/program.h"
#include "source/file/config.h"
#include "source/file/walk.h"
#include "source/file/watch.h"

namespace sutler::source {
namespace {

using base::Code;
using base::fail;
using base::FileDescriptor;
using base::Result;
namespace fs = std::filesystem;

constexpr std::string_view kPlace = "{file}";
constexpr std::size_t kWordBytesMax = 255;  // NAME_MAX

bool has_place(const std::string& word) { return word.find(kPlace) != std::string::npos; }

std::string reason(int error) { return std::generic_category().message(error); }

// The name that says what is in a file once it is decrypted: db.json of db.json.age.
std::string_view without_seal(std::string_view name) {
  for (const std::string_view ending : {".age", ".gpg", ".asc", ".enc", ".sops"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

// The root and what is the server's own must not lie in one another.
Result<void> check_root(const FileConfig& config) {
  std::error_code error;
  const fs::path root = fs::weakly_canonical(config.root, error);
  for (const fs::path& one : config.decrypt.hidden) {
    const fs::path hidden = fs::weakly_canonical(one, error);
    if (is_at_or_below(root, hidden) || is_at_or_below(hidden, root)) {
      return fail(Code::kInvalid,
                  "source " + config.name + ": root " + config.root.string() +
                      " and the server's own " + one.string() + " lie in one another",
                  "use a folder that holds nothing but the files of this source");
    }
  }
  return {};
}

// What is wrong with a word of a path; empty: nothing.
std::string_view word_fault(std::string_view word) {
  if (word.empty()) return "has an empty segment, or begins or ends with /";
  if (word == "." || word == "..") return "has a segment . or ..";
  if (word.size() > kWordBytesMax) return "has a segment of more than 255 bytes";
  return {};
}

class FileDriver final : public Driver {
 public:
  explicit FileDriver(FileConfig config)
      : config_(std::move(config)), where_("source " + config_.name), fits_(check_root(config_)) {
    if (config_.decrypt.argv.empty()) return;
    decrypt_words_ = config_.decrypt.argv;
    on_stdin_ = std::ranges::none_of(decrypt_words_, has_place);
    decrypt_ = RunnableProgram::make(std::move(config_.decrypt), where_ + ": decrypt");
  }

  Result<void> validate(std::string_view locator) const override {
    const auto wrong = [&](std::string_view why) {
      return fail(Code::kInvalid, where_ + ": a reference " + std::string(why),
                  "the path of a file below the root of this source, like payments/db.json");
    };
    if (locator.size() > base::limits::kPathBytesMax) return wrong("is longer than 4096 bytes");
    if (!base::is_utf8(locator) || base::has_control(locator)) {
      return wrong("has control characters or is no UTF-8");
    }
    for (std::size_t at = 0; at <= locator.size();) {
      const std::size_t end = std::min(locator.find('/', at), locator.size());
      const auto fault = word_fault(locator.substr(at, end - at));
      if (!fault.empty()) return wrong(fault);
      at = end + 1;
    }
    return {};
  }

  Answer<Document> read(const std::string& locator, Deadline deadline) override {
    if (auto fits = validate(locator); !fits) {
      return failure(FailureKind::kBadReference, fits.error().message);
    }
    auto root = open_root();
    if (!root) return std::unexpected(root.error());
    const auto visit = [this](int folder) { watch_.add_folder(folder); };
    auto content = read_below(root->fd.get(), locator, config_.file_bytes_max, visit);
    if (!content) return not_read(locator, content.error(), *root);
    note_device(root->device);
    watch_.remember(locator, content->fingerprint);
    base::Secret bytes = std::move(content->bytes);
    if (!decrypt_words_.empty()) {
      auto plain = decrypt(locator, bytes.expose(), deadline);
      if (!plain) return std::unexpected(plain.error());
      bytes = std::move(*plain);
    }
    const bool sealed = !decrypt_words_.empty();
    const std::string_view name = sealed ? without_seal(locator) : std::string_view(locator);
    auto document = read_document(format_of(config_.format, name), std::move(bytes),
                                  where_ + ": " + base::quote_name(locator));
    if (!document) return failure(FailureKind::kOutage, document.error().message);
    return std::move(*document);
  }

  Answer<std::string> check(Deadline) override {
    auto root = open_root();
    if (!root) return std::unexpected(root.error());
    std::string out = "root " + config_.root.string() + " is there, " + watch_.describe();
    if (decrypt_words_.empty()) return out;
    if (!decrypt_) return failure(FailureKind::kOutage, decrypt_.error().message);
    return out + "; to decrypt it " + decrypt_.value().describe();
  }

  Watches watches() const override { return Watches::kYes; }
  std::vector<std::string> take_changed() override {
    auto root = open_root();
    if (!root) return {};
    return watch_.take_changed(root->fd.get());
  }

 private:
  struct Root {
    FileDescriptor fd;
    dev_t device = 0;
  };

  static std::unexpected<Failure> failure(FailureKind kind, std::string message) {
    return std::unexpected(Failure{kind, std::move(message)});
  }

  // A root that is not there is a volume that is not there: an outage, and never "no such value".
  Answer<Root> open_root() {
    if (!fits_) return failure(FailureKind::kOutage, fits_.error().message);
    Root root{FileDescriptor(::open(config_.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC))};
    struct stat status{};
    if (!root.fd.is_open() || ::fstat(root.fd.get(), &status) != 0) {
      return failure(errno == EACCES ? FailureKind::kLogin : FailureKind::kOutage,
                     where_ + ": its root " + config_.root.string() + ": " + reason(errno));
    }
    root.device = status.st_dev;
    return root;
  }

  void note_device(dev_t device) {
    const std::scoped_lock lock(mutex_);
    device_ = device;
  }

  // Whether the root was another file system when it was last read from.
  [[nodiscard]] bool is_other_device(dev_t device) const {
    const std::scoped_lock lock(mutex_);
    return device_ && *device_ != device;
  }

  Answer<Document> not_read(const std::string& locator, const WalkFault& fault, const Root& root) {
    const std::string start = where_ + ": " + base::quote_name(locator);
    const auto place = walk(root.fd.get(), locator, {});
    watch_.remember(locator, place ? std::optional(place->fingerprint) : std::nullopt);
    switch (fault.kind) {
      case WalkFault::Kind::kMissing:
        if (is_other_device(root.device)) {
          return failure(FailureKind::kOutage, start +
                                                   " is not there, and its root is another "
                                                   "file system than before");
        }
        return failure(FailureKind::kMissing, start + ": there is no such file");
      case WalkFault::Kind::kOutside:
        return failure(FailureKind::kDenied, start + ": a link leads out of the root");
      case WalkFault::Kind::kDenied:
        return failure(FailureKind::kDenied, start + ": " + reason(fault.error));
      case WalkFault::Kind::kNoFile:
        return failure(FailureKind::kBadReference, start + " is no regular file");
      case WalkFault::Kind::kTooLarge:
        return failure(FailureKind::kOutage, start + " is larger than " +
                                                 std::to_string(config_.file_bytes_max) + " bytes");
      case WalkFault::Kind::kUnreadable: break;
    }
    return failure(FailureKind::kOutage, start + ": " + reason(fault.error));
  }

  Answer<base::Secret> decrypt(const std::string& locator, std::string_view bytes,
                               Deadline deadline) {
    if (!decrypt_) return failure(FailureKind::kOutage, decrypt_.error().message);
    const std::string path = (config_.root / locator).string();
    std::vector<std::string> argv;
    for (std::string word : decrypt_words_) {
      for (std::size_t at = 0; (at = word.find(kPlace, at)) != std::string::npos;
           at += path.size()) {
        word.replace(at, kPlace.size(), path);
      }
      argv.push_back(std::move(word));
    }
    const Deadline end_by =
        std::min(deadline, std::chrono::steady_clock::now() + config_.decrypt_time_max);
    auto end = decrypt_->run(std::move(argv), on_stdin_ ? bytes : std::string_view(),
                             config_.file_bytes_max, end_by);
    const std::string start = where_ + ": " + base::quote_name(locator) + ": decrypt: ";
    if (!end) return failure(end.error().kind, start + end.error().message);
    if (const auto how = fault_of(*end); !how.empty()) {
      return failure(FailureKind::kOutage, start + decrypt_words_.front() + " " + how);
    }
    if (end->output.empty()) return failure(FailureKind::kOutage, start + "it printed nothing");
    return std::move(end->output);
  }

  FileConfig config_;
  std::string where_;
  Result<void> fits_;
  std::vector<std::string> decrypt_words_;
  bool on_stdin_ = false;
  Result<RunnableProgram> decrypt_ = fail(Code::kInternal, "not made");
  FileWatch watch_;
  mutable std::mutex mutex_;
  std::optional<dev_t> device_;
};

}  // namespace

Result<void> check_file_config(const FileConfig& config) {
  const std::string where = "source " + config.name;
  if (!config.root.is_absolute()) {
    return fail(Code::kInvalid, where + ": root " + config.root.string() + " is not absolute",
                "start it with /");
  }
  if (auto fits = check_root(config); !fits) return fits;
  if (config.decrypt.argv.empty()) return {};
  if (auto fits = check_program(config.decrypt, where + ": decrypt"); !fits) return fits;
  if (has_place(config.decrypt.argv.front())) {
    return fail(Code::kInvalid, where + ": decrypt: {file} cannot choose the program");
  }
  return {};
}

std::unique_ptr<Driver> make_file(FileConfig config) {
  return std::make_unique<FileDriver>(std::move(config));
}

}  // namespace sutler::source
