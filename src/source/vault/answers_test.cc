#include "source/vault/answers.h"

#include <gtest/gtest.h>

#include <string>

#include "source/vault/locator.h"

namespace sutler::source {
namespace {

FailureKind kv(int status, std::string_view body, int version = 2) {
  const auto answer = read_kv({status, body}, version, "w");
  EXPECT_FALSE(answer) << status << " " << body;
  return answer ? FailureKind::kOutage : answer.error().kind;
}

TEST(VaultAnswers, ReadsBothVersionsOfKv) {
  const auto one = read_kv({200, R"({"data":{"a":"x"},"lease_duration":2764800})"}, 1, "w");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->bytes.expose(), R"({"a":"x"})");
  EXPECT_FALSE(one->good_for);  // the server's default, not the secret's word
  const auto two =
      read_kv({200, R"({"data":{"data":{"a":"x","n":1.10},"metadata":{"version":3}}})"}, 2, "w");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->bytes.expose(), R"({"a":"x","n":1.10})");
  ASSERT_EQ(two->fields->size(), 2);
  EXPECT_EQ((*two->fields)[1].value.expose(), "1.10");
}

TEST(VaultAnswers, TakesTheTtlThatAVersionOneSecretNames) {
  const auto one =
      read_kv({200, R"({"data":{"a":"x","ttl":"30m"},"lease_duration":1800})"}, 1, "w");
  ASSERT_TRUE(one && one->good_for);
  EXPECT_EQ(one->good_for->count(), 1800);
}

TEST(VaultAnswers, OnlyVaultsOwnWordsMeanThatAValueDoesNotExist) {
  EXPECT_EQ(kv(404, R"({"errors":[]})"), FailureKind::kMissing);
  EXPECT_EQ(kv(404, R"({"errors":[]})", 1), FailureKind::kMissing);
  const char* deleted =
      R"({"data":{"data":null,"metadata":{"deletion_time":"2026-01-01T00:00:00Z","version":1}}})";
  EXPECT_EQ(kv(404, deleted), FailureKind::kMissing);
  EXPECT_EQ(kv(200, deleted), FailureKind::kMissing);
  EXPECT_EQ(kv(404, "<html>not found</html>"), FailureKind::kOutage);
  EXPECT_EQ(kv(404, ""), FailureKind::kOutage);
  EXPECT_EQ(kv(404, "{}"), FailureKind::kOutage);
  EXPECT_EQ(kv(404, R"({"errors":["no handler for route \"x/\". route entry not found."]})"),
            FailureKind::kBadReference);
}

TEST(VaultAnswers, ARefusalMustBeVaultsOwnToo) {
  EXPECT_EQ(kv(403, R"({"errors":["permission denied"]})"), FailureKind::kDenied);
  EXPECT_EQ(kv(403, "<html>"), FailureKind::kOutage);
  EXPECT_EQ(kv(405, R"({"errors":["unsupported operation"]})"), FailureKind::kBadReference);
}

TEST(VaultAnswers, EverythingElseIsAnOutage) {
  for (const int status : {201, 204, 301, 307, 400, 412, 429, 472, 500, 502, 503, 504}) {
    EXPECT_EQ(kv(status, R"({"errors":["Vault is sealed"]})"), FailureKind::kOutage) << status;
  }
  for (const char* body : {"", "{", "[]", "{}", R"({"data":null})", R"({"data":{"data":[]}})",
                           R"({"data":{"data":{"a":"x"})", R"({"data":"x"})", "\xff"}) {
    EXPECT_EQ(kv(200, body), FailureKind::kOutage) << body;
  }
  const auto busy = read_kv({429, "", std::chrono::seconds(7)}, 2, "w");
  EXPECT_EQ(busy.error().retry_after.count(), 7);
}

TEST(VaultAnswers, AnAnswerCutOffAnywhereIsAnOutage) {
  const std::string whole = R"({"data":{"data":{"a":"x"},"metadata":{"version":3}}})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_EQ(kv(200, whole.substr(0, length)), FailureKind::kOutage) << length;
  }
}

