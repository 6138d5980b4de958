// The signature of libcurl against the test suite that AWS publishes for Signature Version 4
// (aws-sig-v4-test-suite; its requests, as far as we make such: no path, no query).
#include <gtest/gtest.h>

#include <string>

#include "client/http_client.h"
#include "client/test_support.h"

namespace sutler::client {
namespace {

using test::OneShotServer;

struct Vector {
  const char* name;
  const char* method;
  std::vector<Field> fields;
  const char* body;
  const char* authorization;
};

// All of the suite are signed with these keys, at this time.
std::string authorization_of(const Vector& vector) {
  OneShotServer server("\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ClientRequest request;
  request.method = vector.method;
  request.url = "http://example.amazonaws.com/";
  request.unix_socket = server.path();
  request.fields = vector.fields;
  request.fields.push_back({"X-Amz-Date", "20150830T123600Z"});
  request.aws_signing = AwsSigning{"us-east-1", "service", "AKIDEXAMPLE",
                                   base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
  if (*vector.body != '\0') request.body = base::Secret(std::string_view(vector.body));
  EXPECT_TRUE(send(request)) << vector.name;
  const std::string heard = server.heard();
  const std::string name = "Authorization: ";
  const auto from = heard.find(name);
  if (from == std::string::npos) return heard;
  return heard.substr(from + name.size(), heard.find("\r\n", from) - from - name.size());
}

constexpr const char* kScope =
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ";

TEST(Signing, IsWhatAwsPublishes) {
  const std::string token =
      "AQoDYXdzEPT//////////"
      "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPf"
      "IeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/"
      "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7W"
      "Z0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+"
      "scqKmlzm8F"
      "DrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
  const Vector vectors[] = {
      {"get-vanilla",
       "GET",
       {},
       "",
       "SignedHeaders=host;x-amz-date, "
       "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"post-vanilla",
       "POST",
       {},
       "",
       "SignedHeaders=host;x-amz-date, "
       "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-case",
       "POST",
       {},
       "",
       "SignedHeaders=host;x-amz-date, "
       "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-header-key-sort",
       "POST",
       {{"My-Header1", "value1"}},
       "",
       "SignedHeaders=host;my-header1;x-amz-date, "
       "Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       {{"My-Header1", "VALUE1"}},
       "",
       "SignedHeaders=host;my-header1;x-amz-date, "
       "Signature=cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-x-www-form-urlencoded",
       "POST",
       {{"Content-Type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "SignedHeaders=content-type;host;x-amz-date, "
       "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
      {"post-sts-header-before",
       "POST",
       {{"X-Amz-Security-Token", token}},
       "",
       "SignedHeaders=host;x-amz-date;x-amz-security-token, "
       "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
  };
  for (const auto& vector : vectors) {
    EXPECT_EQ(authorization_of(vector), std::string(kScope) + vector.authorization) << vector.name;
  }
}

}  // namespace
}  // namespace sutler::client
