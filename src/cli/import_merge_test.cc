#include "cli/import_merge.h"

#include <gtest/gtest.h>

#include "model/group_writer.h"

namespace sutler::cli {
namespace {

model::Group group(std::string_view name, std::string_view key) {
  model::Group out;
  out.header.name = name;
  out.header.restrictions.projects = {"shop"};
  out.variables.emplace(key, model::Variable{model::Literal{base::Secret("v")}});
  return out;
}

ImportItem flat(std::string_view key) {
  ImportItem item{"f.env", Says::kEntries, group("g", key)};
  item.group.header.restrictions = {};
  return item;
}

std::string json(const base::Result<model::Group>& made) {
  if (!made) return made.error().message;
  return std::string(model::write_group_json(*made, model::Values::kReveal).expose());
}

TEST(ImportMerge, AnExistingGroupKeepsItsHeaderAndEntries) {
  model::Group current = group("g", "OLD");
  current.header.priority = 70;
  current.header.managed_by = "ci";
  model::File file;
  file.data = model::Masked{};
  file.permissions = model::Permissions{model::PermissionPolicy::kAlwaysSet, 0400,
                                        model::ModeForm::kOctalString, "0400"};
  current.files.emplace("/f", std::move(file));
  const auto made = merged_group(flat("NEW"), &current, {});
  EXPECT_EQ(json(made),
            R"({"name":"g","team":"default","type":"secret","priority":70,)"
            R"("restrictions":{"projects":["shop"]},"managedBy":"ci","secrets":{"variables":)"
            R"({"NEW":"v","OLD":{"masked":true}},"files":{"/f":{"masked":true}}}})");
  const auto replaced = merged_group(flat("NEW"), &current, {.replace = Replace::kYes});
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->variables.size(), 1u);
  EXPECT_TRUE(replaced->files.empty());
}

TEST(ImportMerge, AFileKeepsItsOwnerAndMode) {
  model::Group current = group("g", "A");
  model::File before;
  before.data = model::Masked{};
  before.owner = model::Ownership{model::OwnerPolicy::kAlwaysSetExplicit, "1000"};
  current.files.emplace("/f", std::move(before));
  ImportItem item{"nf.json", Says::kWholeGroup, group("g", "A")};
  item.group.files.emplace(
      "/f", model::File{model::Literal{base::Secret("x")}, model::Encoding::kUnset, {}, {}, {}});
  const auto made = merged_group(std::move(item), &current, {.replace = Replace::kYes});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->files.at("/f").owner->value, "1000");
}

TEST(ImportMerge, ANewGroupNeedsCreateAndTakesWhatTheCommandLineSays) {
  EXPECT_EQ(merged_group(flat("A"), nullptr, {}).error().code, base::Code::kNotFound);
  ImportRules rules{.create = Create::kYes};
  rules.header.restrictions.projects = {"p"};
  rules.header.name = "other";
  const auto made = merged_group(flat("A"), nullptr, rules);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->header.name, "g");
  EXPECT_EQ(made->header.restrictions.projects->front(), "p");
}

TEST(ImportMerge, NothingIsWidenedByAnImport) {
  model::Group current = group("g", "A");
  current.header.restrictions.nf_objects = std::vector<model::ObjectPattern>{{"api", "service"}};
  const auto whole = [] { return ImportItem{"nf.json", Says::kWholeGroup, group("g", "B")}; };
  EXPECT_EQ(merged_group(whole(), &current, {}).error().code, base::Code::kConflict);
  const auto replaced = merged_group(whole(), &current, {.replace = Replace::kYes});
  ASSERT_TRUE(replaced);
  EXPECT_FALSE(replaced->header.restrictions.nf_objects);
  ImportRules rules;
  rules.says_for_whom = true;
  EXPECT_EQ(merged_group(flat("A"), &current, rules).error().code, base::Code::kConflict);
}

}  // namespace
}  // namespace sutler::cli
