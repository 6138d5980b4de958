#include "base/clock.h"

#include <ctime>

namespace sutler::base {
namespace {

void append_digits(std::string& out, std::int64_t number, int width) {
  char digits[20];
  for (int i = width - 1; i >= 0; --i) {
    digits[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(digits, static_cast<std::size_t>(width));
}

}  // namespace

void append_rfc3339(std::string& out, UnixTime time) {
  using namespace std::chrono;
  const sys_time<microseconds> point{microseconds(time.microseconds)};
  const auto day = floor<days>(point);
  const year_month_day date{day};
  const auto in_day = (point - day).count();
  append_digits(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, in_day / 3'600'000'000, 2);
  out += ':';
  append_digits(out, in_day / 60'000'000 % 60, 2);
  out += ':';
  append_digits(out, in_day / 1'000'000 % 60, 2);
  out += '.';
  append_digits(out, in_day % 1'000'000, 6);
  out += 'Z';
}

std::string rfc3339(UnixTime time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

std::optional<UnixTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() <= kShape.size() || !text.ends_with('Z')) return std::nullopt;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] == 'd' ? !is_digit(text[i]) : text[i] != kShape[i]) return std::nullopt;
  }
  const auto number = [text](std::size_t at, std::size_t digits) {
    std::int64_t value = 0;
    for (const char c : text.substr(at, digits)) value = value * 10 + (c - '0');
    return value;
  };
  std::int64_t fraction = 0;
  const std::string_view rest = text.substr(kShape.size(), text.size() - kShape.size() - 1);
  if (!rest.empty()) {
    if (rest.front() != '.' || rest.size() < 2 || rest.size() > 7) return std::nullopt;
    for (std::size_t i = 1; i < 7; ++i) {
      if (i < rest.size() && !is_digit(rest[i])) return std::nullopt;
      fraction = fraction * 10 + (i < rest.size() ? rest[i] - '0' : 0);
    }
  }
  const year_month_day day{year(static_cast<int>(number(0, 4))),
                           month(static_cast<unsigned>(number(5, 2))),
                           std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  const std::int64_t hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!day.ok() || day.year() < year(1970) || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const std::int64_t days = sys_days(day).time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
  return UnixTime{seconds * 1'000'000 + fraction};
}

UnixTime SystemClock::now() const {
  using namespace std::chrono;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

double monotonic_seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace sutler::base
