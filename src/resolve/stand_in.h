// A text in the place of a value that is not asked for. The same for the same reference, valid
// base64, and never given out.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/secret.h"
#include "crypto/hash.h"

namespace sutler::resolve {

[[nodiscard]] inline base::Secret stand_in(std::string_view source, std::string_view what) {
  std::string text(source);
  text += '\0';
  text += what;
  const auto digest = crypto::sha256(text);
  return base::Secret(
      base::base64_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

}  // namespace sutler::resolve
