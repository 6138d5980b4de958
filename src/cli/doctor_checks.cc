#include "cli/doctor_checks.h"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "audit/verify.h"
#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/doctor_database.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "client/http_client.h"
#include "server/health.h"
#include "server/prepare.h"
#include "server/source_setup.h"
#include "source/sources.h"

namespace sutler::cli {
namespace {

using admin::CheckState;
using Diagnoses = std::vector<Diagnosis>;

constexpr std::uint64_t kDiskWarnBytes = 256ull * 1024 * 1024;

Diagnosis with_way_out(const admin::Check& check, std::string way_out) {
  Diagnosis out{check.name, check.state, check.detail};
  if (check.state != CheckState::kOk) out.way_out = std::move(way_out);
  return out;
}

Diagnosis failed(std::string name, const base::Error& error, std::string way_out = {}) {
  return {std::move(name), CheckState::kFail, error.message,
          error.hint.empty() ? std::move(way_out) : error.hint};
}

Diagnosis check_folder(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return {"data_dir", CheckState::kFail, path.string() + " is not there",
            "is the volume mounted? name another one with --data-dir"};
  }
  if (!S_ISDIR(info.st_mode)) {
    return {"data_dir", CheckState::kFail, path.string() + " is no directory"};
  }
  if ((info.st_mode & 077) != 0) {
    return {"data_dir", CheckState::kFail, "others may enter " + path.string(),
            "chmod 700 " + path.string()};
  }
  if (info.st_uid != ::geteuid() && ::geteuid() != 0) {
    return {"data_dir", CheckState::kWarn, path.string() + " belongs to another user",
            "run this as the server's user or as root"};
  }
  for (const char* name : {"sutler.db", "master.key", "owner-token"}) {
    struct stat file{};
    const auto full = path / name;
    if (::stat(full.c_str(), &file) == 0 && (file.st_mode & 077) != 0) {
      return {"data_dir", CheckState::kFail, "others may read " + full.string(),
              "chmod 600 " + full.string()};
    }
  }
  return {"data_dir", CheckState::kOk, path.string()};
}

// The running server's own view. Nothing: there is none to be asked.
std::optional<AdminClient::Answer> ask(const DoctorInput& input, const std::string& path) {
  auto answer = ask_server(input.context, "GET", path);
  if (!answer) return std::nullopt;
  return std::move(*answer);
}

void add_server_view(const DoctorInput& input, const AdminClient::Answer& status, Diagnoses& out) {
  const std::string integrity = shown(status.tree, "integrity");
  const bool sound = integrity == "ok";
  out.push_back({"store", sound ? CheckState::kOk : CheckState::kFail,
                 sound ? "revision " + shown(status.tree, "revision") + ", the master key opens it"
                       : integrity,
                 sound ? "" : "keep a copy of the database as it is, then restore a backup"});
  const auto client = AdminClient::find(input.context);
  if (!client) return;
  const auto ready = client->call("GET", "/readyz?verbose=true", {}, {.if_match = {}, .also = 503});
  if (!ready) return out.push_back(failed("ready", ready.error()));
  if (shown(ready->tree, "status") != "ok") {
    out.push_back({"ready", CheckState::kFail, "the server says that it is not ready",
                   "look at what fails below, and at its log"});
  }
  for (const auto* check : items(ready->tree, "checks")) {
    const std::string name = shown(*check, "name"), state = shown(*check, "state");
    const bool own = name == "disk" || name == "certificate" || name == "clock" || name == "store";
    if (own || state == "ok" || name.starts_with("source:")) continue;  // looked at here as well
    out.push_back({name, state == "fail" ? CheckState::kFail : CheckState::kWarn,
                   shown(*check, "detail"), "docs/observability.md says what each check means"});
  }
}

// Our own settings do not name the database; the server's do, and it can ask it.
void add_servers_database(const DoctorInput& input, Diagnoses& out) {
  const auto status = ask(input, api_path({"status"}) + "?database=true");
  if (!status) return;
  const auto* object = status->tree.if_object();
  const auto* facts = object == nullptr ? nullptr : object->if_contains("database");
  if (facts == nullptr) return;
  out.push_back(diagnose_database(shown(status->tree, "store"), read_database_facts(*facts)));
}

// The server is down: the store is opened here, as the server would.
void add_offline_view(const DoctorInput& input, Diagnoses& out) {
  std::error_code ignored;
  if (!std::filesystem::exists(input.options.data_dir, ignored)) return;
  auto dir = server::DataDir::open(input.options.data_dir);
  if (!dir) return out.push_back(failed("store", dir.error(), "stop what holds the directory"));
  const auto holding = server::look_for_store(*dir, input.options);
  if (!holding) return out.push_back(failed("store", holding.error()));
  if (*holding != server::Holding::kStore) {
    out.push_back({"store", CheckState::kFail, "there is no store in the data directory",
                   "`sutler init` makes one; is the volume mounted?"});
    return;
  }
  auto keys = server::load_master_keys(*dir, input.options);
  if (!keys) {
    return out.push_back(failed("master_key", keys.error(), "bring the key back, see master_key"));
  }
  out.push_back({"master_key", CheckState::kOk, "it can be read"});
  auto store = server::open_store(*dir, input.options);
  if (!store) return out.push_back(failed("store", store.error(), "restore a backup"));
  if (auto sound = (*store)->verify(); !sound) return out.push_back(failed("store", sound.error()));
  out.push_back(
      {"store", CheckState::kOk,
       "revision " + std::to_string((*store)->snapshot()->revision) + ", the master key opens it"});
}

Diagnosis source_diagnosis(const std::string& name, const std::string& detail, CheckState state) {
  return {"source:" + name, state, detail,
          state == CheckState::kOk ? "" : "docs/sources/ says what each failure of its kind means"};
}

// Each source as the running server is let in by it.
void add_sources(const DoctorInput& input, Diagnoses& out) {
  const auto listed = ask(input, api_path({"sources"}));
  if (!listed) return;
  for (const auto* one : items(listed->tree, "items")) {
    const std::string name = shown(*one, "name");
    auto tried = ask_server(input.context, "POST", api_path({"sources", name, "check"}));
    if (!tried) {
      out.push_back(failed("source:" + name, tried.error()));
      continue;
    }
    const bool good = is_true(tried->tree, "ok");
    const std::string failure = good ? "it answers" : shown(tried->tree, "failure");
    const std::string detail = shown(tried->tree, "detail");
    // What it gave before may still be served: it is no failure of the server.
    out.push_back(source_diagnosis(name, detail.empty() ? failure : failure + ": " + detail,
                                   good ? CheckState::kOk : CheckState::kWarn));
  }
}

// The same by the config file, from here and as whoever runs this; nothing is cached.
void add_sources_offline(const DoctorInput& input, Diagnoses& out) {
  if (input.options.sources.empty()) return;
  const base::SystemClock clock;
  auto sources = server::make_sources(input.options, nullptr, clock);
  if (!sources) return out.push_back(failed("sources", sources.error()));
  for (const auto& common : input.options.sources) {
    const auto tried = (*sources)->check(common.name);
    out.push_back(source_diagnosis(
        common.name, tried ? *tried : tried.error().message + ", from here and as this user",
        tried ? CheckState::kOk : CheckState::kWarn));
  }
}

Diagnosis check_audit(const DoctorInput& input) {
  const auto file = input.options.data_dir / "audit" / "current.jsonl";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return {"audit", CheckState::kWarn, "there is no " + file.string() + " yet"};
  }
  const auto verified = audit::verify_files({file}, std::nullopt, 0, 0);
  if (!verified) {
    return failed("audit", verified.error(), "keep the file as evidence: `sutler audit verify`");
  }
  return {"audit", CheckState::kOk,
          "the current file is proved, up to record " + std::to_string(verified->last_seq)};
}

