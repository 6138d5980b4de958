#include "provider/key_use.h"

#include <gtest/gtest.h>

#include <thread>

namespace sutler::provider {
namespace {

std::string take(KeyUse& use) {
  std::string out;
  for (const auto& one : use.take_newer()) {
    out += one.team + "/" + one.key_id + "@" + std::to_string(one.last.seconds()) + " ";
  }
  return out;
}

TEST(KeyUse, TellsOfEachKeyTheLastTimeOfAllThreadsOnce) {
  KeyUse use;
  const auto first = use.add_slot("red", "k1");
  const auto second = use.add_slot("red", "k1");
  const auto other = use.add_slot("blue", "k1");
  EXPECT_EQ(take(use), "");
  first->note(base::UnixTime::from_seconds(20));
  second->note(base::UnixTime::from_seconds(10));
  EXPECT_EQ(take(use), "red/k1@20 ");
  EXPECT_EQ(take(use), "");
  second->note(base::UnixTime::from_seconds(30));
  other->note(base::UnixTime::from_seconds(5));
  EXPECT_EQ(take(use), "blue/k1@5 red/k1@30 ");
}

TEST(KeyUse, TellsWhatAThreadNotedBeforeItLetItsSlotGo) {
  KeyUse use;
  std::thread([&] { use.add_slot("red", "k1")->note(base::UnixTime::from_seconds(7)); }).join();
  EXPECT_EQ(take(use), "red/k1@7 ");
  EXPECT_EQ(take(use), "");
}

}  // namespace
}  // namespace sutler::provider
