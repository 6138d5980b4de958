#include "server/source_changes.h"

#include <algorithm>

#include "base/wipe.h"
#include "server/proxy_roles.h"
#include "server/source_config.h"

namespace sutler::server {
namespace {

void append_names(std::string& out, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  if (!out.empty()) out += "; ";
  out += what;
  for (std::size_t i = 0; i < names.size(); ++i) out += (i == 0 ? ": " : ", ") + names[i];
}

}  // namespace

bool SourceChanges::any() const {
  return !added.empty() || !changed.empty() || !gone.empty() || !wrong.empty();
}

std::string SourceChanges::text() const {
  std::string out;
  append_names(out, "new", added);
  append_names(out, "changed", changed);
  append_names(out, "gone", gone);
  return out;
}

SourceDigests digests_of_sources(const MergedSettings& settings) {
  SourceDigests digests;
  const auto at = settings.sections.find("sources");
  if (at == settings.sections.end()) return digests;
  for (const model::Tree& source : at->second.tree->items) {
    const auto name = std::ranges::find(source.names, "name");
    if (name == source.names.end()) continue;  // whoever reads it refuses it
    std::string text = config_json(source);
    const auto place = static_cast<std::size_t>(name - source.names.begin());
    digests[std::string(source.items[place].text)] = crypto::sha256(text);
    base::wipe(text);
  }
  return digests;
}

base::Result<SourceChanges> find_source_changes(const std::optional<std::filesystem::path>& config,
                                                const std::filesystem::path& data_dir,
                                                const SourceDigests& before) {
  auto again = merge_settings({.flags = {}, .environment = {}, .config = config});
  if (!again) return base::pass(again);
  SourceChanges changes;
  if (const auto at = again->sections.find("sources"); at != again->sections.end()) {
    const auto read = read_sources(at->second, data_dir);
    if (!read) changes.wrong = read.error().message;
  }
  const SourceDigests now = digests_of_sources(*again);
  for (const auto& [name, digest] : now) {
    const auto old = before.find(name);
    if (old == before.end()) {
      changes.added.push_back(name);
    } else if (old->second != digest) {
      changes.changed.push_back(name);
    }
  }
  for (const auto& [name, digest] : before) {
    if (!now.contains(name)) changes.gone.push_back(name);
  }
  return changes;
}

}  // namespace sutler::server
