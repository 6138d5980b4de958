// The header gate: what passes has one reading, whichever way it arrived.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "http/gate.h"

using namespace sutler::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Scan whole = scan_head(bytes, 0);

  // Arriving byte by byte must come to the same end.
  if (size <= 4096) {
    Scan step;
    for (std::size_t have = 1; have <= size && step.state == Scan::State::kIncomplete; ++have) {
      step = scan_head(bytes.substr(0, have), step.next);
    }
    if (whole.state == Scan::State::kComplete &&
        (step.state != whole.state || step.head_bytes != whole.head_bytes)) {
      std::abort();
    }
  }
  if (whole.state != Scan::State::kComplete) return 0;
  const auto block = bytes.substr(0, whole.head_bytes);
  for (const std::size_t body_max : {std::size_t{0}, std::size_t{1000}}) {
    Head head;
    std::vector<Field> fields;
    Refused refused;
    if (!parse_head(block, GateOptions{body_max}, head, fields, refused)) {
      if (refused.status < 400 || refused.why.empty()) std::abort();
      continue;
    }
    std::size_t hosts = 0;
    for (const auto& field : fields) {
      hosts += equal_fold(field.name, "host") ? 1 : 0;
      if (equal_fold(field.name, "transfer-encoding")) std::abort();
      if (field.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
        std::abort();
      }
    }
    if (hosts != 1 || !head.path.starts_with('/') || head.content_length > body_max) std::abort();
    if (head.path.size() + head.query.size() > sutler::base::limits::kTargetBytesMax) std::abort();
  }
  return 0;
}
