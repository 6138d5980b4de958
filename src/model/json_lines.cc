#include "model/json_lines.h"

namespace sutler::model {
namespace {

// Walks over a text that is known to be JSON, in the order of the tree. Texts hold no line ends.
class Walk {
 public:
  explicit Walk(std::string_view text) : text_(text) {}

  void value(Tree& tree) {
    to_next();
    if (tree.line == 0) tree.line = line_;
    if (tree.kind == Tree::Kind::kMap) {
      members(tree);
    } else if (tree.kind == Tree::Kind::kList) {
      items(tree);
    } else {
      scalar();
    }
  }

 private:
  [[nodiscard]] char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  // Over white space, commas and colons.
  void to_next() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') {
        ++line_;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != ',' && c != ':') {
        return;
      }
    }
  }

  void members(Tree& map) {
    ++at_;
    for (Tree& item : map.items) {
      to_next();
      item.line = line_;
      scalar();
      value(item);
    }
    to_next();
    ++at_;
  }

  void items(Tree& list) {
    ++at_;
    for (Tree& item : list.items) value(item);
    to_next();
    ++at_;
  }

  void scalar() {
    if (here() != '"') {
      while (at_ < text_.size() && std::string_view(" \t\r\n,:]}").find(here()) == text_.npos) {
        ++at_;
      }
      return;
    }
    for (++at_; at_ < text_.size() && here() != '"'; ++at_) {
      if (here() == '\\') ++at_;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

void add_lines(Tree& root, std::string_view text) { Walk(text).value(root); }

}  // namespace sutler::model
