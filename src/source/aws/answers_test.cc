#include "source/aws/answers.h"

#include <gtest/gtest.h>

#include <string>

namespace sutler::source {
namespace {

FailureKind kind_of(int status, std::string_view body) {
  return read_aws_error({status, body}, "w").kind;
}

std::string error(std::string_view type) { return R"({"__type":")" + std::string(type) + "\"}"; }

TEST(AwsAnswers, TellsFaultsApart) {
  EXPECT_EQ(kind_of(400, error("ResourceNotFoundException")), FailureKind::kMissing);
  EXPECT_EQ(kind_of(400, error("com.amazonaws.ssm#ParameterNotFound")), FailureKind::kMissing);
  EXPECT_EQ(kind_of(400, error("ParameterVersionNotFound")), FailureKind::kMissing);
  EXPECT_EQ(kind_of(400, error("AccessDeniedException")), FailureKind::kDenied);
  for (const char* type : {"ExpiredTokenException", "UnrecognizedClientException",
                           "InvalidSignatureException", "InvalidClientTokenId"}) {
    EXPECT_EQ(kind_of(400, error(type)), FailureKind::kLogin) << type;
    EXPECT_EQ(kind_of(403, error(type)), FailureKind::kLogin) << type;
  }
  for (const char* type : {"ThrottlingException", "TooManyRequestsException", "SomethingNew",
                           "InternalServiceError", "DecryptionFailure"}) {
    EXPECT_EQ(kind_of(400, error(type)), FailureKind::kOutage) << type;
  }
  EXPECT_EQ(kind_of(400, error("ValidationException")), FailureKind::kBadReference);
}

TEST(AwsAnswers, ReadsARefusalInXmlToo) {
  EXPECT_EQ(kind_of(403, "<R><Error><Code>SignatureDoesNotMatch</Code></Error></R>"),
            FailureKind::kLogin);
  EXPECT_EQ(kind_of(403, "<R><Error><Code>AccessDenied</Code></Error></R>"), FailureKind::kDenied);
  EXPECT_EQ(kind_of(403, "<html><Code>no fault</Code></html>"), FailureKind::kOutage);
  EXPECT_EQ(kind_of(503, "<R><Code>AccessDenied</Code></R>"), FailureKind::kOutage);
}

TEST(AwsAnswers, ASecretMarkedForDeletionDoesNotExist) {
  const char* body =
      R"({"__type":"InvalidRequestException","Message":"… because it was marked for deletion."})";
  EXPECT_EQ(kind_of(400, body), FailureKind::kMissing);
  EXPECT_EQ(kind_of(400, error("InvalidRequestException")), FailureKind::kBadReference);
}

TEST(AwsAnswers, OnlyAwsOwnFormSaysSomethingOfAValue) {
  for (const int status : {301, 400, 403, 404, 429, 500, 502, 503}) {
    for (const char* body : {"", "<html>", "{}", "[]", R"({"__type":"<x>"})", "\xff"}) {
      EXPECT_EQ(kind_of(status, body), FailureKind::kOutage) << status << body;
    }
  }
  EXPECT_EQ(kind_of(500, error("ResourceNotFoundException")), FailureKind::kOutage);
}

TEST(AwsAnswers, GivesTextAndBytesExactly) {
  const auto text = read_secret_value({200, R"({"SecretString":" {\"a\":\"x\"}\n"})"}, "w");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->bytes.expose(), " {\"a\":\"x\"}\n");
  ASSERT_TRUE(text->fields);
  EXPECT_EQ(text->fields->front().value.expose(), "x");
  const auto bytes = read_secret_value({200, R"({"SecretBinary":"AAH/Cg=="})"}, "w");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(bytes->bytes.expose(), std::string_view("\x00\x01\xff\n", 4));
  EXPECT_FALSE(bytes->fields);
  for (const char* body : {"", "{}", "[]", R"({"SecretString":1})", R"({"SecretBinary":"@"})",
                           R"({"SecretString":"x")"}) {
    EXPECT_EQ(read_secret_value({200, body}, "w").error().kind, FailureKind::kOutage) << body;
  }
}

TEST(AwsAnswers, ReadsABatchWithItsErrors) {
  const auto entries =
      read_secret_batch({200, R"({"SecretValues":[{"Name":"a","ARN":"arn:a","SecretString":"x"}],
                "Errors":[{"SecretId":"b","ErrorCode":"ResourceNotFoundException"},
                          {"SecretId":"c","ErrorCode":"AccessDeniedException"}]})"},
                        "w");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3);
  EXPECT_EQ((*entries)[0].answer->bytes.expose(), "x");
  EXPECT_EQ((*entries)[1].answer.error().kind, FailureKind::kMissing);
  EXPECT_EQ((*entries)[2].answer.error().kind, FailureKind::kDenied);
  EXPECT_FALSE(read_secret_batch({200, R"({"SecretValues":[1]})"}, "w"));
  EXPECT_FALSE(read_secret_batch({200, "{}"}, "w"));
}

