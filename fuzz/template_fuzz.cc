// Templates from outside: parsing never crashes, errors quote nothing but names, and whatever
// parses renders within the limit.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "resolve/template.h"

namespace {

namespace model = sutler::model;
namespace resolve = sutler::resolve;

void require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parts = resolve::parse_template(text);
  model::Template value{sutler::base::Secret(text), {}};
  const model::Workload workload{"default", "project", "object", "service"};
  const auto lookup = [](std::string_view name) -> sutler::base::Result<std::string_view> {
    require(model::is_variable_name(name));
    return "value & ${A} \"";
  };
  if (!parts) {
    require(parts.error().name == "template_invalid");
    require(!resolve::render_template(value, workload, lookup));
    return 0;
  }
  for (const resolve::Part& part : *parts) {
    if (std::holds_alternative<resolve::RandomPart>(part)) value.generated.emplace_back("random");
  }
  const auto rendered = resolve::render_template(value, workload, lookup);
  require(rendered ? rendered->size() <= resolve::kRenderedBytesMax
                   : rendered.error().name == "bundle_too_large");
  // A text without `$` is itself.
  if (text.find('$') == std::string_view::npos && rendered) require(rendered->expose() == text);
  return 0;
}
