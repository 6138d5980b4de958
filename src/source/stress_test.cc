// Everything at once: fetches, refreshes, faults, hanging calls, little room, a disk, and a clock
// that runs. Worth most under a sanitizer.
#include <atomic>
#include <latch>
#include <random>

#include "source/test_support.h"

namespace sutler::source {
namespace {

using namespace std::chrono_literals;
using test::eventually;

constexpr int kLocators = 40;

std::string locator_of(unsigned number) { return "doc" + std::to_string(number % kLocators); }

class StressTest : public test::SourcesTest {
 protected:
  // What a store may say of a locator begins with it.
  void put_all(int version) {
    for (int i = 0; i < kLocators; ++i) {
      const std::string locator = locator_of(static_cast<unsigned>(i));
      store->put(locator, test::object({{"key", locator + "/" + std::to_string(version)}}));
    }
  }
  void fetch_some(unsigned seed, int times) {
    std::mt19937 random(seed);
    std::latch all_done(times);
    for (int i = 0; i < times; ++i) {
      std::vector<Wanted> wanted;
      for (unsigned n = random() % 4; n > 0; --n) {
        wanted.push_back({"vault", locator_of(static_cast<unsigned>(random()))});
      }
      FetchTime time;
      sources->obtain(std::move(wanted), time, [&] { all_done.count_down(); });
      const std::string locator = locator_of(static_cast<unsigned>(random()));
      Asking asking(sources.get(), random() % 2 == 0 ? Patience::kMayWait : Patience::kNow);
      const Found found = asking.value("vault", locator + "#key", "default", "g");
      if (found.state == Found::State::kValue) {
        EXPECT_TRUE(found.value.expose().starts_with(locator + "/"));
      }
      for (const auto& dependency : asking.take_dependencies()) {
        if (dependency.holds(clock.now())) dependency.touch(clock.now());
      }
    }
    all_done.wait();
  }
  void make_trouble(unsigned seed, int times) {
    std::mt19937 random(seed);
    for (int i = 0; i < times; ++i) {
      switch (random() % 8) {
        case 0: store->fail(FailureKind::kOutage); break;
        case 1: store->fail(FailureKind::kMissing); break;
        case 2: store->fail(FailureKind::kLogin); break;
        case 3: store->hold(); break;
        case 4: put_all(i); break;
        case 5: store->say_changed(locator_of(static_cast<unsigned>(random()))); break;
        case 6: pass_time(std::chrono::seconds(random() % 200)); break;
        case 7: (void)status(); break;
      }
      std::this_thread::yield();
      store->release();
      if (random() % 2 == 0) store->fail(std::nullopt);
    }
    store->fail(std::nullopt);
  }
};

TEST_F(StressTest, EveryDoneIsCalledOnceAndNoValueIsAnothers) {
  settings.deadline = 200ms;
  batch = 3;
  options.documents_max = 25;
  keep_on_disk();
  put_all(0);
  for (unsigned round = 0; round < 3; ++round) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 3; ++i) {
      threads.emplace_back([this, i, round] { fetch_some(100 * round + i, 400); });
    }
    threads.emplace_back([this, round] { make_trouble(round, 300); });
    threads.emplace_back([this] { (void)sources->refresh("vault"); });
    for (auto& thread : threads) thread.join();
    start();
  }
  put_all(1000);
  pass_time(400s);
  for (unsigned i = 0; i < kLocators; ++i) {
    const std::string locator = locator_of(i);
    EXPECT_TRUE(eventually([&] { return get(locator + "#key") == locator + "/1000"; })) << locator;
  }
  EXPECT_TRUE(eventually([&] { return status().documents <= 25; }));
}

}  // namespace
}  // namespace sutler::source
