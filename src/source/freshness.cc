#include "source/freshness.h"

#include <algorithm>

namespace sutler::source {
namespace {

using std::chrono::microseconds;

base::UnixTime minus(base::UnixTime time, microseconds d) { return time + -d; }

// `base`, doubled for each failure after the first, between 75 and 125 % of it by chance.
microseconds grown(microseconds base, microseconds most, unsigned failures, double chance) {
  microseconds span = base;
  for (unsigned i = 1; i < failures && span < most; ++i) span *= 2;
  span = std::min(span, most);
  return microseconds(
      static_cast<std::int64_t>(static_cast<double>(span.count()) * (0.75 + chance / 2)));
}

}  // namespace

void Known::shift_back(microseconds d) {
  for (base::UnixTime* time : {&read_at, &fresh_until, &stale_until, &retry_at}) {
    *time = minus(*time, d);
  }
}

void note_value(Known& known, const Spans& spans, microseconds good_for, base::UnixTime now) {
  known.what = Known::What::kValue;
  known.read_at = now;
  known.fresh_until = now + std::max(kFreshMin, good_for.count() > 0 ? good_for : spans.ttl);
  known.stale_until = std::max(known.fresh_until, now + spans.stale_max);
  known.failures = 0;
}

void note_negative(Known& known, const Spans& spans, base::UnixTime now) {
  known.what = Known::What::kNegative;
  known.read_at = now;
  known.fresh_until = now + std::clamp(spans.ttl, kFreshMin, kNegativeMax);
  known.stale_until = known.fresh_until;
  known.failures = 0;
}

void note_outage(Known& known, microseconds retry_after, double chance, base::UnixTime now) {
  if (known.what != Known::What::kNothing && now >= known.stale_until) {
    known.what = Known::What::kNothing;
  }
  ++known.failures;
  known.retry_at =
      now + std::max(hold_after(known.failures, chance), std::min(retry_after, kRetryAfterMax));
}

Verdict judge(const Known& known, Store store, Wait wait, base::UnixTime now) {
  const bool fresh = known.what != Known::What::kNothing && now < known.fresh_until;
  if (fresh) return known.what == Known::What::kValue ? Verdict::kFresh : Verdict::kNegative;
  const bool out = store == Store::kOut || known.is_out(now);
  if (wait == Wait::kMay && !out) return Verdict::kAsk;
  if (known.what == Known::What::kNegative && !out && known.failures == 0 &&
      now < known.read_at + kWordMax) {
    return Verdict::kNegative;
  }
  const bool servable = known.what == Known::What::kValue && now < known.stale_until;
  return servable ? Verdict::kStale : Verdict::kNone;
}

base::UnixTime holds_until(const Known& known, Verdict verdict, Store store,
                           base::UnixTime store_retry_at) {
  if (verdict == Verdict::kFresh || verdict == Verdict::kNegative) return known.fresh_until;
  if (verdict != Verdict::kStale) return {};
  base::UnixTime until{};
  if (known.failures > 0) until = known.retry_at;
  if (store == Store::kOut) until = std::max(until, store_retry_at);
  return std::min(until, known.stale_until);
}

base::UnixTime refresh_at(const Known& known, double chance) {
  const auto span =
      static_cast<double>(known.fresh_until.microseconds - known.read_at.microseconds);
  return known.read_at + microseconds(static_cast<std::int64_t>(span * (0.7 + 0.2 * chance)));
}

bool is_in_use(const Spans& spans, base::UnixTime used_at, base::UnixTime now) {
  return now < used_at + std::max<microseconds>(spans.ttl, std::chrono::minutes(1));
}

microseconds pause_after(unsigned attempts, microseconds retry_after, double chance) {
  return std::max(grown(microseconds(100'000), microseconds(2'000'000), attempts, chance),
                  retry_after);
}

microseconds hold_after(unsigned failures, double chance) {
  return grown(kHoldFirst, kHoldMax, failures, chance);
}

}  // namespace sutler::source
