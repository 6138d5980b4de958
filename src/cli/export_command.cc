// `sutler export`: groups as the files of others.
#include <memory>

#include "cli/commands.h"
#include "cli/current_groups.h"
#include "cli/export_writer.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/server_flags.h"
#include "server/backup_keys.h"

namespace sutler::cli {
namespace {

constexpr int kTriesMax = 5;

struct ExportOptions {
  std::string group;
  bool all = false;
  std::string format;
  bool reveal = false;
  std::string output;
  std::string backup;
  ServerFlags flags;  // the master keys of a backup
};

base::Result<ExportTarget> read_target(const ExportOptions& options) {
  if (options.group.empty() != options.all) {
    return usage_error("say one group, or --all", "sutler export GROUP --format FORMAT");
  }
  const auto format = model::export_format_from(options.format);
  if (!format) {
    return usage_error("--format " + options.format + " is none that can be exported",
                       "dotenv, json, yaml, group or northflank");
  }
  const auto values = options.reveal ? model::Values::kReveal : model::Values::kMask;
  if (*format == model::ExportFormat::kNorthflank && !options.reveal) {
    return usage_error("--format northflank has no mask for a value",
                       "--reveal writes the values; this is audited");
  }
  return ExportTarget{options.output, *format, values};
}

// All groups of the team as they were at one time: read again when one of them changed meanwhile.
base::Result<std::vector<model::Group>> all_groups(const Context& context, model::Values values) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto before = group_versions(context);
    if (!before) return base::pass(before);
    std::vector<model::Group> groups;
    bool is_whole = true;
    Progress progress("reading", "groups", before->size());
    for (const auto& [name, version] : *before) {
      auto group = current_group(context, name, values);
      is_whole = group || group.error().code != base::Code::kNotFound;
      if (!is_whole) break;
      if (!group) return base::pass(group);
      groups.push_back(std::move(group->group));
      progress.step();
    }
    auto after = group_versions(context);
    if (!after) return base::pass(after);
    if (is_whole && *after == *before) return groups;
  }
  return base::fail(base::Code::kConflict,
                    "the groups of the team change faster than they are read",
                    "try again when nobody writes");
}

// What the options ask for, of the server or, without one, of a backup.
base::Result<std::vector<model::Group>> asked_groups(const Context& context,
                                                     const ExportOptions& options,
                                                     model::Values values) {
  if (!options.backup.empty()) {
    auto settings = options.flags.load(context);
    if (!settings) return base::pass(settings);
    const auto name = options.all ? std::nullopt : std::optional(options.group);
    return server::read_backup_groups(*settings, options.backup, context.team, name);
  }
  if (options.all) return all_groups(context, values);
  auto group = current_group(context, options.group, values);
  if (!group) return base::pass(group);
  std::vector<model::Group> one;
  one.push_back(std::move(group->group));
  return one;
}

base::Result<int> export_groups(const Context& context, const ExportOptions& options) {
  auto target = read_target(options);
  if (!target) return base::pass(target);
  auto groups = asked_groups(context, options, target->values);
  if (!groups) return base::pass(groups);
  if (groups->empty()) {
    return base::fail(base::Code::kNotFound, "team " + context.team + " has no groups");
  }
  auto written = write_exports(*groups, *target);
  if (!written) return base::pass(written);
  if (!options.output.empty()) {
    print_note(counted(groups->size(), "group") + " written to " + options.output +
               (options.reveal ? ", with values" : ", with masks in place of values"));
  }
  return 0;
}

}  // namespace

void add_export_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<ExportOptions>();
  auto& command = add_command(
      root, context,
      {.name = "export",
       .purpose = "Exports groups as .env, JSON, YAML, group files or Northflank's JSON",
       .example = "sutler export payments --format dotenv --reveal -o payments.env\n"
                  "sutler export --all --format group --reveal -o groups/",
       .more = "Values are masked unless --reveal, and a mask that is imported changes nothing. "
               "What a format cannot hold (files in .env, templates in flat JSON) is refused, so "
               "that what is written comes back byte for byte. Files are for their owner alone, "
               "and none is left in part."},
      Talks::kToServer, [&context, options] { return export_groups(context, *options); });
  command.add_option("GROUP", options->group, "name of the secret group")->type_name("GROUP");
  add_switch(command, options->all, "--all", "all groups of the team");
  add_text(command, options->format,
           {"--format", "FORMAT", "dotenv, json, yaml, group or northflank"})
      .required();
  add_switch(command, options->reveal, "--reveal", "write the values; this is audited");
  add_text(command, options->output,
           {"-o,--output", "PATH", "a file, or a folder that gets one file a group"});
  add_text(command, options->backup,
           {"--from-backup", "FILE", "of this backup, without a server; needs its master key"});
  options->flags.declare(command, {"master_key"});
  add_team_option(command, context);
}

}  // namespace sutler::cli
