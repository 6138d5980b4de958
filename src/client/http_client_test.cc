#include "client/http_client.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/file.h"
#include "client/test_support.h"

namespace sutler::client {
namespace {

using base::Code;

using test::OneShotServer;

ClientRequest over(const OneShotServer& server) {
  ClientRequest request;
  request.url = "http://localhost/api/v1/status";
  request.unix_socket = server.path();
  return request;
}

TEST(HttpClient, ReadsAnAnswerFromASocket) {
  OneShotServer server("\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                       "Content-Length: 2\r\n\r\n{}");
  const auto answer = send(over(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(answer->body.expose(), "{}");
  EXPECT_TRUE(server.heard().starts_with("GET /api/v1/status HTTP/1.1\r\n"));
}

TEST(HttpClient, SendsMethodFieldsBearerAndBody) {
  OneShotServer server("hello", "HTTP/1.1 204 No Content\r\n\r\n");
  auto request = over(server);
  request.method = "PATCH";
  request.fields = {{"Content-Type", "application/json"}};
  request.bearer = base::Secret("t0ken");
  request.body = base::Secret("hello");
  const auto answer = send(request);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 204);
  EXPECT_NE(server.heard().find("PATCH /api/v1/status"), std::string::npos);
  EXPECT_NE(server.heard().find("Authorization: Bearer t0ken\r\n"), std::string::npos);
  EXPECT_NE(server.heard().find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_EQ(server.heard().find("Expect"), std::string::npos);
}

TEST(HttpClient, ARedirectIsAnAnswerAndNotFollowed) {
  OneShotServer server("\r\n\r\n",
                       "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                       "Content-Length: 0\r\n\r\n");
  const auto answer = send(over(server));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 302);
}

TEST(HttpClient, AnAnswerOverTheLimitIsRefused) {
  OneShotServer server("\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" + std::string(2000, 'x'));
  auto request = over(server);
  request.response_bytes_max = 1000;
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kTooLarge);
}

TEST(HttpClient, AnAnswerThatIsCutOffIsUnreachable) {
  OneShotServer server("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  const auto answer = send(over(server));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnreachable);
}

TEST(HttpClient, AMissingSocketIsUnreachableAndNamed) {
  ClientRequest request;
  request.url = "http://localhost/";
  request.unix_socket = "/nonexistent/admin.sock";
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnreachable);
  EXPECT_NE(answer.error().message.find("/nonexistent/admin.sock"), std::string::npos);
}

TEST(HttpClient, AnUnreachableUrlIsNamedWithoutItsQuery) {
  ClientRequest request;
  request.url = "http://127.0.0.1:1/here?key=hunter2";
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kUnreachable);
  EXPECT_NE(answer.error().message.find("http://127.0.0.1:1/here"), std::string::npos);
  EXPECT_EQ(answer.error().message.find("hunter2"), std::string::npos);
}

TEST(HttpClient, UrlsThatCannotBeUsedAreRefusedWithoutQuotingThem) {
  for (const char* url : {"", "nonsense", "ftp://host/", "file:///etc/passwd",
                          "https://user:hunter2@host/", "http://ho st/", "http://host/\r\nX: y"}) {
    const auto shown = printable_url(url);
    ASSERT_FALSE(shown) << url;
    EXPECT_EQ(shown.error().code, Code::kInvalid);
    EXPECT_EQ(shown.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(HttpClient, ATokenWithANewlineIsRefusedBeforeAnythingIsSent) {
  ClientRequest request;
  request.url = "http://127.0.0.1:1/";
  request.bearer = base::Secret("hunter2\r\nX-Other: 1");
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kInvalid);
  EXPECT_EQ(answer.error().message.find("hunter2"), std::string::npos);
}

TEST(HttpClient, AMissingCaFileIsNamed) {
  ClientRequest request;
  request.url = "https://127.0.0.1:1/";
  request.ca_file = "/nonexistent/ca.pem";
  const auto answer = send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::kNotFound);
  EXPECT_NE(answer.error().message.find("/nonexistent/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace sutler::client
