// For the tests of exec and file: programs as shell scripts, and what is left of them.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "source/driver.h"
#include "source/exec/config.h"

namespace sutler::source::test {

inline Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}
// Never meant to pass.
inline Deadline late() { return in(std::chrono::seconds(60)); }

// A program that is a line of sh(1). `words` are its $1, $2 and so on.
inline Program shell(const std::string& script, const std::vector<std::string>& words = {}) {
  Program program;
  program.argv = {"/bin/sh", "-c", script, "sh"};
  program.argv.insert(program.argv.end(), words.begin(), words.end());
  if (::geteuid() == 0) program.user = "root";
  return program;
}

inline void write(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Our open descriptors, by what they lead to.
inline std::multiset<std::string> open_descriptors() {
  std::multiset<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!gone && target.find("/proc/") == std::string::npos) out.insert(target);
  }
  return out;
}

// Whether the process is there and not a zombie.
inline bool is_running(pid_t pid) {
  const std::string stat = read("/proc/" + std::to_string(pid) + "/stat");
  const auto at = stat.rfind(") ");
  return at != std::string::npos && stat[at + 2] != 'Z' && stat[at + 2] != 'X';
}

}  // namespace sutler::source::test
