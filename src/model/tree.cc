#include "model/tree.h"

#include <limits>

namespace sutler::model {
namespace {

namespace json = boost::json;

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::optional<std::int64_t> whole_of(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  const auto* number = value.if_uint64();
  if (number != nullptr && *number <= std::numeric_limits<std::int64_t>::max()) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

}  // namespace

Tree tree_of(const json::value& value) {
  Tree tree;
  switch (value.kind()) {
    case json::kind::null: break;
    case json::kind::bool_:
      tree.kind = Tree::Kind::kBool;
      tree.flag = value.get_bool();
      break;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      tree.kind = Tree::Kind::kNumber;
      tree.whole = whole_of(value);
      break;
    case json::kind::string:
      tree.kind = Tree::Kind::kText;
      tree.text = view(value.get_string());
      break;
    case json::kind::array:
      tree.kind = Tree::Kind::kList;
      tree.items.reserve(value.get_array().size());
      for (const json::value& item : value.get_array()) tree.items.push_back(tree_of(item));
      break;
    case json::kind::object:
      tree.kind = Tree::Kind::kMap;
      tree.items.reserve(value.get_object().size());
      tree.names.reserve(value.get_object().size());
      for (const auto& member : value.get_object()) {
        tree.names.push_back(view(member.key()));
        tree.items.push_back(tree_of(member.value()));
      }
      break;
  }
  return tree;
}

}  // namespace sutler::model
