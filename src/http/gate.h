// The strict gate: reads a raw header block and lets through only what has exactly one reading.
//
// Pure functions over bytes. What they refuse is answered once, and nothing more of that connection
// is parsed. RFC 9112 leaves servers room to be lenient; request smuggling lives in that room, so
// the gate refuses instead: bare CR or LF, folded fields, white space before a colon, control
// characters, a missing, second or malformed Host, a second Authorization, any Transfer-Encoding, a
// malformed or second Content-Length, a target that is not origin-form ASCII, HTTP versions other
// than 1.0 and 1.1.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace sutler::http {

struct GateOptions {
  std::size_t body_bytes_max = 0;  // 0: no body is accepted at all
};

struct Refused {
  int status = 400;
  std::string_view why;  // a code for the audit: "bare_lf", "two_hosts", …; a literal
};

// How far a header block has come in.
struct Scan {
  enum class State { kIncomplete, kComplete, kRefused } state = State::kIncomplete;
  std::size_t head_bytes = 0;  // kComplete: bytes up to and including the empty line
  Refused refused = {};
  std::size_t next = 0;  // kIncomplete: where the next scan may start
};

// Looks for the end of the header block in what has arrived, from `from` on (0, or Scan::next of
// the last call). Refuses what can never become a valid block, so that garbage need not be waited
// out, and blocks over kRequestHeaderBytesMax.
[[nodiscard]] Scan scan_head(std::string_view arrived, std::size_t from);

enum class Persistence { kKeepAlive, kClose };

struct Head {
  std::string_view method, path, query, authorization;
  bool has_authorization = false;
  int minor_version = 1;
  std::uint64_t content_length = 0;
  bool expects_continue = false;
  Persistence persistence = Persistence::kKeepAlive;
};

// Parses a complete block. `fields` is cleared and filled with views into the block. False:
// `refused` says why.
[[nodiscard]] bool parse_head(std::string_view block, const GateOptions& options, Head& head,
                              std::vector<Field>& fields, Refused& refused);

}  // namespace sutler::http
