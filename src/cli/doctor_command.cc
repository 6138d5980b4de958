// `sutler doctor`: what is wrong, and what to do about it.
#include <algorithm>
#include <memory>

#include "cli/commands.h"
#include "cli/doctor_checks.h"
#include "cli/json_body.h"
#include "cli/output.h"
#include "cli/server_flags.h"

namespace sutler::cli {
namespace {

using admin::CheckState;

struct DoctorOptions {
  ServerFlags flags;
  std::string provider;
  TokenOptions token;
};

const char* word_of(CheckState state) {
  switch (state) {
    case CheckState::kOk: return "ok";
    case CheckState::kWarn: return "warn";
    case CheckState::kFail: return "fail";
  }
  return "fail";
}

std::string json_of(const std::vector<Diagnosis>& found, CheckState worst) {
  std::string list = "[";
  for (const Diagnosis& one : found) {
    JsonBody json;
    json.text("name", one.name).text("state", word_of(one.state)).text("detail", one.detail);
    if (!one.way_out.empty()) json.text("way_out", one.way_out);
    if (list.size() > 1) list += ',';
    list += json.done();
  }
  JsonBody all;
  all.text("status", word_of(worst)).raw("checks", list + "]");
  return all.done();
}

std::string text_of(const std::vector<Diagnosis>& found) {
  std::string out;
  for (const Diagnosis& one : found) {
    std::string name = one.name, state = word_of(one.state);
    name.resize(std::max<std::size_t>(name.size() + 1, 13), ' ');
    state.resize(5, ' ');
    if (!out.empty()) out += '\n';
    out += state + " " + name + printable(one.detail);
    if (!one.way_out.empty()) out += "\n      " + std::string(13, ' ') + printable(one.way_out);
  }
  return out;
}

base::Result<int> examine(Context& context, const DoctorOptions& doctor) {
  auto options = doctor.flags.load(context);
  if (!options) return base::pass(options);
  context.data_dir = options->data_dir.string();  // whose socket is asked
  const TokenOptions* token = doctor.token.key_file.empty() ? nullptr : &doctor.token;
  const auto found = diagnose({context, *options, doctor.provider, token});
  CheckState worst = CheckState::kOk;
  for (const Diagnosis& one : found) worst = std::max(worst, one.state);
  auto printed = print_line(context.json ? json_of(found, worst) : text_of(found));
  if (!printed) return base::pass(printed);
  return worst == CheckState::kFail ? 1 : 0;
}

}  // namespace

void add_doctor_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<DoctorOptions>();
  auto& command = add_command(
      root, context,
      {.name = "doctor",
       .purpose = "Looks for what is wrong, with the server up or down, and says the way out",
       .example = "sutler doctor --data-dir ./data\n"
                  "sutler doctor --key-file northflank.key --project shop --object api",
       .more = "Exit status 1 says that something fails; warnings alone give 0. Nothing is "
               "changed. With --key-file it fetches a workload's secrets through the real "
               "listener and shows none of them."},
      Talks::kItself, [&context, options] { return examine(context, *options); });
  options->flags.declare(command,
                         {"data_dir", "listen", "tls_cert", "tls_key", "plain_http", "master_key"});
  add_text(command, options->provider, {"--provider", "URL", "where the provider listens"});
  add_text(command, context.ca_file,
           {"--cacert", "FILE", "CA certificates that the provider is checked against (PEM)"});
  add_token_options(command, options->token);
  for (const char* name : {"--key-file", "--project", "--object", "--type"}) {
    command.get_option(name)->required(false);
  }
  add_switch(command, context.json, "--json", "print one JSON document instead of text");
}

}  // namespace sutler::cli
