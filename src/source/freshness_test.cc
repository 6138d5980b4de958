#include "source/freshness.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <vector>

namespace sutler::source {
namespace {

using namespace std::chrono_literals;
using base::UnixTime;
using std::chrono::microseconds;

constexpr Spans kSpans{300s, 86'400s};
UnixTime at(std::int64_t second) { return UnixTime::from_seconds(1'000'000 + second); }

TEST(Freshness, NothingIsAskedFor) {
  EXPECT_EQ(judge({}, Store::kThere, Wait::kMay, at(0)), Verdict::kAsk);
  EXPECT_EQ(judge({}, Store::kThere, Wait::kCannot, at(0)), Verdict::kNone);
  EXPECT_EQ(judge({}, Store::kOut, Wait::kMay, at(0)), Verdict::kNone);
}

TEST(Freshness, AValueIsFreshThenAskedForThenStaleThenGone) {
  Known known;
  note_value(known, kSpans, {}, at(0));
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(299)), Verdict::kFresh);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(299)), Verdict::kFresh);
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(300)), Verdict::kAsk);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(300)), Verdict::kStale);
  EXPECT_EQ(judge(known, Store::kThere, Wait::kCannot, at(300)), Verdict::kStale);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(86'399)), Verdict::kStale);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(86'400)), Verdict::kNone);
}

TEST(Freshness, AStaleLimitBelowTheTtlDoesNotShortenIt) {
  Known known;
  note_value(known, {300s, 0s}, {}, at(0));
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(299)), Verdict::kFresh);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(300)), Verdict::kNone);
}

TEST(Freshness, ANoIsKeptShortAndForgottenInAnOutage) {
  Known known;
  note_value(known, kSpans, {}, at(0));
  note_negative(known, kSpans, at(1));
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(10)), Verdict::kNegative);
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(11)), Verdict::kAsk);
  EXPECT_EQ(judge(known, Store::kOut, Wait::kMay, at(11)), Verdict::kNone);
  EXPECT_EQ(judge(known, Store::kThere, Wait::kCannot, at(12)), Verdict::kNegative)
      << "for who has just waited for it";
  EXPECT_EQ(judge(known, Store::kThere, Wait::kCannot, at(61)), Verdict::kNone);
  note_outage(known, {}, 0.5, at(12));
  EXPECT_EQ(known.what, Known::What::kNothing);
}

TEST(Freshness, AFailedCallHoldsOffAndServesStale) {
  Known known;
  note_value(known, kSpans, {}, at(0));
  note_outage(known, {}, 0.5, at(400));
  EXPECT_EQ(known.retry_at, at(401));
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(400)), Verdict::kStale);
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(401)), Verdict::kAsk);
  known.asking = Known::Asking::kYes;
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(401)), Verdict::kStale)
      << "while it is tried again";
  known.asking = Known::Asking::kNo;
  note_outage(known, {}, 0.5, at(401));
  EXPECT_EQ(known.retry_at, at(403));
  note_outage(known, 20s, 0.5, at(403));
  EXPECT_EQ(known.retry_at, at(423)) << "the store's own word";
  note_outage(known, 24h, 0.5, at(423));
  EXPECT_EQ(known.retry_at, at(483)) << "but not without end";
  note_value(known, kSpans, {}, at(500));
  EXPECT_EQ(known.failures, 0u);
}

TEST(Freshness, WhoHasNothingWaitsForTheTryThatIsUnderWay) {
  Known known;
  note_outage(known, {}, 0.5, at(0));
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(0)), Verdict::kNone);
  known.asking = Known::Asking::kYes;
  EXPECT_EQ(judge(known, Store::kThere, Wait::kMay, at(1)), Verdict::kAsk);
}

