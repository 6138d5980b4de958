// JSON and YAML as one tree, so that one strict reader serves both. Internal to the room.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::model {

// A node. Its texts point into what it was made of, which has to live as long.
struct Tree {
  enum class Kind { kNull, kBool, kNumber, kText, kPlain, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 0;                         // from 1; 0: not known
  std::string_view text;                // of kText, and of kPlain: a scalar without quotes in YAML
  bool flag = false;                    // of kBool
  std::optional<std::int64_t> whole;    // of kNumber, when it is written as a whole one
  std::vector<Tree> items;              // of kList and kMap
  std::vector<std::string_view> names;  // of kMap: the names of `items`
};

// Points into `value`.
[[nodiscard]] Tree tree_of(const boost::json::value& value);

// A tree together with the texts that it points into.
struct YamlDocument {
  std::deque<std::string> texts;
  Tree root;
};

// One YAML document of block or flow collections and scalars as they are written, nothing else:
// null, anchors, aliases, tags, merge keys, a member given twice, a second document, control
// characters and nesting over kJsonDepthMax are refused. The message starts with "WHERE:LINE: ".
[[nodiscard]] base::Result<YamlDocument> read_yaml(std::string_view text, std::string_view where);

}  // namespace sutler::model
