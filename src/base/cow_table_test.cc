#include "base/cow_table.h"

#include <gtest/gtest.h>

#include <string>

namespace sutler::base {
namespace {

using Table = CowTable<std::string>;

std::string under(const Table& table, std::uint64_t hash) {
  std::string all;
  table.for_each(hash, [&](const Table::Pointer& value) { all += *value; });
  return all;
}

Table::Pointer text(const char* text) { return std::make_shared<const std::string>(text); }

TEST(CowTableTest, FindsWhatWasInsertedUnderAHash) {
  Table table;
  table.insert(1, text("a"));
  table.insert(1, text("b"));
  table.insert(1 + 4096, text("same shard"));
  EXPECT_EQ(under(table, 1).size(), 2u);
  EXPECT_EQ(under(table, 4097), "same shard");
  EXPECT_EQ(under(table, 2), "");
  EXPECT_EQ(table.size(), 3u);
}

TEST(CowTableTest, AChangedCopyLeavesTheOriginalAsItWas) {
  Table original;
  const auto a = text("a");
  original.insert(7, a);
  Table copy = original;
  copy.erase(7, a.get());
  copy.insert(7, text("b"));
  EXPECT_EQ(under(original, 7), "a");
  EXPECT_EQ(under(copy, 7), "b");
}

TEST(CowTableTest, ErasesTheVeryObjectAndNoOther) {
  Table table;
  const auto a = text("same"), b = text("same");
  table.insert(7, a);
  table.erase(7, b.get());
  EXPECT_EQ(table.size(), 1u);
  table.erase(8, a.get());
  EXPECT_EQ(table.size(), 1u);
  table.erase(7, a.get());
  EXPECT_EQ(table.size(), 0u);
}

TEST(CowTableTest, VisitsEverything) {
  Table table;
  for (std::uint64_t i = 0; i < 10'000; ++i) table.insert(i * 7, text("x"));
  std::size_t count = 0;
  table.for_all([&](const Table::Pointer&) { ++count; });
  EXPECT_EQ(count, 10'000u);
}

TEST(KeyHashTest, PartsDoNotRunIntoEachOther) {
  const auto of = [](std::string_view a, std::string_view b) {
    return KeyHash().feed(a).feed(b).value();
  };
  EXPECT_EQ(of("ab", "c"), of("ab", "c"));
  EXPECT_NE(of("ab", "c"), of("a", "bc"));
  EXPECT_NE(of("", "a"), of("a", ""));
}

}  // namespace
}  // namespace sutler::base
