#include "model/northflank_group.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/utf8.h"
#include "model/entry_reader.h"
#include "model/group_rules.h"
#include "model/template_syntax.h"

namespace sutler::model {
namespace {

using base::Result;
using base::Secret;

bool says_nothing(const Cursor& at) {
  switch (at.kind()) {
    case Tree::Kind::kNull: return true;
    case Tree::Kind::kBool: return !at.require_true();
    case Tree::Kind::kText: return at.text()->empty();
    case Tree::Kind::kList:
    case Tree::Kind::kMap: return at.size() == 0;
    default: return false;
  }
}

// One group being read. A member that is not known and says something is unsupported, never an
// error: what the API shows is to be taken as it is.
class Reading {
 public:
  Reading(const NorthflankOptions& options, NorthflankImport& out) : options_(options), out_(out) {}

  Result<void> read(const Cursor& at) {
    if (auto is_map = at.require_map(); !is_map) return is_map;
    if (auto named = read_name(at); !named) return named;
    group_.header.restrictions.projects = {options_.project};
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (auto done = member(at.child(i)); !done) return done;
    }
    if (is_left_out_) return {};
    if (!has_secrets_) {
      return at.fail("there are no secrets in it: neither variables nor files are said",
                     "give the whole answer of Northflank's GET …/secrets/ID");
    }
    if (auto good = validate(group_); !good) return at.pass(good);
    out_.groups.push_back(std::move(group_));
    return {};
  }

 private:
  Result<void> read_name(const Cursor& at) {
    std::string id, name;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor member = at.child(i);
      if (member.name() != "id" && member.name() != "name") continue;
      auto read = read_text(member, member.name() == "id" ? id : name);
      if (!read) return read;
    }
    std::string& own = is_group_name(id) ? id : name;
    group_.header.team = options_.team;
    group_.header.name = options_.name.empty() ? own : options_.name;
    if (is_group_name(group_.header.name)) return {};
    return at.fail("neither id nor name can be the name of a group here",
                   "say the name: sutler import GROUP FILE --format northflank");
  }

  Result<void> member(const Cursor& at) {
    const std::string_view name = at.name();
    if (name == "description") return read_description(at);
    if (name == "type") return read_type(at);
    if (name == "priority") return read_priority(at);
    if (name == "projectId") return check_project(at);
    if (name == "secretType") return read_secret_type(at);
    if (name == "restrictions") return read_restrictions(at);
    if (name == "secrets") return read_secrets(at);
    constexpr std::string_view kOfNoUse[] = {"id", "name", "createdAt", "updatedAt"};
    if (std::ranges::find(kOfNoUse, name) != std::end(kOfNoUse) || says_nothing(at)) return {};
    if (name.starts_with("stage")) {
      leave_out("it is for some stages of a pipeline only");
    } else if (name == "addonDependencies" || name == "addonSecrets") {
      skip("its links to addons");
    } else if (name == "tags") {
      skip("its tags");
    } else {
      skip("its member " + printable(name));
    }
    return {};
  }

  Result<void> read_description(const Cursor& at) {
    if (at.kind() == Tree::Kind::kNull) return {};
    return read_text(at, group_.header.description);
  }

  Result<void> read_type(const Cursor& at) {
    auto word = at.text();
    if (!word) return base::pass(word);
    if (*word != "secret" && *word != "config") return at.fail("must be secret or config");
    group_.header.type = *word == "config" ? GroupType::kConfig : GroupType::kSecret;
    return {};
  }

  Result<void> read_priority(const Cursor& at) {
    auto number = at.whole_number();
    if (!number) return base::pass(number);
    if (*number < 0 || *number > base::limits::kPriorityMax) return at.fail("must be 0 to 100");
    group_.header.priority = static_cast<int>(*number);
    return {};
  }

  Result<void> check_project(const Cursor& at) {
    auto project = at.text();
    if (!project) return base::pass(project);
    if (*project == options_.project) return {};
    return at.fail("it is a group of another project than --project says");
  }

  Result<void> read_secret_type(const Cursor& at) {
    auto word = at.text();
    if (!word) return base::pass(word);
    if (*word == "arguments") {
      leave_out("it is for builds only");
    } else if (*word == "environment-arguments") {
      out_.notes.push_back(label() + " is also for builds there; workloads get it when they start");
    } else if (*word != "environment") {
      leave_out("its secretType is none that sutler knows");
    }
    return {};
  }

