// Fetches that wait for sources. Internal to the provider.
#pragma once

#include <memory>
#include <set>

#include "http/exchange.h"
#include "source/sources.h"

namespace sutler::provider {

// What a fetch that waited has behind it.
struct Progress {
  double started = 0;              // when its request came
  source::FetchTime time;          // one deadline, however often it waits
  std::set<source::Wanted> asked;  // waits for nothing twice
};

struct Waiting {
  http::Reply reply;
  std::unique_ptr<Progress> progress;
};

}  // namespace sutler::provider
