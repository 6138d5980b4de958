#include "model/group.h"

#include <gtest/gtest.h>

namespace sutler::model {
namespace {

Variable literal(std::string_view text) { return {Literal{base::Secret(text)}}; }
Variable made(std::string_view text, std::string_view generated = "") {
  Template value{base::Secret(text), {}};
  if (!generated.empty()) value.generated.emplace_back(generated);
  return {std::move(value)};
}
Variable masked() { return {Masked{}}; }

File file(Value data, Encoding encoding = Encoding::kUnset) {
  return {std::move(data), encoding, {}, {}, {}};
}

Group group_with(std::string name, Variable variable) {
  Group group;
  group.header.name = "g";
  group.variables.emplace(std::move(name), std::move(variable));
  return group;
}

std::string text_of(const Group& group, std::string_view name) {
  return std::string(std::get<Literal>(group.variables.find(name)->second.value).text.expose());
}

TEST(GroupTest, KnowsItsNames) {
  for (const auto* name : {"A", "_a.b-C9"}) EXPECT_TRUE(is_variable_name(name)) << name;
  for (const auto* name : {"", "9A", ".A", "-A", "A B", "A\n", "\u00c4"}) {
    EXPECT_FALSE(is_variable_name(name)) << name;
  }
  EXPECT_TRUE(is_variable_name(std::string(256, 'A')));
  EXPECT_FALSE(is_variable_name(std::string(257, 'A')));
  for (const auto* name : {"a", "9.a_b-c"}) EXPECT_TRUE(is_group_name(name)) << name;
  for (const auto* name : {"", ".a", "-a", "a/b", "a b"}) EXPECT_FALSE(is_group_name(name)) << name;
}

TEST(GroupTest, ACopyIsEqualUntilAnythingChanges) {
  const Group group = group_with("A", made("t", "x"));
  Group copy = clone(group);
  EXPECT_TRUE(equal(group, copy));
  copy.header.priority = 11;
  EXPECT_FALSE(equal(group, copy));
  EXPECT_FALSE(equal(group, group_with("A", made("u"))));
  EXPECT_FALSE(equal(group, group_with("A", literal("t"))));
  EXPECT_FALSE(equal(group, group_with("B", made("t"))));
  EXPECT_TRUE(equal(group, group_with("A", made("t", "other"))));  // generated does not count
}

TEST(GroupTest, FilesDifferByEveryMember) {
  const File a = file(Literal{base::Secret("x")});
  EXPECT_TRUE(equal(a, clone(a)));
  File b = clone(a);
  b.permissions = Permissions{PermissionPolicy::kAlwaysSet, 0400, ModeForm::kOctalString, "0400"};
  EXPECT_FALSE(equal(a, b));
  EXPECT_FALSE(equal(a, file(Literal{base::Secret("x")}, Encoding::kUtf8)));
}

TEST(GroupTest, ValidationNamesTheGroupAndTheEntry) {
  EXPECT_TRUE(validate(group_with("A", literal("x"))));
  const auto bad = validate(group_with("1A", literal("hunter2")));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, "group g: variable 1A: not a variable name");
  EXPECT_FALSE(validate(group_with("A", literal("\xff"))));
  EXPECT_FALSE(validate(Group()));
  EXPECT_TRUE(validate(group_with("A", masked())));
}

TEST(GroupTest, AGroupOfMoreThanFourMebibytesIsTooLarge) {
  Group group = group_with("A", literal("x"));
  for (int i = 0; i < 4; ++i) {
    group.files.emplace("/f" + std::to_string(i),
                        file(Literal{base::Secret(std::string(1'048'576, 'x'))}));
  }
  ASSERT_FALSE(validate(group));
  EXPECT_EQ(validate(group).error().code, base::Code::kTooLarge);
  group.files.erase("/f3");
  EXPECT_TRUE(validate(group));
}

TEST(GroupTest, AllNamesTogetherFitOneRecordOfTheAudit) {
  Group group = group_with("A", literal("x"));
  const std::string folder = "/" + std::string(4000, 'f') + "/";
  for (int i = 0; i < 261; ++i) {
    group.files.emplace(folder + std::to_string(i), file(Literal{base::Secret("x")}));
  }
  EXPECT_TRUE(validate(group));
  group.files.emplace(folder + "one more", file(Literal{base::Secret("x")}));
  ASSERT_FALSE(validate(group));
  EXPECT_EQ(validate(group).error().code, base::Code::kTooLarge);
  EXPECT_TRUE(validate(group).error().message.starts_with("group g: the names of its entries"));
}

TEST(GroupTest, RequiredKeysAreVariablesOrFiles) {
  Group group = group_with("A", literal("x"));
  group.header.required_keys = {"A", "/etc/key.pem"};
  EXPECT_TRUE(validate(group));
  for (const char* wrong : {"", "/", "/etc/", "/etc/../key", "etc/key.pem", "A B"}) {
    group.header.required_keys = {wrong};
    EXPECT_FALSE(validate(group)) << wrong;
  }
}

TEST(GroupTest, WarnsOfNorthflanksNamesAndOfNoRestriction) {
  Group group = group_with("NF_A", literal("x"));
  EXPECT_EQ(warnings(group).size(), 2u);
  group.header.restrictions.projects = {"p"};
  EXPECT_EQ(warnings(group).size(), 1u);
  group.variables.clear();
  EXPECT_TRUE(warnings(group).empty());
}

TEST(MaskTest, AMaskKeepsWhatIsThereAndNeverBecomesAValue) {
  const Group current = group_with("A", literal("old"));
  Group next = group_with("A", masked());
  ASSERT_TRUE(fill_masked(next, &current));
  EXPECT_EQ(text_of(next, "A"), "old");
  for (const auto* name : {"B", "a"}) {
    Group other = group_with(name, masked());
    EXPECT_FALSE(fill_masked(other, &current)) << name;
  }
  Group alone = group_with("A", masked());
  EXPECT_FALSE(fill_masked(alone, nullptr));
}

TEST(MaskTest, WhatWasGeneratedStaysWhileTheTemplateStays) {
  const Group current = group_with("A", made("text", "generated"));
  const auto generated = [&](Variable variable) {
    Group next = group_with("A", std::move(variable));
    EXPECT_TRUE(fill_masked(next, &current));
    return std::get<Template>(next.variables.at("A").value).generated.size();
  };
  EXPECT_EQ(generated(made("text")), 1u);
  EXPECT_EQ(generated(made("other text")), 0u);
  EXPECT_EQ(generated(masked()), 1u);
}

TEST(MaskTest, AMaskedFileKeepsItsEncodingAndAWhollyMaskedOneEverything) {
  Group current;
  File& old = current.files.emplace("/f", file(Literal{base::Secret("AA==")})).first->second;
  old.encoding = Encoding::kBase64;
  old.owner = Ownership{OwnerPolicy::kAlwaysSetInherited, ""};
  const auto fill = [&](File masked_file) {
    Group next;
    next.files.emplace("/f", std::move(masked_file));
    const auto filled = fill_masked(next, &current);
    return filled ? std::optional(clone(next.files.at("/f"))) : std::nullopt;
  };
  EXPECT_TRUE(equal(*fill(file(Masked{.whole_file = true})), old));
  EXPECT_EQ(fill(file(Masked{}))->encoding, Encoding::kBase64);
  EXPECT_FALSE(fill(file(Masked{}))->owner);
  EXPECT_FALSE(fill(file(Masked{}, Encoding::kUtf8)));
}

}  // namespace
}  // namespace sutler::model