TEST(VaultAnswers, MessagesQuoteNothingOfTheAnswer) {
  for (const int status : {200, 400, 403, 404, 405, 500}) {
    const auto answer = read_kv({status, R"({"errors":["CANARY"]})"}, 2, "w");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message.find("CANARY"), std::string::npos) << status;
  }
}

TEST(VaultAnswers, ReadsALogin) {
  const auto token = read_login(
      {200, R"({"auth":{"client_token":"t","lease_duration":60,"renewable":true}})"}, "w");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token.expose(), "t");
  EXPECT_EQ(token->good_for->count(), 60);
  EXPECT_TRUE(token->renewable);
  EXPECT_EQ(read_login({400, R"({"errors":["invalid role"]})"}, "w").error().kind,
            FailureKind::kLogin);
  EXPECT_EQ(read_login({403, "<html>"}, "w").error().kind, FailureKind::kOutage);
  EXPECT_EQ(read_login({503, R"({"errors":["Vault is sealed"]})"}, "w").error().kind,
            FailureKind::kOutage);
  EXPECT_EQ(read_login({200, R"({"auth":{"client_token":""}})"}, "w").error().kind,
            FailureKind::kOutage);
  EXPECT_EQ(read_login({200, R"({"auth":null})"}, "w").error().kind, FailureKind::kOutage);
}

TEST(VaultAnswers, ReadsWhatATokenSaysOfItself) {
  const auto root =
      read_lookup({200, R"({"data":{"ttl":0,"expire_time":null,"renewable":false}})"}, "w");
  ASSERT_TRUE(root);
  EXPECT_FALSE(root->good_for);
  const auto ending =
      read_lookup({200, R"({"data":{"ttl":0,"expire_time":"2026-11-24T00:00:00Z"}})"}, "w");
  ASSERT_TRUE(ending && ending->good_for);
  EXPECT_EQ(ending->good_for->count(), 0);
  EXPECT_EQ(read_lookup({403, R"({"errors":["permission denied"]})"}, "w").error().kind,
            FailureKind::kLogin);
}

TEST(VaultAnswers, ReadsWhatIsMounted) {
  const auto two = read_mount(
      {200, R"({"data":{"path":"team/kv/","type":"kv","options":{"version":"2"}}})"}, "w");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->path, "team/kv");
  EXPECT_EQ(two->kv_version, 2);
  const auto one = read_mount({200, R"({"data":{"path":"old/","type":"kv","options":null}})"}, "w");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->kv_version, 1);
  EXPECT_EQ(read_mount({200, R"({"data":{"path":"pki/","type":"pki"}})"}, "w").error().kind,
            FailureKind::kBadReference);
  EXPECT_EQ(read_mount({403, R"({"errors":["preflight"]})"}, "w").error().kind,
            FailureKind::kDenied);
}

TEST(VaultLocator, IsAPathUnderAMountWithOneVersionAtMost) {
  const auto pinned = parse_vault_locator("secret/payments/db?version=3");
  ASSERT_TRUE(pinned);
  EXPECT_EQ(pinned->path, "secret/payments/db");
  EXPECT_EQ(pinned->version, 3);
  EXPECT_TRUE(parse_vault_locator("secret/with space"));
  for (const char* bad :
       {"", "secret", "/secret/a", "secret/a/", "secret//a", "secret/../sys/x", "secret/./a",
        "secret/a?version=0", "secret/a?version=", "secret/a?x=1", "secret/a?version=1&x=2",
        "secret/a?version=-1", "secret/a\n", "a/\xff"}) {
    EXPECT_FALSE(parse_vault_locator(bad)) << bad;
  }
  EXPECT_EQ(encode_path("a b/c#d?e"), "a%20b/c%23d%3Fe");
}

}  // namespace
}  // namespace sutler::source
