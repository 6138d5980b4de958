// Kind exec: a program gives what lies at a locator.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "source/exec/config.h"
#include "source/exec/program.h"

namespace sutler::source {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::string_view kPlace = "{ref}";

bool has_place(const std::string& word) { return word.find(kPlace) != std::string::npos; }

// Whether a locator can stand where an option would be read.
bool may_be_option(const std::vector<std::string>& argv) {
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i] == "--") return false;
    if (argv[i].starts_with(kPlace)) return true;
  }
  return false;
}

// A segment `..` could leave the folder that the config file puts in front of the locator.
bool climbs(std::string_view locator) {
  for (std::size_t at = 0; at <= locator.size();) {
    const std::size_t end = std::min(locator.find('/', at), locator.size());
    if (locator.substr(at, end - at) == "..") return true;
    at = end + 1;
  }
  return false;
}

std::string filled(std::string word, const std::string& locator) {
  for (std::size_t at = 0; (at = word.find(kPlace, at)) != std::string::npos;
       at += locator.size()) {
    word.replace(at, kPlace.size(), locator);
  }
  return word;
}

bool holds(const std::vector<int>& statuses, int status) {
  return std::ranges::find(statuses, status) != statuses.end();
}

class ExecDriver final : public Driver {
 public:
  explicit ExecDriver(ExecConfig config)
      : config_(std::move(config)), where_("source " + config_.name) {
    const auto& argv = config_.program.argv;
    on_stdin_ = std::ranges::none_of(argv, has_place);
    option_ = may_be_option(argv);
    argv_ = argv;
    if (config_.format == Format::kByName) config_.format = Format::kRaw;
    program_ = RunnableProgram::make(std::move(config_.program), where_);
  }

  Result<void> validate(std::string_view locator) const override {
    const std::string hint = "what the program of this source takes, like `payments/db`";
    const auto wrong = [&](const std::string& why) {
      return fail(Code::kInvalid, where_ + ": a reference " + why, hint);
    };
    if (locator.empty()) return wrong("is empty");
    if (locator.size() > base::limits::kTargetBytesMax) {
      return wrong("is longer than " + std::to_string(base::limits::kTargetBytesMax) + " bytes");
    }
    if (!base::is_utf8(locator) || base::has_control(locator)) {
      return wrong("has control characters or is no UTF-8");
    }
    if (climbs(locator)) return wrong("has a segment `..`");
    if (option_ && locator.starts_with('-')) {
      return wrong("that begins with `-` would be an option of the program");
    }
    return {};
  }

  Answer<Document> read(const std::string& locator, Deadline deadline) override {
    if (auto fits = validate(locator); !fits) {
      return failure(FailureKind::kBadReference, fits.error().message);
    }
    if (!program_) return failure(FailureKind::kOutage, program_.error().message);
    std::vector<std::string> argv;
    argv.reserve(argv_.size());
    for (const std::string& word : argv_) argv.push_back(filled(word, locator));
    auto end = program_->run(std::move(argv), on_stdin_ ? locator : std::string_view(),
                             config_.output_bytes_max, sooner(deadline));
    const std::string start = where_ + ": for " + base::quote_name(locator) + ": ";
    if (!end) return failure(end.error().kind, start + end.error().message);
    if (const auto how = fault_of(*end); !how.empty()) {
      return failure(kind_of(*end), start + argv_.front() + " " + how);
    }
    return document(std::move(end->output), start);
  }

  Answer<std::string> check(Deadline deadline) override {
    if (!program_) return failure(FailureKind::kOutage, program_.error().message);
    if (config_.check_argv.empty()) return program_->describe() + "; it was not run";
    auto end = program_->run(config_.check_argv, {}, config_.output_bytes_max, sooner(deadline));
    if (!end) return failure(end.error().kind, where_ + ": check: " + end.error().message);
    if (const auto how = fault_of(*end); !how.empty()) {
      return failure(FailureKind::kLogin,
                     where_ + ": check: " + config_.check_argv.front() + " " + how);
    }
    return program_->describe() + "; its check succeeded";
  }

