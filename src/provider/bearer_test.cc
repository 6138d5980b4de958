#include "provider/bearer.h"

#include <gtest/gtest.h>

namespace sutler::provider {
namespace {

TEST(Bearer, TheSchemeIsComparedWithoutRegardToCase) {
  for (const char* field :
       {"Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c", "bEaReR a.b.c", "Bearer   a.b.c"}) {
    EXPECT_EQ(bearer_token(field), "a.b.c") << field;
  }
}

TEST(Bearer, TheTokenGoesToTheEnd) {
  EXPECT_EQ(bearer_token("Bearer a b"), "a b");
  EXPECT_EQ(bearer_token("Bearer Bearer a"), "Bearer a");
  EXPECT_EQ(bearer_token("Bearer a, b"), "a, b");
}

TEST(Bearer, NothingElseHoldsAToken) {
  for (const char* field : {"", "Bearer", "Bearer ", "Bearer    ", "Bearera", "Bearer\ta",
                            "Basic a", "a.b.c", " Bearer a", "Bearer=a", "Token a"}) {
    EXPECT_FALSE(bearer_token(field)) << field;
  }
}

}  // namespace
}  // namespace sutler::provider
