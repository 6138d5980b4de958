#include "jwt/verify.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/test_corpora.h"
#include "jwt/sign.h"

namespace sutler::jwt {
namespace {

using base::UnixTime;
using crypto::HashAlgorithm;
using crypto::HmacKey;

constexpr std::int64_t kNow = 1'700'000'000;
const std::string kSecret(32, 's');
const HmacKey kHs256(HashAlgorithm::kSha256, kSecret);
const HmacKey kHs512(HashAlgorithm::kSha512, kSecret);

// A token with these exact header and payload texts, signed well.
std::string token_of(std::string_view header, std::string_view payload,
                     const HmacKey& key = kHs256) {
  std::string token = base::base64url_encode(header) + "." + base::base64url_encode(payload);
  return token + "." + base::base64url_encode(key.sign(token).view());
}

const std::string kHeader = R"({"alg":"HS256","typ":"JWT"})";

std::string payload(const std::string& more = "") {
  return R"({"projectId":"p","nfObjectId":"o","nfObjectType":"service")" + more + "}";
}

// "ok", or the reason of the refusal.
std::string judge(std::string_view token, Policy policy = {.leeway_seconds = 0},
                  std::int64_t now = kNow) {
  const Key keys[] = {{&kHs256}};
  const auto claims = verify(token, keys, policy, UnixTime::from_seconds(now));
  return claims ? "ok" : std::string(reason(claims.error()));
}

TEST(Verify, accepts_northflanks_token_and_gives_its_claims) {
  const Key keys[] = {{&kHs512}, {&kHs256}};
  const auto claims = verify(token_of(kHeader, payload(R"(,"iat":1,"exp":1700000001)")), keys, {},
                             UnixTime::from_seconds(kNow));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->project_id(), "p");
  EXPECT_EQ(claims->object_id(), "o");
  EXPECT_EQ(claims->object_type(), "service");
  EXPECT_EQ(claims->issued_at(), 1);
  EXPECT_EQ(claims->key(), 1u);
}

TEST(Verify, refuses_what_is_no_canonical_token) {
  const std::string good = token_of(kHeader, payload());
  EXPECT_EQ(judge(good), "ok");
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("a.b"), good + ".",
        good + "=", " " + good, good + "\n", std::string(1 << 20, '.')}) {
    EXPECT_NE(judge(bad), "ok") << bad.substr(0, 40);
  }
}

TEST(Verify, refuses_every_single_character_change) {
  const std::string good = token_of(kHeader, payload(R"(,"exp":1700000001)"));
  const std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : letters) {
      if (c == good[i]) continue;
      std::string bad = good;
      bad[i] = c;
      ASSERT_NE(judge(bad), "ok") << "position " << i << " became " << c;
    }
  }
}

TEST(Verify, takes_only_the_algorithm_of_the_key) {
  for (const char* alg : {"none", "None", "hs256", "HS384", "HS512", "RS256", ""}) {
    const std::string header = R"({"alg":")" + std::string(alg) + R"("})";
    EXPECT_EQ(judge(token_of(header, payload())), "bad_algorithm") << alg;
  }
  EXPECT_EQ(judge(token_of(R"({"alg":256})", payload())), "bad_algorithm");
  EXPECT_EQ(judge(token_of(R"({"typ":"JWT"})", payload())), "bad_algorithm");
  EXPECT_EQ(judge(token_of(R"({"alg":"HS256"})", payload())), "ok");
}

TEST(Verify, refuses_crit_b64_false_and_headers_that_are_not_strict_json) {
  EXPECT_EQ(judge(token_of(R"({"alg":"HS256","crit":["exp"]})", payload())), "bad_algorithm");
  EXPECT_EQ(judge(token_of(R"({"alg":"HS256","crit":[]})", payload())), "bad_algorithm");
  EXPECT_EQ(judge(token_of(R"({"alg":"HS256","b64":false})", payload())), "bad_algorithm");
  EXPECT_EQ(judge(token_of(R"({"alg":"none","alg":"HS256"})", payload())), "malformed_token");
  EXPECT_EQ(judge(token_of(R"(["alg"])", payload())), "malformed_token");
  EXPECT_EQ(judge(token_of(R"({"alg":"HS256"} )"
                           "x",
                           payload())),
            "malformed_token");
}