 private:
  static std::unexpected<Failure> failure(FailureKind kind, std::string message) {
    return std::unexpected(Failure{kind, std::move(message)});
  }

  [[nodiscard]] Deadline sooner(Deadline deadline) const {
    return std::min(deadline, std::chrono::steady_clock::now() + config_.time_max);
  }

  [[nodiscard]] FailureKind kind_of(const ChildEnd& end) const {
    if (end.signal != 0) return FailureKind::kOutage;
    if (holds(config_.missing_exit, end.exit_status)) return FailureKind::kMissing;
    if (holds(config_.denied_exit, end.exit_status)) return FailureKind::kDenied;
    return FailureKind::kOutage;
  }

  Answer<Document> document(base::Secret output, const std::string& start) const {
    // A program that failed and says that it did not is likelier than an empty secret.
    if (output.empty()) return failure(FailureKind::kOutage, start + "it printed nothing");
    if (config_.format == Format::kRaw &&
        config_.final_newline == ExecConfig::FinalNewline::kStrip) {
      output = base::strip_single_newline(std::move(output));
    }
    auto read = read_document(config_.format, std::move(output), "what it printed");
    if (!read) return failure(FailureKind::kOutage, start + read.error().message);
    return std::move(*read);
  }

  ExecConfig config_;
  std::string where_;
  std::vector<std::string> argv_;
  bool on_stdin_ = false;
  bool option_ = false;
  Result<RunnableProgram> program_ = fail(Code::kInternal, "not made");
};

Program copy_words(const Program& program) {
  Program out;
  out.argv = program.argv;
  out.folder = program.folder;
  out.user = program.user;
  return out;
}

Result<void> check_variables(const Program& program, const std::string& where) {
  for (const ProgramVariable& variable : program.environment) {
    if (variable.name.empty() ||
        variable.name.find_first_of(std::string("=\0", 2)) != std::string::npos) {
      return fail(Code::kInvalid, where + ": a variable of the program has no name, or one with =");
    }
    const int given = (variable.from_environment.empty() ? 0 : 1) +
                      (variable.from_file.empty() ? 0 : 1) + (variable.literal.empty() ? 0 : 1);
    if (given > 1) {
      return fail(Code::kInvalid,
                  where + ": variable " + variable.name + " of the program has two origins");
    }
  }
  return {};
}

}  // namespace

Result<void> check_program(const Program& program, std::string_view where) {
  const std::string start(where);
  auto made = RunnableProgram::make(copy_words(program), where);
  if (!made) return pass(made);
  for (const std::string& word : program.argv) {
    if (word.find('\0') != std::string::npos) {
      return fail(Code::kInvalid, start + ": a word of the command has a NUL byte");
    }
  }
  return check_variables(program, start);
}

Result<void> check_exec_config(const ExecConfig& config) {
  const std::string where = "source " + config.name;
  if (auto fits = check_program(config.program, where); !fits) return fits;
  if (has_place(config.program.argv.front())) {
    return fail(Code::kInvalid, where + ": {ref} cannot choose the program");
  }
  if (config.format == Format::kYaml) {
    return fail(Code::kInvalid, where + ": format yaml is not for programs", "json, dotenv or raw");
  }
  for (const int status : config.missing_exit) {
    if (holds(config.denied_exit, status)) {
      return fail(Code::kInvalid, where + ": exit status " + std::to_string(status) +
                                      " is in missing_exit and in denied_exit");
    }
  }
  for (const auto* statuses : {&config.missing_exit, &config.denied_exit}) {
    if (std::ranges::any_of(*statuses, [](int status) { return status < 1 || status > 255; })) {
      return fail(Code::kInvalid, where + ": an exit status is 1 to 255");
    }
  }
  if (!config.check_argv.empty() && config.check_argv.front() != config.program.argv.front()) {
    return fail(Code::kInvalid, where + ": the check runs another program",
                "start it with " + config.program.argv.front());
  }
  return {};
}

std::unique_ptr<Driver> make_exec(ExecConfig config) {
  return std::make_unique<ExecDriver>(std::move(config));
}

}  // namespace sutler::source
