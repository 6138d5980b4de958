#include "admin/rights.h"

#include <gtest/gtest.h>

namespace sutler::admin {
namespace {

using model::GroupHeader;
using model::GroupType;

GroupHeader group(std::string name, std::vector<std::string> projects = {},
                  GroupType type = GroupType::kSecret) {
  GroupHeader header;
  header.name = std::move(name);
  header.type = type;
  if (!projects.empty()) header.restrictions.projects = std::move(projects);
  return header;
}

Principal somebody(Role role, std::vector<Scope> scopes = {}, Reveal reveal = Reveal::kNo) {
  return {"alice", role, reveal, std::move(scopes), Principal::By::kToken, "0a1b2c3d"};
}

Scope of_projects(std::vector<std::string> projects) {
  Scope scope;
  scope.projects = std::move(projects);
  return scope;
}

bool may_write(const Principal& who, const GroupHeader* before, const GroupHeader* after) {
  return require_write(who, before, after).has_value();
}

TEST(Rights, EachRoleHasTheRightsOfItsName) {
  const Right all[] = {Right::kOpen, Right::kSignedIn, Right::kView,
                       Right::kEdit, Right::kAudit,    Right::kOwn};
  const std::pair<Role, std::string_view> expected[] = {{Role::kOwner, "111111"},
                                                        {Role::kEditor, "111100"},
                                                        {Role::kViewer, "111000"},
                                                        {Role::kAuditor, "111010"}};
  for (const auto& [role, marks] : expected) {
    for (std::size_t i = 0; i < std::size(all); ++i) {
      EXPECT_EQ(require_right(somebody(role), all[i]).has_value(), marks[i] == '1')
          << model::to_word(role) << ' ' << to_word(all[i]);
    }
  }
}

TEST(Rights, NobodyMayNothing) {
  const Principal nobody;
  for (const Right right : {Right::kSignedIn, Right::kView, Right::kEdit, Right::kAudit}) {
    EXPECT_FALSE(require_right(nobody, right)) << to_word(right);
  }
  const auto header = group("g");
  EXPECT_FALSE(may_reveal(nobody, header));
  EXPECT_FALSE(may_write(nobody, nullptr, &header));
}

TEST(Rights, ARestrictionMustLieWithinTheScopeToBeWritten) {
  const auto editor = somebody(Role::kEditor, {of_projects({"shop-*", "pay"})});
  for (const auto& inside :
       {group("g", {"shop-a"}), group("g", {"pay", "shop-*"}), group("g", {"shop-?-*"})}) {
    EXPECT_TRUE(may_write(editor, nullptr, &inside));
    EXPECT_TRUE(may_write(editor, &inside, nullptr));
  }
  const auto inside = group("g", {"pay"});
  for (const auto& outside : {group("g"), group("g", {"pay", "other"}), group("g", {"shop*"}),
                              group("g", {"*"}), group("g", {"pa?"})}) {
    EXPECT_FALSE(may_write(editor, nullptr, &outside));
    EXPECT_FALSE(may_write(editor, &outside, nullptr));
    EXPECT_FALSE(may_write(editor, &inside, &outside)) << "it must not leave the scope";
    EXPECT_FALSE(may_write(editor, &outside, &inside)) << "nor be pulled into it";
  }
}

TEST(Rights, OneScopeMustHoldTheWholeGroup) {
  const auto editor = somebody(Role::kEditor, {of_projects({"a"}), of_projects({"b"})});
  const auto both = group("g", {"a", "b"});
  const auto one = group("g", {"a"}), other = group("g", {"b"});
  EXPECT_FALSE(may_write(editor, nullptr, &both));
  EXPECT_TRUE(may_write(editor, &one, &other));
}

TEST(Rights, TeamsNamesAndPrioritiesBoundAWrite) {
  Scope scope;
  scope.teams = {"acme"};
  scope.groups = {"web-*"};
  scope.priority_max = 20;
  const auto editor = somebody(Role::kEditor, {scope});
  auto header = group("web-1");
  header.team = "acme";
  EXPECT_TRUE(may_write(editor, nullptr, &header));
  auto high = header;
  high.priority = 21;
  EXPECT_FALSE(may_write(editor, &header, &high));
  EXPECT_FALSE(may_write(editor, &high, &header)) << "nor lowered by whom it is above";
  auto name = header;
  name.name = "api";
  EXPECT_FALSE(may_write(editor, nullptr, &name));
  auto team = header;
  team.team = "default";
  EXPECT_FALSE(may_write(editor, nullptr, &team));
  EXPECT_FALSE(may_see_team(editor, "default"));
  EXPECT_TRUE(may_see_team(editor, "acme"));
}

TEST(Rights, WhatReachesIntoTheScopeIsSeenAndItsValuesAreNot) {
  const auto viewer = somebody(Role::kViewer, {of_projects({"pay"})}, Reveal::kYes);
  const auto shared = group("shared", {"pay", "other"}), all = group("all");
  const auto own = group("own", {"pay"}), foreign = group("foreign", {"other"});
  EXPECT_TRUE(may_see(viewer, shared) && may_see(viewer, all) && may_see(viewer, own));
  EXPECT_FALSE(may_see(viewer, foreign));
  EXPECT_TRUE(may_reveal(viewer, own));
  EXPECT_FALSE(may_reveal(viewer, shared) || may_reveal(viewer, all) ||
               may_reveal(viewer, foreign));
  EXPECT_EQ(require_reveal(viewer, foreign).error().code, base::Code::kNotFound);
  EXPECT_EQ(require_reveal(viewer, shared).error().code, base::Code::kRefused);
  EXPECT_TRUE(may_see_project(viewer, "default", "pay"));
  EXPECT_FALSE(may_see_project(viewer, "default", "other"));
}

TEST(Rights, RevealIsAGrantBesideTheRoleAndConfigIsOpenToViewers) {
  const auto secret = group("s"), config = group("c", {}, GroupType::kConfig);
  for (const Role role : {Role::kEditor, Role::kViewer}) {
    EXPECT_FALSE(may_reveal(somebody(role), secret));
    EXPECT_TRUE(may_reveal(somebody(role), config));
    EXPECT_TRUE(may_reveal(somebody(role, {}, Reveal::kYes), secret));
  }
  EXPECT_FALSE(may_reveal(somebody(Role::kAuditor), config));
  EXPECT_FALSE(may_reveal(somebody(Role::kOwner), secret)) << "an owner needs the grant too";
  EXPECT_TRUE(may_reveal(owner_principal("uid:0", Principal::By::kSocket), secret));
}

TEST(Rights, ASecretGroupDoesNotBecomeReadableByItsType) {
  const auto secret = group("g"), config = group("g", {}, GroupType::kConfig);
  const auto editor = somebody(Role::kEditor);
  EXPECT_FALSE(may_write(editor, &secret, &config));
  EXPECT_TRUE(may_write(editor, &config, &secret));
  EXPECT_TRUE(may_write(editor, nullptr, &config));
  EXPECT_TRUE(may_write(somebody(Role::kEditor, {}, Reveal::kYes), &secret, &config));
}

TEST(Rights, ARefusalTellsNothingOfAGroupThatMayNotBeSeen) {
  const auto editor = somebody(Role::kEditor, {of_projects({"pay"})});
  const auto foreign = group("vault", {"hidden-project"}), own = group("vault", {"pay"});
  const auto refused = require_write(editor, &foreign, &own);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.find("hidden"), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().name, "out_of_scope");
}

TEST(Rights, ACopyDoesNotCarryValuesToWhereTheyCouldBeRead) {
  const auto secret = group("s", {"pay"}), config = group("c", {"pay"}, GroupType::kConfig);
  const auto other = group("o", {"pay"});
  const auto editor = somebody(Role::kEditor, {of_projects({"pay"})});
  EXPECT_TRUE(require_carry(editor, secret, other));
  EXPECT_FALSE(require_carry(editor, secret, config));
  const auto shared = group("shared", {"pay", "else"});
  EXPECT_FALSE(require_carry(editor, shared, other)) << "he may neither write nor see it";
  EXPECT_EQ(require_carry(editor, group("far", {"else"}), other).error().code,
            base::Code::kNotFound);
}

}  // namespace
}  // namespace sutler::admin
