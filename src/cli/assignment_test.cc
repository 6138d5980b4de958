#include "cli/assignment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

using Source = Assignment::Source;

base::Error refused(const std::vector<std::string>& words) {
  auto parsed = parse_assignments(words);
  EXPECT_FALSE(parsed);
  return parsed ? base::Error{} : parsed.error();
}

TEST(Assignment, EachFormIsUnderstood) {
  const auto all = parse_assignments({"A=1", "EMPTY=", "EQ=a=b", "IN=-", "F=@/tmp/x", "LIT==@x",
                                      "DASH==-", "TWO===", "MINUS=-x", "a.b-c=1"});
  ASSERT_TRUE(all);
  const std::tuple<const char*, Source, const char*> wanted[] = {
      {"A", Source::kText, "1"},      {"EMPTY", Source::kText, ""},
      {"EQ", Source::kText, "a=b"},   {"IN", Source::kStandardInput, ""},
      {"F", Source::kFile, "/tmp/x"}, {"LIT", Source::kText, "@x"},
      {"DASH", Source::kText, "-"},   {"TWO", Source::kText, "="},
      {"MINUS", Source::kText, "-x"}, {"a.b-c", Source::kText, "1"}};
  ASSERT_EQ(all->size(), std::size(wanted));
  for (std::size_t i = 0; i < all->size(); ++i) {
    const auto& [name, source, text] = wanted[i];
    EXPECT_EQ((*all)[i].name, name);
    EXPECT_EQ((*all)[i].source, source) << name;
    EXPECT_EQ((*all)[i].text.expose(), text) << name;
  }
}

TEST(Assignment, WrongWordsAreUsageErrors) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"GREETING"}, {"=x"}, {"1A=x"}, {"A B=x"}, {"A=1", "A=2"}, {"A=-", "B=-"}, {""}}) {
    EXPECT_EQ(exit_status(refused(words)), 2);
  }
}

TEST(Assignment, AWordThatMayBeAValueIsNotQuoted) {
  EXPECT_NE(refused({"GREETING", "hunter2"}).message.find("argument 1"), std::string::npos);
  EXPECT_EQ(refused({"hunter2/word=="}).message.find("hunter2"), std::string::npos);
  EXPECT_EQ(refused({"A=1", "hunter2"}).message.find("hunter2"), std::string::npos);
  EXPECT_EQ(refused({"hunter2!"}).message.find("hunter2"), std::string::npos);
  EXPECT_EQ(refused({"1A=hunter2"}).message.find("hunter2"), std::string::npos);
  EXPECT_EQ(refused({"A=hunter2", "A=x"}).message.find("hunter2"), std::string::npos);
}

// A folder for one test.
class AssignmentFiles : public ::testing::Test {
 protected:
  AssignmentFiles() {
    char pattern[] = "/tmp/sutler-assignment-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~AssignmentFiles() override { std::filesystem::remove_all(folder_); }

  base::Result<std::string> value_of(std::string_view content) {
    const auto path = folder_ / "value";
    (void)base::write_file(path, content, 0600, base::Overwrite::kReplace);
    auto parsed = parse_assignments({"A=@" + path.string()});
    auto read = read_assignments(std::move(*parsed));
    if (!read) return base::pass(read);
    return std::string(read->front().value.expose());
  }

  std::filesystem::path folder_;
};

TEST_F(AssignmentFiles, OneFinalNewlineGoesIfItIsTheOnlyOne) {
  const std::pair<const char*, const char*> cases[] = {
      {"v\n", "v"}, {"v", "v"}, {"", ""}, {"\n", ""}, {"a\nb\n", "a\nb\n"}, {"v\r\n", "v"}};
  for (const auto& [content, value] : cases) {
    const auto read = value_of(content);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, value);
  }
}

TEST_F(AssignmentFiles, WhatCannotBeAValueIsRefusedByName) {
  const auto bytes = value_of("\xff\xfe");
  ASSERT_FALSE(bytes);
  EXPECT_NE(bytes.error().message.find("A"), std::string::npos);
  EXPECT_FALSE(value_of(std::string(200'000, 'x')));

  auto absent = read_assignments(std::move(*parse_assignments({"A=@/nonexistent/value"})));
  ASSERT_FALSE(absent);
  EXPECT_EQ(exit_status(absent.error()), 1);
}

TEST(Assignment, ValuesDoNotStayInTheProcessList) {
  char program[] = "sutler", set[] = "set", flag[] = "--team=red", group[] = "g", a[] = "A=hunter2",
       b[] = "B=", c[] = "C";
  char* arguments[] = {program, set, flag, group, a, b, c, nullptr};
  hide_values(7, arguments);
  EXPECT_STREQ(a, "A=*******");
  EXPECT_STREQ(b, "B=");
  EXPECT_STREQ(flag, "--team=red");

  char other[] = "run", kept[] = "A=1";
  char* untouched[] = {program, other, kept, nullptr};
  hide_values(3, untouched);
  EXPECT_STREQ(kept, "A=1");
}

}  // namespace
}  // namespace sutler::cli
