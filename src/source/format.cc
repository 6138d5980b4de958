#include "source/format.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "base/utf8.h"
#include "model/dotenv.h"
#include "model/tree.h"
#include "source/json_document.h"

namespace sutler::source {
namespace {

using base::Code;
using base::fail;
using base::Result;
using model::Tree;

using Fields = std::vector<Document::Field>;

// A subtree of YAML as compact JSON. Scalars without quotes stay texts, as they were written.
void append_json(std::string& out, const Tree& tree) {
  if (tree.kind == Tree::Kind::kList) {
    out += '[';
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, tree.items[i]);
    }
    out += ']';
  } else if (tree.kind == Tree::Kind::kMap) {
    out += '{';
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      if (i > 0) out += ',';
      base::append_json_string(out, tree.names[i]);
      out += ':';
      append_json(out, tree.items[i]);
    }
    out += '}';
  } else {
    base::append_json_string(out, tree.text);
  }
}

Fields sorted(Fields fields) {
  std::ranges::sort(fields, {}, &Document::Field::name);
  return fields;
}

// " at line 3, column 5" at the end of a message.
std::string position_in(const std::string& message) {
  const auto at = message.rfind(" at line ");
  if (at == std::string::npos) return {};
  const bool whole = message.find_first_not_of("0123456789 ,atlinecolumn", at) == message.npos;
  return whole ? message.substr(at) : std::string();
}

Result<std::optional<Fields>> json_fields(std::string_view text) {
  if (auto value = base::parse_json(text); !value) {
    // The whole message may name a member, and its name may be a piece of a value.
    return fail(Code::kInvalid,
                "not the JSON that sutler takes" + position_in(value.error().message));
  }
  return document_of_text(base::Secret(text)).fields;
}

Result<std::optional<Fields>> yaml_fields(std::string_view text) {
  auto document = model::read_yaml(text, "");
  if (!document) {
    // What it says may name a member, and the member's name may be a piece of a value.
    return fail(Code::kInvalid,
                "it is not the YAML that sutler takes: one document, no null, "
                "anchor, tag or member given twice");
  }
  if (document->root.kind != Tree::Kind::kMap) return std::optional<Fields>();
  Fields fields;
  for (std::size_t i = 0; i < document->root.items.size(); ++i) {
    const Tree& item = document->root.items[i];
    std::string value;
    if (item.kind == Tree::Kind::kPlain || item.kind == Tree::Kind::kText) {
      value = item.text;
    } else {
      append_json(value, item);
    }
    fields.push_back({std::string(document->root.names[i]), base::Secret(std::move(value))});
  }
  return std::optional(std::move(fields));
}

Result<std::optional<Fields>> dotenv_fields(std::string_view text) {
  Fields fields;
  for (auto& entry : model::read_dotenv(text)) {
    fields.push_back({std::move(entry.name), std::move(entry.value)});
  }
  const bool has_text = text.find_first_not_of(" \t\r\n") != std::string_view::npos;
  if (fields.empty() && has_text && !text.starts_with('#')) {
    return fail(Code::kInvalid, "no line is NAME=value");
  }
  return std::optional(std::move(fields));
}

Result<std::optional<Fields>> fields_of(Format format, std::string_view text) {
  switch (format) {
    case Format::kJson: return json_fields(text);
    case Format::kYaml: return yaml_fields(text);
    case Format::kDotenv: return dotenv_fields(text);
    case Format::kByName:
    case Format::kRaw: break;
  }
  return std::optional<Fields>();
}

}  // namespace

Format format_of(Format configured, std::string_view file_name) {
  if (configured != Format::kByName) return configured;
  const auto slash = file_name.rfind('/');
  if (slash != std::string_view::npos) file_name.remove_prefix(slash + 1);
  if (file_name.ends_with(".json")) return Format::kJson;
  if (file_name.ends_with(".yaml") || file_name.ends_with(".yml")) return Format::kYaml;
  // `.env`, `app.env` and `.env.production` are all common.
  if (file_name.ends_with(".env") || file_name.starts_with(".env.")) return Format::kDotenv;
  return Format::kRaw;
}

Result<Document> read_document(Format format, base::Secret bytes, std::string_view what) {
  auto fields = fields_of(format, bytes.expose());
  if (!fields) return pass(fields, what);
  Document document;
  document.bytes = std::move(bytes);
  if (*fields) document.fields = sorted(std::move(**fields));
  return document;
}

}  // namespace sutler::source
