#include "model/workload.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace sutler::model {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool is_valid_claim(std::string_view text) {
  return !text.empty() && text.size() <= base::limits::kNameBytesMax && base::is_utf8(text) &&
         !base::has_control(text);
}

bool same_type(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace sutler::model
