// `sutler file`: single files of a group.
#include <memory>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "cli/commands.h"
#include "cli/group_edit.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "model/entry.h"
#include "model/group.h"

namespace sutler::cli {
namespace {

struct PutFile {
  GroupEdit edit;
  std::string path;
  std::string local;
  std::string owner;
  std::string owning_group;
  std::string mode;
  bool fresh = false;
};

base::Result<void> check_path(const std::string& path) {
  if (model::is_file_path(path)) return {};
  return usage_error("\"" + path + "\" cannot be the path of a file",
                     "it starts with / and holds neither empty parts nor `.` or `..`");
}

void put_ownership(JsonBody& file, const char* name, const std::string& value) {
  if (value.empty()) return;
  JsonBody ownership;
  ownership.text("policy", model::to_word(model::OwnerPolicy::kAlwaysSetExplicit))
      .text("value", value);
  file.raw(name, ownership.done());
}

// What is not given goes, where else it would stay as it was.
void put_nothing(JsonBody& file, const PutFile& options) {
  if (options.owner.empty()) file.raw("owner", "null");
  if (options.owning_group.empty()) file.raw("group", "null");
  if (options.mode.empty()) file.raw("permissions", "null");
}

// A colon would be read by chown(1) as the start of a group.
base::Result<void> check_owner(std::string_view flag, const std::string& name) {
  if (name.find_first_of(": /") == std::string::npos) return {};
  return usage_error(std::string(flag) + " " + name + " is neither a name nor a number",
                     "an owner and a group are two flags: --owner app --group app");
}

base::Result<std::string> file_json(const PutFile& options) {
  if (!options.mode.empty() && !model::parse_octal_mode(options.mode)) {
    return usage_error("--mode " + options.mode + " is no octal mode", "write it like 0400");
  }
  auto content = read_local(options.local, "local file", base::limits::kFileBytesMax);
  if (!content) return base::pass(content);
  JsonBody file;
  if (base::is_utf8(content->expose())) {
    file.text("data", content->expose());
  } else {
    file.text("data", base::base64_encode(content->expose())).text("encoding", "base64");
  }
  put_ownership(file, "owner", options.owner);
  put_ownership(file, "group", options.owning_group);
  if (options.fresh) put_nothing(file, options);
  if (!options.mode.empty()) {
    JsonBody permissions;
    permissions.text("policy", model::to_word(model::PermissionPolicy::kAlwaysSet))
        .text("mode", options.mode);
    file.raw("permissions", permissions.done());
  }
  return file.done();
}

base::Result<int> put_file(const Context& context, const PutFile& options) {
  JsonBody body;
  auto put = put_group_edit(body, options.edit);
  if (put) put = check_path(options.path);
  if (put) put = check_owner("--owner", options.owner);
  if (put) put = check_owner("--group", options.owning_group);
  if (!put) return base::pass(put);
  auto file = file_json(options);
  if (!file) return base::pass(file);
  JsonBody files;
  files.raw(options.path, *file);
  body.raw("files", files.done());
  return patch_group(context, options.edit.group, options.edit.write, body,
                     "file " + options.path + " put");
}

struct RemoveFile {
  std::string group;
  WriteOptions write;
  std::string path;
};

base::Result<int> remove_file(const Context& context, const RemoveFile& options) {
  auto checked = check_path(options.path);
  if (!checked) return base::pass(checked);
  JsonBody files;
  files.raw(options.path, "null");
  JsonBody body;
  body.raw("files", files.done());
  return patch_group(context, options.group, options.write, body,
                     "file " + options.path + " removed");
}

}  // namespace

void add_file_command(CLI::App& root, Context& context) {
  auto& file = add_family(root, context,
                          {.name = "file",
                           .purpose = "Puts files into a secret group, or takes them out",
                           .example = "sutler file put payments /etc/key.pem key.pem --mode 0400"});
  const auto options = std::make_shared<PutFile>();
  auto& put = add_command(
      file, context,
      {.name = "put",
       .purpose = "Puts a local file into a secret group, exactly as it is",
       .example = "sutler file put payments /etc/key.pem ./key.pem --owner 1000 --mode 0400",
       .more =
           "Bytes that are not UTF-8 are stored as base64. A file of that path in the group gets "
           "the new content and keeps its owner, group and mode where they are not given, "
           "unless --fresh says that they go."},
      Talks::kToServer, [&context, options] { return put_file(context, *options); });
  add_group_edit_options(put, context, options->edit);
  add_word(put, options->path, "PATH", "where the workload finds it, absolute");
  add_word(put, options->local, "LOCAL", "the file here, or - for standard input");
  add_text(put, options->owner, {"--owner", "USER", "who owns it there, a name or a number"});
  add_text(put, options->owning_group, {"--group", "GROUP", "its group there"});
  add_switch(put, options->fresh, "--fresh", "owner, group and mode that are not given go");
  add_text(put, options->mode, {"--mode", "MODE", "its permissions there, octal, like 0400"});

  const auto removed = std::make_shared<RemoveFile>();
  auto& remove =
      add_command(file, context,
                  {.name = "rm",
                   .purpose = "Removes a file from a secret group",
                   .example = "sutler file rm payments /etc/key.pem"},
                  Talks::kToServer, [&context, removed] { return remove_file(context, *removed); });
  add_word(remove, removed->group, "GROUP", "name of the secret group");
  add_word(remove, removed->path, "PATH", "path of the file in the group");
  add_write_options(remove, removed->write);
  add_team_option(remove, context);
}

}  // namespace sutler::cli
