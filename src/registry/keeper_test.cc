#include "registry/keeper.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "registry/test_support.h"
#include "store/backend/fault_backend.h"
#include "store/backend/memory_backend.h"

namespace sutler::registry {
namespace {

using namespace test;

const base::Secret kSeed(std::string(32, 's'));

// An audit log in a folder of its own, a backend, and a registry that can be started again.
class KeeperTest : public ::testing::Test {
 protected:
  KeeperTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sutler-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    audit::Options options;
    options.folder = folder_;
    options.reserve_bytes = 0;
    auto opened = audit::Log::open(options, kSeed, clock_, {}, [](const audit::Position&) {});
    if (!opened) std::abort();
    log_ = std::move(*opened);
    restart();
  }
  ~KeeperTest() override {
    keeper_.reset();
    log_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  // As after a crash: what was not written is gone.
  void restart(const Options& options = {}) {
    keeper_.reset();
    codec_ = std::make_unique<RowCodec>(kSeed);
    registry_ = std::make_unique<Registry>(options, codec_->digest_key());
    recorder_ = registry_->recorder();
    keeper_ = std::make_unique<Keeper>(*registry_, *codec_, *backend_, *log_,
                                       KeeperOptions{.events_per_second_max = 2});
    ASSERT_TRUE(keeper_->load());
  }
  void fetch(std::int64_t seconds, std::string_view who, const std::vector<Part>& parts) {
    recorder_->note(served(who, parts), {at(seconds), "10.0.0.1", "key1", 5.5, 9.25});
  }
  [[nodiscard]] std::string show(std::string_view who) const {
    const auto record = registry_->find(workload(who));
    return record ? show_record(*record) : "none";
  }
  [[nodiscard]] std::string audit_text() const {
    std::ifstream file(log_->current_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
  base::ManualClock clock_{at(1'800'000'000)};
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<store::Backend> backend_ = store::make_memory_backend();
  std::unique_ptr<RowCodec> codec_;
  std::unique_ptr<Registry> registry_;
  std::shared_ptr<Recorder> recorder_;
  std::unique_ptr<Keeper> keeper_;
};

TEST_F(KeeperTest, WhatWasWrittenIsThereAfterARestart) {
  fetch(10, "p/api", {{"g", 3, "A /f"}});
  fetch(20, "p/api", {{"g", 4, "A /f"}});
  fetch(20, "p/job", {{"g", 4, ""}});
  recorder_->note_failure(workload("p/bad"), "no_match", {at(5), {}, {}});
  keeper_->work(1);
  const std::string api = show("p/api");
  ASSERT_TRUE(keeper_->flush());
  restart();
  EXPECT_EQ(show("p/api"), api);
  EXPECT_EQ(show("p/job"), "1x 20..20 g:4()20..20*");
  EXPECT_EQ(registry_->find(workload("p/bad"))->last_failure, "no_match");
  EXPECT_EQ(registry_->find(workload("p/api"))->last.expires_at, 9.25);
  EXPECT_TRUE(registry_->take_newcomers(9).workloads.empty());
}

TEST_F(KeeperTest, NoNameIsReadableInTheRows) {
  fetch(10, "payments/api", {{"stripe", 3, "STRIPE_KEY"}});
  ASSERT_TRUE(keeper_->flush());
  const auto rows = *backend_->telemetry("registry/");
  for (const auto& row : rows) {
    for (const char* word : {"payments", "api", "stripe", "STRIPE_KEY", "10.0.0.1"}) {
      EXPECT_EQ((row.key + row.value).find(word), std::string::npos) << word;
    }
  }
}

TEST_F(KeeperTest, ARowThatWasMovedCutOrMadeUpIsLeftOut) {
  fetch(10, "p/a", {{"g", 1, "A"}});
  fetch(10, "p/b", {{"g", 1, "A"}});
  fetch(10, "p/c", {{"g", 1, "A"}});
  ASSERT_TRUE(keeper_->flush());
  auto rows = *backend_->telemetry(workload_rows({}));
  ASSERT_EQ(rows.size(), 3U);
  std::swap(rows[0].value, rows[1].value);
  rows[2].value.back() ^= 1;
  rows.push_back({workload_rows({}) + "00", "short"});
  ASSERT_TRUE(backend_->put_telemetry(rows));
  restart();
  EXPECT_EQ(registry_->size(), 0U);
}

TEST_F(KeeperTest, AStoreThatCannotBeWrittenDelaysTheRows) {
  bool broken = true;
  backend_ = store::with_errors(std::move(backend_),
                                [&](std::string_view what) -> std::optional<base::Error> {
                                  if (!broken || what != "put_telemetry") return std::nullopt;
                                  return base::Error{base::Code::kNoSpace, "full", {}, {}};
                                });
  restart();
  fetch(10, "p/a", {{"g", 1, "A"}});
  keeper_->work(1);
  EXPECT_TRUE(backend_->telemetry("registry/")->empty());
  broken = false;
  keeper_->work(2);
  EXPECT_EQ(backend_->telemetry("registry/")->size(), 2U);
  restart();
  EXPECT_EQ(show("p/a"), "1x 10..10 g:1(A)10..10*");
}

TEST_F(KeeperTest, WhoIsForgottenLosesItsRow) {
  restart({.workloads_max = 1});
  fetch(1, "p/a", {{"g", 1, "A"}});
  keeper_->work(1);
  fetch(2, "p/b", {{"g", 1, "A"}});
  keeper_->work(2);
  EXPECT_EQ(backend_->telemetry(workload_rows({}))->size(), 1U);
  restart();
  EXPECT_EQ(show("p/b"), "1x 2..2 g:1(A)2..2*");
}

TEST_F(KeeperTest, TellsOfNewWorkloadsAFewASecondAndCountsTheRest) {
  for (const char* name : {"p/a", "p/b", "p/c", "p/d"}) fetch(10, name, {});
  keeper_->work(1);
  keeper_->work(2);
  const std::string text = audit_text();
  std::size_t lines = 0;
  for (auto at = text.find("workload.new"); at != std::string::npos;
       at = text.find("workload.new", at + 1)) {
    ++lines;
  }
  EXPECT_EQ(lines, 3U);
  EXPECT_NE(text.find(R"("count":2)"), std::string::npos);
}

TEST_F(KeeperTest, ItsThreadWritesTheRestWhenItStops) {
  keeper_->start();
  fetch(10, "p/a", {{"g", 1, "A"}});
  keeper_->stop();
  restart();
  EXPECT_EQ(show("p/a"), "1x 10..10 g:1(A)10..10*");
}

TEST_F(KeeperTest, WhatWasForgottenIsKnownAfterARestartAndStandsInTheAudit) {
  restart({.workloads_max = 2});
  for (int i = 1; i <= 5; ++i) fetch(i, "p/o" + std::to_string(i), {{"g", 1, "A"}});
  keeper_->work(1);
  ASSERT_TRUE(keeper_->flush());
  EXPECT_NE(audit_text().find("\"workload.evicted\""), std::string::npos);
  EXPECT_EQ(registry_->forgotten().count, 3U);
  restart({.workloads_max = 2});
  EXPECT_EQ(registry_->forgotten().count, 3U);
  EXPECT_EQ(registry_->forgotten().last, at(3));
}

}  // namespace
}  // namespace sutler::registry
