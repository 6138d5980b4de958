#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include <set>

#include "base/encoding.h"
#include "base/json.h"
#include "base/test_corpora.h"

namespace sutler::crypto {
namespace {

const std::string kKey(32, 'k');

std::string hex(const boost::json::value& value) {
  return *base::hex_decode(std::string_view(value.as_string()));
}

TEST(Aead, agrees_with_wycheproof_and_knows_no_other_sizes) {
  SUTLER_REQUIRE_CORPUS("wycheproof");
  const auto tree =
      boost::json::parse(base::read_whole(base::corpora() / "wycheproof/aes_gcm_test.json"));
  int checked = 0;
  for (const auto& group : tree.at("testGroups").as_array()) {
    if (group.at("keySize") != 256 || group.at("ivSize") != 96 || group.at("tagSize") != 128)
      continue;
    for (const auto& test : group.at("tests").as_array()) {
      const std::string sealed = hex(test.at("iv")) + hex(test.at("ct")) + hex(test.at("tag"));
      const auto opened = open(hex(test.at("key")), hex(test.at("aad")), sealed);
      EXPECT_EQ(opened.has_value(), test.at("result").as_string() == "valid");
      if (opened) {
        EXPECT_TRUE(opened->equals(hex(test.at("msg"))));
      }
      ++checked;
    }
  }
  EXPECT_EQ(checked, 66);
}

TEST(Aead, opens_what_was_sealed_and_nothing_else) {
  const std::string sealed = seal(kKey, "place", "secret");
  EXPECT_TRUE(open(kKey, "place", sealed)->equals("secret"));
  EXPECT_FALSE(open(kKey, "other place", sealed));
  EXPECT_FALSE(open(std::string(32, 'x'), "place", sealed));
  EXPECT_FALSE(open(kKey, "place", sealed.substr(0, sealed.size() - 1)));
  EXPECT_FALSE(open(kKey, "place", ""));
}

TEST(Aead, notices_every_single_flipped_bit) {
  const std::string sealed = seal(kKey, "place", "a secret value");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string flipped = sealed;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(open(kKey, "place", flipped)) << "bit " << bit;
  }
}

TEST(Aead, never_uses_an_iv_twice) {
  std::set<std::string> ivs;
  for (int i = 0; i < 100'000; ++i) ivs.insert(seal(kKey, "", "").substr(0, 12));
  EXPECT_EQ(ivs.size(), 100'000u);
}

TEST(Aead, a_refused_opening_leaves_no_plaintext) {
  std::string sealed = seal(kKey, "", "secret");
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  char out[6] = {'x', 'x', 'x', 'x', 'x', 'x'};
  EXPECT_FALSE(open_into(kKey, "", sealed, out));
  EXPECT_EQ(std::string_view(out, 6), std::string_view("\0\0\0\0\0\0", 6));
}

TEST(AeadKey, seals_only_as_often_as_it_may) {
  const AeadKey key(base::LockedBytes(kKey), 2);
  EXPECT_TRUE(key.seal("", "one"));
  EXPECT_TRUE(key.seal("", "two"));
  const auto third = key.seal("", "three");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, base::Code::kUnavailable);
}

}  // namespace
}  // namespace sutler::crypto
