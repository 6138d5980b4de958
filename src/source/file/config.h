// What the config file says of a source of kind `file`.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "source/driver.h"
#include "source/exec/config.h"
#include "source/format.h"

namespace sutler::source {

struct FileConfig {
  std::string name;                                   // of the source, for messages
  std::filesystem::path root;                         // absolute; locators are paths below it
  Format format = Format::kByName;                    // kRaw, kJson, kYaml or kDotenv for all files
  std::size_t file_bytes_max = std::size_t{1} << 20;  // before and after decryption
  // Optional (argv empty: none). Gets the content on stdin or, where a word has `{file}`, the path
  // of the file; what it prints is taken for the content. Any exit but 0 is an outage. For
  // kByName a final .age, .gpg, .asc, .enc or .sops of the name is passed over.
  Program decrypt;
  std::chrono::milliseconds decrypt_time_max{10'000};
};

// kInvalid, with a hint, for a config that can never work. A root that is not there is none: it
// may be a volume that comes later, and is an outage until then.
[[nodiscard]] base::Result<void> check_file_config(const FileConfig& config);

// No I/O on files before the first call. decrypt.hidden counts without a command too: a root that
// lies in it, or it in the root, gives outages.
[[nodiscard]] std::unique_ptr<Driver> make_file(FileConfig config);

}  // namespace sutler::source
