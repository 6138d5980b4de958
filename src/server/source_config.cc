#include "server/source_config.h"

#include <algorithm>

#include "base/utf8.h"

namespace sutler::server {
namespace {

using source::Allowance;
using source::Common;

constexpr std::size_t kSourcesMax = 1000;
constexpr std::size_t kNameBytesMax = 39;
constexpr std::size_t kAllowancesMax = 1000;
constexpr std::chrono::milliseconds kDeadlineMax{60'000};
constexpr std::chrono::seconds kNone{0};

bool is_slug(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kNameBytesMax && plain(name.front()) &&
         plain(name.back()) &&
         std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-'; });
}

void read_allow(MapReader& reader, Common& common) {
  for (MapReader& one : reader.maps("allow")) {
    Allowance allowance;
    allowance.team = one.required_text("team");
    allowance.groups = one.required_texts("groups");
    allowance.refs = one.required_texts("refs");
    one.finish();
    common.allow.push_back(std::move(allowance));
  }
  if (common.allow.size() > kAllowancesMax) {
    reader.wrong("allow", "at most " + std::to_string(kAllowancesMax) + " entries");
  }
}

void read_common(MapReader& reader, Common& common) {
  reader.time("ttl", common.ttl, kNone);
  reader.time("stale_max", common.stale_max, kNone);
  reader.time("deadline", common.deadline, std::chrono::milliseconds(100));
  if (common.deadline > kDeadlineMax) reader.wrong("deadline", "at most 60s");
  if (auto n = reader.whole("concurrency", 1, 1000)) {
    common.concurrency = static_cast<std::size_t>(*n);
  }
  if (auto n = reader.whole("calls_per_second", 1, 100'000)) {
    common.calls_per_second_max = static_cast<std::size_t>(*n);
  }
  common.disk_cache = reader.flag("disk_cache").value_or(common.disk_cache);
  read_allow(reader, common);
}

bool is_within(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  const auto [at, rest] = std::ranges::mismatch(outer, inner);
  return at == outer.end();
}

// The store's own files are nobody's values.
void keep_apart(MapReader& reader, const SourceConfig& config, std::filesystem::path data_dir) {
  const auto* file = std::get_if<source::FileConfig>(&config.kind);
  if (file == nullptr || file->root.empty()) return;
  std::error_code error;
  const auto root = std::filesystem::weakly_canonical(file->root, error);
  data_dir = std::filesystem::weakly_canonical(std::filesystem::absolute(data_dir), error);
  if (error || is_within(root, data_dir) || is_within(data_dir, root)) {
    reader.wrong("root", "a folder that is neither in nor around the data directory");
  }
}

// Where its values come from, in words that are no credentials: with another store under the same
// name, nothing that was kept of the old one is served.
struct Fingerprint {
  std::string text;

  void add(std::string_view word) {
    text += std::to_string(word.size());
    text += ':';
    text += word;
  }
  void operator()(const std::monostate&) {}
  void operator()(const source::VaultConfig& vault) {
    add(vault.address);
    add(vault.vault_namespace);
  }
  void operator()(const source::AwsConfig& aws) {
    add(aws.region);
    add(aws.endpoint);
    add(aws.profile);
    add(aws.role_arn);
  }
  void operator()(const source::ExecConfig& exec) {
    add(std::to_string(static_cast<int>(exec.format)));
    for (const std::string& word : exec.program.argv) add(word);
  }
  void operator()(const source::FileConfig& file) {
    add(file.root.native());
    add(std::to_string(static_cast<int>(file.format)));
    for (const std::string& word : file.decrypt.argv) add(word);
  }
};

SourceConfig read_source(const model::Tree& tree, const std::filesystem::path& data_dir,
                         SectionErrors& errors) {
  SourceConfig config;
  MapReader reader(tree, "sources", errors);
  config.common.name = reader.required_text("name");
  if (!is_slug(config.common.name)) {
    reader.wrong("name", "1 to 39 of a-z, 0-9 and -, with none of - at an end");
  }
  reader.rename("sources: " + base::quote_name(config.common.name));
  config.common.kind = reader.required_text("kind");
  read_common(reader, config.common);
  config.kind = read_source_kind(reader, config.common);
  keep_apart(reader, config, data_dir);
  Fingerprint fingerprint{config.common.kind};
  std::visit(fingerprint, config.kind);
  config.common.fingerprint = std::move(fingerprint.text);
  reader.finish();
  return config;
}

}  // namespace

bool runs_programs(const SourceConfig& source) {
  const auto* files = std::get_if<source::FileConfig>(&source.kind);
  return std::holds_alternative<source::ExecConfig>(source.kind) ||
         (files != nullptr && !files->decrypt.argv.empty());
}

base::Result<std::vector<SourceConfig>> read_sources(const ConfigSection& section,
                                                     const std::filesystem::path& data_dir) {
  SectionErrors errors(section.file);
  std::vector<SourceConfig> out;
  const model::Tree& list = *section.tree;
  if (list.kind != model::Tree::Kind::kList) {
    errors.add(list.line, "sources takes a list of maps, `- name: …`");
  }
  if (list.items.size() > kSourcesMax) {
    errors.add(list.line, "sources takes at most " + std::to_string(kSourcesMax));
  }
  for (const model::Tree& item : list.items) {
    if (errors.first()) break;
    out.push_back(read_source(item, data_dir, errors));
    const auto same = [&](const SourceConfig& other) {
      return other.common.name == out.back().common.name;
    };
    if (std::ranges::count_if(out, same) > 1) {
      errors.add(item.line,
                 "sources: two have the name " + base::quote_name(out.back().common.name));
    }
  }
  if (errors.first()) return base::Unexpected(*errors.first());
  return out;
}

}  // namespace sutler::server
