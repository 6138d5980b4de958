#include "model/dotenv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "base/json.h"
#include "model/group_test_support.h"

namespace sutler::model {
namespace {

namespace fs = std::filesystem;

// "NAME=<value>" for each entry, in order.
std::string read(std::string_view text) {
  std::string out;
  for (const DotenvEntry& entry : read_dotenv(text)) {
    out += entry.name + "=<" + std::string(entry.value.expose()) + ">";
  }
  return out;
}

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

base::Result<base::Secret> write_one(std::string_view name, std::string_view value) {
  std::vector<DotenvEntry> entries;
  entries.push_back({std::string(name), base::Secret(value)});
  return write_dotenv(entries);
}

// Of one source the expectations are there and the fixtures are not: these texts are our own, made
// to give the same. test/interop/dotenv-cases.json has them for npm dotenv.
const std::map<std::string_view, std::string_view> kOurs = {
    {"godotenv/fixtures/comments.env",
     "# a line of its own\n"
     "qux=thud # behind a value\n"
     "thud=fred#at once\n"
     "fred=qux#baz # twice\n"
     "foo=bar # baz\n"
     "bar=foo#baz\n"
     "baz=\"foo\"#behind a quote\n"},
    {"godotenv/fixtures/equals.env",
     "export OPTION_A='postgres://localhost:5432/database?sslmode=disable'\n"},
    {"godotenv/fixtures/exported.env",
     "export OPTION_A=2\n"
     "export OPTION_B='\\n'\n"},
    {"godotenv/fixtures/hyphen.env",
     "OPTION_A='abc'\n"
     "OPTION-B=def\n"},
    {"godotenv/fixtures/invalid1.env",
     "THIS IS NO ASSIGNMENT\n"
     "foo=bar\n"},
    {"godotenv/fixtures/plain.env",
     "OPTION_A=1\n"
     "OPTION_B=2\n"
     "OPTION_C= 3\n"
     "OPTION_D =4\n"
     "OPTION_E = 5\n"
     "OPTION_F = \n"
     "OPTION_G=\n"
     "OPTION_H=1 2"},
    {"godotenv/fixtures/quoted.env",
     "OPTION_A='1'\n"
     "OPTION_B=\"2\"\n"
     "OPTION_C=''\n"
     "OPTION_D='\\n'\n"
     "OPTION_E=\"1\"\n"
     "OPTION_F='2'\n"
     "OPTION_G=\"\"\n"
     "OPTION_H=\"\\n\"\n"
     "OPTION_I = \"echo 'asd'\"\n"
     "OPTION_J='line 1\n"
     "line 2'\n"
     "OPTION_K='line one\n"
     "this is \\'quoted\\'\n"
     "one more line'\n"
     "OPTION_L=\"line 1\n"
     "line 2\"\n"
     "OPTION_M=\"line one\n"
     "this is \\\"quoted\\\"\n"
     "one more line\"\n"},
    {"godotenv/fixtures/substitutions.env",
     "OPTION_A=1\n"
     "OPTION_B=${OPTION_A}\n"
     "OPTION_C=$OPTION_B\n"
     "OPTION_D=${OPTION_A}${OPTION_B}\n"
     "OPTION_E=${OPTION_NOT_DEFINED}\n"
     "OPTION_F='${GLOBAL_OPTION}'\n"}};

TEST(DotenvTest, AgreesWithNpmDotenvOnEveryFixture) {
  const char* const set = std::getenv("SUTLER_CORPORA");
  const fs::path folder = fs::path(set != nullptr ? set : "../shared/corpora") / "dotenv";
  if (!fs::exists(folder)) GTEST_SKIP() << "SKIPPED: no dotenv fixtures at " << folder;
  const auto expected = base::parse_json(content(folder / "expected-npm-dotenv-16.6.1.json"));
  ASSERT_TRUE(expected);
  for (const auto& [file, entries] : expected->as_object()) {
    const auto ours = kOurs.find(std::string_view(file));
    const auto got = read_dotenv(ours == kOurs.end() ? content(folder / std::string_view(file))
                                                     : std::string(ours->second));
    ASSERT_EQ(got.size(), entries.as_object().size()) << file;
    for (const DotenvEntry& entry : got) {
      EXPECT_EQ(entry.value.expose(), std::string_view(entries.at(entry.name).as_string()))
          << file << " " << entry.name;
    }
  }
}

TEST(DotenvTest, PassesOverWhatIsNoAssignment) {
  EXPECT_EQ(read("nothing\n# A=1\n=x\nA\nB=1\n"), "B=<1>");
  EXPECT_EQ(read(""), "");
  EXPECT_EQ(read("\n\n"), "");
}

TEST(DotenvTest, TheLastOfANameWinsInThePlaceOfTheFirst) {
  EXPECT_EQ(read("A=1\nB=2\nA=3"), "A=<3>B=<2>");
}

// Each of these was taken from npm dotenv 16.6.1.
TEST(DotenvTest, FollowsTheBacktrackingOfTheRegularExpression) {
  EXPECT_EQ(read("A=\n'x'\nB=1"), "A=<x>B=<1>");      // `\s*` before a quote crosses lines
  EXPECT_EQ(read("A='x' y\nB=1"), "A=<'x' y>B=<1>");  // no quoted text: something follows
  EXPECT_EQ(read("A='x\\'\nB=1"), "A=<x\\>B=<1>");    // falls back to the escaped quote
  EXPECT_EQ(read("A: 1\nB:2\nexport=3"), "A=<1>export=<3>");
  EXPECT_EQ(read("A=\"x\\ny\"\r\nB='x\\ny'"), "A=<x\ny>B=<x\\ny>");
  EXPECT_EQ(read("export A=1\nexport\nB=2"), "A=<1>B=<2>");
}

TEST(DotenvTest, UnclosedQuotesAndBlankLinesTakeLinearTime) {
  std::string text = "A='";
  for (int i = 0; i < 200'000; ++i) text += "\\' x\n";
  EXPECT_EQ(read_dotenv(text).size(), 1u);
  EXPECT_TRUE(read_dotenv(std::string(2'000'000, '\n') + "!").empty());
  EXPECT_TRUE(read_dotenv("A" + std::string(2'000'000, '\n') + "!").empty());
}

TEST(DotenvWriterTest, ChoosesTheFormThatHoldsTheValue) {
  EXPECT_EQ(write_one("A", "plain:1/2")->expose(), "A=plain:1/2\n");
  EXPECT_EQ(write_one("A", "")->expose(), "A=''\n");
  EXPECT_EQ(write_one("A", "it's #1\n")->expose(), "A=`it's #1\n`\n");
  EXPECT_EQ(write_one("A", "'`")->expose(), "A=\"'`\"\n");
  EXPECT_EQ(write_one("A", "a b\\")->expose(), "A=a b\\\n");
}

TEST(DotenvWriterTest, RefusesWhatTheFormatCannotHoldAndNamesTheEntry) {
  for (const auto* value : {"'`\"", "'`\\n", "# \\", "\r'`\"", "\n\\"}) {
    const auto written = write_one("NAME", value);
    ASSERT_FALSE(written) << value;
    EXPECT_NE(written.error().message.find("NAME"), std::string::npos);
  }
  for (const auto* name : {"", "A B", "A=B", "\u00e9"}) EXPECT_FALSE(write_one(name, "x")) << name;
}

RC_GTEST_PROP(DotenvWriterTest, WhatIsWrittenIsReadBack, ()) {
  std::vector<DotenvEntry> entries;
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) {
    DotenvEntry entry{"N" + std::to_string(i), test::arbitrary_secret()};
    if (write_one(entry.name, entry.value.expose())) entries.push_back(std::move(entry));
  }
  const auto written = write_dotenv(entries);
  RC_ASSERT(written.has_value());
  const auto back = read_dotenv(written->expose());
  RC_ASSERT(back.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    RC_ASSERT(back[i].name == entries[i].name);
    RC_ASSERT(back[i].value.equals(entries[i].value));
  }
}

}  // namespace
}  // namespace sutler::model
