// Every endpoint for every role and scope. A route without a row here fails the test: whoever adds
// an endpoint says who may use it, and docs/rights.md says the same (written anew by
// `SUTLER_WRITE_DOCS=1 admin_test --gtest_filter=RightsTable.*`).
#include <algorithm>
#include <cstdlib>

#include "admin/routes.h"
#include "admin/test_support.h"
#include "source/file/config.h"
#include "source/sources.h"

namespace sutler::admin::test {
namespace {

// One letter for each of kWho: `+` answered, `-` refused (403), `0` as if it were not there (404).
struct Row {
  std::string_view method;
  std::string_view pattern;
  std::string_view expected;
  std::string_view body = {};
  std::string_view query = {};
};

// The group of the fixture is a secret one, of team `default`, for project `pay`.
constexpr std::string_view kIn = R"(,"scopes":[{"projects":["pay"]}])";
constexpr std::string_view kOut = R"(,"scopes":[{"teams":["red"],"projects":["shop"]}])";

std::vector<std::pair<std::string, std::string>> all_who() {
  const auto grant = [](std::string_view role, std::string_view scope, std::string_view more = "") {
    return R"("role":")" + std::string(role) + "\"" + std::string(scope) + std::string(more);
  };
  return {{"owner, reveal", grant("owner", "", R"(,"reveal":true)")},
          {"owner", grant("owner", "")},
          {"editor", grant("editor", "")},
          {"editor in scope, reveal", grant("editor", kIn, R"(,"reveal":true)")},
          {"editor in scope", grant("editor", kIn)},
          {"editor out of scope", grant("editor", kOut)},
          {"viewer, reveal", grant("viewer", "", R"(,"reveal":true)")},
          {"viewer in scope", grant("viewer", kIn)},
          {"viewer out of scope", grant("viewer", kOut)},
          {"auditor", grant("auditor", "")}};
}

constexpr std::string_view kGroupBody =
    R"({"name":"g","restrictions":{"projects":["pay"]},"secrets":{"variables":{"A":"2"}}})";
constexpr std::string_view kApplyBody =
    R"({"groups":[{"name":"g","restrictions":{"projects":["pay"]},)"
    R"("secrets":{"variables":{"A":"2"}}}]})";
constexpr std::string_view kWorkload = R"({"project":"pay","object":"api","type":"service"})";

constexpr std::string_view kEverybody = "++++++++++";
constexpr std::string_view kOwners = "++--------";
constexpr std::string_view kEditors = "++++++----";
constexpr std::string_view kAuditors = "++-------+";
constexpr std::string_view kRouteTeam = "/api/v1/teams/{team}";
constexpr std::string_view kRouteGroup = "/api/v1/teams/{team}/groups/{name}";
constexpr std::string_view kRouteVersions = "/api/v1/teams/{team}/groups/{name}/versions";
constexpr std::string_view kRouteVersion = "/api/v1/teams/{team}/groups/{name}/versions/{version}";
constexpr std::string_view kRouteDiff = "/api/v1/teams/{team}/groups/{name}/diff";
constexpr std::string_view kRouteRollback = "/api/v1/teams/{team}/groups/{name}/rollback";
constexpr std::string_view kRouteCopy = "/api/v1/teams/{team}/groups/{name}/copy";
constexpr std::string_view kRoutePurge = "/api/v1/teams/{team}/groups/{name}/purge";
constexpr std::string_view kRouteOperator = "/api/v1/operators/{name}";

const Row kRows[] = {
    {"GET", "/livez", kEverybody},
    {"GET", "/readyz", kEverybody},
    {"GET", "/openapi.yaml", kEverybody},
    {"GET", "/api/v1/status", kEverybody},
    {"GET", "/metrics", "+++---+--+"},
    {"GET", "/api/v1/audit", kAuditors},
    {"GET", "/api/v1/audit/export", kAuditors},
    {"GET", "/api/v1/audit/follow", kAuditors},
    {"GET", "/api/v1/audit/nodes", kAuditors},
    {"GET", "/api/v1/audit/lines", kAuditors},
    {"GET", "/api/v1/audit/key", kEverybody},
    {"GET", "/api/v1/master-key", kAuditors},
    {"POST", "/api/v1/master-key/rotate", kOwners},
    {"GET", "/api/v1/backups", kAuditors},
    {"POST", "/api/v1/backups", kOwners},
    {"GET", "/api/v1/sources", kEverybody},
    {"GET", "/api/v1/sources/{name}", kEverybody},
    {"POST", "/api/v1/sources/{name}/check", kEditors},
    {"POST", "/api/v1/sources/{name}/refresh", kEditors},
    {"GET", "/api/v1/session", kEverybody},
    {"POST", "/api/v1/session", kEverybody},
    {"DELETE", "/api/v1/session", kEverybody},
    {"GET", "/api/v1/teams", kEverybody},
    {"POST", "/api/v1/teams", kOwners, R"({"id":"blue"})"},
    {"GET", kRouteTeam, "+++++0++0+"},
    {"PATCH", kRouteTeam, kOwners, R"({"require_exp":true})"},
    {"DELETE", kRouteTeam, kOwners},
    {"GET", "/api/v1/teams/{team}/keys", kOwners},
    {"POST", "/api/v1/teams/{team}/keys", kOwners, "{}"},
    {"POST", "/api/v1/teams/{team}/keys/{id}/retire", kOwners, "{}"},
    {"GET", "/api/v1/teams/{team}/groups", "+++++0++0+"},
    {"GET", "/api/v1/groups", kEverybody},
    {"GET", "/api/v1/teams/{team}/groups/{name}/entries", "+++++0++0+"},
    {"GET", "/api/v1/teams/{team}/groups/{name}/entries", "+--+-0+-0-", "", "reveal=true"},
    {"GET", kRouteGroup, "+++++0++0+"},
    {"GET", kRouteGroup, "+--+-0+-0-", "", "reveal=true"},
    {"PUT", kRouteGroup, "+++++0----", kGroupBody},
    {"PATCH", kRouteGroup, "+++++0----", R"({"variables":{"A":"2"}})"},
    {"DELETE", kRouteGroup, "+++++0----"},
    {"POST", "/api/v1/apply", "+++++0----", kApplyBody},
    {"GET", kRouteVersions, "+++++0++0+"},
    {"GET", kRouteVersion, "+++++0++0+"},
    {"GET", kRouteVersion, "+--+-0+-0-", "", "reveal=true"},
    {"GET", kRouteDiff, "+++++0++0+", "", "from=1&to=1"},
    {"GET", kRouteDiff, "+--+-0+-0-", "", "from=1&to=1&reveal=true"},
    {"POST", kRouteRollback, "+++++0----", R"({"version":1})"},
    {"POST", kRouteCopy, "+++++0----", R"({"to":"h","values":"empty","projects":["pay"]})"},
    {"POST", kRouteCopy, "+++++0----", R"({"to":"h","values":"same","projects":["pay"]})"},
    {"POST", kRoutePurge, kOwners, R"({"keep":1})"},
    {"GET", "/api/v1/teams/{team}/deleted-groups", "+++++0++0+"},
    {"GET", "/api/v1/revisions", kEverybody},
    {"GET", "/api/v1/revisions/{revision}", "+++++0++0+"},
    {"POST", "/api/v1/revisions/{revision}/undo", "+++++-----"},
    {"POST", "/api/v1/impact", "+++++0----", kApplyBody},
    {"GET", "/api/v1/workloads", kEverybody},
    {"GET", "/api/v1/workloads/{id}", kEverybody},
    {"GET", "/api/v1/drift", kEverybody},
    {"POST", "/api/v1/exposure", "++-------+", R"({"group":"g","key":"A"})"},
    {"POST", "/api/v1/restarts", "++++++----", R"({"workloads":["x"]})"},
    {"GET", "/api/v1/restarts", "++++++----"},
    {"POST", "/api/v1/teams/{team}/explain", "+++++0++0+", kWorkload},
    {"POST", "/api/v1/teams/{team}/bundle", "+--+-0+-0-", kWorkload},
    {"GET", "/api/v1/operators", kOwners},
    {"POST", "/api/v1/operators", kOwners, R"({"name":"new","role":"viewer"})"},
    {"GET", kRouteOperator, kOwners},
    {"PUT", kRouteOperator, kOwners, R"({"role":"viewer"})"},
    {"PATCH", kRouteOperator, kOwners, R"({"role":"viewer"})"},
    {"DELETE", kRouteOperator, kOwners},
    {"POST", "/api/v1/operators/{name}/disable", kOwners},
    {"POST", "/api/v1/operators/{name}/enable", kOwners},
    {"GET", "/api/v1/operators/{name}/tokens", kOwners},
    {"POST", "/api/v1/operators/{name}/tokens", kOwners, "{}"},
    {"DELETE", "/api/v1/operators/{name}/tokens/{id}", kOwners},
};

// The fixture's group is at version 1, which revision 2 wrote.
std::string_view number_in(std::string_view what) {
  return what == "{version}" ? "1" : what == "{revision}" ? "2" : "00000000";
}

std::string path_of(const Row& row) {
  // `default` cannot be deleted by anybody.
  if (row.method == "DELETE" && row.pattern == kRouteTeam) return "/api/v1/teams/spare";
  std::string path;
  std::string_view rest = row.pattern;
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    path += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find('}');
    const std::string_view what = rest.substr(open, close - open + 1);
    path += what == "{team}" ? "default" : what == "{name}" ? "g" : number_in(what);
    rest.remove_prefix(close + 1);
  }
  return row.query.empty() ? path : path + "?" + std::string(row.query);
}

