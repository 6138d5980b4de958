#include "cli/group_edit.h"

#include <gtest/gtest.h>

#include "cli/output.h"

namespace sutler::cli {
namespace {

std::string body_of(const GroupEdit& edit) {
  JsonBody body;
  const auto put = put_group_edit(body, edit);
  EXPECT_TRUE(put) << put.error().message;
  return body.done();
}

base::Error refused(const GroupEdit& edit) {
  JsonBody body;
  const auto put = put_group_edit(body, edit);
  EXPECT_FALSE(put);
  return put ? base::Error{} : put.error();
}

TEST(GroupEdit, NothingSaidIsNothingSent) { EXPECT_EQ(body_of({}), "{}"); }

TEST(GroupEdit, ANewGroupSaysForWhomItIs) {
  GroupEdit edit;
  edit.create = true;
  edit.projects = {"shop"};
  edit.objects = {"api:service", "worker-*"};
  edit.priority = "20";
  edit.type = "config";
  EXPECT_EQ(body_of(edit),
            R"({"create":true,"restrictions":{"projects":["shop"],"nfObjects":[)"
            R"({"id":"api","type":"service"},{"id":"worker-*"}]},"priority":20,"type":"config"})");
}

TEST(GroupEdit, ANewGroupForNobodyInParticularIsRefused) {
  GroupEdit edit;
  edit.create = true;
  EXPECT_EQ(exit_status(refused(edit)), 2);
  EXPECT_NE(refused(edit).hint.find("--everyone"), std::string::npos);
  edit.everyone = true;
  EXPECT_EQ(body_of(edit), R"({"create":true,"everyone":true})");
  edit.objects = {"api"};
  EXPECT_EQ(exit_status(refused(edit)), 2);
}

TEST(GroupEdit, WrongPrioritiesAndTypesAreUsageErrors) {
  for (const char* priority : {"-1", "101", "high", "1.5", " 1", "1 "}) {
    GroupEdit edit;
    edit.priority = priority;
    EXPECT_EQ(exit_status(refused(edit)), 2) << priority;
  }
  GroupEdit edit;
  edit.type = "private";
  EXPECT_NE(refused(edit).message.find("private"), std::string::npos);
}

TEST(GroupEdit, TheLastColonBeginsTheType) {
  EXPECT_EQ(object_pattern_json("api"), R"({"id":"api"})");
  EXPECT_EQ(object_pattern_json("a:b:job"), R"({"id":"a:b","type":"job"})");
}

}  // namespace
}  // namespace sutler::cli
