#include "cli/doctor_database.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace sutler::cli {
namespace {

using admin::CheckState;

store::DatabaseFacts good() {
  return {.version = "15.18",
          .synchronous_commit = "on",
          .standby_names = "*",
          .syncs_its_disk = true,
          .standbys = 1,
          .synchronous = 1};
}

TEST(DoctorDatabase, SynchronousStandbysAreWell) {
  EXPECT_EQ(diagnose_database("postgresql://db/x", good()).state, CheckState::kOk);
}

TEST(DoctorDatabase, WhatCanLoseAnAcknowledgedWriteIsTold) {
  auto asynchronous = good();
  asynchronous.standby_names = "";
  EXPECT_NE(diagnose_database("db", asynchronous).detail.find("not synchronous"),
            std::string::npos);
  auto elsewhere = good();
  elsewhere.synchronous = 0;
  EXPECT_NE(diagnose_database("db", elsewhere).detail.find("not synchronous"), std::string::npos);
  auto hasty = good();
  hasty.synchronous_commit = "off";
  EXPECT_NE(diagnose_database("db", hasty).detail.find("synchronous_commit"), std::string::npos);
  auto unsynced = good();
  unsynced.syncs_its_disk = false;
  EXPECT_NE(diagnose_database("db", unsynced).detail.find("fsync"), std::string::npos);
  auto alone = good();
  alone.standbys = 0;
  for (const auto& facts : {asynchronous, hasty, unsynced, alone}) {
    const auto diagnosis = diagnose_database("db", facts);
    EXPECT_EQ(diagnosis.state, CheckState::kWarn) << diagnosis.detail;
    EXPECT_NE(diagnosis.way_out, "") << diagnosis.detail;
  }
}

TEST(DoctorDatabase, OneThatCannotBeAskedFails) {
  const base::Result<store::DatabaseFacts> away =
      base::fail(base::Code::kUnavailable, "it is away", "start it");
  const auto diagnosis = diagnose_database("db", away);
  EXPECT_EQ(diagnosis.state, CheckState::kFail);
  EXPECT_EQ(diagnosis.way_out, "start it");
}

TEST(DoctorDatabase, WhatTheServerSaysOfItIsReadBack) {
  const auto facts = read_database_facts(boost::json::parse(
      R"({"version":"15.18","synchronous_commit":"on","standby_names":"*","fsync":true,)"
      R"("standbys":2,"synchronous_standbys":1})"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(diagnose_database("db", facts).state, CheckState::kOk);
  const auto bare = read_database_facts(boost::json::parse(R"({"version":"15.18"})"));
  EXPECT_EQ(diagnose_database("db", bare).state, CheckState::kWarn) << "what is not said is not so";
  const auto failed = diagnose_database(
      "db", read_database_facts(boost::json::parse(R"({"error":"it is away","hint":"start it"})")));
  EXPECT_EQ(failed.state, CheckState::kFail);
  EXPECT_EQ(failed.detail, "it is away");
}

}  // namespace
}  // namespace sutler::cli
