#include "crypto/hmac.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "base/test_corpora.h"

namespace sutler::crypto {
namespace {

struct Suite {
  const char* file;
  HashAlgorithm algorithm;
};

void PrintTo(const Suite& suite, std::ostream* out) { *out << suite.file; }

class WycheproofHmac : public testing::TestWithParam<Suite> {};

std::string hex(const boost::json::value& value) {
  return *base::hex_decode(std::string_view(value.as_string()));
}

TEST_P(WycheproofHmac, full_tags_agree_and_truncated_ones_are_refused) {
  SUTLER_REQUIRE_CORPUS("wycheproof");
  const auto path = base::corpora() / "wycheproof" / GetParam().file;
  const auto tree = boost::json::parse(base::read_whole(path));
  int full = 0, truncated = 0;
  for (const auto& group : tree.at("testGroups").as_array()) {
    for (const auto& test : group.at("tests").as_array()) {
      const HmacKey key(GetParam().algorithm, hex(test.at("key")));
      const std::string tag = hex(test.at("tag")), message = hex(test.at("msg"));
      const bool is_full = tag.size() == key.sign("").size;
      const bool expected = is_full && test.at("result").as_string() == "valid";
      EXPECT_EQ(key.verify(message, tag), expected) << "tcId " << test.at("tcId").as_int64();
      ++(is_full ? full : truncated);
    }
  }
  EXPECT_GT(full, 80);
  EXPECT_GT(truncated, 80);
}

INSTANTIATE_TEST_SUITE_P(Sha2, WycheproofHmac,
                         testing::Values(Suite{"hmac_sha256_test.json", HashAlgorithm::kSha256},
                                         Suite{"hmac_sha384_test.json", HashAlgorithm::kSha384},
                                         Suite{"hmac_sha512_test.json", HashAlgorithm::kSha512}));

TEST(Hmac, a_tag_of_another_algorithm_is_refused) {
  const HmacKey key(HashAlgorithm::kSha256, "key"), other(HashAlgorithm::kSha512, "key");
  EXPECT_TRUE(key.verify("message", key.sign("message").view()));
  EXPECT_FALSE(key.verify("message", other.sign("message").view()));
  EXPECT_FALSE(key.verify("message", ""));
}

}  // namespace
}  // namespace sutler::crypto
