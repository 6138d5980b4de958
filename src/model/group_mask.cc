// fill_masked(): a masked entry becomes what the group had, or an error, never a value.
#include "model/group.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;

bool is_masked(const Value& value) { return std::holds_alternative<Masked>(value); }

// The same text keeps what was generated for it, so that saving a template again changes no secret.
void keep_generated(Value& next, const Value& current) {
  auto* made = std::get_if<Template>(&next);
  const auto* before = std::get_if<Template>(&current);
  if (made == nullptr || before == nullptr || before->generated.empty() ||
      !made->text.equals(before->text)) {
    return;
  }
  made->generated = std::get<Template>(clone(current)).generated;
}

base::Unexpected fail_nothing(const Group& next, const std::string& entry) {
  return fail(Code::kInvalid,
              "group " + next.header.name + ": " + entry + " is masked, but there is no value yet",
              "give the value; masked: true only keeps one that is there");
}

Result<void> fill_file(const Group& next, const std::string& path, File& file,
                       const File& current) {
  if (!is_masked(file.data)) {
    keep_generated(file.data, current.data);
    return {};
  }
  if (std::get<Masked>(file.data).whole_file) {
    file = clone(current);
    return {};
  }
  // The text that stays was written in the encoding that it has.
  if (file.encoding != Encoding::kUnset && file.encoding != current.encoding) {
    return fail(Code::kInvalid,
                "group " + next.header.name + ": file " + path +
                    ": the encoding of masked data cannot be changed",
                "give the data as well");
  }
  file.encoding = current.encoding;
  file.data = clone(current.data);
  return {};
}

}  // namespace

Result<void> fill_masked(Group& next, const Group* current) {
  const Group nothing;
  const Group& before = current == nullptr ? nothing : *current;
  for (auto& [name, variable] : next.variables) {
    const auto had = before.variables.find(name);
    if (had == before.variables.end()) {
      if (is_masked(variable.value)) return fail_nothing(next, "variable " + name);
    } else if (is_masked(variable.value)) {
      variable = clone(had->second);
    } else {
      keep_generated(variable.value, had->second.value);
    }
  }
  for (auto& [path, file] : next.files) {
    const auto had = before.files.find(path);
    if (had == before.files.end()) {
      if (is_masked(file.data)) return fail_nothing(next, "file " + path);
    } else if (auto filled = fill_file(next, path, file, had->second); !filled) {
      return filled;
    }
  }
  return {};
}

}  // namespace sutler::model
