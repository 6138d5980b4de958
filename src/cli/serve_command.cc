// `sutler serve`: runs the server.
#include <memory>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/server_flags.h"
#include "server/server.h"

namespace sutler::cli {
namespace {

base::Result<int> serve(const Context& context, const ServerFlags& flags) {
  auto options = flags.load(context);
  if (!options) return base::pass(options);
  auto done = server::run(*options);
  if (done) return 0;
  base::Error error = std::move(done.error());
  // "Not found" (exit 3) is for what a server does not have; a file that is missing here is a
  // failure.
  if (error.code == base::Code::kNotFound) error.code = base::Code::kInvalid;
  return std::unexpected(std::move(error));
}

}  // namespace

void add_serve_command(CLI::App& root, Context& context) {
  const auto flags = std::make_shared<ServerFlags>();
  auto& command = add_command(
      root, context,
      {.name = "serve",
       .purpose = "Runs the server: workloads ask --listen, operators ask --admin-listen or the "
                  "socket in the data directory",
       .example =
           "sutler serve --data-dir ./data --listen 0.0.0.0:8443 --tls-cert c.pem --tls-key k.pem",
       .more =
           "Every flag is also an environment variable (--tls-cert is SUTLER_TLS_CERT) and a key "
           "of "
           "the config file (tls_cert); flags win over the environment, that over the file. When "
           "it "
           "serves it prints one line of JSON with its addresses. SIGHUP reads the certificates "
           "again, SIGTERM lets requests finish and ends it."},
      Talks::kItself, [&context, flags] { return serve(context, *flags); });
  flags->declare(command);
}

}  // namespace sutler::cli
