// The template language: `${KEY}`, `${KEY|filter}` (urlencode, base64, json),
// `${workload.projectId}` (`.nfObjectId`, `.nfObjectType`), `${fn.randomSecret(n[, 'hex'])}` and
// `$${` for a literal `${`. Nothing else starts with `${`: what is malformed is an error, not text.
// What a template evaluates to is the business of the room `resolve`.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sutler::model {

enum class Filter { kNone, kUrlencode, kBase64, kJson };

struct TextPart {
  std::string text;
};
struct VariablePart {
  std::string name;
  Filter filter = Filter::kNone;
};
struct WorkloadPart {
  enum class Field { kProjectId, kObjectId, kObjectType } field;
  Filter filter = Filter::kNone;
};
struct RandomPart {
  std::size_t length = 0;  // characters, 1 to 1024
  enum class Alphabet { kAlphanumeric, kHex } alphabet;
};
using Part = std::variant<TextPart, VariablePart, WorkloadPart, RandomPart>;

// kInvalid says what is malformed and at which character; it quotes names, never text around them.
[[nodiscard]] base::Result<std::vector<Part>> parse_template(std::string_view text);

}  // namespace sutler::model
