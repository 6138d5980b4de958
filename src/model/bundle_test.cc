#include "model/bundle.h"

#include <gtest/gtest.h>

namespace sutler::model {
namespace {

std::string error_of(std::string_view entries) {
  const auto bundle = read_bundle_json("{\"secrets\":[" + std::string(entries) + "]}");
  return bundle ? "" : bundle.error().message;
}

Bundle full_bundle() {
  Bundle bundle;
  bundle.variables.push_back({"A", base::Secret("a\"\n")});
  bundle.files.push_back(
      {"/f", base::Secret("AA=="), Encoding::kBase64,
       Ownership{OwnerPolicy::kAlwaysSetExplicit, "1000"},
       Ownership{OwnerPolicy::kKeepOrSetInherited, ""},
       Permissions{PermissionPolicy::kAlwaysSet, 0400, ModeForm::kOctalString, "0400"}});
  bundle.files.push_back(
      {"/g",
       base::Secret(""),
       Encoding::kUnset,
       {},
       {},
       Permissions{PermissionPolicy::kKeepOrSet, 0400, ModeForm::kDecimalNumber, ""}});
  return bundle;
}

constexpr std::string_view kFull =
    R"({"secrets":[{"type":"ENV","key":"A","value":"a\"\n"},)"
    R"({"type":"FILE","path":"/f","data":"AA==","encoding":"base64",)"
    R"("owner":{"policy":"AlwaysSetExplicit","value":"1000"},)"
    R"("group":{"policy":"KeepOrSetInherited"},)"
    R"("permissions":{"policy":"AlwaysSet","mode":"0400"}},)"
    R"({"type":"FILE","path":"/g","data":"","permissions":{"policy":"KeepOrSet","mode":256}}]})";

TEST(BundleTest, WritesThePayloadOfTheProtocol) {
  EXPECT_EQ(write_bundle_json(full_bundle()).expose(), kFull);
  EXPECT_EQ(write_bundle_json(Bundle{}).expose(), R"({"secrets":[]})");
}

TEST(BundleTest, ReadsBackWhatItWrote) {
  const auto bundle = read_bundle_json(kFull);
  ASSERT_TRUE(bundle);
  EXPECT_EQ(write_bundle_json(*bundle).expose(), kFull);
  EXPECT_TRUE(read_bundle_json(R"({"secrets":[]})"));
}

TEST(BundleTest, ReadsEntriesInAnyOrderAndSortsThem) {
  const auto bundle = read_bundle_json(
      R"({"secrets":[{"type":"ENV","key":"B","value":""},{"value":"","key":"A","type":"ENV"}]})");
  ASSERT_TRUE(bundle);
  EXPECT_EQ(bundle->variables.at(0).name, "A");
}

TEST(BundleTest, RefusesWhatIsNoBundle) {
  for (const auto* text : {"", "[]", "{}", R"({"secrets":null})", R"({"secrets":{}})",
                           R"({"secrets":[],"more":1})", R"({"secrets":[]} x)"}) {
    EXPECT_FALSE(read_bundle_json(text)) << text;
  }
}

TEST(BundleTest, NamesTheEntryAndMemberThatAreWrong) {
  const std::string good = R"({"type":"ENV","key":"A","value":""},)";
  EXPECT_EQ(error_of(good + R"({"type":"ENV","key":"B","value":1})"),
            "secrets[1].value: must be a text, and is a number");
  EXPECT_EQ(error_of(good + R"({"type":"ENV","key":"A","value":""})"), "secrets: A is there twice");
}

TEST(BundleTest, RefusesAnEntryThatIsNeitherKind) {
  for (const auto* entry :
       {R"({"type":"env","key":"A","value":""})", R"({"key":"A","value":""})",
        R"({"type":"ENV","key":"A"})", R"({"type":"ENV","key":"A","value":"","path":"/a"})",
        R"({"type":"ENV","key":"A","value":"","encoding":"utf-8"})",
        R"({"type":"FILE","path":"/a"})", R"({"type":"FILE","path":"a","data":""})",
        R"({"type":"FILE","path":"/../a","data":""})",
        R"({"type":"FILE","path":"/a","data":"x","encoding":"base64"})",
        R"({"type":"FILE","path":"/a","data":"","key":"A"})",
        R"({"type":"ENV","key":"A=B","value":""})", R"({"type":"ENV","key":"A","value":"\u0000"})",
        R"({"type":"FILE","path":"/a","data":{"template":"x"}})"}) {
    EXPECT_NE(error_of(entry), "") << entry;
  }
}

}  // namespace
}  // namespace sutler::model
