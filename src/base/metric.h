// What the metrics are made of: counted without locks where things happen, collected and written
// out elsewhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sutler::base {

// Adds to a counter that others read at any time. Costs about what an ordinary addition costs while
// one thread writes.
inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}
[[nodiscard]] inline std::uint64_t value_of(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

// How long things took, in fixed classes. Thread-safe, best with one writer.
class LatencyHistogram {
 public:
  // Upper ends of the classes, in microseconds; what takes longer is in one more class.
  static constexpr std::array<std::uint64_t, 16> kBounds = {
      50,     100,    250,     500,     1'000,   2'500,     5'000,     10'000,
      25'000, 50'000, 100'000, 250'000, 500'000, 1'000'000, 2'500'000, 5'000'000};

  void record(std::uint64_t microseconds) {
    std::size_t at = 0;
    while (at < kBounds.size() && microseconds > kBounds[at]) ++at;
    count(classes_[at]);
    count(sum_, microseconds);
  }

  struct Totals {
    std::array<std::uint64_t, kBounds.size() + 1> classes{};
    std::uint64_t sum_microseconds = 0;
  };
  void add_to(Totals& totals) const {
    for (std::size_t i = 0; i < classes_.size(); ++i) totals.classes[i] += value_of(classes_[i]);
    totals.sum_microseconds += value_of(sum_);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> classes_{};
  std::atomic<std::uint64_t> sum_{0};
};

// One metric as it is exported: a name, and a number for each set of labels.
struct MetricFamily {
  enum class Type { kCounter, kGauge, kHistogram };
  using Labels = std::vector<std::pair<std::string, std::string>>;
  struct Sample {
    Labels labels;
    double value = 0;
    LatencyHistogram::Totals histogram = {};  // of kHistogram, exported in seconds
  };

  std::string name;
  std::string help;
  Type type = Type::kGauge;
  std::vector<Sample> samples;
};

}  // namespace sutler::base
