// YAML text into a Tree, by the events of yaml-cpp: nodes of yaml-cpp would have lost which scalars
// were quoted, and would let the last of two equal members win.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <unordered_set>

#include "base/json_bounded.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "model/tree.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
namespace limits = base::limits;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

// Stops yaml-cpp; caught in read_yaml.
[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& why) {
  throw YAML::ParserException(mark, why);
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, YamlDocument& out) : text_(text), out_(out) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) refuse(mark, "a second document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_properties(mark, anchor);
    if (documents_ > 1) refuse(mark, "a second document");
    refuse(mark, "null or no value; give one, put it in quotes or leave the member out");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "aliases are not taken");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors are not taken");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_properties(mark, anchor);
    if (tag != "?" && tag != "!") refuse(mark, "tags are not taken");
    const bool plain = tag == "?";
    if (plain && value.empty()) refuse(mark, "no value; put an empty text in quotes");
    const std::string_view kept = out_.texts.emplace_back(value);
    if (expects_name()) return take_name(mark, kept, plain);
    Tree scalar;
    scalar.kind = plain ? Tree::Kind::kPlain : Tree::Kind::kText;
    scalar.text = kept;
    scalar.line = line_of(mark);
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Tree::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Tree::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] int documents() const { return documents_; }
  // There was more of something than is taken.
  [[nodiscard]] bool too_large() const { return too_large_; }

 private:
  // A collection that is not closed yet.
  struct Frame {
    Tree tree;
    std::unordered_set<std::string_view> seen;
    int name_line = 0;  // 0: the next event of a map is a name
  };

  // yaml-cpp reports a lone `!` like quotes, so the text itself is asked.
  void check_properties(const YAML::Mark& mark, YAML::anchor_t anchor) const {
    const auto at = static_cast<std::size_t>(mark.pos);
    if (at < text_.size() && text_[at] == '!') refuse(mark, "tags are not taken");
    if (anchor != 0) refuse(mark, "anchors are not taken");
  }

  [[nodiscard]] bool expects_name() const {
    return !frames_.empty() && frames_.back().tree.kind == Tree::Kind::kMap &&
           frames_.back().name_line == 0;
  }

  void take_name(const YAML::Mark& mark, std::string_view name, bool plain) {
    Frame& frame = frames_.back();
    if (plain && name == "<<") refuse(mark, "merge keys are not taken");
    if (!frame.seen.insert(name).second) {
      refuse(mark, "member " + base::quote_name(name) + " is there twice");
    }
    if (frame.seen.size() > base::kTreeMembersMax) {
      too_large_ = true;
      refuse(mark, "more than " + std::to_string(base::kTreeMembersMax) + " members in one map");
    }
    frame.tree.names.push_back(name);
    frame.name_line = line_of(mark);
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            Tree::Kind kind) {
    check_properties(mark, anchor);
    if (!tag.empty() && tag != "?") refuse(mark, "tags are not taken");
    if (expects_name()) refuse(mark, "the name of a member must be a text");
    if (frames_.size() >= limits::kJsonDepthMax) {
      refuse(mark, "nested deeper than " + std::to_string(limits::kJsonDepthMax) + " levels");
    }
    frames_.emplace_back();
    frames_.back().tree.kind = kind;
    frames_.back().tree.line = line_of(mark);
  }

  void close() {
    Tree done = std::move(frames_.back().tree);
    frames_.pop_back();
    add(std::move(done));
  }

  void add(Tree tree) {
    if (++values_ > base::kTreeValuesMax) {
      too_large_ = true;
      refuse({}, "more than " + std::to_string(base::kTreeValuesMax) + " values");
    }
    if (frames_.empty()) {
      out_.root = std::move(tree);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.tree.kind == Tree::Kind::kMap) {
      tree.line = frame.name_line;  // where a person looks for the member
      frame.name_line = 0;
    }
    frame.tree.items.push_back(std::move(tree));
  }

  std::string_view text_;
  YamlDocument& out_;
  std::vector<Frame> frames_;
  int documents_ = 0;
  std::size_t values_ = 0;
  bool too_large_ = false;
};

// What yaml-cpp would read otherwise than it looks: its own end mark (U+0004), NUL, by which it
// guesses an encoding, and a carriage return alone, which YAML counts as a line break and it does
// not.
std::string_view fault_of(std::string_view text) {
  if (!base::is_utf8(text)) return "not valid UTF-8";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto u = static_cast<unsigned char>(text[i]);
    if (u == '\r' && text.substr(i + 1, 1) != "\n") return "a carriage return without a line feed";
    if (u == 0x7f || (u < 0x20 && u != '\n' && u != '\r' && u != '\t')) {
      return "a control character";
    }
  }
  return {};
}

base::Unexpected fail_at(std::string_view where, const YAML::Exception& e, Code code) {
  // yaml-cpp puts pieces of the text behind a colon; our own messages have none.
  const std::string why = e.msg.substr(0, e.msg.find(": "));
  const std::string line = e.mark.is_null() ? "" : ":" + std::to_string(line_of(e.mark));
  return fail(code, std::string(where) + line + ": not the YAML that sutler takes: " + why);
}

}  // namespace

base::Result<YamlDocument> read_yaml(std::string_view text, std::string_view where) {
  const std::string place(where);
  if (text.size() > limits::kAdminBodyBytesMax) {
    return fail(Code::kTooLarge,
                place + " is larger than " + std::to_string(limits::kAdminBodyBytesMax) + " bytes");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (const auto fault = fault_of(text); !fault.empty()) {
    return fail(Code::kInvalid, place + ": " + std::string(fault));
  }
  YamlDocument document;
  TreeBuilder builder(text, document);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    if (builder.documents() == 0) return fail(Code::kInvalid, place + ": the document is empty");
  } catch (const YAML::Exception& e) {
    return fail_at(where, e, builder.too_large() ? Code::kTooLarge : Code::kInvalid);
  } catch (const std::exception&) {
    return fail(Code::kInvalid, place + ": the YAML cannot be read");
  }
  return document;
}

}  // namespace sutler::model