// The running server knows best; one of before it said so is asked where the settings send it.
std::string provider_url(const DoctorInput& input, const AdminClient::Answer& status) {
  if (!input.provider_url.empty()) return input.provider_url;
  std::string url = shown(status.tree, "provider");
  if (url.empty()) url = (input.options.tls ? "https://" : "http://") + input.options.listen;
  for (const auto& [any, here] :
       {std::pair<std::string_view, std::string_view>{"//0.0.0.0:", "//127.0.0.1:"},
        {"//[::]:", "//[::1]:"}}) {
    const std::size_t at = url.find(any);
    if (at != std::string::npos) url.replace(at, any.size(), here);
  }
  return url + "/";
}

// Through the real listener: with a signing key the whole way, else only that nobody gets in
// without one.
Diagnosis check_fetch(const DoctorInput& input, const AdminClient::Answer& status) {
  client::ClientRequest request;
  request.url = provider_url(input, status);
  request.ca_file = ca_file_of(input.context);
  if (input.token != nullptr) {
    auto token = make_token(*input.token);
    if (!token) return failed("fetch", token.error());
    request.bearer = std::move(*token);
  }
  auto response = client::send(request);
  if (!response) {
    return failed("fetch", response.error(), "is the server running, and is this its address?");
  }
  const std::string answered = request.url + " answered " + std::to_string(response->status);
  if (input.token == nullptr) {
    const bool well = response->status == 401;
    return {"fetch", well ? CheckState::kOk : CheckState::kFail,
            answered + (well ? " without a token, as it must; --key-file tries a real fetch" : ""),
            well ? "" : "is this the provider's address, with a team's path?"};
  }
  const bool well = response->status == 200;
  return {"fetch", well ? CheckState::kOk : CheckState::kFail,
          answered + (well ? " with " + std::to_string(response->body.expose().size()) + " bytes"
                           : std::string()),
          well ? "" : "the audit says why: sutler audit query --event fetch --limit 5"};
}

}  // namespace

std::vector<Diagnosis> diagnose(const DoctorInput& input) {
  const auto& options = input.options;
  const base::UnixTime now = base::SystemClock().now();
  Diagnoses out;
  out.push_back(check_folder(options.data_dir));
  const auto status = ask(input, api_path({"status"}));
  if (status) {
    const std::string version = shown(status->tree, "version");
    out.push_back({"server", CheckState::kOk, "it runs, version " + version});
    add_server_view(input, *status, out);
    add_sources(input, out);
  } else {
    out.push_back({"server", CheckState::kWarn, "no server answers for this data directory",
                   "`sutler serve` starts it; its files are looked at here"});
    add_offline_view(input, out);
    add_sources_offline(input, out);
  }
  if (options.database) {
    out.push_back(
        diagnose_database(options.database->shown(), store::inspect_database(*options.database)));
  } else if (status && !shown(status->tree, "store").empty()) {
    add_servers_database(input, out);
  }
  out.push_back(check_audit(input));
  out.push_back(with_way_out(server::check_disk(options.data_dir, kDiskWarnBytes),
                             "make room; audit_keep_bytes lets old audit files go"));
  const auto tls = options.tls ? std::optional(options.tls->certificate) : std::nullopt;
  out.push_back(with_way_out(server::check_certificate(tls, now),
                             "put a new certificate in place: it is read without a restart"));
  out.push_back(with_way_out(server::check_clock(now),
                             "let chrony or systemd-timesyncd keep it: tokens are judged by it"));
  if (status) out.push_back(check_fetch(input, *status));
  return out;
}

}  // namespace sutler::cli
