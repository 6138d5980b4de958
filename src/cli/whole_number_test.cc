#include "cli/whole_number.h"

#include <gtest/gtest.h>

namespace sutler::cli {
namespace {

std::string message(std::string_view text, Range range) {
  const auto read = read_whole_number(text, "--count", range);
  return read ? std::to_string(*read) : read.error().message;
}

TEST(WholeNumber, IsReadWhereItStandsAloneAndIsInRange) {
  EXPECT_EQ(message("0", {}), "0");
  EXPECT_EQ(message("9223372036854775807", {}), "9223372036854775807");
  EXPECT_EQ(message("50", {1, 50}), "50");
}

TEST(WholeNumber, AnythingElseIsAWrongUseThatSaysWhatIsTaken) {
  for (const auto* text : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "abc", "9223372036854775808"})
    EXPECT_EQ(message(text, {}), "--count takes a whole number") << text;
  EXPECT_EQ(message("0", {.least = 1}), "--count takes a whole number, 1 or more");
  EXPECT_EQ(message("51", {1, 50}), "--count takes a whole number from 1 to 50");
}

}  // namespace
}  // namespace sutler::cli
