// The vectors of others, through the JWS function.
#include "jwt/jws.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "base/test_corpora.h"
#include "jwt/verify.h"

namespace sutler::jwt {
namespace {

using base::UnixTime;
using crypto::HashAlgorithm;
using crypto::HmacKey;

// Every secret as a key of each algorithm: the vectors leave the algorithm to the header.
class Keys {
 public:
  void add(std::string_view secret) {
    for (const auto a : {HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512}) {
      owned_.push_back(std::make_unique<HmacKey>(a, secret));
      keys_.push_back({owned_.back().get()});
    }
  }
  [[nodiscard]] bool accept(std::string_view token) const {
    return verify_jws(token, keys_, UnixTime{}).has_value();
  }

 private:
  std::vector<std::unique_ptr<HmacKey>> owned_;
  std::vector<Key> keys_;
};

TEST(Jws, agrees_with_wycheproof) {
  SUTLER_REQUIRE_CORPUS("wycheproof");
  const auto tree =
      boost::json::parse(base::read_whole(base::corpora() / "wycheproof/hs-flat.json"));
  int accepted = 0, refused = 0;
  for (const auto& test : tree.at("cases").as_array()) {
    const std::string_view kind = test.at("class").as_string();
    if (kind != "verify" && kind != "strictness") continue;
    Keys keys;
    for (const auto& key : test.at("keys_b64url").as_array()) {
      keys.add(*base::base64url_decode(std::string_view(key.as_string())));
    }
    const bool expected = kind == "verify" && test.at("expected").as_string() == "valid";
    EXPECT_EQ(keys.accept(test.at("jws").as_string()), expected)
        << test.at("file") << " tcId " << test.at("tcId");
    ++(expected ? accepted : refused);
  }
  EXPECT_EQ(accepted, 12);
  EXPECT_EQ(refused, 28 + 1);
}

TEST(Jws, refuses_every_truncated_tag_of_wycheproof) {
  SUTLER_REQUIRE_CORPUS("wycheproof");
  int checked = 0;
  for (const char* name :
       {"hmac_sha256_test.json", "hmac_sha384_test.json", "hmac_sha512_test.json"}) {
    const auto tree = boost::json::parse(base::read_whole(base::corpora() / "wycheproof" / name));
    const std::string alg = "HS" + std::string(name).substr(8, 3);
    const std::string head = base::base64url_encode(R"({"alg":")" + alg + R"("})") + ".";
    for (const auto& group : tree.at("testGroups").as_array()) {
      const auto tag_bits = group.at("tagSize").as_int64();
      if (std::to_string(tag_bits) == alg.substr(2)) continue;
      for (const auto& test : group.at("tests").as_array()) {
        const auto hex = [&](const char* member) {
          return *base::hex_decode(std::string_view(test.at(member).as_string()));
        };
        Keys keys;
        keys.add(hex("key"));
        const std::string text = head + base::base64url_encode(hex("msg"));
        EXPECT_FALSE(keys.accept(text + "." + base::base64url_encode(hex("tag"))));
        ++checked;
      }
    }
  }
  EXPECT_EQ(checked, 261);
}

// Signatures that jsonwebtoken accepts, we accept; where it refuses by signature or form, so do we.
// We are stricter on `crit`, `b64`, duplicates and unused bits.
TEST(Jws, accepts_no_token_of_other_libraries_that_jsonwebtoken_refuses_by_signature) {
  SUTLER_REQUIRE_CORPUS("jwt");
  const auto tree = boost::json::parse(base::read_whole(base::corpora() / "jwt/hs-tokens.json"));
  int accepted = 0;
  for (const auto& test : tree.as_array()) {
    const auto key = base::base64_decode(std::string_view(test.at("key_b64").as_string()));
    if (!key) continue;
    Keys keys;
    keys.add(*key);
    const std::string_view theirs = test.at("jsonwebtoken_signature_only").as_string();
    const bool ours = keys.accept(test.at("token").as_string());
    if (!ours) continue;
    // Not verdicts on the signature: a payload that is no JSON, which the claims refuse, and a PEM
    // as key, which is refused when a key is added.
    const bool other_reason = theirs.starts_with("reject: Unexpected token") ||
                              theirs.starts_with("reject: secretOrPublicKey must be");
    EXPECT_TRUE(theirs == "accept" || other_reason) << test.at("source") << ": " << test.at("id");
    ++accepted;
  }
  EXPECT_GT(accepted, 10);
}

}  // namespace
}  // namespace sutler::jwt
