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

UnixTime SystemClock::now() const {
  using namespace std::chrono;
  return {duration_cast<microseconds>(system_clock::now().time_since_epoch()).count()};
}

double monotonic_seconds() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace sutler::base
