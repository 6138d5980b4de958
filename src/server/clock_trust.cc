#include "server/clock_trust.h"

#include <charconv>
#include <cmath>
#include <string>

#include "base/log.h"

namespace sutler::server {
namespace {

constexpr char kRow[] = "clock";
constexpr double kDaySeconds = 86'400;
constexpr double kJumpSeconds = 2 * kDaySeconds;
constexpr double kProvenSeconds = kDaySeconds;
constexpr double kKeepEverySeconds = 3600;

std::optional<base::UnixTime> parse_mark(const std::string& text) {
  base::UnixTime mark;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), mark.microseconds);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return mark;
}

std::optional<base::UnixTime> read_mark(const store::Notes& notes, const std::string& own) {
  const auto found = notes.read(kRow);
  if (!found) return std::nullopt;
  std::optional<base::UnixTime> newest;
  for (const store::Note& note : *found) {
    const auto mark = parse_mark(note.text);
    if (note.row == own && mark) return mark;
    if (mark && (!newest || *newest < *mark)) newest = mark;
  }
  return newest;
}

}  // namespace

bool ClockTrust::Mark::leads_to(const Mark& later) const {
  const double wall_seconds =
      static_cast<double>(later.wall.microseconds - wall.microseconds) / 1e6;
  return std::abs(wall_seconds - (later.monotonic - monotonic)) <= kJumpSeconds;
}

ClockTrust::ClockTrust(store::Backend& backend, const base::Secret& audit_seed,
                       const base::Clock& clock, double monotonic_seconds, const std::string& node)
    : notes_(backend, audit_seed),
      row_(node.empty() ? kRow : std::string(kRow) + "/" + node),
      clock_(clock) {
  if (const auto mark = read_mark(notes_, row_)) good_ = Mark{*mark, monotonic_seconds};
  look(monotonic_seconds);
}

bool ClockTrust::trusted() const {
  const std::lock_guard lock(mutex_);
  return trusted_;
}

void ClockTrust::look(double monotonic_seconds) {
  const std::lock_guard lock(mutex_);
  const Mark now{clock_.now(), monotonic_seconds};
  if (good_ && good_->leads_to(now)) {
    if (candidate_) base::log::info("the clock is where it was expected again", {});
    candidate_.reset();
    keep(now);
    return;
  }
  trusted_ = false;
  if (!candidate_ || !candidate_->leads_to(now)) {
    candidate_ = now;
    if (good_) {
      base::log::warning(
          "the clock is days from where it was: nothing is removed for its age until it has "
          "run a day without a jump",
          {{"expected", base::rfc3339(good_->wall)}, {"now", base::rfc3339(now.wall)}});
    }
  }
  if (now.monotonic - candidate_->monotonic < kProvenSeconds) return;
  candidate_.reset();
  keep(now);
}

void ClockTrust::keep(const Mark& now) {
  good_ = now;
  trusted_ = true;
  if (kept_ && now.monotonic - *kept_ < kKeepEverySeconds) return;
  kept_ = now.monotonic;  // a failure is tried again in an hour: the mark is only older
  (void)notes_.put({{row_, std::to_string(now.wall.microseconds)}});
}

}  // namespace sutler::server
