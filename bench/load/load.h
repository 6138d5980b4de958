// A load generator: many requests from one thread, each answer checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sutler::bench {

enum class Reuse { kKeepAlive, kNewConnection };
enum class Wire { kPlain, kTls13 };

struct LoadOptions {
  std::string host = "127.0.0.1";  // an IPv4 address
  std::uint16_t port = 0;
  Wire wire = Wire::kPlain;
  Reuse reuse = Reuse::kKeepAlive;
  std::uint64_t connections = 32;
  std::uint64_t requests_max = 0;     // 0: no limit but the time
  std::uint64_t seconds_max = 0;      // 0: no limit but the count
  std::int64_t body_bytes = -1;       // what every body must measure; -1: any length
  std::vector<std::string> tokens{};  // used in turn, never empty
};

struct LoadResult {
  std::uint64_t errors = 0;  // requests without the expected answer
  double seconds = 0;        // from the first connect to the last answer
  // For each answered request, ascending: from its first byte (with Reuse::kNewConnection from its
  // connect) to the last byte of its answer.
  std::vector<std::uint32_t> micros{};
};

/// Sends requests in a closed loop, one at a time on each connection, from the calling thread, and
/// checks every answer: status 200, a Content-Length, the body complete and of the expected length.
/// Ends when `requests_max` requests were started or `seconds_max` have passed and all are
/// answered, or early when 100 have failed or 20 seconds went by without any answer. The first
/// errors are told on stderr. With TLS no session is ever resumed, and any certificate is trusted,
/// as this is for loopback only.
[[nodiscard]] LoadResult run_load(const LoadOptions& options);

}  // namespace sutler::bench
