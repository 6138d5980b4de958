// `sutler audit`: proving the audit log.
#include <filesystem>
#include <memory>

#include "audit/verify.h"
#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/json_body.h"
#include "cli/json_view.h"
#include "cli/local_file.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyHexDigits = 64;

struct VerifyOptions {
  std::string public_key;
  std::string path;
  bool from_store = false;
};

bool is_key(std::string_view text) {
  return text.size() == kKeyHexDigits && base::hex_decode(text).has_value();
}

// The 64 hex digits themselves, or a file that holds them.
base::Result<std::optional<std::string>> read_key(const std::string& word) {
  if (word.empty()) return std::optional<std::string>();
  if (is_key(word)) return std::optional(word);
  auto content = read_local_value(word, "public key", 1024);
  if (!content) return base::pass(content);
  if (!is_key(content->expose())) {
    return base::fail(base::Code::kInvalid, "public key " + word + " is not 64 hex digits",
                      "`sutler audit key` prints it");
  }
  return std::optional(std::string(content->expose()));
}

base::Result<std::vector<fs::path>> files_of(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    return base::fail(base::Code::kInvalid, "there is no audit log at " + path.string(),
                      "name its file or folder, or the data directory with --data-dir");
  }
  if (fs::is_directory(path, error)) return audit::log_files(path);
  return std::vector<fs::path>{path};
}

std::string verified_json(const audit::Verified& verified) {
  JsonBody json;
  const auto number = [&json](const char* name, std::uint64_t value) {
    json.number(name, static_cast<std::int64_t>(value));
  };
  json.yes("ok");
  number("lines", verified.lines);
  number("first_seq", verified.first_seq);
  number("last_seq", verified.last_seq);
  if (verified.pruned) json.yes("pruned");
  number("checkpoints", verified.checkpoints);
  number("last_checkpoint_seq", verified.last_checkpoint_seq);
  if (!verified.node.empty()) json.text("node", verified.node);
  json.text("public_key", verified.public_key);
  json.raw("key_was_given", verified.key_was_given ? "true" : "false");
  return json.done();
}

std::string verified_text(const audit::Verified& verified) {
  if (verified.lines == 0) return "ok: the audit log has no line yet";
  std::string text = "ok: " + counted(verified.lines, "line") + ", from " +
                     std::to_string(verified.first_seq) + " to " +
                     std::to_string(verified.last_seq) + ", " +
                     counted(verified.checkpoints, "signed checkpoint");
  if (verified.pruned) text += "\nolder lines were let go by retention, as a signed record says";
  if (verified.checkpoints == 0) return text;
  return text + ", the last one at " + std::to_string(verified.last_checkpoint_seq) +
         "\nsigned by " + verified.public_key +
         (verified.node.empty() ? "" : "\nof the node " + verified.node);
}

// The log of a running server lets its oldest file go while it is being read: then again.
base::Result<audit::Verified> verify_path(const fs::path& path,
                                          const std::optional<std::string>& key) {
  base::Result<audit::Verified> verified;
  for (int attempt = 0; attempt < 5; ++attempt) {
    auto files = files_of(path);
    if (!files) return base::pass(files);
    verified = audit::verify_files(*files, key, 0);
    if (verified || verified.error().code != base::Code::kNotFound) break;
  }
  return verified;
}

base::Result<int> verify(const Context& context, const VerifyOptions& options) {
  auto key = read_key(options.public_key);
  if (!key) return base::pass(key);
  if (options.from_store && !options.path.empty()) {
    return usage_error("--from-store takes no PATH");
  }
  if (options.from_store) return verify_audit_in_store(context, *key);
  auto verified = verify_path(
      options.path.empty() ? data_dir_of(context) / "audit" : fs::path(options.path), *key);
  if (!verified) {
    base::Error error = std::move(verified.error());
    if (error.code == base::Code::kNotFound) error.code = base::Code::kInvalid;
    if (error.code == base::Code::kCorrupt && error.hint.empty()) {
      error.hint =
          "lines before this one are as they were written; keep a copy of the log as it is";
    }
    return std::unexpected(std::move(error));
  }
  auto printed = print_line(context.json ? verified_json(*verified) : verified_text(*verified));
  if (!printed) return base::pass(printed);
  if (!verified->key_was_given && verified->checkpoints > 0) {
    print_note("the key is the log's own, which proves order but not origin: give --public-key");
  }
  return 0;
}

base::Result<int> show_key(const Context& context) {
  auto answer = ask_server(context, "GET", api_path({"audit", "key"}));
  if (!answer) return base::pass(answer);
  return print_answer(context, *answer, printable(shown(answer->tree, "public_key")));
}

}  // namespace

void add_audit_command(CLI::App& root, Context& context) {
  auto& audit = add_family(root, context,
                           {.name = "audit",
                            .purpose = "Searches and proves the audit log: who got what, and when",
                            .example = "sutler audit query --since 24h --group payments\n"
                                       "sutler audit verify --data-dir ./data"});
  const auto options = std::make_shared<VerifyOptions>();
  auto& verify_command = add_command(
      audit, context,
      {.name = "verify",
       .purpose = "Checks that no line of the audit log was changed, moved, added or removed",
       .example = "sutler audit verify --public-key audit.pub /var/lib/sutler/audit\n"
                  "sutler audit verify --public-key audit.pub --from-store",
       .more =
           "Needs no server, but with --from-store, which proves what the store has of the logs "
           "of all its nodes. Lines that were cut off at the end after the last signed checkpoint "
           "can only be missed by who knows a later one: the server compares at its start."},
      Talks::kToNobody, [&context, options] { return verify(context, *options); });
  add_word(verify_command, options->path, "PATH",
           "a file, or the folder (that of the data directory)")
      .required(false);
  add_text(verify_command, options->public_key,
           {"--public-key", "KEY", "who signs: 64 hex digits, or a file that holds them"});
  add_switch(verify_command, options->from_store, "--from-store",
             "what the server's store has of the logs of all nodes");
  for (const char* name : {"--data-dir", "--addr", "--cacert"}) {
    verify_command.get_option(name)->group("Options");
  }

  add_audit_query_commands(audit, context);
  add_audit_nodes_command(audit, context);
  add_command(audit, context,
              {.name = "key",
               .purpose = "Prints the public key that proves the audit log of the running server",
               .example = "sutler audit key > audit.pub"},
              Talks::kToServer, [&context] { return show_key(context); });
}

}  // namespace sutler::cli