char letter_of(int status) {
  if (status == 403) return '-';
  if (status == 404) return '0';
  return status == 401 ? '?' : '+';
}

// A bench with the group and with one operator called `g`, whose grant it is.
// One source, whose name is what `{name}` stands for.
std::vector<source::Sources::Configured> a_source(const std::filesystem::path& root) {
  std::vector<source::Sources::Configured> all;
  source::FileConfig config;
  config.name = "g";
  config.root = root;
  all.push_back({{.name = "g", .kind = "file"}, source::make_file(std::move(config))});
  return all;
}

struct Fixture {
  base::SystemClock clock;
  source::Sources sources{a_source(std::filesystem::temp_directory_path()), {}, clock};
  Bench bench{model::WeakKeys::kRefuse, 1'000'000, &sources};
  std::string bearer;

  explicit Fixture(const std::string& grant) {
    bench.done("PUT", "/api/v1/teams/default/groups/g",
               R"({"name":"g","restrictions":{"projects":["pay"]},)"
               R"("secrets":{"variables":{"A":"1"}}})");
    bench.done("POST", "/api/v1/teams", R"({"id":"spare"})");
    bench.done("POST", "/api/v1/operators", R"({"name":"g",)" + grant + "}");
    const auto made = bench.done("POST", "/api/v1/operators/g/tokens", "{}");
    bearer = "Bearer " + json::value_to<std::string>(made.at("token"));
  }
};

