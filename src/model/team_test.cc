#include "model/team.h"

#include <gtest/gtest.h>

namespace sutler::model {
namespace {

bool in_range(std::string_view range, std::string_view address) {
  const auto cidr = Cidr::parse(range);
  EXPECT_TRUE(cidr) << range;
  return cidr && cidr->contains(address);
}

TEST(CidrTest, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(in_range("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(in_range("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(in_range("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(in_range("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(in_range("2001:db8::/32", "2001:db8:1::1"));
  EXPECT_FALSE(in_range("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(in_range("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(in_range("192.0.2.1", "192.0.2.2"));
}

TEST(CidrTest, AMappedAddressCountsAsIpv4) {
  EXPECT_TRUE(in_range("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(in_range("::ffff:10.0.0.0/104", "10.1.2.3"));
  EXPECT_FALSE(in_range("::/0", "10.1.2.3"));
  EXPECT_FALSE(in_range("0.0.0.0/0", "::1"));
  EXPECT_TRUE(in_range("fe80::/10", "fe80::1%eth0"));
  EXPECT_FALSE(in_range("0.0.0.0/0", "not an address"));
}

TEST(CidrTest, RefusesWhatIsNoRangeAndNamesIt) {
  for (const auto* text :
       {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "10.0.0.1/8",
        "2001:db8::/129", "::ffff:10.0.0.0/8", "a/8", "10.0.0.0/8 ", "fe80::1%eth0"}) {
    const auto cidr = Cidr::parse(text);
    ASSERT_FALSE(cidr) << text;
    EXPECT_NE(cidr.error().message.find(text), std::string::npos);
  }
}

TEST(TeamTest, AnIdIsASlug) {
  for (const auto* id : {"a", "default", "team-1"}) EXPECT_TRUE(validate_team_id(id)) << id;
  for (const auto* id : {"", "A", "-a", "a-", "a_b", "a/b", "healthz"}) {
    EXPECT_FALSE(validate_team_id(id)) << id;
  }
  EXPECT_TRUE(validate_team_id(std::string(39, 'a')));
  EXPECT_FALSE(validate_team_id(std::string(40, 'a')));
}

TEST(TeamTest, APathIsWhatAClientSendsUnchanged) {
  for (const auto* path : {"/", "/a", "/a/b~c.D_-", "/a/", "/healthz/a"}) {
    EXPECT_TRUE(validate_team_path(path)) << path;
  }
  for (const auto* path : {"", "a", "/a b", "/a?b", "/a%20", "//", "/a//b", "/.", "/a/../b",
                           "/a/..", "/healthz", "/\u00e9"}) {
    EXPECT_FALSE(validate_team_path(path)) << path;
  }
}

TEST(TeamTest, ACloneHasItsOwnKeys) {
  Team team{"t", "/t", {}, {}};
  team.keys.push_back({"0a0b0c0d", KeyAlgorithm::kHs384, base::LockedBytes("key"), {}, {}});
  const Team copy = clone(team);
  EXPECT_EQ(copy.keys.at(0).secret.expose(), "key");
  EXPECT_EQ(copy.keys.at(0).algorithm, KeyAlgorithm::kHs384);
}

TEST(SigningKeyTest, KnowsThreeAlgorithmsExactlyAsWritten) {
  EXPECT_EQ(key_algorithm_from("HS512"), KeyAlgorithm::kHs512);
  for (const auto* word : {"hs256", "none", "RS256", "", "HS256 "}) {
    EXPECT_FALSE(key_algorithm_from(word)) << word;
  }
}

TEST(SigningKeyTest, RefusesWhatAnAttackerCouldGuess) {
  const std::string good = "0123456789abcdef0123456789abcdef";
  EXPECT_TRUE(check_signing_key(good, WeakKeys::kRefuse));
  for (const std::string& key :
       {std::string(), std::string("APP_SECRET"), good.substr(1), std::string(64, 'a'),
        "-----BEGIN PUBLIC KEY-----" + good, std::string("abcdefg") + std::string(40, 'a')}) {
    const auto refused = check_signing_key(key, WeakKeys::kRefuse);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message.find(good), std::string::npos);
  }
}

TEST(SigningKeyTest, AllowingWeakKeysAllowsNeitherAnEmptyNorAnEndlessOne) {
  EXPECT_TRUE(check_signing_key("APP_SECRET", WeakKeys::kAllow));
  EXPECT_TRUE(check_signing_key(std::string(4096, 'a'), WeakKeys::kAllow));
  EXPECT_FALSE(check_signing_key("", WeakKeys::kAllow));
  EXPECT_FALSE(check_signing_key(std::string(4097, 'a'), WeakKeys::kAllow));
}

}  // namespace
}  // namespace sutler::model
