#include "server/server.h"

#include <csignal>
#include <cstdio>

#include "base/environment.h"
#include "base/locked_bytes.h"
#include "base/log.h"
#include "server/app.h"
#include "server/open_files.h"
#include "server/signals.h"

namespace sutler::server {
namespace {

using base::Result;

App::Drained serve_until_stopped(App& app, Signals& signals, const Options& options) {
  const auto told_to_stop = [&signals](std::chrono::milliseconds limit) {
    const int signal = signals.wait(limit);
    return signal == SIGTERM || signal == SIGINT;
  };
  for (;;) {
    const int signal = signals.wait(std::chrono::seconds(1));
    if (signal == SIGTERM || signal == SIGINT) break;
    app.tick(signal == SIGHUP ? TlsReload::Force::kYes : TlsReload::Force::kNo);
  }
  base::log::info("draining");
  app.announce_drain();
  const auto end = std::chrono::steady_clock::now() + options.drain_delay;
  bool now = false;  // a second signal means now: neither delay nor drain go on
  for (auto left = options.drain_delay; left.count() > 0 && !now;) {
    now = told_to_stop(left);
    left = std::chrono::duration_cast<std::chrono::milliseconds>(end -
                                                                 std::chrono::steady_clock::now());
  }
  return app.drain([&] { return now = now || told_to_stop(std::chrono::milliseconds(0)); });
}

}  // namespace

Result<void> run(const Options& options) {
  base::harden_process();
  raise_open_files();
  base::wipe_environment("SECRET");  // the options hold it now
  if (!base::log::set_level(options.log_level)) {
    return base::fail(base::Code::kInvalid, "log_level " + options.log_level + " is not a level");
  }
  for (const auto& warning : options.warnings) base::log::warning(warning);
  Signals signals(options.ending);
  App app(options);
  auto prepared = app.prepare();
  if (prepared) prepared = app.apply_files();
  if (signals.asked_to_end()) {
    base::log::info("stopped before it served");
    return {};
  }
  if (!prepared) return prepared;
  signals.serving();
  app.start();
  base::log::info("serving", {{"version", SUTLER_VERSION}});
  std::puts(app.ready_line().c_str());
  std::fflush(stdout);
  if (serve_until_stopped(app, signals, options) == App::Drained::kGivenUp) {
    return base::fail(base::Code::kInternal, "the drain was ended by a second signal",
                      "one signal lets the requests that are on their way finish");
  }
  base::log::info("stopped");
  return {};
}

}  // namespace sutler::server
