// Keeps a flood of denials out of the log: from each address the first ten of a second are
// recorded one by one, the others as one record with their number.
//
// Pure: time is an argument. Not thread-safe; whoever shares one locks around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"

namespace sutler::audit {

class DenialCounter {
 public:
  struct Limits {
    std::uint64_t per_second = 10;
    // Addresses remembered at once; beyond them all share the one entry kOther.
    std::size_t addresses_max = 10'000;
  };
  struct Due {
    std::string address;
    std::uint64_t count = 0;  // denials that were not recorded one by one
    base::UnixTime first;     // when the first and the last of them came
    base::UnixTime last;
  };
  static constexpr std::string_view kOther = "other";

  DenialCounter() : DenialCounter(Limits()) {}
  explicit DenialCounter(Limits limits) : limits_(limits) {}

  // True: write a record of its own. False: it was counted, take_due() will tell. A second is one
  // of the wall clock; when the clock goes back a new second starts.
  [[nodiscard]] bool admit(std::string_view address, base::UnixTime now);

  // One summary for each address that has denials counted in a second other than the present one;
  // they are forgotten here. Call it about once a second: it also lets go of quiet addresses.
  [[nodiscard]] std::vector<Due> take_due(base::UnixTime now);
  // The same without waiting for the second to end: for the end of the program.
  [[nodiscard]] std::vector<Due> take_all();

  [[nodiscard]] std::size_t addresses() const { return entries_.size(); }

 private:
  struct Entry {
    std::int64_t second = 0;  // that `admitted` is about
    std::uint64_t admitted = 0;
    std::uint64_t counted = 0;  // since the last take_due()
    base::UnixTime first = {};  // of those counted
    base::UnixTime last = {};
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  Entry& entry_of(std::string_view address, std::int64_t second);
  void forget_quiet(std::int64_t second);

  Limits limits_;
  std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries_;
  std::int64_t swept_second_ = 0;
};

}  // namespace sutler::audit
