// One HTTP call of a driver within its deadline, and the failures that are the same for every
// store.
#pragma once

#include <chrono>
#include <string>

#include "client/http_client.h"
#include "source/driver.h"

namespace sutler::source {

// What is left until the deadline; never negative.
[[nodiscard]] std::chrono::milliseconds time_left(Deadline deadline);

[[nodiscard]] inline std::unexpected<Failure> failed(FailureKind kind, std::string message,
                                                     std::chrono::seconds retry_after = {}) {
  return std::unexpected(Failure{kind, std::move(message), retry_after});
}

// Sends it with what is left as its time-out. Whatever status comes is an answer; no answer is
// kOutage. `who` begins the message: "source vault".
[[nodiscard]] Answer<client::ClientResponse> call(client::ClientRequest request,
                                                  const std::string& who, Deadline deadline,
                                                  std::chrono::milliseconds connect_timeout);

}  // namespace sutler::source