TEST(AwsAnswers, ReadsParametersByTheirBareNames) {
  const auto entries = read_parameters(
      {200, R"({"Parameters":[{"Name":"/a","Selector":":3","ARN":"arn:aws:ssm:r:1:parameter/a",
                               "Value":"x"}],"InvalidParameters":["/b:7"]})"},
      "w");
  ASSERT_TRUE(entries);
  EXPECT_EQ((*entries)[0].name, "/a");
  EXPECT_EQ((*entries)[0].answer->bytes.expose(), "x");
  EXPECT_EQ((*entries)[1].name, "/b");
  EXPECT_EQ((*entries)[1].answer.error().kind, FailureKind::kMissing);
  EXPECT_FALSE(read_parameters({200, R"({"InvalidParameters":[]})"}, "w"));
}

TEST(AwsAnswers, ReadsKeysOfAnEndpoint) {
  const auto keys =
      read_endpoint_keys({200, R"({"AccessKeyId":"i","SecretAccessKey":"s","Token":"t",
                "Expiration":"2026-11-24T12:00:00Z"})"},
                         "w");
  ASSERT_TRUE(keys && keys->expires);
  EXPECT_EQ(keys->session_token.expose(), "t");
  EXPECT_EQ(read_endpoint_keys({403, ""}, "w").error().kind, FailureKind::kLogin);
  EXPECT_EQ(read_endpoint_keys({503, ""}, "w").error().kind, FailureKind::kOutage);
  EXPECT_EQ(read_endpoint_keys({200, R"({"Code":"Failed"})"}, "w").error().kind,
            FailureKind::kOutage);
  EXPECT_FALSE(read_endpoint_keys(
      {200, R"({"AccessKeyId":"i","SecretAccessKey":"s","Expiration":"soon"})"}, "w"));
}

TEST(AwsAnswers, ReadsAnAssumedRole) {
  const std::string good =
      "<R><Credentials><AccessKeyId>i</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
      "<SessionToken>t</SessionToken><Expiration>2026-11-24T12:00:00Z</Expiration></Credentials></"
      "R>";
  const auto keys = read_assumed_role({200, good}, "w");
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->id, "i");
  for (std::size_t length = 0; length + 24 < good.size(); ++length) {
    EXPECT_FALSE(read_assumed_role({200, good.substr(0, length)}, "w")) << length;
  }
  const auto refused = read_assumed_role(
      {400, "<E><Code>ExpiredTokenException</Code><Message>CANARY</Message></E>"}, "w");
  EXPECT_EQ(refused.error().kind, FailureKind::kLogin);
  EXPECT_EQ(refused.error().message.find("CANARY"), std::string::npos);
  EXPECT_EQ(read_assumed_role({400, "<E><Code>IDPCommunicationError</Code></E>"}, "w").error().kind,
            FailureKind::kOutage);
  EXPECT_EQ(read_assumed_role({503, "<E/>"}, "w").error().kind, FailureKind::kOutage);
}

}  // namespace
}  // namespace sutler::source
