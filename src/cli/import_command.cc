// `sutler import`: entries and groups from the files of others.
#include <algorithm>
#include <memory>
#include <set>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/current_groups.h"
#include "cli/group_edit.h"
#include "cli/impact_view.h"
#include "cli/import_files.h"
#include "cli/import_merge.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "model/group_reader.h"
#include "model/group_writer.h"

namespace sutler::cli {
namespace {

struct ImportOptions {
  GroupEdit edit;  // `edit.group` is the path where that is the only word
  std::string path;
  std::string format;
  bool replace = false;
  bool skip_unsupported = false;
  bool literal = false;
};

struct Sources {
  std::vector<ImportItem> items;
  std::vector<std::string> skipped, notes;
};

base::Result<model::ImportFormat> read_format(const ImportOptions& options) {
  const auto format = model::import_format_from(options.format);
  if (!format) {
    return usage_error("--format " + options.format + " is none that can be imported",
                       "dotenv, json, yaml or northflank; `sutler group apply` takes group files");
  }
  if (*format != model::ImportFormat::kNorthflank) {
    if (options.skip_unsupported || options.literal) {
      return usage_error("--skip-unsupported and --literal go with --format northflank");
    }
    return *format;
  }
  if (options.edit.projects.size() != 1) {
    return usage_error(
        "a Northflank group belongs to one project, and --project does not say which",
        "--project ID: here groups belong to a whole team, and an import must not "
        "widen them");
  }
  if (options.edit.everyone || !options.edit.objects.empty() || !options.edit.priority.empty() ||
      !options.edit.type.empty()) {
    return usage_error("--everyone, --object, --priority and --type do not go with northflank",
                       "its files say all of that");
  }
  return *format;
}

// A group's name on the command line; of a folder it picks one of the groups.
base::Result<void> add_flat(const Context& context, const ImportOptions& options,
                            model::ImportFormat format, ImportFiles files, Sources& out) {
  const bool is_folder = files.place == ImportPlace::kFolder;
  if (!is_folder && options.edit.group.empty()) {
    return usage_error("the group to import into is missing",
                       "sutler import GROUP FILE --format " + options.format);
  }
  for (ImportFile& file : files.files) {
    if (is_folder && !options.edit.group.empty() && options.edit.group != file.stem) continue;
    auto group = model::read_flat(format, file.text.expose(), file.where);
    if (!group) return base::pass(group);
    if (format == model::ImportFormat::kDotenv) {
      for (const std::string& one : model::dotenv_warnings(file.text.expose())) {
        print_warning(file.where + ": " + one);
      }
    }
    group->header.team = context.team;
    group->header.name = is_folder ? file.stem : options.edit.group;
    if (!model::is_group_name(group->header.name)) {
      return base::fail(base::Code::kInvalid,
                        file.where + ": its name cannot be the name of a group",
                        "letters, digits, dots, underscores and dashes");
    }
    out.items.push_back({file.where, Says::kEntries, std::move(*group)});
  }
  return {};
}

base::Result<void> add_northflank(const Context& context, const ImportOptions& options,
                                  ImportFiles files, Sources& out) {
  const bool is_folder = files.place == ImportPlace::kFolder;
  model::NorthflankOptions rules;
  rules.team = context.team;
  rules.project = options.edit.projects.front();
  if (!is_folder) rules.name = options.edit.group;
  if (options.skip_unsupported) rules.unsupported = model::Unsupported::kSkip;
  if (options.literal) rules.expressions = model::Expressions::kLiterals;
  for (ImportFile& file : files.files) {
    auto read = model::read_northflank(file.text.expose(), file.where, rules);
    if (!read) return base::pass(read);
    for (model::Group& group : read->groups) {
      const bool is_other =
          is_folder && !options.edit.group.empty() && options.edit.group != group.header.name;
      if (!is_other) out.items.push_back({file.where, Says::kWholeGroup, std::move(group)});
    }
    std::ranges::move(read->skipped, std::back_inserter(out.skipped));
    std::ranges::move(read->notes, std::back_inserter(out.notes));
  }
  return {};
}

base::Result<Sources> read_sources(const Context& context, const ImportOptions& options) {
  auto format = read_format(options);
  if (!format) return base::pass(format);
  auto files = read_import_files(options.path, *format);
  if (!files) return base::pass(files);
  Sources out;
  auto added = *format == model::ImportFormat::kNorthflank
                   ? add_northflank(context, options, std::move(*files), out)
                   : add_flat(context, options, *format, std::move(*files), out);
  if (!added) return base::pass(added);
  std::set<std::string> names;
  for (const ImportItem& item : out.items) {
    if (names.insert(item.group.header.name).second) continue;
    return base::fail(base::Code::kInvalid,
                      item.where + ": group " + item.group.header.name + " is in the import twice");
  }
  for (const std::string& skipped : out.skipped) print_warning("left out: " + printable(skipped));
  for (const std::string& note : out.notes) print_note(printable(note));
  if (out.items.empty()) {
    return base::fail(base::Code::kInvalid, options.path + ": there is no group left to import");
  }
  return out;
}

base::Result<ImportRules> read_rules(const ImportOptions& options) {
  ImportRules rules;
  rules.create = options.edit.create ? Create::kYes : Create::kNo;
  rules.replace = options.replace ? Replace::kYes : Replace::kNo;
  rules.changes_manager = !options.edit.write.managed_by.empty();
  if (options.format == "northflank") return rules;
  // By the same words and rules as `set` has them.
  JsonBody body;
  if (auto put = put_group_edit(body, options.edit); !put) return base::pass(put);
  auto said = base::parse_json(body.done());
  if (!said) return base::pass(said);
  auto& object = said->as_object();
  object.erase("create");
  object.erase("everyone");
  object["name"] = "new";
  auto group = model::group_from_json(*said, "the command line");
  if (!group) return base::pass(group);
  rules.header = std::move(group->header);
  rules.says_for_whom =
      options.edit.everyone || !options.edit.projects.empty() || !options.edit.objects.empty();
  return rules;
}

// The body of an apply that expects every group at the version that it was merged from.
base::Result<std::string> import_body(const Context& context, const ImportOptions& options,
                                      const ImportRules& rules, Sources sources) {
  auto versions = group_versions(context);
  if (!versions) return base::pass(versions);
  std::string groups = "[", expected = "[";
  Progress progress("preparing", "groups", sources.items.size());
  for (ImportItem& item : sources.items) {
    const std::string name = item.group.header.name;
    const auto version = versions->find(name);
    std::optional<model::Group> current;
    if (version != versions->end()) {
      auto found = current_group(context, name, model::Values::kMask);
      if (!found) return base::pass(found);
      current = std::move(found->group);
    }
    auto group = merged_group(std::move(item), current ? &*current : nullptr, rules);
    if (!group) return base::pass(group);
    if (groups.size() > 1) groups += ',';
    groups += model::write_group_json(*group, model::Values::kReveal).expose();
    JsonBody one;
    one.text("team", context.team)
        .text("name", name)
        .number("version", current ? static_cast<std::int64_t>(version->second) : 0);
    expected += (expected.size() > 1 ? "," : "") + one.done();
    progress.step();
  }
  JsonBody body;
  if (options.edit.write.dry_run) body.yes("dry_run");
  const WriteOptions& write = options.edit.write;
  if (write.take_over) body.yes("take_over");
  if (!write.managed_by.empty()) body.text("managed_by", write.managed_by);
  return body.raw("expected", expected + "]").raw("groups", groups + "]").done();
}

base::Result<int> import_groups(const Context& context, ImportOptions options) {
  if (options.path.empty()) std::swap(options.path, options.edit.group);
  if (!options.edit.group.empty() && !model::is_group_name(options.edit.group)) {
    return usage_error("the first argument cannot be the name of a group",
                       "sutler import GROUP FILE --format FORMAT");
  }
  auto rules = read_rules(options);
  if (!rules) return base::pass(rules);
  auto sources = read_sources(context, options);
  if (!sources) return base::pass(sources);
  auto body = import_body(context, options, *rules, std::move(*sources));
  if (!body) return base::pass(body);
  std::string query;
  if (!options.edit.write.message.empty()) {
    add_parameter(query, "message", options.edit.write.message);
  }
  if (options.edit.write.force) add_parameter(query, "force", "true");
  auto answer = ask_server(context, "POST", api_path({"apply"}) + query, std::move(*body));
  if (!answer) return base::pass(answer);
  for (const auto& warning : texts(answer->tree, "warnings")) print_warning(warning);
  print_impact(answer->tree);
  std::string text = diff_text(answer->tree);
  const auto unchanged = texts(answer->tree, "unchanged").size();
  if (unchanged > 0) text += counted(unchanged, "group") + " unchanged\n";
  const std::string revision = shown(answer->tree, "revision");
  text += options.edit.write.dry_run ? "nothing was changed; the revision is " + revision
                                     : "revision " + revision;
  return print_answer(context, *answer, text);
}

}  // namespace

void add_import_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<ImportOptions>();
  auto& command = add_command(
      root, context,
      {.name = "import",
       .purpose = "Imports variables and groups from .env, JSON, YAML and Northflank files",
       .example = "sutler import payments .env --format dotenv --create --project shop --dry-run\n"
                  "sutler import groups/ --format northflank --project shop --create",
       .more =
           "Entries that the file does not have stay, unless --replace. PATH is a file, a folder "
           "or "
           "- for standard input. A folder is one revision: each of its files is a group named as "
           "the file (in Northflank's format, as the file says), and GROUP picks one of them or is "
           "left out. Nothing is dropped in silence: what cannot be kept is refused, or left out "
           "and named with --skip-unsupported."},
      Talks::kToServer, [&context, options] { return import_groups(context, *options); });
  add_group_edit_options(command, context, options->edit);
  command.add_option("PATH", options->path, "file, folder, or - for standard input")
      ->type_name("PATH");
  add_text(command, options->format, {"--format", "FORMAT", "dotenv, json, yaml or northflank"})
      .required();
  add_switch(command, options->replace, "--replace",
             "entries that the file does not have go; a Northflank file also says for whom it is");
  add_switch(command, options->skip_unsupported, "--skip-unsupported",
             "leave out, and name, what cannot be kept (tags, addon links, docker mounts)");
  add_switch(command, options->literal, "--literal",
             "Northflank values that hold ${ stay as they are, instead of becoming templates");
}

}  // namespace sutler::cli
