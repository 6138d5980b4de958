// The records of all nodes of a store through the API: one order, cursors, who is behind.
#include "admin/audit_nodes_api.h"

#include <gtest/gtest.h>

#include "admin/test_support.h"
#include "audit/line.h"

namespace sutler::admin::test {
namespace {

const std::string kOther(audit::kNodeDigits, 'b');

class AuditNodes : public testing::Test {
 protected:
  // Fetches of another node, as one row of the table.
  void add_row(std::size_t count, std::string_view project = "pay") {
    audit::Chunk chunk{.node = kOther, .first_seq = chain_.seq() + 1};
    for (std::size_t i = 0; i < count; ++i) {
      audit::Event event{.time = bench_.clock().now(), .event = "fetch", .team = "default"};
      event.project_id = project;
      event.object_id = "o";
      event.object_type = "service";
      audit::append_event_line(chunk.lines, chain_, event, kOther);
    }
    chunk.last_seq = chain_.seq();
    audit::NodeHead head{.node = kOther, .name = "host-b", .seen = bench_.clock().now()};
    head.local_seq = head.shipped_seq = chain_.seq();
    must(bench_.table().put({chunk}, &head));
  }
  std::size_t count(const json::value& answer) { return answer.at("records").as_array().size(); }
  std::string bearer(std::string_view name, std::string_view grant) {
    bench_.done("POST", "/api/v1/operators",
                R"({"name":")" + std::string(name) + R"(",)" + std::string(grant) + "}");
    const auto token =
        bench_.done("POST", "/api/v1/operators/" + std::string(name) + "/tokens", "{}");
    return "Bearer " + json::value_to<std::string>(token.at("token"));
  }

  Bench bench_{model::WeakKeys::kRefuse, 1'000'000, nullptr, Nodes::kSeveral};
  audit::Chain chain_;
};

TEST_F(AuditNodes, AQueryHasTheRecordsOfAllAndSaysHowFarEachCanBeSeen) {
  add_row(3);
  bench_.done("POST", "/api/v1/teams", R"({"id":"red"})");
  const auto all = bench_.done("GET", "/api/v1/audit");
  EXPECT_GE(count(all), 4U);
  EXPECT_TRUE(all.at("complete").as_bool());
  ASSERT_EQ(all.at("nodes").as_array().size(), 2U);
  EXPECT_EQ(all.at_pointer("/nodes/0/state").as_string(), "own");
  EXPECT_EQ(all.at_pointer("/nodes/1/name").as_string(), "host-b");
  for (const auto& record : all.at("records").as_array()) {
    EXPECT_TRUE(record.as_object().contains("node"));
  }
  EXPECT_EQ(count(bench_.done("GET", "/api/v1/audit?node=host-b")), 3U);
  EXPECT_EQ(count(bench_.done("GET", "/api/v1/audit?node=" + kOther + "&event=team.*")), 0U);
  EXPECT_EQ(bench_.ask("GET", "/api/v1/audit?node=nobody").code(), "unknown_node");
  bench_.clock().set(bench_.clock().now() + std::chrono::hours(1));
  const auto later = bench_.done("GET", "/api/v1/audit");
  EXPECT_FALSE(later.at("complete").as_bool());
  EXPECT_EQ(later.at_pointer("/nodes/1/state").as_string(), "silent");
}

TEST_F(AuditNodes, PagesGoOnByATextCursor) {
  add_row(5);
  std::size_t seen = 0;
  std::string path = "/api/v1/audit?limit=2&event=fetch";
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = bench_.done("GET", path);
    seen += count(page);
    const auto* next = page.as_object().if_contains("next");
    if (next == nullptr) break;
    path = "/api/v1/audit?limit=2&event=fetch&cursor=" + json::value_to<std::string>(*next);
    add_row(1);
  }
  EXPECT_EQ(seen, 5U);
  EXPECT_EQ(bench_.ask("GET", "/api/v1/audit?cursor=17").code(), "bad_cursor");
}

TEST_F(AuditNodes, ExportAndFollowingReadAllNodesToo) {
  add_row(2);
  const auto exported = bench_.ask("GET", "/api/v1/audit/export?event=fetch");
  EXPECT_EQ(std::ranges::count(exported.text, '\n'), 2);
  const auto none = bench_.done("GET", "/api/v1/audit/follow");
  EXPECT_EQ(count(none), 0U);
  add_row(1);
  const auto last = json::value_to<std::string>(none.at("last"));
  EXPECT_EQ(count(bench_.done("GET", "/api/v1/audit/follow?after=" + last)), 1U);
}

TEST_F(AuditNodes, ScopesHoldForTheRecordsOfOtherNodes) {
  add_row(1, "pay");
  add_row(1, "other");
  const auto token = bearer("aud", R"("role":"auditor","scopes":[{"projects":["pay"]}])");
  const auto seen = bench_.ask_tcp(token, "GET", "/api/v1/audit?event=fetch");
  ASSERT_EQ(seen.status, 200) << seen.text;
  EXPECT_EQ(count(seen.body()), 1U);
  EXPECT_EQ(bench_.ask_tcp(token, "GET", "/api/v1/audit/lines?node=" + kOther).status, 403);
}

TEST_F(AuditNodes, LinesComeByteForByteAndADamagedRowIsNamed) {
  add_row(3);
  add_row(2);
  const auto lines = bench_.ask("GET", "/api/v1/audit/lines?node=" + kOther);
  ASSERT_EQ(lines.status, 200);
  EXPECT_EQ(count(lines.body()), 5U);
  const auto rest = bench_.ask("GET", "/api/v1/audit/lines?node=" + kOther + "&after=2");
  EXPECT_EQ(count(rest.body()), 3U);
  const auto end = bench_.ask("GET", "/api/v1/audit/lines?node=" + kOther + "&after=5");
  EXPECT_EQ(count(end.body()), 0U);
  EXPECT_EQ(bench_.ask("GET", "/api/v1/audit/lines?node=host-b").status, 400);
  auto rows = must(bench_.store().backend().telemetry("audit/"));
  ASSERT_EQ(rows.size(), 2U);
  rows[1].value[60] ^= 1;
  must(bench_.store().backend().put_telemetry({rows[1]}));
  EXPECT_EQ(count(bench_.ask("GET", "/api/v1/audit/lines?node=" + kOther).body()), 3U);
  const auto damaged = bench_.ask("GET", "/api/v1/audit/lines?node=" + kOther + "&after=3");
  EXPECT_EQ(damaged.status, 500);
  EXPECT_EQ(damaged.code(), "audit_row_damaged");
  EXPECT_FALSE(bench_.done("GET", "/api/v1/audit").at("complete").as_bool());
}

TEST(AuditOneNode, HasNoNodesAndRefusesToAskForOne) {
  Bench bench;
  EXPECT_EQ(bench.done("GET", "/api/v1/audit/nodes").at("nodes").as_array().size(), 0U);
  EXPECT_EQ(bench.ask("GET", "/api/v1/audit?node=x").status, 400);
  EXPECT_EQ(bench.ask("GET", "/api/v1/audit/lines?node=" + kOther).status, 404);
  EXPECT_FALSE(bench.done("GET", "/api/v1/audit").as_object().contains("complete"));
}

}  // namespace
}  // namespace sutler::admin::test
