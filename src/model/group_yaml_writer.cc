// The YAML of a group, as a person would write it: plain words where they are safe, literal blocks
// for values of several lines, double quotes for the rest.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/json.h"
#include "base/utf8.h"
#include "model/group_writer.h"

namespace sutler::model {
namespace {

// YAML takes a name without `?` only on one line and up to 1024 characters.
constexpr std::size_t kSimpleNameBytesMax = 1000;
constexpr std::size_t kStep = 2;

// Words that some YAML reader takes for something else than text.
constexpr std::array<std::string_view, 9> kSpecialWords = {"null", "true", "false", "yes", "no",
                                                           "on",   "off",  "y",     "n"};

bool is_special_word(std::string_view text) {
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return std::ranges::any_of(
      kSpecialWords, [&](std::string_view word) { return std::ranges::equal(text, word, same); });
}

bool is_plain(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view("_./@+-").find(c) != std::string_view::npos;
  };
  return !text.empty() && (is_letter(text[0]) || text[0] == '_' || text[0] == '/') &&
         std::ranges::all_of(text, fits) && !is_special_word(text);
}

// True when a literal block says exactly this text: several lines of printable characters, no
// line that begins or ends in a way that indentation or chomping would touch.
bool fits_literal_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == '\n' || text.ends_with("\n\n") ||
      !base::is_utf8(text)) {
    return false;
  }
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (base::has_control(line) || line.starts_with(' ') || line.ends_with(' ')) return false;
    if (std::ranges::any_of(line, [](char c) { return (c & 0x80) != 0; })) return false;
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return true;
}

// One group being written; `indent` is that of the line a member is on.
class Writer {
 public:
  explicit Writer(Values values) : values_(values) {}

  void header(const GroupHeader& header) {
    text_member(0, "name", header.name);
    text_member(0, "team", header.team);
    if (!header.description.empty()) text_member(0, "description", header.description);
    text_member(0, "type", to_word(header.type));
    out_ += "priority: " + std::to_string(header.priority) + "\n";
    restrictions(header.restrictions);
    if (!header.required_keys.empty()) list(0, "requiredKeys", header.required_keys);
    if (!header.managed_by.empty()) text_member(0, "managedBy", header.managed_by);
  }

  void entries(const Group& group) {
    out_ += "secrets:\n";
    out_ += group.variables.empty() ? "  variables: {}\n" : "  variables:\n";
    for (const auto& [name, variable] : group.variables) {
      this->name(2 * kStep, name);
      value(2 * kStep, variable.value);
    }
    out_ += group.files.empty() ? "  files: {}\n" : "  files:\n";
    for (const auto& [path, file] : group.files) {
      name(2 * kStep, path);
      this->file(file);
    }
  }

  void secrets_from(const SecretsFrom& items) {
    if (items.empty()) return;
    out_ += "secretsFrom:\n";
    for (const ObjectReference& item : items) {
      out_ += "  - from: ";
      scalar(item.from);
      out_ += '\n';
      text_member(2 * kStep, "ref", item.ref);
      if (!item.prefix.empty()) text_member(2 * kStep, "prefix", item.prefix);
      if (!item.only.empty()) list(2 * kStep, "only", item.only);
      if (!item.rename.empty()) out_ += "    rename:\n";
      for (const auto& [field, variable] : item.rename) text_member(3 * kStep, field, variable);
      if (item.optional) out_ += "    optional: true\n";
      if (item.on_conflict == OnConflict::kError) continue;
      text_member(2 * kStep, "onConflict", to_word(item.on_conflict));
    }
  }

  [[nodiscard]] base::Secret take() { return base::Secret(std::move(out_)); }

 private:
  // On one line, wherever a text may stand.
  void scalar(std::string_view text) {
    if (is_plain(text)) {
      out_ += text;
    } else {
      base::append_json_string(out_, text);
    }
  }

  // The name with its colon; what follows begins with a space or a new line.
  void name(std::size_t indent, std::string_view name) {
    out_.append(indent, ' ');
    const bool is_long = name.size() > kSimpleNameBytesMax;
    if (is_long) out_ += "? ";
    scalar(name);
    if (is_long) (out_ += '\n').append(indent, ' ');
    out_ += ':';
  }

  void text_member(std::size_t indent, std::string_view member, std::string_view text) {
    name(indent, member);
    out_ += ' ';
    scalar(text);
    out_ += '\n';
  }

