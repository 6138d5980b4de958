#include "model/group_writer.h"

#include <string_view>

#include "base/json.h"
#include "model/entry_json.h"

namespace sutler::model {
namespace {

using base::append_json_string;

// Writes commas between the members of one object or list.
class Separator {
 public:
  explicit Separator(std::string& out) : out_(out) {}
  void next() {
    if (!first_) out_ += ',';
    first_ = false;
  }
  // `"name":`, after a comma where one is due.
  std::string& member(std::string_view name) {
    next();
    append_json_string(out_, name);
    out_ += ':';
    return out_;
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// Equal values give equal bytes, and each kind has one form.
struct ValueWriter {
  std::string& out;

  void operator()(const Literal& literal) const { append_json_string(out, literal.text.expose()); }
  void operator()(const Template& made) const {
    out += "{\"template\":";
    append_json_string(out, made.text.expose());
    if (!made.generated.empty()) {
      out += ",\"generated\":[";
      Separator separator(out);
      for (const base::Secret& secret : made.generated) {
        separator.next();
        append_json_string(out, secret.expose());
      }
      out += ']';
    }
    out += '}';
  }
  void operator()(const Reference& reference) const {
    out += "{\"from\":";
    append_json_string(out, reference.from);
    out += ",\"ref\":";
    append_json_string(out, reference.ref);
    if (reference.optional) out += ",\"optional\":true";
    if (reference.fallback) {
      out += ",\"default\":";
      append_json_string(out, reference.fallback->expose());
    }
    if (!reference.encoding.empty()) {
      out += ",\"encoding\":";
      append_json_string(out, reference.encoding);
    }
    out += '}';
  }
  void operator()(const Masked&) const { out += "{\"masked\":true}"; }
};

void append_value(std::string& out, const Value& value, Values values) {
  if (values == Values::kMask) {
    ValueWriter{out}(Masked{});
  } else {
    std::visit(ValueWriter{out}, value);
  }
}

void append_file(std::string& out, const File& file, Values values) {
  const auto* masked = std::get_if<Masked>(&file.data);
  if (masked != nullptr && masked->whole_file) {
    out += "{\"masked\":true}";
    return;
  }
  out += "{\"data\":";
  append_value(out, file.data, values);
  append_file_members_json(out, file);
  out += '}';
}

void append_strings(std::string& out, const std::vector<std::string>& strings) {
  out += '[';
  Separator separator(out);
  for (const std::string& text : strings) {
    separator.next();
    append_json_string(out, text);
  }
  out += ']';
}

void append_objects(std::string& out, const std::vector<ObjectPattern>& objects) {
  out += '[';
  Separator separator(out);
  for (const ObjectPattern& object : objects) {
    separator.next();
    out += "{\"id\":";
    append_json_string(out, object.id);
    if (!object.type.empty()) {
      out += ",\"type\":";
      append_json_string(out, object.type);
    }
    out += '}';
  }
  out += ']';
}

void append_header(std::string& out, Separator& members, const GroupHeader& header) {
  append_json_string(members.member("name"), header.name);
  append_json_string(members.member("team"), header.team);
  if (!header.description.empty()) {
    append_json_string(members.member("description"), header.description);
  }
  append_json_string(members.member("type"), to_word(header.type));
  members.member("priority") += std::to_string(header.priority);
  if (header.restrictions != Restrictions()) {
    members.member("restrictions") += write_restrictions_json(header.restrictions);
  }
  if (!header.required_keys.empty()) {
    append_strings(members.member("requiredKeys"), header.required_keys);
  }
  if (!header.managed_by.empty()) {
    append_json_string(members.member("managedBy"), header.managed_by);
  }
  members.member("secrets");
  out += '{';
}

}  // namespace

base::Secret write_group_json(const Group& group, Values values) {
  std::string out = "{";
  Separator members(out);
  append_header(out, members, group.header);
  out += "\"variables\":{";
  Separator variables(out);
  for (const auto& [name, variable] : group.variables) {
    append_value(variables.member(name), variable.value, values);
  }
  out += "},\"files\":{";
  Separator files(out);
  for (const auto& [path, file] : group.files) append_file(files.member(path), file, values);
  out += "}}";
  if (!group.secrets_from.empty()) {
    out += ",\"secretsFrom\":" + write_secrets_from_json(group.secrets_from);
  }
  out += '}';
  return base::Secret(std::move(out));
}

base::Secret write_entry_json(const Variable& variable, Values values) {
  std::string out;
  append_value(out, variable.value, values);
  return base::Secret(std::move(out));
}

base::Secret write_entry_json(const File& file, Values values) {
  std::string out;
  append_file(out, file, values);
  return base::Secret(std::move(out));
}

std::string write_restrictions_json(const Restrictions& restrictions) {
  std::string out = "{";
  Separator members(out);
  if (restrictions.projects) append_strings(members.member("projects"), *restrictions.projects);
  if (restrictions.nf_objects) {
    append_objects(members.member("nfObjects"), *restrictions.nf_objects);
  }
  return out + "}";
}

}  // namespace sutler::model
