#include "source/call.h"

#include <algorithm>
#include <utility>

namespace sutler::source {
namespace {
constexpr std::size_t kAnswerBytesMax = 8 * 1024 * 1024;
}

std::chrono::milliseconds time_left(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

Answer<client::ClientResponse> call(client::ClientRequest request, const std::string& who,
                                    Deadline deadline, std::chrono::milliseconds connect_timeout) {
  const auto left = time_left(deadline);
  // Zero would mean "no limit" to libcurl.
  if (left.count() == 0) return failed(FailureKind::kOutage, who + ": no time is left");
  request.total_timeout = left;
  request.connect_timeout = std::min(left, connect_timeout);
  request.response_bytes_max = kAnswerBytesMax;
  auto response = client::send(request);
  if (!response) return failed(FailureKind::kOutage, who + ": " + response.error().message);
  return std::move(*response);
}

}  // namespace sutler::source
