// The limit on signing keys of all teams together.
#include <gtest/gtest.h>

#include "base/limits.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

model::Team full_team(std::size_t number) {
  const std::string id = "t" + std::to_string(number);
  model::Team team = test::team(id, "/" + id);
  for (std::size_t i = 0; i < base::limits::kSigningKeysPerTeamMax; ++i) {
    team.keys.push_back({"0a0b0c0d",
                         model::KeyAlgorithm::kHs256,
                         base::LockedBytes("a signing key of more than 32 bytes"),
                         {},
                         {}});
  }
  return team;
}

TEST(SigningKeyLimit, AllTeamsTogetherHaveAsManyAsTheLimitAndNotOneMore) {
  test::Fixture fixture;
  constexpr std::size_t kTeams =
      base::limits::kSigningKeysMax / base::limits::kSigningKeysPerTeamMax;
  std::vector<Change> all;
  for (std::size_t i = 0; i < kTeams; ++i) all.emplace_back(PutTeam{full_team(i)});
  ASSERT_TRUE(fixture.store->commit(std::move(all), test::kSomebody));

  const auto refused =
      fixture.store->commit(test::changes(PutTeam{full_team(kTeams)}), test::kSomebody);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kTooLarge);
  EXPECT_NE(refused.error().message.find("20000 signing keys"), std::string::npos);
  EXPECT_TRUE(fixture.store->commit(test::changes(PutTeam{full_team(3)}), test::kSomebody));
  EXPECT_TRUE(fixture.store->commit(test::changes(DeleteTeam{"t3"}, PutTeam{full_team(kTeams)}),
                                    test::kSomebody));
}

}  // namespace
}  // namespace sutler::store