  Result<void> read_restrictions(const Cursor& at) {
    if (at.kind() == Tree::Kind::kNull) return {};
    if (auto is_map = at.require_map(); !is_map) return is_map;
    bool restricted = false, has_tags = false;
    std::vector<ObjectPattern> objects;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor member = at.child(i);
      if (member.name() == "restricted") {
        if (member.kind() != Tree::Kind::kBool) return member.fail("must be true or false");
        restricted = member.require_true().has_value();
      } else if (member.name() == "nfObjects") {
        if (auto done = read_objects(member, objects); !done) return done;
      } else if (member.name() == "tags") {
        has_tags = !says_nothing(member);
      } else if (member.name() != "tagMatchCondition" && !says_nothing(member)) {
        leave_out("its restrictions have a member " + printable(member.name()));
      }
    }
    settle(restricted, has_tags, std::move(objects));
    return {};
  }

  // Objects and tags are a union there, so that leaving tags out can only narrow. Without
  // `restricted` neither means anything.
  void settle(bool restricted, bool has_tags, std::vector<ObjectPattern> objects) {
    if (!restricted) {
      if (!objects.empty()) {
        out_.notes.push_back(label() +
                             " lists objects and is not restricted to them there: it is "
                             "for all of project " +
                             options_.project);
      }
      return;
    }
    if (has_tags) skip("the tags that it is restricted to");
    if (!objects.empty()) {
      group_.header.restrictions.nf_objects = std::move(objects);
    } else {
      leave_out(has_tags ? "without its tags it is for nothing"
                         : "it is restricted and lists nothing, so it is for nothing");
    }
  }

  Result<void> read_objects(const Cursor& at, std::vector<ObjectPattern>& out) {
    if (says_nothing(at)) return {};
    if (auto is_list = at.require_list(); !is_list) return is_list;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor item = at.child(i);
      if (auto is_map = item.require_map(); !is_map) return is_map;
      ObjectPattern object;
      for (std::size_t m = 0; m < item.size(); ++m) {
        const Cursor member = item.child(m);
        if (member.name() != "id" && member.name() != "type") continue;
        auto read = read_text(member, member.name() == "id" ? object.id : object.type);
        if (!read) return read;
      }
      if (item.size() == 0) continue;
      // A star would be a pattern here and is none there.
      if (!is_valid_claim(object.id) || object.id.find_first_of("*?") != std::string::npos) {
        return item.fail("id is not that of a service or job");
      }
      if (std::ranges::find(out, object) == out.end()) out.push_back(std::move(object));
    }
    return {};
  }

  // `{variables, files, dockerSecretMounts}`, or as it was once: the variables themselves.
  Result<void> read_secrets(const Cursor& at) {
    if (auto is_map = at.require_map(); !is_map) return is_map;
    bool is_flat = at.size() > 0;
    for (std::size_t i = 0; i < at.size(); ++i) {
      is_flat = is_flat && at.child(i).kind() != Tree::Kind::kMap;
    }
    has_secrets_ = is_flat;
    if (is_flat) return read_variables(at);
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor member = at.child(i);
      has_secrets_ = has_secrets_ || member.name() == "variables" || member.name() == "files";
      Result<void> done;
      if (member.name() == "variables" && !says_nothing(member)) {
        done = read_variables(member);
      } else if (member.name() == "files" && !says_nothing(member)) {
        done = read_files(member);
      } else if (!says_nothing(member)) {
        skip(member.name() == "dockerSecretMounts" ? "its docker secret mounts"
                                                   : "what it has in " + printable(member.name()));
      }
      if (!done) return done;
    }
    return {};
  }

  Result<void> read_variables(const Cursor& at) {
    if (auto is_map = at.require_map(); !is_map) return is_map;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor entry = at.child(i);
      const std::string what = "variable " + printable(entry.name());
      if (!check_variable_name(entry.name())) {
        skip(what + ", since no variable can have that name here");
        continue;
      }
      auto text = text_of(entry);
      if (!text) return base::pass(text);
      auto value = value_of(std::move(*text), what);
      if (!value) continue;
      Variable variable{std::move(*value)};
      if (auto good = check_variable(entry.name(), variable); !good) return entry.pass(good);
      group_.variables.emplace(entry.name(), std::move(variable));
    }
    return {};
  }

  // Numbers and truth values have one text each; a number with a fraction has several.
  static Result<Secret> text_of(const Cursor& at) {
    if (at.kind() == Tree::Kind::kBool) return Secret(at.require_true() ? "true" : "false");
    if (at.kind() == Tree::Kind::kNumber) {
      auto number = at.whole_number();
      if (!number) return base::pass(number);
      return Secret(std::to_string(*number));
    }
    auto text = at.text();
    if (!text) return base::pass(text);
    return Secret(*text);
  }

  // Nothing, and a word about it, for an expression that sutler would not read the same way.
  std::optional<Value> value_of(Secret text, const std::string& what) {
    const bool is_expression = text.expose().find("${") != std::string_view::npos;
    if (!is_expression || options_.expressions == Expressions::kLiterals) {
      return Literal{std::move(text)};
    }
    // Here two dollars are an escape; there the first is a character.
    if (text.expose().find("$${") != std::string_view::npos || !parse_template(text.expose())) {
      skip(what + ", whose ${…} is no template that sutler reads (--literal takes it as it is)");
      return std::nullopt;
    }
    return Template{std::move(text), {}};
  }

  Result<void> read_files(const Cursor& at) {
    if (auto is_map = at.require_map(); !is_map) return is_map;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor entry = at.child(i);
      if (auto path = check_file_path(entry.name()); !path) return entry.pass(path);
      auto file = read_file(entry);
      if (!file) return base::pass(file);
      if (!*file) continue;
      if (auto good = check_file(**file); !good) return entry.pass(good);
      group_.files.emplace(entry.name(), std::move(**file));
    }
    return {};
  }

  Result<std::optional<File>> read_file(const Cursor& at) {
    if (auto is_map = at.require_map(); !is_map) return base::pass(is_map);
    std::optional<std::string_view> data;
    File file;
    for (std::size_t i = 0; i < at.size(); ++i) {
      const Cursor member = at.child(i);
      Result<void> done;
      if (member.name() == "data") {
        auto text = member.text();
        if (!text) return base::pass(text);
        data = *text;
      } else if (member.name() == "encoding") {
        done = read_encoding(member, file.encoding);
      } else if (member.name() == "owner") {
        done = read_ownership(member, file.owner);
      } else if (member.name() == "group") {
        done = read_ownership(member, file.group);
      } else if (member.name() == "permissions") {
        done = read_permissions(member, file.permissions);
      } else if (!says_nothing(member)) {
        skip("member " + printable(member.name()) + " of file " + printable(at.name()));
      }
      if (!done) return base::pass(done);
    }
    if (!data) return at.fail("data is missing");
    return fill(at, *data, std::move(file));
  }

  // `data` is base64 whatever the original was, which `encoding` says.
  Result<std::optional<File>> fill(const Cursor& at, std::string_view data, File file) {
    auto decoded = base::base64_decode(data);
    if (!decoded) return at.fail("data is not base64", "Northflank's API gives every file so");
    Secret content(std::move(*decoded));
    const bool is_text = base::is_utf8(content.expose());
    if (file.encoding != Encoding::kBase64 && !is_text) {
      return at.fail("encoding says text, and the data is not UTF-8");
    }
    const bool is_expression = is_text && content.expose().find("${") != std::string_view::npos;
    if (file.encoding == Encoding::kBase64 &&
        (!is_expression || options_.expressions == Expressions::kLiterals)) {
      file.data = Literal{Secret(data)};
      return std::optional(std::move(file));
    }
    file.encoding = Encoding::kUnset;
    auto value = value_of(std::move(content), "file " + printable(at.name()));
    if (!value) return std::optional<File>();
    file.data = std::move(*value);
    return std::optional(std::move(file));
  }

  [[nodiscard]] std::string label() const { return "group " + group_.header.name; }
  void skip(const std::string& what) { out_.skipped.push_back(label() + ": " + what); }
  void leave_out(const std::string& why) {
    is_left_out_ = true;
    skip("all of it, since " + why);
  }

  const NorthflankOptions& options_;
  NorthflankImport& out_;
  Group group_;
  bool is_left_out_ = false;
  bool has_secrets_ = false;  // that there are none is said by empty maps
};

}  // namespace

Result<void> read_northflank_group(const Cursor& at, const NorthflankOptions& options,
                                   NorthflankImport& out) {
  return Reading(options, out).read(at);
}

}  // namespace sutler::model
