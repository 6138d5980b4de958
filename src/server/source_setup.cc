#include "server/source_setup.h"

#include <sys/stat.h>

#include <cerrno>
#include <variant>

#include "base/file.h"
#include "source/exec/program.h"

namespace sutler::server {

using base::Result;

namespace {

constexpr const char* kCacheFolder = "source-cache";

// What programs of sources must not read: the store, its key, its backups.
std::vector<std::filesystem::path> hidden_from_programs(const Options& options) {
  std::vector<std::filesystem::path> out;
  for (const auto& path : {options.data_dir, options.backup_dir}) {
    std::error_code error;
    auto whole = std::filesystem::absolute(path, error);
    if (!error && !path.empty()) out.push_back(whole.lexically_normal());
  }
  return out;
}

// Makes the driver of one kind each.
struct DriverMaker {
  const SourceConfig& source;
  const std::vector<std::filesystem::path>& hidden;
  const base::Clock& clock;

  std::unique_ptr<source::Driver> operator()(std::monostate) const { return nullptr; }
  std::unique_ptr<source::Driver> operator()(source::VaultConfig& config) const {
    config.run_command = source::make_command_runner(hidden);
    return make_vault(std::move(config), clock);
  }
  std::unique_ptr<source::Driver> operator()(source::AwsConfig& config) const {
    config.run_command = source::make_command_runner(hidden);
    return source.common.kind == "aws-ssm" ? make_aws_ssm(std::move(config), clock)
                                           : make_aws_secretsmanager(std::move(config), clock);
  }
  std::unique_ptr<source::Driver> operator()(source::ExecConfig& config) const {
    config.program.hidden = hidden;
    return make_exec(std::move(config));
  }
  std::unique_ptr<source::Driver> operator()(source::FileConfig& config) const {
    config.decrypt.hidden = hidden;
    return make_file(std::move(config));
  }
};

Result<std::filesystem::path> make_cache_folder(const Options& options) {
  const auto path = options.data_dir / kCacheFolder;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail_errno(errno, "folder " + path.string() + " cannot be made");
  }
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || (info.st_mode & 077) != 0) {
    return base::fail(base::Code::kRefused, path.string() + " is no folder of the server alone",
                      "it only caches: remove it, it is made anew");
  }
  return path;
}

}  // namespace

Result<std::unique_ptr<source::Sources>> make_sources(const Options& options,
                                                      const crypto::MasterKeys* keys,
                                                      const base::Clock& clock) {
  std::vector<source::Sources::Configured> configured;
  if (options.source_section.tree != nullptr) {
    auto sources = read_sources(options.source_section, options.data_dir);
    if (!sources) return pass(sources);
    const auto hidden = hidden_from_programs(options);
    for (SourceConfig& one : *sources) {
      auto driver = std::visit(DriverMaker{one, hidden, clock}, one.kind);
      configured.push_back({one.common, std::move(driver)});
    }
  }
  source::Sources::Options settings;
  if (keys != nullptr && !configured.empty()) {
    auto folder = make_cache_folder(options);
    if (!folder) return pass(folder);
    settings.cache_dir = *folder;
    settings.cache_key = keys->derive("sutler source cache");
  }
  return std::make_unique<source::Sources>(std::move(configured), std::move(settings), clock);
}

}  // namespace sutler::server