TEST(Verify, follows_no_key_that_the_token_brings) {
  for (const char* member : {R"("kid":"/etc/passwd")", R"("jku":"http://127.0.0.1/")",
                             R"("jwk":{"kty":"oct","k":"AAAA"})", R"("x5u":"file:///x")"}) {
    const std::string header = R"({"alg":"HS256",)" + std::string(member) + "}";
    EXPECT_EQ(judge(token_of(header, payload())), "ok");
    const HmacKey foreign(HashAlgorithm::kSha256, std::string(3, '\0'));
    EXPECT_EQ(judge(token_of(header, payload(), foreign)), "bad_signature");
  }
}

TEST(Verify, refuses_payloads_that_do_not_name_a_workload) {
  for (const char* bad :
       {"[]", "\"x\"", "1", "null", "true", "{}", R"({"projectId":"p","nfObjectId":"o"})",
        R"({"projectId":1,"nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":null,"nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":["p"],"nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":"","nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":"a\nb","nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":"p","projectId":"p","nfObjectId":"o","nfObjectType":"t"})",
        R"({"projectId":"p","nfObjectId":"o","nfObjectType":"t","x":{"a":1,"a":2}})",
        R"({"projectId":"p","nfObjectId":"o","nfObjectType":"t"}x)"}) {
    EXPECT_EQ(judge(token_of(kHeader, bad)), "bad_claims") << bad;
  }
  EXPECT_EQ(judge(token_of(kHeader, payload(R"(,"x":[{"a":1},{"a":2},"projectId"])"))), "ok");
  const std::string longest(256, 'x');
  const auto with_id = [](const std::string& id) {
    return R"({"projectId":")" + id + R"(","nfObjectId":"o","nfObjectType":"t"})";
  };
  EXPECT_EQ(judge(token_of(kHeader, with_id(longest))), "ok");
  EXPECT_EQ(judge(token_of(kHeader, with_id(longest + "x"))), "bad_claims");
}

TEST(Verify, judges_exp_and_nbf_to_the_second_with_leeway) {
  const std::string exp = token_of(kHeader, payload(R"(,"exp":1700000000)"));
  EXPECT_EQ(judge(exp, {.leeway_seconds = 0}, kNow - 1), "ok");
  EXPECT_EQ(judge(exp, {.leeway_seconds = 0}, kNow), "expired");
  EXPECT_EQ(judge(exp, {.leeway_seconds = 30}, kNow + 29), "ok");
  EXPECT_EQ(judge(exp, {.leeway_seconds = 30}, kNow + 30), "expired");
  const std::string nbf = token_of(kHeader, payload(R"(,"nbf":1700000000)"));
  EXPECT_EQ(judge(nbf, {.leeway_seconds = 0}, kNow), "ok");
  EXPECT_EQ(judge(nbf, {.leeway_seconds = 0}, kNow - 1), "not_yet_valid");
  EXPECT_EQ(judge(nbf, {.leeway_seconds = 30}, kNow - 30), "ok");
}

TEST(Verify, understands_every_finite_number_as_a_time_and_nothing_else) {
  for (const char* good : {"1.700000001e9", "1700000000.5", "17000000010e-1"}) {
    EXPECT_EQ(judge(token_of(kHeader, payload(R"(,"exp":)" + std::string(good)))), "ok") << good;
  }
  for (const char* bad : {"\"1700000001\"", "null", "true", "1e999", "[]", "{}"}) {
    for (const char* claim : {"exp", "nbf", "iat"}) {
      const auto more = ",\"" + std::string(claim) + "\":" + bad;
      EXPECT_EQ(judge(token_of(kHeader, payload(more))), "bad_claims") << more;
    }
  }
}

TEST(Verify, demands_exp_where_the_team_does) {
  const Policy strict{.leeway_seconds = 0, .exp = ExpiryDemand::kAlways};
  EXPECT_EQ(judge(token_of(kHeader, payload()), strict), "exp_required");
  EXPECT_EQ(judge(token_of(kHeader, payload(R"(,"exp":1700000001)")), strict), "ok");
}

TEST(Verify, lets_a_key_verify_until_it_is_retired) {
  const Key keys[] = {{&kHs256, UnixTime::from_seconds(kNow)}};
  const auto token = token_of(kHeader, payload());
  EXPECT_TRUE(verify(token, keys, {}, UnixTime::from_seconds(kNow - 1)));
  EXPECT_FALSE(verify(token, keys, {}, UnixTime::from_seconds(kNow)));
  EXPECT_FALSE(verify(token, {}, {}, UnixTime::from_seconds(kNow)));
}

RC_GTEST_PROP(Verify, takes_what_sign_makes_of_any_claims, ()) {
  const auto piece = rc::gen::element<std::string>("a", "Z", "7", "-", ".", "\"", "\\", "/", " ",
                                                   "é", "\u2028", "\U0001f511", "<", "${X}");
  const auto id =
      rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(piece)),
                   [](const std::vector<std::string>& pieces) {
                     std::string text;
                     for (const auto& one : pieces) text += one;
                     return text.size() > 256 ? std::string("long") : text;
                   });
  const std::string project = *id, object = *id, type = *id;
  const auto algorithm =
      *rc::gen::element(HashAlgorithm::kSha256, HashAlgorithm::kSha384, HashAlgorithm::kSha512);
  const auto token = sign({.key = kSecret,
                           .algorithm = algorithm,
                           .project_id = project,
                           .object_id = object,
                           .object_type = type,
                           .now = UnixTime::from_seconds(kNow)});
  RC_ASSERT(token.has_value());
  const HmacKey key(algorithm, kSecret);
  const Key keys[] = {{&key}};
  const auto claims = verify(*token, keys, {}, UnixTime::from_seconds(kNow));
  RC_ASSERT(claims.has_value());
  RC_ASSERT(claims->project_id() == project && claims->object_id() == object);
  RC_ASSERT(claims->object_type() == type);
}

}  // namespace
}  // namespace sutler::jwt
