// Groups in YAML: whatever is accepted is valid, and is written and read back as an equal group, by
// YAML and by JSON.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/group_reader.h"
#include "model/group_writer.h"

using namespace sutler;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto groups = model::read_groups_yaml(text, "fuzz");
  if (!groups) {
    if (groups.error().message.empty()) std::abort();
    return 0;
  }
  for (const model::Group& group : *groups) {
    if (!model::validate(group)) std::abort();
    const auto yaml = model::write_group_yaml(group, model::Values::kReveal);
    const auto from_yaml = model::read_groups_yaml(yaml.expose(), "yaml");
    if (!from_yaml || !model::equal(from_yaml->front(), group)) std::abort();
    const auto json = model::write_group_json(group, model::Values::kReveal);
    const auto from_json = model::read_groups_json(json.expose(), "json");
    if (!from_json || !model::equal(from_json->front(), group)) std::abort();
  }
  return 0;
}