  void list(std::size_t indent, std::string_view member, const std::vector<std::string>& texts) {
    name(indent, member);
    out_ += '\n';
    for (const std::string& text : texts) {
      out_.append(indent + kStep, ' ') += "- ";
      scalar(text);
      out_ += '\n';
    }
  }

  void restrictions(const Restrictions& restrictions) {
    if (restrictions == Restrictions()) return;
    out_ += "restrictions:\n";
    if (restrictions.projects) list(kStep, "projects", *restrictions.projects);
    if (!restrictions.nf_objects) return;
    out_ += "  nfObjects:\n";
    for (const ObjectPattern& object : *restrictions.nf_objects) {
      out_ += "    - {id: ";
      scalar(object.id);
      if (!object.type.empty()) {
        out_ += ", type: ";
        scalar(object.type);
      }
      out_ += "}\n";
    }
  }

  // What follows the colon of a member at `indent`, to the end of its line or block.
  void value(std::size_t indent, const Value& value) {
    if (values_ == Values::kMask || std::holds_alternative<Masked>(value)) {
      out_ += " {masked: true}\n";
    } else if (const auto* literal = std::get_if<Literal>(&value)) {
      text_or_block(indent, literal->text.expose());
    } else if (const auto* made = std::get_if<Template>(&value)) {
      template_map(*made);
    } else {
      reference_map(std::get<Reference>(value));
    }
  }

  void text_or_block(std::size_t indent, std::string_view text) {
    if (!fits_literal_block(text)) {
      out_ += ' ';
      scalar(text);
      out_ += '\n';
      return;
    }
    out_ += text.ends_with('\n') ? " |\n" : " |-\n";
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      if (!line.empty()) out_.append(indent + kStep, ' ') += line;
      out_ += '\n';
      text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
  }

  void template_map(const Template& made) {
    out_ += " {template: ";
    scalar(made.text.expose());
    for (std::size_t i = 0; i < made.generated.size(); ++i) {
      out_ += i == 0 ? ", generated: [" : ", ";
      scalar(made.generated[i].expose());
    }
    out_ += made.generated.empty() ? "}\n" : "]}\n";
  }

  void reference_map(const Reference& reference) {
    out_ += " {from: ";
    scalar(reference.from);
    out_ += ", ref: ";
    scalar(reference.ref);
    if (reference.optional) out_ += ", optional: true";
    if (reference.fallback) {
      out_ += ", default: ";
      scalar(reference.fallback->expose());
    }
    if (!reference.encoding.empty()) {
      out_ += ", encoding: ";
      scalar(reference.encoding);
    }
    out_ += "}\n";
  }

  void file(const File& file) {
    constexpr std::size_t indent = 3 * kStep;
    const auto* masked = std::get_if<Masked>(&file.data);
    if (masked != nullptr && masked->whole_file) {
      out_ += " {masked: true}\n";
      return;
    }
    out_ += '\n';
    name(indent, "data");
    value(indent, file.data);
    if (file.encoding != Encoding::kUnset) text_member(indent, "encoding", to_word(file.encoding));
    if (file.owner) ownership("owner", *file.owner);
    if (file.group) ownership("group", *file.group);
    if (file.permissions) permissions(*file.permissions);
  }

  void ownership(std::string_view member, const Ownership& ownership) {
    name(3 * kStep, member);
    out_ += " {policy: ";
    out_ += to_word(ownership.policy);
    if (!ownership.value.empty()) {
      out_ += ", value: ";
      scalar(ownership.value);
    }
    out_ += "}\n";
  }

  // YAML knows no decimal mode (a number without quotes would be ambiguous): the same mode, octal.
  void permissions(const Permissions& permissions) {
    std::string mode = permissions.text;
    if (permissions.form == ModeForm::kDecimalNumber) {
      mode = "0000";
      for (std::size_t i = 0; i < 4; ++i) {
        mode[3 - i] = static_cast<char>('0' + (permissions.mode >> (3 * i) & 7));
      }
    }
    name(3 * kStep, "permissions");
    out_ += " {policy: ";
    out_ += to_word(permissions.policy);
    out_ += ", mode: \"" + mode + "\"}\n";
  }

  Values values_;
  std::string out_;
};

}  // namespace

base::Secret write_group_yaml(const Group& group, Values values) {
  Writer writer(values);
  writer.header(group.header);
  writer.entries(group);
  writer.secrets_from(group.secrets_from);
  return writer.take();
}

}  // namespace sutler::model