TEST(RightsTable, EveryRouteHasARowAndEveryRowARoute) {
  for (const Route& route : all_routes()) {
    const bool listed = std::ranges::any_of(kRows, [&](const Row& row) {
      return row.method == route.method && row.pattern == route.pattern;
    });
    EXPECT_TRUE(listed) << route.method << ' ' << route.pattern
                        << " has no row in rights_table_test.cc: say who may use it";
  }
  for (const Row& row : kRows) {
    const bool there = std::ranges::any_of(all_routes(), [&](const Route& route) {
      return row.method == route.method && row.pattern == route.pattern;
    });
    EXPECT_TRUE(there) << row.method << ' ' << row.pattern << " is no route";
    EXPECT_EQ(row.expected.size(), all_who().size()) << row.method << ' ' << row.pattern;
  }
}

TEST(RightsTable, EveryEndpointAnswersEachRoleAndScopeAsItsRowSays) {
  const auto who = all_who();
  for (const Row& row : kRows) {
    std::string got;
    for (const auto& [title, grant] : who) {
      Fixture fixture(grant);
      const std::uint64_t before = fixture.bench.revision();
      const Answer answer =
          fixture.bench.ask_tcp(fixture.bearer, row.method, path_of(row), row.body);
      char letter = letter_of(answer.status);
      if (letter != '+') {
        EXPECT_EQ(fixture.bench.revision(), before) << row.method << ' ' << row.pattern;
        EXPECT_FALSE(answer.text.contains(R"("A":"1")")) << row.method << ' ' << row.pattern;
      }
      // An owner whom nothing is refused is told that there is no such key or token.
      if (letter == '0' && path_of(row).contains("00000000")) letter = '+';
      got += letter;
    }
    EXPECT_EQ(got, row.expected) << row.method << ' ' << row.pattern << ' ' << row.query;
  }
}

std::string document() {
  std::string out =
      "# Who may do what\n\n"
      "Written by `src/admin/rights_table_test.cc`, which asks every endpoint as each of these "
      "operators; do not edit.\nThe group asked about is one of type `secret` for project `pay`; "
      "*in scope* means `projects: [pay]`, *out of scope* another team\nand project. ✓ is "
      "answered, ✗ is 403, ∅ is 404: as if it were not there. [operators.md](operators.md) "
      "explains the roles.\n\n| endpoint |";
  for (const auto& [title, grant] : all_who()) out += " " + title + " |";
  out += "\n|---|";
  for (std::size_t i = 0; i < all_who().size(); ++i) out += "---|";
  out += "\n";
  for (const Row& row : kRows) {
    out += "| `" + std::string(row.method) + " " + std::string(row.pattern);
    if (!row.query.empty()) out += "?" + std::string(row.query);
    out += "` |";
    for (const char letter : row.expected) {
      out += letter == '+' ? " ✓ |" : letter == '-' ? " ✗ |" : " ∅ |";
    }
    out += "\n";
  }
  return out;
}

// The folder of the sources, from the environment or upwards from here.
std::filesystem::path docs_folder() {
  if (const char* source = std::getenv("SUTLER_SOURCE")) {
    return std::filesystem::path(source) / "docs";
  }
  auto folder = std::filesystem::current_path();
  while (!std::filesystem::exists(folder / "docs" / "threat-model.md")) {
    if (folder == folder.parent_path()) return {};
    folder = folder.parent_path();
  }
  return folder / "docs";
}

TEST(RightsTable, TheDocumentSaysTheSame) {
  const auto folder = docs_folder();
  if (folder.empty()) GTEST_SKIP() << "the sources are not here: set SUTLER_SOURCE";
  if (std::getenv("SUTLER_WRITE_DOCS") != nullptr) {
    std::ofstream(folder / "rights.md", std::ios::binary) << document();
  }
  std::ifstream file(folder / "rights.md", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(text, document()) << "write it anew: SUTLER_WRITE_DOCS=1 admin_test "
                                 "--gtest_filter=RightsTable.*";
}

}  // namespace
}  // namespace sutler::admin::test
