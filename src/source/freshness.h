// The rules of time: what may be said of a document now, and when it wants to be looked at next.
// Pure: state, time and chance in, a decision out.
//
// A document is known as one of: nothing, a value, or the store's word that there is none to be
// had. Beside that stands whether the last calls for it failed. A wall clock that jumped back does
// not make anything live longer: whoever holds a Known shifts it along (shift_back).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace sutler::source {

// How long things are good, of one source.
struct Spans {
  std::chrono::microseconds ttl{std::chrono::seconds(300)};
  std::chrono::microseconds stale_max{std::chrono::hours(24)};
};

inline constexpr std::chrono::microseconds kFreshMin{1'000'000};
inline constexpr std::chrono::microseconds kNegativeMax{10'000'000};
// Whoever has just waited for a word that was short-lived may still use it.
inline constexpr std::chrono::microseconds kWordMax{60'000'000};
inline constexpr std::chrono::microseconds kHoldFirst{1'000'000};
inline constexpr std::chrono::microseconds kHoldMax{30'000'000};
inline constexpr std::chrono::microseconds kRetryAfterMax{60'000'000};

// What is known of one document.
struct Known {
  enum class What { kNothing, kValue, kNegative };
  What what = What::kNothing;
  base::UnixTime read_at;      // kValue, kNegative: when the store said so
  base::UnixTime fresh_until;  // from then on the store is asked first
  base::UnixTime stale_until;  // kValue: from then on it is gone
  unsigned failures = 0;       // calls in a row that failed; 0: the last one was answered
  base::UnixTime retry_at;     // failures > 0: not asked again before
  enum class Asking { kNo, kYes };
  Asking asking = Asking::kNo;  // a call is under way or waits for its turn

  // Whether this document, as far as it tells itself, cannot be had now. While it is tried again,
  // what there is is served; who has nothing waits for the try.
  [[nodiscard]] bool is_out(base::UnixTime now) const {
    return failures > 0 && (now < retry_at || (asking == Asking::kYes && what == What::kValue));
  }
  // The wall clock went back by `d`: everything keeps its age.
  void shift_back(std::chrono::microseconds d);
};

// What became of a call.
void note_value(Known& known, const Spans& spans, std::chrono::microseconds good_for,
                base::UnixTime now);  // good_for 0: the TTL
void note_negative(Known& known, const Spans& spans, base::UnixTime now);
// `chance` is in [0, 1). What was known stays, but no negative word outlives its time.
void note_outage(Known& known, std::chrono::microseconds retry_after, double chance,
                 base::UnixTime now);

// Whether the whole store is known to be out (its breaker).
enum class Store { kThere, kOut };
// Whether the caller can wait for a call.
enum class Wait { kMay, kCannot };
enum class Verdict {
  kFresh,     // the value, without asking
  kStale,     // the value, although the store could not be asked
  kNegative,  // the store's word, without asking
  kAsk,       // ask the store, then look again
  kNone,      // nothing that could be said
};
[[nodiscard]] Verdict judge(const Known& known, Store store, Wait wait, base::UnixTime now);

// Until when an answer made of it needs no new look, given what judge() said. `store_retry_at`:
// when the store that is out is tried next.
[[nodiscard]] base::UnixTime holds_until(const Known& known, Verdict verdict, Store store,
                                         base::UnixTime store_retry_at);

// When it is refreshed ahead if it is in use: after 70 to 90 % of its time, by chance.
[[nodiscard]] base::UnixTime refresh_at(const Known& known, double chance);
// Whether it was used within the last TTL (a minute at least).
[[nodiscard]] bool is_in_use(const Spans& spans, base::UnixTime used_at, base::UnixTime now);

// How long to wait before the attempt that follows `attempts` failed ones of the same call.
inline constexpr unsigned kAttemptsMax = 3;
[[nodiscard]] std::chrono::microseconds pause_after(unsigned attempts,
                                                    std::chrono::microseconds retry_after,
                                                    double chance);
// The span after which a store, or a document, that failed `failures` times is tried again.
[[nodiscard]] std::chrono::microseconds hold_after(unsigned failures, double chance);

}  // namespace sutler::source
