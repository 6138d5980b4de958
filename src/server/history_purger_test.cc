#include "server/history_purger.h"

#include <gtest/gtest.h>

#include <future>

#include "audit/log.h"
#include "server/test_support.h"
#include "store/backend/fault_backend.h"
#include "store/record_codec.h"
#include "store/test_support.h"

namespace sutler::server {
namespace {

using base::test::must;

const base::UnixTime kNow = base::UnixTime::from_seconds(1'800'000'000);

class HistoryPurgerTest : public ::testing::Test {
 protected:
  HistoryPurgerTest() {
    audit::Options options;
    options.folder = folder_.path() / "audit";
    options.reserve_bytes = 0;
    options.line_bytes_max = line_bytes_max_;
    reopen(options);
    for (const char* value : {"1", "2", "3"}) {
      must(store::test::put(*fixture_.store, store::test::group("g", {{"A", value}})));
    }
  }
  void reopen(const audit::Options& options) {
    log_.reset();
    log_ = must(audit::Log::open(options, base::Secret(std::string(32, 's')), clock_, {}, {}));
  }
  std::size_t kept() { return must(fixture_.store->history("default", "g")).size(); }
  // In order, what the log says of purges.
  std::string outcomes() {
    std::ifstream in(folder_.path() / "audit/current.jsonl");
    std::string out;
    for (std::string line; std::getline(in, line);) {
      if (line.find("\"history.purge\"") == std::string::npos) continue;
      for (const char* word : {"intent", "ok", "failed"}) {
        if (line.find("\"outcome\":\"" + std::string(word) + '"') != std::string::npos) {
          out += (out.empty() ? "" : " ") + std::string(word);
        }
      }
    }
    return out;
  }

  test::TempFolder folder_;
  store::test::Fixture fixture_;
  base::ManualClock clock_{kNow};
  std::size_t line_bytes_max_ = audit::kLineBytesMax;
  std::unique_ptr<audit::Log> log_;
  store::Leases leases_{fixture_.store->backend(), "this node"};
};

TEST_F(HistoryPurgerTest, WritesAnIntentBeforeAnythingGoesAndTheNumberAfterIt) {
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_versions = 1}, leases_, {});
  purger.run_once();
  EXPECT_EQ(kept(), 1U);
  EXPECT_EQ(outcomes(), "intent ok");
  purger.run_once();
  EXPECT_EQ(outcomes(), "intent ok") << "there was nothing to purge";
}

TEST_F(HistoryPurgerTest, OfTwoNodesOneDoesItUntilItEnds) {
  store::Leases others(fixture_.store->backend(), "another node");
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_versions = 1}, leases_, {});
  {
    HistoryPurger other(*fixture_.store, *log_, clock_, {.keep_versions = 2}, others, {});
    other.run_once();
    EXPECT_EQ(kept(), 2U);
    purger.run_once();
    EXPECT_EQ(kept(), 2U);
  }
  purger.run_once();
  EXPECT_EQ(kept(), 1U);
}

TEST_F(HistoryPurgerTest, WithoutARecordNothingGoes) {
  audit::Options options;
  options.folder = folder_.path() / "other";
  options.reserve_bytes = 0;
  options.line_bytes_max = 10;
  reopen(options);
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_versions = 1}, leases_, {});
  purger.run_once();
  EXPECT_EQ(kept(), 3U);
}

TEST_F(HistoryPurgerTest, APurgeThatFailsHasARecordToo) {
  fixture_.meddler->fails = [](std::string_view operation) { return operation == "purge"; };
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_versions = 1}, leases_, {});
  purger.run_once();
  EXPECT_EQ(kept(), 3U);
  EXPECT_EQ(outcomes(), "intent failed");
}

TEST_F(HistoryPurgerTest, NothingGoesForItsAgeWhileTheClockIsNotTrusted) {
  clock_.set(kNow + std::chrono::hours(24 * 3650));
  bool trusted = false;
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_days = 90}, leases_,
                       [&] { return trusted; });
  purger.run_once();
  EXPECT_EQ(kept(), 3U);
  trusted = true;
  purger.run_once();
  EXPECT_EQ(kept(), 1U);
}

TEST_F(HistoryPurgerTest, AVersionThatDoesNotOpenIsNamedInTheRecord) {
  const std::string id = fixture_.store->codec()->keys().record_id("group", "default", "g");
  const auto row = must(fixture_.backend->version("group", id, 1));
  const store::WrappedKey before{row->kind,    row->id,     row->version, row->revision,
                                 row->deleted, row->key_id, row->wrapped};
  must(fixture_.backend->rewrap({{before, row->key_id, std::string(row->wrapped.size(), 'x')}}));
  HistoryPurger purger(*fixture_.store, *log_, clock_, {.keep_versions = 1}, leases_, {});
  purger.run_once();
  EXPECT_EQ(kept(), 1U);
  std::ifstream in(folder_.path() / "audit/current.jsonl");
  const std::string log((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(log.find(R"("groups":[{"kind":"group","team":"default","name":"g","version":1}])"
                     R"(,"reason":"damaged","count":2)"),
            std::string::npos)
      << log;
}

TEST_F(HistoryPurgerTest, TheEndOfTheServerStopsAPassThatIsRunning) {
  std::promise<void> reading, stopping;
  bool first = true;
  fixture_.meddler->fails = [&](std::string_view operation) {
    if (operation == "old_versions" && std::exchange(first, false)) {
      reading.set_value();
      stopping.get_future().wait();
    }
    return false;
  };
  auto purger = std::make_unique<HistoryPurger>(*fixture_.store, *log_, clock_,
                                                HistoryPolicy{.keep_versions = 1}, leases_,
                                                std::function<bool()>{});
  purger->start();
  reading.get_future().wait();
  purger->stop();
  stopping.set_value();
  purger.reset();
  EXPECT_EQ(kept(), 3U);
  EXPECT_EQ(outcomes(), "");
}

}  // namespace
}  // namespace sutler::server
