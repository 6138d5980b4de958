// For tests: settings as they come from flags, environment and a config file in a folder of its
// own.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/settings.h"

namespace sutler::server::test {

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "sutler-server-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view text,
                              mode_t mode = 0600) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Settings in one line: Given().flag("listen", "…").env("PORT", "…").config("threads: 2").
class Given {
 public:
  Given() { config("{}\n"); }  // an empty one, so that the machine's own is not read
  Given& flag(const std::string& key, std::string value) {
    raw_.flags[key].push_back(std::move(value));
    return *this;
  }
  Given& env(std::string name, std::string value) {
    raw_.environment.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Given& config(std::string_view text, mode_t mode = 0600) {
    raw_.config = folder_.write("sutler.yaml", text, mode);
    return *this;
  }
  [[nodiscard]] const RawSettings& raw() const { return raw_; }
  [[nodiscard]] std::string config_path() const { return raw_.config->string(); }

 private:
  TempFolder folder_;
  RawSettings raw_;
};

}  // namespace sutler::server::test
