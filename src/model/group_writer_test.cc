#include "model/group_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "model/group_reader.h"
#include "model/group_test_support.h"

namespace sutler::model {
namespace {

std::string json_of(const Group& group, Values values = Values::kReveal) {
  return std::string(write_group_json(group, values).expose());
}
std::string yaml_of(const Group& group, Values values = Values::kReveal) {
  return std::string(write_group_yaml(group, values).expose());
}

Group read(std::string_view json) {
  auto groups = read_groups_json(json, "test");
  EXPECT_TRUE(groups) << (groups ? "" : groups.error().message);
  return groups ? std::move(groups->at(0)) : Group();
}

constexpr std::string_view kFull =
    R"({"name":"g","team":"payments","description":"d","type":"config","priority":50,)"
    R"("restrictions":{"projects":["p"],"nfObjects":[{"id":"o","type":"job"},{"id":"*"}]},)"
    R"("requiredKeys":["A"],"managedBy":"ci","secrets":{"variables":{"A":"a",)"
    R"("B":{"template":"t","generated":["x"]},)"
    R"("C":{"from":"v","ref":"r","default":"ZA==","encoding":"base64"}},)"
    R"("files":{"/f":{"data":"x","encoding":"utf-8",)"
    R"("owner":{"policy":"AlwaysSetExplicit","value":"1"},)"
    R"("group":{"policy":"KeepOrSetInherited"},)"
    R"("permissions":{"policy":"AlwaysSet","mode":256}}}},)"
    R"("secretsFrom":[{"from":"v","ref":"a/b","prefix":"P_","only":["x","y"],)"
    R"("rename":{"x":"X"},"optional":true,"onConflict":"keep"},{"from":"v","ref":"c"}]})";

TEST(GroupWriterTest, TheCanonicalFormReadsAndWritesAsItself) {
  EXPECT_EQ(json_of(read(kFull)), kFull);
}

TEST(GroupWriterTest, WhatIsNotSetIsLeftOut) {
  EXPECT_EQ(json_of(read(R"({"secrets":{},"restrictions":{},"name":"g"})")),
            R"({"name":"g","team":"default","type":"secret","priority":10,)"
            R"("secrets":{"variables":{},"files":{}}})");
}

TEST(GroupWriterTest, TheOrderOfTheInputDoesNotMatter) {
  const auto a = read(R"({"name":"g","secrets":{"variables":{"B":"b","A":{"value":"a"}}}})");
  const auto b = read(R"({"secrets":{"variables":{"A":"a","B":"b"},"files":{}},"name":"g"})");
  EXPECT_TRUE(equal(a, b));
  EXPECT_EQ(json_of(a), json_of(b));
}

TEST(GroupWriterTest, AMaskedGroupShowsNoValueInEitherForm) {
  const auto group = read(
      R"({"name":"g","secrets":{"variables":{"A":"hunter2","B":{"template":"hunter2"},)"
      R"("C":{"from":"v","ref":"r","default":"hunter2"}},"files":{"/f":{"data":"hunter2"}}}})");
  for (const std::string& text : {json_of(group, Values::kMask), yaml_of(group, Values::kMask)}) {
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_NE(text.find("masked"), std::string::npos);
  }
}

TEST(GroupWriterTest, WritesRestrictionsAlone) {
  EXPECT_EQ(write_restrictions_json({}), "{}");
  EXPECT_EQ(write_restrictions_json({{{"p"}}, {{{"o", "job"}}}}),
            R"({"projects":["p"],"nfObjects":[{"id":"o","type":"job"}]})");
}

TEST(GroupYamlWriterTest, WritesAsAPersonWould) {
  const auto group = read(
      R"({"name":"g","secrets":{"variables":{"A":"plain","B":"yes","C":"1.10","D":"one\ntwo\n"},)"
      R"("files":{"/f":{"data":"x","permissions":{"policy":"AlwaysSet","mode":256}}}}})");
  EXPECT_EQ(yaml_of(group),
            "name: g\nteam: default\ntype: secret\npriority: 10\nsecrets:\n  variables:\n"
            "    A: plain\n    B: \"yes\"\n    C: \"1.10\"\n    D: |\n      one\n      two\n"
            "  files:\n    /f:\n      data: x\n"
            "      permissions: {policy: AlwaysSet, mode: \"0400\"}\n");
}

RC_GTEST_PROP(GroupWriterTest, EveryGroupReadsBackEqualFromJson, ()) {
  const Group group = test::arbitrary_group();
  const auto valid = validate(group);
  RC_ASSERT(valid.has_value());
  const auto back = read_groups_json(json_of(group), "test");
  RC_ASSERT(back.has_value());
  RC_ASSERT(equal(back->at(0), group));
  RC_ASSERT(json_of(back->at(0)) == json_of(group));
}

// YAML has no decimal mode: the same mode comes back as an octal string.
void make_modes_octal(Group& group) {
  for (auto& [path, file] : group.files) {
    if (!file.permissions || file.permissions->form != ModeForm::kDecimalNumber) continue;
    char octal[8];
    std::snprintf(octal, sizeof octal, "%04o", file.permissions->mode);
    file.permissions->form = ModeForm::kOctalString;
    file.permissions->text = octal;
  }
}

RC_GTEST_PROP(GroupYamlWriterTest, EveryGroupReadsBackEqualFromYaml, ()) {
  Group group = test::arbitrary_group();
  const std::string yaml = yaml_of(group);
  RC_LOG() << yaml;
  const auto back = read_groups_yaml(yaml, "test");
  if (!back) RC_FAIL(back.error().message);
  make_modes_octal(group);
  RC_ASSERT(json_of(back->at(0)) == json_of(group));
}

RC_GTEST_PROP(GroupWriterTest, AMaskedGroupWrittenBackChangesNothing, ()) {
  const Group group = test::arbitrary_group();
  auto back = read_groups_json(json_of(group, Values::kMask), "test");
  RC_ASSERT(back.has_value());
  RC_ASSERT(fill_masked(back->at(0), &group).has_value());
  RC_ASSERT(json_of(back->at(0)) == json_of(group));
}

}  // namespace
}  // namespace sutler::model
