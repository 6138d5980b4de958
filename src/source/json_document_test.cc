#include "source/json_document.h"

#include <gtest/gtest.h>

#include <string>

namespace sutler::source {
namespace {

std::string fields_of(const Document& document) {
  std::string out;
  if (!document.fields) return "none";
  for (const auto& field : *document.fields) {
    out += field.name + "=" + std::string(field.value.expose()) + ";";
  }
  return out;
}

TEST(JsonDocument, SortsTheFieldsOfAnObject) {
  const auto document = document_of_object(R"({"b": "2", "a": "1"})");
  ASSERT_TRUE(document);
  EXPECT_EQ(fields_of(*document), "a=1;b=2;");
  EXPECT_EQ(document->bytes.expose(), R"({"b":"2","a":"1"})");
}

TEST(JsonDocument, KeepsEveryDigitOfANumber) {
  const auto document = document_of_object(
      R"({"n": 1.10, "big": 123456789012345678901234567890, "e": 1E5, "no": null, "t": true})");
  ASSERT_TRUE(document);
  EXPECT_EQ(fields_of(*document), "big=123456789012345678901234567890;e=1E5;n=1.10;t=true;");
}

TEST(JsonDocument, WritesObjectsAndListsCompactly) {
  const auto document =
      document_of_object("{\"o\": {\"x\" : [1, {\"y\": \"a b\\\"}\"}]} , \"l\":\n[ ]}");
  ASSERT_TRUE(document);
  EXPECT_EQ(fields_of(*document), "l=[];o={\"x\":[1,{\"y\":\"a b\\\"}\"}]};");
}

TEST(JsonDocument, ReadsEscapesInNamesAndValues) {
  const auto document = document_of_object(R"({"a\"b": "line\n\u00e9", "c": 1})");
  ASSERT_TRUE(document);
  EXPECT_EQ(fields_of(*document), "a\"b=line\n\u00e9;c=1;");
}

TEST(JsonDocument, RefusesWhatIsNoObject) {
  for (const char* text :
       {"", "[]", "\"a\"", "1", "null", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}"}) {
    EXPECT_FALSE(document_of_object(text)) << text;
  }
}

TEST(JsonDocument, LeavesTextAsItIs) {
  EXPECT_EQ(fields_of(document_of_text(base::Secret("plain"))), "none");
  EXPECT_EQ(fields_of(document_of_text(base::Secret("{not json"))), "none");
  EXPECT_EQ(fields_of(document_of_text(base::Secret("[1]"))), "none");
  const auto document = document_of_text(base::Secret(" { \"a\" : \"x\" }\n"));
  EXPECT_EQ(document.bytes.expose(), " { \"a\" : \"x\" }\n");
  EXPECT_EQ(fields_of(document), "a=x;");
}

TEST(JsonDocument, FindsAMemberOfTheOuterObjectOnly) {
  EXPECT_EQ(raw_member(R"({"x": {"data": 1}, "data": {"y": "}"}})", "data"), R"({"y": "}"})");
  EXPECT_EQ(raw_member(R"({"x": {"data": 1}})", "data"), "");
  EXPECT_EQ(raw_member("[1]", "data"), "");
  EXPECT_EQ(raw_member("", "data"), "");
}

TEST(JsonDocument, TextThatIsCutOffIsNotReadBeyondItsEnd) {
  const std::string whole = R"({"a": {"b": ["c\"d", 1.5]}, "e": "f"})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    (void)raw_members(std::string(whole, 0, length));
    EXPECT_FALSE(document_of_object(whole.substr(0, length))) << length;
  }
}

}  // namespace
}  // namespace sutler::source
