#include "base/locked_arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/locked_bytes.h"

namespace sutler::base {
namespace {

std::size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  std::size_t lines = 0;
  for (std::string line; std::getline(maps, line);) ++lines;
  return lines;
}

bool is_zero(const LockedBytes& bytes) {
  return std::ranges::all_of(bytes.bytes(), [](unsigned char byte) { return byte == 0; });
}

TEST(LockedArena, TwentyThousandKeysNeedFewMappings) {
  const std::size_t before = mappings();
  std::vector<LockedBytes> keys;
  for (int i = 0; i < 20'000; ++i) {
    keys.emplace_back(std::string_view("a signing key of 43 characters, base64url ."));
    keys.emplace_back(std::size_t{224});
  }
  EXPECT_LT(mappings() - before, 400U);
  EXPECT_GE(locked_use().blocks, 40'000U);
}

TEST(LockedArena, BlocksOfEverySizeAreZeroedKeptApartAndWrittenToTheEnd) {
  std::vector<LockedBytes> blocks;
  for (std::size_t bytes = 1; bytes < 20'000; bytes += 1 + bytes / 7) {
    blocks.emplace_back(bytes);
    EXPECT_TRUE(is_zero(blocks.back())) << bytes;
    std::memset(blocks.back().bytes().data(), static_cast<int>(blocks.size()), bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    for (const unsigned char byte : blocks[i].bytes()) ASSERT_EQ(byte, (i + 1) & 0xff);
  }
}

TEST(LockedArena, WhatIsFreedIsWipedBeforeItIsGivenOutAgain) {
  {
    const LockedBytes secret(std::string_view("what nobody may see again"));
  }
  std::vector<LockedBytes> next;
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(is_zero(next.emplace_back(std::size_t{25})));
}

TEST(LockedArena, CountsWhatIsInUse) {
  const std::size_t before = locked_use().blocks;
  const LockedBytes one(std::size_t{10});
  EXPECT_EQ(locked_use().blocks, before + 1);
  LockedBytes none;
  none = LockedBytes(std::size_t{10});
  none = LockedBytes();
  EXPECT_EQ(locked_use().blocks, before + 1);
}

TEST(LockedArenaDeathTest, WritingBeyondTheEndEndsTheProcess) {
  EXPECT_DEATH(
      {
        LockedBytes block(std::size_t{20});
        volatile unsigned char* byte = block.bytes().data() + 20;
        *byte = static_cast<unsigned char>(*byte ^ 1);
        block = LockedBytes();
      },
      "");
}

}  // namespace
}  // namespace sutler::base