TEST(Freshness, AnAnswerHoldsUntilTheStoreIsAskedOrTriedAgain) {
  Known known;
  note_value(known, kSpans, {}, at(0));
  EXPECT_EQ(holds_until(known, Verdict::kFresh, Store::kThere, {}), at(300));
  EXPECT_EQ(holds_until(known, Verdict::kStale, Store::kOut, at(500)), at(500));
  EXPECT_EQ(holds_until(known, Verdict::kStale, Store::kThere, {}), UnixTime{})
      << "nobody knows that the store is out";
  EXPECT_EQ(holds_until(known, Verdict::kAsk, Store::kThere, {}), UnixTime{});
  EXPECT_EQ(holds_until(known, Verdict::kStale, Store::kOut, at(100'000)), at(86'400));
}

TEST(Freshness, SpansGrowToALimitAndSpreadByChance) {
  EXPECT_EQ(hold_after(1, 0.5), 1s);
  EXPECT_EQ(hold_after(4, 0.5), 8s);
  EXPECT_EQ(hold_after(1'000'000, 0.5), 30s);
  EXPECT_EQ(hold_after(1, 0), 750ms);
  EXPECT_LT(hold_after(1, 0.999), 1250ms);
  EXPECT_EQ(pause_after(1, {}, 0.5), 100ms);
  EXPECT_EQ(pause_after(2, {}, 0.5), 200ms);
  EXPECT_EQ(pause_after(1, 3s, 0.5), 3s);
}

// One thing that happens to a document.
struct Event {
  enum class What { kValue, kNegative, kOutage, kTime, kClockBack };
  What what = What::kTime;
  std::int64_t seconds = 0;
};
std::ostream& operator<<(std::ostream& out, const Event& event) {
  return out << static_cast<int>(event.what) << '/' << event.seconds;
}
rc::Gen<Event> any_event() {
  return rc::gen::exec([] {
    using enum Event::What;
    Event event;
    event.what = *rc::gen::element(kValue, kNegative, kOutage, kTime, kTime, kClockBack);
    event.seconds = *rc::gen::inRange<std::int64_t>(0, 400);
    return event;
  });
}

// The same told from the whole history, by true time, without any state but what happened.
class Model {
 public:
  void apply(const Event& event) {
    if (event.what == Event::What::kTime) true_now_ += event.seconds;
    if (event.what != Event::What::kTime && event.what != Event::What::kClockBack) {
      history_.push_back({event.what, true_now_});
    }
  }
  // Last word of the store, if it still counts: how old it is.
  [[nodiscard]] Verdict verdict(Store store, Wait wait, const Spans& spans) const {
    const auto word = std::find_if(history_.rbegin(), history_.rend(), [](const auto& one) {
      return one.what != Event::What::kOutage;
    });
    const bool has_word = word != history_.rend();
    const std::int64_t age = has_word ? true_now_ - word->at : 0;
    const bool is_value = has_word && word->what == Event::What::kValue;
    if (is_value && age < seconds(spans.ttl)) return Verdict::kFresh;
    if (has_word && !is_value && age < 10) return Verdict::kNegative;
    const bool out = store == Store::kOut || held_off();
    if (!out && wait == Wait::kMay) return Verdict::kAsk;
    const bool last = has_word && word == history_.rbegin();
    if (last && !out && !is_value && age < 60) return Verdict::kNegative;
    return is_value && age < seconds(spans.stale_max) ? Verdict::kStale : Verdict::kNone;
  }

 private:
  struct Past {
    Event::What what;
    std::int64_t at;
  };
  static std::int64_t seconds(microseconds span) { return span.count() / 1'000'000; }
  [[nodiscard]] bool held_off() const {
    const auto last_word = std::find_if(history_.rbegin(), history_.rend(), [](const auto& one) {
      return one.what != Event::What::kOutage;
    });
    const auto failures = last_word - history_.rbegin();
    if (failures == 0) return false;
    const std::int64_t hold = failures > 5 ? 30 : std::int64_t{1} << (failures - 1);
    return true_now_ < history_.back().at + std::min<std::int64_t>(hold, 30);
  }
  std::vector<Past> history_;
  std::int64_t true_now_ = 0;
};

TEST(FreshnessProperty, TheStateSaysWhatTheWholeHistorySays) {
  const Spans spans{100s, 900s};
  RC_ASSERT(rc::check([&] {
    const auto events = *rc::gen::container<std::vector<Event>>(any_event());
    Known known;
    Model model;
    UnixTime wall = at(0);
    for (const Event& event : events) {
      switch (event.what) {
        case Event::What::kValue: note_value(known, spans, {}, wall); break;
        case Event::What::kNegative: note_negative(known, spans, wall); break;
        case Event::What::kOutage: note_outage(known, {}, 0.5, wall); break;
        case Event::What::kTime: wall = wall + std::chrono::seconds(event.seconds); break;
        case Event::What::kClockBack:
          wall = wall + -std::chrono::seconds(event.seconds);
          known.shift_back(std::chrono::seconds(event.seconds));
          break;
      }
      model.apply(event);
      for (const auto store : {Store::kThere, Store::kOut}) {
        for (const auto wait : {Wait::kMay, Wait::kCannot}) {
          const Verdict verdict = judge(known, store, wait, wall);
          RC_ASSERT(static_cast<int>(verdict) ==
                    static_cast<int>(model.verdict(store, wait, spans)));
          // What is kept of an answer never outlives the answer.
          if (wall < holds_until(known, verdict, store, wall + 5s)) {
            RC_ASSERT(verdict != Verdict::kAsk && verdict != Verdict::kNone);
          }
        }
      }
      if (known.what != Known::What::kValue) continue;
      RC_ASSERT(known.read_at < refresh_at(known, 0.999));
      RC_ASSERT(refresh_at(known, 0.999) < known.fresh_until);
    }
  }));
}

}  // namespace
}  // namespace sutler::source
