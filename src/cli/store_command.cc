// `sutler store seed`: fills a store for tests and measurements. Not shown in help.
#include <unistd.h>

#include <charconv>
#include <memory>

#include "base/clock.h"
#include "cli/commands.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "server/data_dir.h"
#include "server/prepare.h"
#include "store/seed.h"

namespace sutler::cli {
namespace {

struct SeedOptions {
  ServerFlags flags;
  std::string groups;
  std::string entries = "20";
  std::string key_file;
};

base::Result<std::uint64_t> parse_count(const std::string& text, const char* flag) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size()) return count;
  return usage_error(std::string(flag) + " " + text + " is no whole number", "write it in digits");
}

void show_progress(std::uint64_t done) {
  if (::isatty(STDERR_FILENO) == 1) print_note(counted(done, "group"));
}

base::Result<int> seed(const Context& context, const SeedOptions& given) {
  store::SeedOptions options;
  auto groups = parse_count(given.groups, "--groups");
  if (!groups) return base::pass(groups);
  auto entries = parse_count(given.entries, "--entries");
  if (!entries) return base::pass(entries);
  options.groups = *groups;
  options.entries = *entries;
  options.now = base::SystemClock().now();
  if (!given.key_file.empty()) {
    auto key = read_signing_key(given.key_file);
    if (!key) return base::pass(key);
    options.signing_key = std::move(*key);
  }
  auto settings = given.flags.load(context);
  if (!settings) return base::pass(settings);
  auto dir = server::DataDir::open(settings->data_dir);
  if (!dir) return base::pass(dir);
  if (server::look_for_store(*dir) != server::Holding::kStore) {
    auto made = server::create_store(*dir, *settings);
    if (!made) return base::pass(made);
  }
  auto opened = server::open_store(*dir, *settings);
  if (!opened) return base::pass(opened);
  auto done = store::seed_store(**opened, options, show_progress);
  if (!done) return base::pass(done);
  auto printed = print_line(counted(options.groups, "group") + " seeded");
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_store_command(CLI::App& root, Context& context) {
  auto& store = add_family(root, context,
                           {.name = "store",
                            .purpose = "Works on a store without a server",
                            .example = "sutler store seed --data-dir ./data --groups 1000"});
  const auto options = std::make_shared<SeedOptions>();
  auto& command =
      add_command(store, context,
                  {.name = "seed",
                   .purpose = "Fills a store with groups of random values, for measurements",
                   .example = "sutler store seed --data-dir ./data --groups 1000 --entries 20"},
                  Talks::kItself, [&context, options] { return seed(context, *options); });
  options->flags.declare(command, {"data_dir", "master_key"});
  add_text(command, options->groups, {"--groups", "N", "how many groups"}).required();
  add_text(command, options->entries, {"--entries", "N", "variables in each (20)"});
  add_text(command, options->key_file,
           {"--signing-key-file", "FILE", "signing key of team default"});
  store.group("");  // last: what is added below inherits it
}

}  // namespace sutler::cli
