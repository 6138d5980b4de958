// The JSON of a file's describing members, the same in groups and on the wire. Internal to the
// room.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/entry.h"

namespace sutler::model {

// The four octal digits, or the number, as it was written.
inline void append_mode_json(std::string& out, const Permissions& permissions) {
  if (permissions.form == ModeForm::kDecimalNumber) {
    out += std::to_string(permissions.mode);
  } else {
    base::append_json_string(out, permissions.text);
  }
}

// `,"owner":{"policy":…,"value":…}` under the name that is given.
inline void append_ownership_json(std::string& out, std::string_view name,
                                  const Ownership& ownership) {
  out += ",\"";
  out += name;
  out += "\":{\"policy\":\"";
  out += to_word(ownership.policy);
  out += '"';
  if (!ownership.value.empty()) {
    out += ",\"value\":";
    base::append_json_string(out, ownership.value);
  }
  out += '}';
}

// Each of encoding, owner, group and permissions that is set, with a comma in front. `file` is a
// File or a BundleFile.
template <class FileLike>
void append_file_members_json(std::string& out, const FileLike& file) {
  if (file.encoding != Encoding::kUnset) {
    out += ",\"encoding\":\"";
    out += to_word(file.encoding);
    out += '"';
  }
  if (file.owner) append_ownership_json(out, "owner", *file.owner);
  if (file.group) append_ownership_json(out, "group", *file.group);
  if (file.permissions) {
    out += ",\"permissions\":{\"policy\":\"";
    out += to_word(file.permissions->policy);
    out += "\",\"mode\":";
    append_mode_json(out, *file.permissions);
    out += '}';
  }
}

}  // namespace sutler::model
