#include "cli/output.h"

#include <gtest/gtest.h>

namespace sutler::cli {
namespace {

using base::Code;
using base::Error;

TEST(Output, ColumnsAreAlignedWithoutSpacesAtLineEnds) {
  Table table({"NAME", "PRIORITY", "FOR"});
  table.add({"payments", "50", "project shop"});
  table.add({"base", "10", ""});
  EXPECT_EQ(table.text(),
            "NAME      PRIORITY  FOR\n"
            "payments  50        project shop\n"
            "base      10");
}

TEST(Output, ColumnsAreAlignedByCharactersNotBytes) {
  Table table({"A", "B"});
  table.add({"näme", "1"});
  table.add({"name", "2"});
  EXPECT_EQ(table.text(), "A     B\nnäme  1\nname  2");
}

TEST(Output, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\u009b31m"), "\\xc2\\x9b31m");
  EXPECT_EQ(printable("\u202etxt"), "\\xe2\\x80\\xaetxt");
}

TEST(Output, OrdinaryTextStaysAsItIs) {
  for (const char* text : {"", "plain", "näme", "日本", "🙂", "a\\b"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Output, EachKindOfErrorHasItsExitStatus) {
  EXPECT_EQ(exit_status(Error{Code::kInvalid, ""}), 1);
  EXPECT_EQ(exit_status(usage_error("").error()), 2);
  EXPECT_EQ(exit_status(Error{Code::kNotFound, ""}), 3);
  EXPECT_EQ(exit_status(Error{Code::kRefused, ""}), 4);
  EXPECT_EQ(exit_status(Error{Code::kUnreachable, ""}), 5);
  EXPECT_EQ(exit_status(Error{Code::kConflict, ""}), 6);
  for (const auto code :
       {Code::kTooLarge, Code::kUnavailable, Code::kNoSpace, Code::kCorrupt, Code::kInternal}) {
    EXPECT_EQ(exit_status(Error{code, ""}), 1);
  }
}

TEST(Output, CountsAndJoins) {
  EXPECT_EQ(counted(1, "group"), "1 group");
  EXPECT_EQ(counted(0, "group"), "0 groups");
  EXPECT_EQ(joined({}, ", "), "");
  EXPECT_EQ(joined({"a", "b"}, ", "), "a, b");
}

}  // namespace
}  // namespace sutler::cli
