#include "cli/admin_client.h"

#include <gtest/gtest.h>

#include "cli/output.h"

namespace sutler::cli {
namespace {

TEST(AdminClient, SegmentsOfAPathAreEncoded) {
  EXPECT_EQ(api_path({"teams", "red", "groups", "a b/c"}), "/api/v1/teams/red/groups/a%20b%2Fc");
  EXPECT_EQ(api_path({"status"}), "/api/v1/status");
}

TEST(AdminClient, AProblemKeepsItsWordsHintAndName) {
  const auto error = error_of_answer(
      404, R"({"title":"Not Found","status":404,"code":"not_found","detail":"no g","hint":"h"})");
  EXPECT_EQ(error.code, base::Code::kNotFound);
  EXPECT_EQ(error.message, "no g");
  EXPECT_EQ(error.hint, "h");
  EXPECT_EQ(error.name, "not_found");
}

TEST(AdminClient, AProblemWithoutDetailHasItsTitle) {
  EXPECT_EQ(error_of_answer(500, R"({"title":"Oops"})").message, "Oops");
}

TEST(AdminClient, AnAnswerThatIsNoProblemIsNamedByItsStatus) {
  for (const char* body : {"", "<html>", "[]", "{\"detail\": 5, \"title\": {}}"}) {
    const auto error = error_of_answer(502, body);
    EXPECT_EQ(error.code, base::Code::kInternal);
    EXPECT_FALSE(error.message.empty());
  }
  EXPECT_NE(error_of_answer(502, "").message.find("502"), std::string::npos);
}

TEST(AdminClient, EachStatusHasItsExitStatus) {
  const std::pair<int, int> cases[] = {{400, 1}, {401, 4}, {403, 4}, {404, 3}, {409, 6}, {412, 6},
                                       {413, 1}, {429, 1}, {500, 1}, {503, 1}, {507, 1}};
  for (const auto& [status, exit] : cases) {
    EXPECT_EQ(exit_status(error_of_answer(status, "{}")), exit) << status;
  }
}

TEST(AdminClient, AnAddressNeedsAToken) {
  ::unsetenv("SUTLER_TOKEN");
  Context context;
  context.address = "http://127.0.0.1:1";
  const auto client = AdminClient::find(context);
  ASSERT_FALSE(client);
  EXPECT_EQ(exit_status(client.error()), 4);
}

TEST(AdminClient, AServerThatIsNotThereIsUnreachable) {
  Context context;
  context.data_dir = "/nonexistent";
  const auto client = AdminClient::find(context);
  ASSERT_TRUE(client);
  const auto answer = client->call("GET", "/api/v1/status");
  ASSERT_FALSE(answer);
  EXPECT_EQ(exit_status(answer.error()), 5);
  EXPECT_NE(answer.error().message.find("/nonexistent/admin.sock"), std::string::npos);
  EXPECT_FALSE(answer.error().hint.empty());
}

TEST(AdminClient, ABodyOverTheLimitIsNotSent) {
  Context context;
  context.data_dir = "/nonexistent";
  const auto answer =
      ask_server(context, "POST", "/api/v1/apply", std::string(17 * 1024 * 1024, ' '));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, base::Code::kTooLarge);
}

}  // namespace
}  // namespace sutler::cli
