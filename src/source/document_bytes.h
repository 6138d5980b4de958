// A document as bytes: what a file of the sealed cache holds before it is sealed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/secret.h"
#include "source/driver.h"

namespace sutler::source {

struct KeptDocument {
  std::string locator;
  base::UnixTime read_at;
  Document document;
};

// docs/formats/source-cache.md. Grows no string, so that no copy of a value is left behind.
[[nodiscard]] base::Secret write_document(std::string_view locator, const Document& document,
                                          base::UnixTime read_at);
// Nothing when the bytes are not exactly what write_document() makes.
[[nodiscard]] std::optional<KeptDocument> read_document(std::string_view bytes);

}  // namespace sutler::source
