// For tests: where the corpora of others are, $SUTLER_CORPORA or ../shared/corpora beside the
// checkout.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sutler::base {

inline std::filesystem::path corpora() {
  if (const char* set = std::getenv("SUTLER_CORPORA")) return set;
  return "../shared/corpora";
}

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace sutler::base

// Skips the test, loudly, where the folder is not there.
#define SUTLER_REQUIRE_CORPUS(name)                                          \
  if (!std::filesystem::exists(::sutler::base::corpora() / (name))) {        \
    GTEST_SKIP() << "no corpus at " << (::sutler::base::corpora() / (name)); \
  }                                                                          \
  static_assert(true)
