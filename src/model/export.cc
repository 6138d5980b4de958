// The flat formats, and what all formats share.
#include "model/export.h"

#include "base/json.h"
#include "model/cursor.h"
#include "model/dotenv.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Secret;

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kNamedMax = 5;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kNamedMax; ++i) {
    out += (i == 0 ? "" : ", ") + printable(names[i]);
  }
  if (names.size() > kNamedMax) out += " and " + std::to_string(names.size() - kNamedMax) + " more";
  return out;
}

base::Unexpected cannot_hold(const Group& group, std::string_view format, std::string_view what,
                             const std::vector<std::string>& names) {
  return fail(Code::kInvalid,
              "group " + group.header.name + ": " + std::string(format) + " cannot hold " +
                  std::string(what) + ": " + listed(names),
              "--format group holds everything");
}

Result<void> require_flat(const Group& group, std::string_view format) {
  std::vector<std::string> files, made;
  for (const auto& [path, file] : group.files) files.push_back(path);
  for (const auto& [name, variable] : group.variables) {
    const bool is_flat = std::holds_alternative<Literal>(variable.value) ||
                         std::holds_alternative<Masked>(variable.value);
    if (!is_flat) made.push_back(name);
  }
  std::vector<std::string> sources;
  for (const auto& item : group.secrets_from) sources.push_back(item.from);
  if (!sources.empty()) return cannot_hold(group, format, "secretsFrom", sources);
  if (!files.empty()) return cannot_hold(group, format, "files", files);
  if (!made.empty()) return cannot_hold(group, format, "templates and references", made);
  return {};
}

std::string_view text_of(const Variable& variable) {
  return std::get<Literal>(variable.value).text.expose();
}

// A comment for each name: an import of it finds nothing to do.
Secret masked_dotenv(const Group& group) {
  std::string out;
  for (const auto& [name, variable] : group.variables) out += "# " + name + "\n";
  return Secret(std::move(out));
}

Result<Secret> to_dotenv(const Group& group, Values values) {
  if (values == Values::kMask) return masked_dotenv(group);
  std::vector<DotenvEntry> entries;
  for (const auto& [name, variable] : group.variables) {
    if (name == "__proto__") return cannot_hold(group, "dotenv", "this name", {name});
    entries.push_back({name, Secret(text_of(variable))});
  }
  auto text = write_dotenv(entries);
  if (!text) return base::pass(text, "group " + group.header.name);
  // The last word has whoever reads it.
  const auto back = read_dotenv(text->expose());
  bool same = back.size() == entries.size();
  for (std::size_t i = 0; same && i < back.size(); ++i) {
    same = back[i].name == entries[i].name && back[i].value.equals(entries[i].value);
  }
  if (!same) return fail(Code::kInternal, "a .env file would not be read back as it is");
  return text;
}

Secret to_json(const Group& group, Values values) {
  std::string out = "{";
  for (const auto& [name, variable] : group.variables) {
    out += out.size() == 1 ? "\n  " : ",\n  ";
    base::append_json_string(out, name);
    out += ": ";
    if (values == Values::kMask) {
      out += R"({"masked": true})";
    } else {
      base::append_json_string(out, text_of(variable));
    }
  }
  out += out.size() == 1 ? "}\n" : "\n}\n";
  return Secret(std::move(out));
}

// JSON strings are YAML, and names need no quotes but where a reader would take them for a word.
Secret to_yaml(const Group& group, Values values) {
  std::string out;
  for (const auto& [name, variable] : group.variables) {
    base::append_json_string(out, name);
    out += ": ";
    if (values == Values::kMask) {
      out += "{masked: true}";
    } else {
      base::append_json_string(out, text_of(variable));
    }
    out += '\n';
  }
  return Secret(out.empty() ? std::string("{}\n") : std::move(out));
}

// Below `groups:`, each line two steps in; a literal block moves with its indentation.
void append_item(std::string& out, std::string_view yaml) {
  bool is_first = true;
  while (!yaml.empty()) {
    const std::string_view line = yaml.substr(0, yaml.find('\n'));
    if (!line.empty()) (out += is_first ? "  - " : "    ") += line;
    out += '\n';
    yaml.remove_prefix(std::min(yaml.size(), line.size() + 1));
    is_first = false;
  }
}

}  // namespace

std::optional<ExportFormat> export_format_from(std::string_view word) {
  if (word == "dotenv") return ExportFormat::kDotenv;
  if (word == "json") return ExportFormat::kJson;
  if (word == "yaml") return ExportFormat::kYaml;
  if (word == "group") return ExportFormat::kGroup;
  if (word == "northflank") return ExportFormat::kNorthflank;
  return std::nullopt;
}

std::string_view extension_of(ExportFormat format) {
  switch (format) {
    case ExportFormat::kDotenv: return ".env";
    case ExportFormat::kJson:
    case ExportFormat::kNorthflank: return ".json";
    case ExportFormat::kYaml:
    case ExportFormat::kGroup: return ".yaml";
  }
  return {};
}

Result<Secret> export_group(const Group& group, ExportFormat format, Values values) {
  if (format == ExportFormat::kGroup) return write_group_yaml(group, values);
  if (format == ExportFormat::kNorthflank) {
    if (values == Values::kMask) {
      return fail(Code::kInvalid, "Northflank's format has no mask for a value",
                  "--reveal writes the values; this is audited");
    }
    auto text = write_northflank(group);
    if (!text) return text;
    return Secret(std::string(text->expose()) + "\n");
  }
  const std::string_view word = format == ExportFormat::kDotenv ? "dotenv"
                                : format == ExportFormat::kJson ? "json"
                                                                : "yaml";
  if (auto flat = require_flat(group, word); !flat) return base::pass(flat);
  if (format == ExportFormat::kDotenv) return to_dotenv(group, values);
  return format == ExportFormat::kJson ? to_json(group, values) : to_yaml(group, values);
}

Result<Secret> export_groups(const std::vector<Group>& groups, ExportFormat format, Values values) {
  if (format != ExportFormat::kGroup && format != ExportFormat::kNorthflank) {
    return fail(Code::kInvalid, "a flat file holds one group",
                "-o DIR writes one file for each group");
  }
  const bool is_yaml = format == ExportFormat::kGroup;
  std::string out = is_yaml ? "groups:\n" : "[";
  for (const Group& group : groups) {
    auto text = export_group(group, format, values);
    if (!text) return text;
    if (is_yaml) {
      append_item(out, text->expose());
    } else {
      (out += out.size() == 1 ? "\n" : ",\n") += text->expose().substr(0, text->size() - 1);
    }
  }
  if (!is_yaml) out += "\n]\n";
  return Secret(std::move(out));
}

}  // namespace sutler::model
