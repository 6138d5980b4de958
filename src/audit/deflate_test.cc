#include "audit/deflate.h"

#include <gtest/gtest.h>

namespace sutler::audit {
namespace {

std::string lines(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += R"({"seq":)" + std::to_string(i) + R"(,"event":"fetch","team":"default"})" + "\n";
  }
  return out;
}

TEST(Deflate, GivesBackWhatItWasGivenAndIsMuchSmaller) {
  for (const std::string& plain : {std::string(), std::string("x"), lines(3), lines(20'000)}) {
    const std::string packed = deflated(plain);
    EXPECT_EQ(inflated(packed, plain.size()), plain);
    if (plain.size() > 1000) {
      EXPECT_LT(packed.size() * 5, plain.size());
    }
  }
}

TEST(Deflate, RefusesWhatIsNotWholeOrHasMore) {
  const std::string plain = lines(100), packed = deflated(plain);
  for (std::size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(inflated(std::string_view(packed).substr(0, size), plain.size())) << size;
  }
  EXPECT_FALSE(inflated(packed + "x", plain.size()));
  EXPECT_FALSE(inflated(plain, plain.size()));
}

TEST(Deflate, RefusesWhatBecomesTooLarge) {
  const std::string bomb = deflated(std::string(8 * 1024 * 1024, 'x'));
  EXPECT_LT(bomb.size(), 100'000U);
  EXPECT_FALSE(inflated(bomb, 1024 * 1024));
  const std::string plain = lines(100);
  EXPECT_FALSE(inflated(deflated(plain), plain.size() - 1));
}

}  // namespace
}  // namespace sutler::audit
