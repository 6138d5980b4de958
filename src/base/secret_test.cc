#include "base/secret.h"

#include <gtest/gtest.h>

#include <sstream>
#include <type_traits>

namespace sutler::base {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

TEST(SecretTest, CannotBeCopiedPrintedOrTakenForAString) {
  static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
  static_assert(!Printable<Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string> &&
                !std::is_convertible_v<Secret, std::string_view>);
  static_assert(!std::is_convertible_v<std::string, Secret>);
}

TEST(SecretTest, TakesTheBytesOverAndLeavesNoneBehind) {
  for (const std::size_t bytes : {3u, 100u}) {  // within the string itself, and on the heap
    std::string text(bytes, 'x');
    const Secret secret(std::move(text));
    EXPECT_TRUE(text.empty());
    EXPECT_EQ(std::string(text.data(), text.capacity()).find('x'), std::string::npos);
    EXPECT_EQ(secret.size(), bytes);
  }
}

TEST(SecretTest, AMovedFromSecretIsEmpty) {
  Secret a("value");
  Secret b(std::move(a));
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(b.expose(), "value");
  a = std::move(b);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(a.clone().expose(), "value");
}

TEST(SecretTest, EqualsOnlyTheSameBytes) {
  const Secret secret("value");
  EXPECT_TRUE(secret.equals("value"));
  EXPECT_TRUE(Secret().equals(""));
  for (const auto* other : {"", "valu", "valuE", "value "}) EXPECT_FALSE(secret.equals(other));
}

TEST(WipeTest, OverwritesTheWholeBuffer) {
  std::string text = "secret, longer than what fits in the string itself";
  const char* const data = text.data();
  const std::size_t bytes = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(std::string(data, bytes), std::string(bytes, '\0'));
}

}  // namespace
}  // namespace sutler::base
