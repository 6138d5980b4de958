#include "source/format.h"

#include <gtest/gtest.h>

namespace sutler::source {
namespace {

std::string fields(Format format, std::string_view text) {
  auto document = read_document(format, base::Secret(text), "it");
  if (!document) return "error: " + document.error().message;
  EXPECT_EQ(document->bytes.expose(), text);
  if (!document->fields) return "none";
  std::string out;
  for (const auto& field : *document->fields) {
    ((out += field.name) += '=') += field.value.expose();
    out += ';';
  }
  return out;
}

TEST(Format, IsKnownByTheNameOfAFile) {
  EXPECT_EQ(format_of(Format::kByName, "a/b.json"), Format::kJson);
  EXPECT_EQ(format_of(Format::kByName, "b.yml"), Format::kYaml);
  EXPECT_EQ(format_of(Format::kByName, "b.yaml"), Format::kYaml);
  EXPECT_EQ(format_of(Format::kByName, ".env"), Format::kDotenv);
  EXPECT_EQ(format_of(Format::kByName, "x/app.env"), Format::kDotenv);
  EXPECT_EQ(format_of(Format::kByName, "x/.env.production"), Format::kDotenv);
  EXPECT_EQ(format_of(Format::kByName, "x.json/key.pem"), Format::kRaw);
  EXPECT_EQ(format_of(Format::kRaw, "b.json"), Format::kRaw);
}

TEST(Format, GivesTheFieldsOfAnObjectSorted) {
  EXPECT_EQ(fields(Format::kJson, R"({"b":"1","a":{"x":[1,null]},"c":null,"d":true})"),
            "a={\"x\":[1,null]};b=1;d=true;");
  EXPECT_EQ(fields(Format::kYaml, "b: 1.10\na:\n  x: [1, \"y\"]\nc: |\n  two\n  lines\n"),
            "a={\"x\":[\"1\",\"y\"]};b=1.10;c=two\nlines\n;");
  EXPECT_EQ(fields(Format::kDotenv, "B=1\nA='x y'\n"), "A=x y;B=1;");
}

TEST(Format, GivesBytesAloneForWhatIsNoObject) {
  EXPECT_EQ(fields(Format::kJson, "[1]"), "none");
  EXPECT_EQ(fields(Format::kYaml, "- 1\n"), "none");
  EXPECT_EQ(fields(Format::kRaw, std::string_view("\0\xff{", 3)), "none");
  EXPECT_EQ(fields(Format::kRaw, ""), "none");
}

TEST(Format, TakesAnEmptyDotenvFile) {
  EXPECT_EQ(fields(Format::kDotenv, ""), "");
  EXPECT_EQ(fields(Format::kDotenv, "# nothing yet\n"), "");
}

TEST(Format, RefusesWhatDoesNotReadAndQuotesNothingOfIt) {
  constexpr std::string_view canary = "canary-e01b";
  for (const std::string text : {"{\"a\":canary-e01b}", "{canary-e01b", "canary-e01b",
                                 "{\"canary-e01b\":1,\"canary-e01b\":2}"}) {
    const std::string told = fields(Format::kJson, text);
    EXPECT_TRUE(told.starts_with("error: it")) << told;
    EXPECT_EQ(told.find(canary), std::string::npos) << told;
  }
  for (const std::string text :
       {"canary-e01b: &x 1", "canary-e01b: 1\ncanary-e01b: 2", "canary-e01b: null",
        "canary-e01b: [", "*canary-e01b", "!canary-e01b x"}) {
    const std::string told = fields(Format::kYaml, text);
    EXPECT_TRUE(told.starts_with("error: it")) << told;
    EXPECT_EQ(told.find(canary), std::string::npos) << told;
  }
  EXPECT_TRUE(fields(Format::kDotenv, "canary-e01b").starts_with("error: it"));
}

}  // namespace
}  // namespace sutler::source
