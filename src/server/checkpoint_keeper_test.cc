#include "server/checkpoint_keeper.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "store/backend/fault_backend.h"
#include "store/backend/memory_backend.h"

namespace sutler::server {
namespace {

const base::Secret& seed() {
  static const base::Secret kSeed(std::string(32, 's'));
  return kSeed;
}

audit::Position position(std::uint64_t seq) { return {seq, std::string(64, 'a')}; }

TEST(CheckpointKeeper, TheLastCheckpointIsReadBack) {
  const auto backend = store::make_memory_backend();
  EXPECT_EQ(CheckpointKeeper(*backend, seed()).load().seq, 0U);
  {
    CheckpointKeeper(*backend, seed()).keep(position(7));
  }
  EXPECT_EQ(CheckpointKeeper(*backend, seed()).load().seq, 7U);
  EXPECT_EQ(CheckpointKeeper(*backend, base::Secret(std::string(32, 'o'))).load().seq, 0U);
}

TEST(CheckpointKeeper, EachNodeHasItsOwn) {
  const auto backend = store::make_memory_backend();
  CheckpointKeeper(*backend, seed(), "b").keep(position(9));
  EXPECT_EQ(CheckpointKeeper(*backend, seed(), "a").load().seq, 0U);
  EXPECT_EQ(CheckpointKeeper(*backend, seed()).load().seq, 0U) << "of a store for itself";
  CheckpointKeeper(*backend, seed(), "a").keep(position(3));
  CheckpointKeeper(*backend, seed()).keep(position(5));
  EXPECT_EQ(CheckpointKeeper(*backend, seed(), "a").load().seq, 3U);
  EXPECT_EQ(CheckpointKeeper(*backend, seed(), "b").load().seq, 9U);
  EXPECT_EQ(CheckpointKeeper(*backend, seed()).load().seq, 5U);
  auto rows = *backend->telemetry("audit/checkpoint/");
  ASSERT_EQ(rows.size(), 2U);
  std::swap(rows[0].value, rows[1].value);
  ASSERT_TRUE(backend->put_telemetry(rows));
  EXPECT_EQ(CheckpointKeeper(*backend, seed(), "a").load().seq, 0U) << "another node's note";
}

TEST(CheckpointKeeper, ADatabaseThatHangsHoldsNobodyUp) {
  std::promise<void> locked;
  std::atomic<int> writes = 0;
  const auto until = locked.get_future().share();
  const auto backend =
      store::with_latency(store::make_memory_backend(), [&](std::string_view operation) {
        if (operation != "put_telemetry") return;
        ++writes;
        until.wait();
      });
  {
    CheckpointKeeper keeper(*backend, seed());
    for (std::uint64_t seq = 1; seq <= 100; ++seq) keeper.keep(position(seq));  // returns
    locked.set_value();
  }
  EXPECT_LE(writes, 2);  // what was being written, and the newest
  EXPECT_EQ(CheckpointKeeper(*backend, seed()).load().seq, 100U);
}

}  // namespace
}  // namespace sutler::server
