// A group as Northflank's API takes one; the way back is northflank_import.cc.
#include "base/encoding.h"
#include "base/json.h"
#include "model/cursor.h"
#include "model/export.h"
#include "model/template_syntax.h"

namespace sutler::model {
namespace {

using base::append_json_string;
using base::Code;
using base::fail;
using base::Result;

class Writer {
 public:
  explicit Writer(const Group& group) : group_(group) {}

  Result<base::Secret> run() {
    const GroupHeader& header = group_.header;
    if (!header.required_keys.empty()) return cannot("requiredKeys");
    if (!group_.secrets_from.empty()) return cannot("secretsFrom");
    text("{\"name\":", header.name);
    if (!header.description.empty()) text(",\"description\":", header.description);
    out_ += ",\"secretType\":\"environment\"";
    text(",\"type\":", to_word(header.type));
    out_ += ",\"priority\":" + std::to_string(header.priority);
    if (auto done = restrictions(); !done) return base::pass(done);
    out_ += ",\"secrets\":{\"variables\":{";
    if (auto done = variables(); !done) return base::pass(done);
    out_ += "},\"files\":{";
    if (auto done = files(); !done) return base::pass(done);
    out_ += "}}}";
    return base::Secret(std::move(out_));
  }

 private:
  static bool is_pattern(std::string_view text) {
    return text.find_first_of("*?") != std::string_view::npos;
  }

  Result<void> restrictions() {
    const Restrictions& for_whom = group_.header.restrictions;
    if (!for_whom.projects || for_whom.projects->size() != 1 ||
        is_pattern(for_whom.projects->front())) {
      return cannot("a group that is not for exactly one project");
    }
    if (!for_whom.nf_objects) {
      out_ += ",\"restrictions\":{\"restricted\":false,\"nfObjects\":[],\"tags\":[]}";
      return {};
    }
    out_ += ",\"restrictions\":{\"restricted\":true,\"nfObjects\":[";
    bool is_first = true;
    for (const ObjectPattern& object : *for_whom.nf_objects) {
      if (is_pattern(object.id)) return cannot("a pattern of objects");
      if (object.type.empty()) return cannot("an object without a type");
      text(is_first ? "{\"id\":" : ",{\"id\":", object.id);
      text(",\"type\":", object.type);
      out_ += '}';
      is_first = false;
    }
    out_ += "],\"tags\":[]}";
    return {};
  }

  Result<void> variables() {
    bool is_first = true;
    for (const auto& [name, variable] : group_.variables) {
      auto value = plain(variable.value, "variable " + name);
      if (!value) return base::pass(value);
      text(is_first ? "" : ",", name);
      text(":", *value);
      is_first = false;
    }
    return {};
  }

  Result<void> files() {
    bool is_first = true;
    for (const auto& [path, file] : group_.files) {
      if (file.owner || file.group || file.permissions) {
        return cannot("owner, group and permissions of file " + printable(path));
      }
      auto value = plain(file.data, "file " + printable(path));
      if (!value) return base::pass(value);
      const bool is_base64 = file.encoding == Encoding::kBase64;
      // There a template is text; here its outcome would be decoded.
      if (is_base64 && !std::holds_alternative<Literal>(file.data)) {
        return cannot("a template that gives base64 in file " + printable(path));
      }
      if (is_base64) {
        const auto content = base::base64_decode(*value);
        if (content && content->find("${") != std::string::npos) {
          return cannot("a literal ${ in file " + printable(path));
        }
      }
      text(is_first ? "" : ",", path);
      text(":{\"data\":", is_base64 ? std::string(*value) : base::base64_encode(*value));
      out_ += is_base64 ? ",\"encoding\":\"base64\"}" : ",\"encoding\":\"utf-8\"}";
      is_first = false;
    }
    return {};
  }

  // The text that means the same there, where every `${` is an expression.
  Result<std::string_view> plain(const Value& value, const std::string& what) const {
    if (const auto* literal = std::get_if<Literal>(&value)) {
      if (literal->text.expose().find("${") == std::string_view::npos) {
        return literal->text.expose();
      }
      return cannot("a literal ${ in " + what);
    }
    const auto* made = std::get_if<Template>(&value);
    if (made == nullptr) return cannot("the reference of " + what);
    const std::string_view text = made->text.expose();
    if (text.find("$${") != std::string_view::npos) return cannot("a literal ${ in " + what);
    auto parts = parse_template(text);
    if (!parts) return base::pass(parts, what);
    for (const Part& part : *parts) {
      const auto* variable = std::get_if<VariablePart>(&part);
      const bool is_plain = std::holds_alternative<TextPart>(part) ||
                            (variable != nullptr && variable->filter == Filter::kNone);
      if (!is_plain) return cannot("filters, functions and workload members in " + what);
    }
    if (text.find("${") == std::string_view::npos)
      return cannot("a template without ${ in " + what);
    return text;
  }

  void text(std::string_view before, std::string_view value) {
    out_ += before;
    append_json_string(out_, value);
  }

  [[nodiscard]] base::Unexpected cannot(const std::string& what) const {
    return fail(Code::kInvalid,
                "group " + group_.header.name + ": Northflank's format cannot hold " + what,
                "--format group holds everything");
  }

  const Group& group_;
  std::string out_;
};

}  // namespace

base::Result<base::Secret> write_northflank(const Group& group) { return Writer(group).run(); }

}  // namespace sutler::model
