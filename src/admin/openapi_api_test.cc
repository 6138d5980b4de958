#include "admin/openapi_api.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

#include "admin/routes.h"
#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

// "GET /api/v1/teams/{}": the names of what stands in braces are for readers.
std::string operation(std::string_view method, std::string_view path) {
  std::string out(method);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  out += ' ';
  bool inside = false;
  for (const char c : path) {
    inside = c == '{' || (inside && c != '}');
    if (!inside || c == '{') out += c;
  }
  return out;
}

// The operations of the document, by the indentation that it keeps: paths at two blanks, methods
// at four.
std::set<std::string> described() {
  std::set<std::string> found;
  std::istringstream lines{std::string(openapi_yaml())};
  std::string path;
  for (std::string line; std::getline(lines, line);) {
    if (line == "components:") break;
    if (line.starts_with("  /")) path = line.substr(2, line.size() - 3);
    for (const std::string method : {"get", "put", "post", "patch", "delete"}) {
      if (line == "    " + method + ":") found.insert(operation(method, path));
    }
  }
  return found;
}

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  std::set<std::string> served;
  for (const Route& route : all_routes()) served.insert(operation(route.method, route.pattern));
  const auto written = described();
  for (const auto& one : served) {
    EXPECT_TRUE(written.contains(one)) << one << " is missing in docs/openapi.yaml";
  }
  for (const auto& one : written) {
    EXPECT_TRUE(served.contains(one)) << one << " is in docs/openapi.yaml and no route serves it";
  }
}

TEST(OpenApi, IsServedToAllAsItIs) {
  Bench bench;
  const Answer got = bench.ask_tcp("", "GET", "/openapi.yaml");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.type, "application/yaml");
  EXPECT_EQ(got.text, openapi_yaml());
  EXPECT_TRUE(got.text.contains("openapi: 3.1.0\n"));
  EXPECT_TRUE(got.text.ends_with('\n'));
}

}  // namespace
}  // namespace sutler::admin::test
