// JSON: whatever is accepted as a group or a bundle is written and read back as the same, and a
// string that is written is read back, in one line.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "base/utf8.h"
#include "model/bundle.h"
#include "model/group_reader.h"
#include "model/group_writer.h"

using namespace sutler;

namespace {

void check_group(const model::Group& group) {
  if (!model::validate(group)) std::abort();
  const auto written = model::write_group_json(group, model::Values::kReveal);
  const auto back = model::read_groups_json(written.expose(), "back");
  if (!back || back->size() != 1 || !model::equal(back->front(), group)) std::abort();
  const auto again = model::write_group_json(back->front(), model::Values::kReveal);
  if (!again.equals(written)) std::abort();
  const auto masked = model::write_group_json(group, model::Values::kMask);
  auto kept = model::read_groups_json(masked.expose(), "masked");
  if (!kept || kept->size() != 1) std::abort();
}

void check_bundle(std::string_view text) {
  const auto bundle = model::read_bundle_json(text);
  if (!bundle) return;
  const auto written = model::write_bundle_json(*bundle);
  const auto back = model::read_bundle_json(written.expose());
  if (!back || !model::write_bundle_json(*back).equals(written)) std::abort();
}

void check_string(std::string_view text) {
  std::string written;
  base::append_json_string(written, text);
  if (base::has_control(written)) std::abort();
  const auto value = base::parse_json(written);
  if (!value || !value->is_string()) std::abort();
  if (base::is_utf8(text) && std::string_view(value->get_string()) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_string(text);
  const auto groups = model::read_groups_json(text, "fuzz");
  if (groups && !base::parse_json(text)) std::abort();
  if (groups) {
    for (const model::Group& group : *groups) check_group(group);
  }
  check_bundle(text);
  return 0;
}
