#include "model/saved_environment.h"

#include <gtest/gtest.h>

namespace sutler::model {
namespace {

SavedEnvironment json(std::string_view text) {
  auto read = read_saved_json(text, "saved.json");
  EXPECT_TRUE(read) << text;
  return read ? std::move(*read) : SavedEnvironment();
}

Bundle bundle() {
  Bundle out;
  out.variables.push_back({"A", base::Secret("1")});
  out.variables.push_back({"B", base::Secret("2")});
  out.files.push_back({"/f", base::Secret("hi"), Encoding::kUnset, {}, {}, {}});
  return out;
}

std::string said(const EnvironmentDifference& difference) {
  std::string out;
  for (const auto& key : difference.missing) out += "-" + key;
  for (const auto& key : difference.extra) out += "+" + key;
  for (const auto& key : difference.changed) out += "~" + key;
  return out;
}

TEST(SavedEnvironmentTest, EveryFormSaysTheSame) {
  for (const auto* text :
       {R"({"data":{"runtimeEnvironment":{"A":"1","B":2},"runtimeFiles":{"/f":{"data":"aGk="}}}})",
        R"({"runtimeEnvironment":{"A":{"value":"1","inheritedFrom":"g","priority":10,
            "overriding":[]},"B":{"value":"2"}},
            "runtimeFiles":{"/f":{"value":{"data":"aGk=","encoding":"utf-8"},"overriding":[]}}})",
        R"({"secrets":[{"type":"ENV","key":"A","value":"1"},{"type":"ENV","key":"B","value":"2"},
            {"type":"FILE","path":"/f","data":"aGk=","encoding":"base64"}]})"}) {
    EXPECT_EQ(said(compare(json(text), bundle())), "") << text;
  }
  EXPECT_EQ(said(compare(json(R"({"A":"1","B":"2"})"), bundle())), "+/f");
  const auto env = read_saved_dotenv("A=1\nB=2\nB='3'\n", "f");
  ASSERT_TRUE(env);
  EXPECT_EQ(said(compare(*env, bundle())), "+/f~B");
}

TEST(SavedEnvironmentTest, WhatDiffersIsNamed) {
  EXPECT_EQ(said(compare(json(R"({"A":"x","C":"3","NF_HOST":"h"})"), bundle())), "-C+B+/f~A");
  const auto mode = json(
      R"({"secrets":[{"type":"ENV","key":"A","value":"1"},{"type":"ENV","key":"B","value":"2"},
          {"type":"FILE","path":"/f","data":"hi",
           "permissions":{"policy":"AlwaysSet","mode":"0400"}}]})");
  EXPECT_EQ(said(compare(mode, bundle())), "~/f");
  Bundle with_mode = bundle();
  with_mode.files[0].permissions =
      Permissions{PermissionPolicy::kAlwaysSet, 0400, ModeForm::kDecimalNumber, ""};
  EXPECT_EQ(said(compare(mode, with_mode)), "");
}

TEST(SavedEnvironmentTest, WhatIsNoEnvironmentIsRefused) {
  for (const auto* text :
       {"[]", "1", R"({"A":null})", R"({"A":["x"]})", R"({"A":{"other":"x"}})", R"({"A":1.5})",
        R"({"runtimeFiles":{"/f":{"data":"?"}}})", R"({"runtimeFiles":{"/f":{}}})"}) {
    EXPECT_FALSE(read_saved_json(text, "f")) << text;
  }
}

}  // namespace
}  // namespace sutler::model
