#include "audit/line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"

namespace sutler::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kZeros =
    "0000000000000000000000000000000000000000000000000000000000000000";

std::string hex_of(const crypto::Digest& digest) {
  return base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string line_of(const Event& event) {
  std::string line;
  Chain chain;
  append_event_line(line, chain, event);
  EXPECT_TRUE(line.ends_with('\n'));
  line.pop_back();
  return line;
}

TEST(LineTest, AFullEventHasItsMembersInTheDocumentedOrder) {
  const Event event{.time = {1'795'532'728'123'456},
                    .event = "fetch",
                    .outcome = Outcome::kDenied,
                    .team = "default",
                    .project_id = "p",
                    .object_id = "o",
                    .object_type = "service",
                    .operator_name = "uid:0",
                    .remote = "127.0.0.1",
                    .request_id = "q",
                    .revision = 7,
                    .groups_json = R"([{"name":"g","version":3}])",
                    .keys_json = R"(["A","/file"])",
                    .source = "vault",
                    .ref = "kv/a#b",
                    .reason = "bad_signature",
                    .key_id = "k",
                    .count = 5};
  const std::string body =
      R"({"seq":1,"time":"2026-11-24T15:05:28.123456Z","event":"fetch","outcome":"denied",)"
      R"("team":"default","workload":{"projectId":"p","nfObjectId":"o","nfObjectType":"service"},)"
      R"("operator":"uid:0","remote":"127.0.0.1","request_id":"q","revision":7,)"
      R"("groups":[{"name":"g","version":3}],"keys":["A","/file"],"source":"vault","ref":"kv/a#b",)"
      R"("reason":"bad_signature","key_id":"k","count":5,"prev":")" +
      std::string(kZeros) + '"';
  EXPECT_EQ(line_of(event), body + R"(,"hash":")" + hex_of(crypto::sha256(body)) + R"("})");
}

TEST(LineTest, EmptyMembersAreLeftOut) {
  EXPECT_TRUE(line_of({.event = "fetch"})
                  .starts_with(R"({"seq":1,"time":"1970-01-01T00:00:00.000000Z","event":"fetch",)"
                               R"("outcome":"ok","prev":"0)"));
}

TEST(LineTest, EachLineNamesTheHashOfTheOneBefore) {
  std::string text;
  Chain chain;
  append_event_line(text, chain, {.event = "a"});
  const Chain first = chain;
  const std::size_t second = text.size();
  append_event_line(text, chain, {.event = "b"});
  const auto head = read_line_head(std::string_view(text).substr(second, text.size() - second - 1));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->before(), first);
  EXPECT_EQ(head->after(), chain);
  EXPECT_EQ(chain.seq(), 2u);
}

TEST(LineTest, ACheckpointIsSignedOverItsNumberAndTheLineBefore) {
  const auto key = crypto::SigningKey::generate();
  std::string line;
  Chain chain;
  append_event_line(line, chain, {.event = "a"});
  line.clear();
  const std::string prev(chain.hash());
  append_checkpoint_line(line, chain, {}, key);
  const auto tree = base::parse_json(line.substr(0, line.size() - 1));
  ASSERT_TRUE(tree);
  const auto signature =
      base::hex_decode(std::string_view(tree->at("signature").as_string().c_str()));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(
      crypto::verify_signature(key.public_key(), "sutler-audit-v1\n2\n" + prev + "\n", *signature));
  EXPECT_TRUE(read_line_head(line.substr(0, line.size() - 1))->checkpoint);
}

TEST(LineTest, ATimeThatTheFormatCannotHoldIsTheNearestOneThatItCan) {
  EXPECT_NE(line_of({.time = {-1}, .event = "a"}).find("1970-01-01T00:00:00.0"), std::string::npos);
  EXPECT_NE(line_of({.time = {INT64_MAX}, .event = "a"}).find("9999-12-31T23:59:59.9"),
            std::string::npos);
}

TEST(LineTest, TextCannotPretendToBeAMemberOrALine) {
  const std::string evil =
      "x\",\"event\":\"checkpoint\",\"prev\":\"" + std::string(64, 'f') + "\"}\n";
  const std::string line = line_of({.event = evil, .team = evil, .request_id = evil});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto head = read_line_head(line);
  ASSERT_TRUE(head);
  EXPECT_FALSE(head->checkpoint);
  EXPECT_EQ(head->prev, kZeros);
}

TEST(LineTest, AHeadThatIsNotExactlyOursIsRefused) {
  const std::string good = line_of({.event = "a"});
  ASSERT_TRUE(read_line_head(good));
  EXPECT_FALSE(read_line_head(""));
  EXPECT_FALSE(read_line_head("{}"));
  EXPECT_FALSE(read_line_head(good + " "));
  EXPECT_FALSE(read_line_head(" " + good));
  const auto rehashed = [](std::string body) {
    const std::string hash = hex_of(crypto::sha256(body));
    return body + R"(,"hash":")" + hash + R"("})";
  };
  const std::string prev = R"("prev":")" + std::string(kZeros) + '"';
  EXPECT_TRUE(read_line_head(rehashed(R"({"seq":1,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":0,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":01,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":-1,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":1.0,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":99999999999999999999,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"time":1,)" + prev)));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":1,"prev":"00")")));
  EXPECT_FALSE(read_line_head(rehashed(R"({"seq":1)")));
}

TEST(LineTest, NaughtyStringsStayOneLineEachAndReadBackAsTheyWere) {
  const char* const set = std::getenv("SUTLER_CORPORA");
  const fs::path file = fs::path(set != nullptr ? set : "../shared/corpora") / "strings/blns.json";
  if (!fs::exists(file)) GTEST_SKIP() << "the corpora are absent (" << file << ")";
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto strings = base::parse_json(text);
  ASSERT_TRUE(strings);
  EXPECT_GT(strings->as_array().size(), 400u);
  for (const auto& item : strings->as_array()) {
    const std::string_view naughty(item.as_string().data(), item.as_string().size());
    const std::string line = line_of({.event = "fetch", .team = naughty, .remote = naughty});
    for (const char* end : {"\n", "\r", "\x1b", "\x7f", "\u2028", "\u2029"}) {
      ASSERT_EQ(line.find(end), std::string::npos) << line;
    }
    ASSERT_TRUE(read_line_head(line)) << line;
    const auto tree = base::parse_json(line);
    ASSERT_TRUE(tree) << line;
    if (naughty.empty()) continue;
    EXPECT_EQ(std::string_view(tree->at("team").as_string().c_str()),
              std::string_view(item.as_string().c_str()));
  }
}

TEST(LineNode, StandsBeforePrevAndNowhereElse) {
  const std::string node(kNodeDigits, '7');
  Chain chain;
  std::string line;
  append_event_line(line, chain, {.event = "fetch", .reason = R"(,"node":"0","prev":")"}, node);
  line.pop_back();
  const auto head = read_line_head(line);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->node, node);
  line.clear();
  append_event_line(line, chain, {.event = "fetch"});
  line.pop_back();
  EXPECT_EQ(read_line_head(line)->node, "");
  EXPECT_FALSE(is_node_id(""));
  EXPECT_FALSE(is_node_id(std::string(kNodeDigits, 'A')));
  EXPECT_FALSE(is_node_id(std::string(kNodeDigits + 1, 'a')));
}

}  // namespace
}  // namespace sutler::audit
