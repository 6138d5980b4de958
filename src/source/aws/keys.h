// The keys that sign, kept until they are near their end or not taken any more.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "source/aws/answers.h"
#include "source/aws/config.h"

namespace sutler::source {

class AwsKeyring {
 public:
  using Held = std::shared_ptr<const AwsKeys>;

  AwsKeyring(const AwsConfig& config, const base::Clock& clock) : config_(config), clock_(clock) {}

  // Keys that have not ended. New ones are got five minutes ahead; when that fails, the old ones
  // serve until their end, and it is tried again after half a minute. One caller gets them, the
  // others wait for it until their deadline.
  [[nodiscard]] Answer<Held> keys(Deadline deadline);
  // AWS did not take them: the next keys() gets them anew, unless somebody did already.
  void renounce(const Held& keys);

 private:
  enum class State { kNone, kDue, kGood };
  [[nodiscard]] State state(base::UnixTime now) const;

  const AwsConfig& config_;
  const base::Clock& clock_;
  std::timed_mutex getting_;
  mutable std::mutex mutex_;
  Held held_;
  base::UnixTime not_before_{0};  // the next try of those that are due
};

}  // namespace sutler::source
