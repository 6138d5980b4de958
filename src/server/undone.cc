#include "server/undone.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "audit/line_reader.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/json.h"

namespace sutler::server {

using base::Result;

namespace {

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

const model::SigningKey* find_key(const model::Team& team, const std::string& id) {
  const auto at = std::ranges::find(team.keys, id, &model::SigningKey::id);
  return at == team.keys.end() ? nullptr : &*at;
}

void compare_team(const model::Team& restored, const model::Team& later,
                  std::vector<std::string>& out) {
  const std::string team = "team " + quoted(restored.id);
  for (const auto& key : restored.keys) {
    const auto* now = find_key(later, key.id);
    if (now == nullptr) {
      out.push_back("signing key " + key.id + " of " + team + " was removed and verifies again");
    } else if (now->retire_at && now->retire_at != key.retire_at) {
      out.push_back("signing key " + key.id + " of " + team + " was retired (" +
                    base::rfc3339(*now->retire_at) + ") and verifies again");
    }
  }
  for (const auto& key : later.keys) {
    if (find_key(restored, key.id) == nullptr) {
      out.push_back("signing key " + key.id + " of " + team + " was added and is gone");
    }
  }
  if (restored.path != later.path) {
    out.push_back(team + " had been moved to " + later.path + " and is at " + restored.path +
                  " again");
  }
}

void compare_operator(const model::Operator& restored, const model::Operator& later,
                      std::vector<std::string>& out) {
  const std::string who = "operator " + quoted(restored.name);
  if (later.disabled && !restored.disabled) {
    out.push_back(who + " was disabled and is not any more");
  }
  if (later.role != restored.role || later.reveal != restored.reveal ||
      later.scopes != restored.scopes) {
    out.push_back(who + " had been given other rights and has the old ones again");
  }
}

void compare_operators(const store::Snapshot& restored, const store::Snapshot& later,
                       std::vector<std::string>& out) {
  for (const auto& [name, record] : restored.operators->all()) {
    if (const auto now = later.operators->find(name)) {
      compare_operator(record->who, now->who, out);
    } else {
      out.push_back("operator " + quoted(name) + " was deleted and is there again");
    }
  }
  for (const auto& [name, record] : later.operators->all()) {
    if (restored.operators->find(name)) continue;
    out.push_back("operator " + quoted(name) + " was added and is gone");
  }
}

std::string text_of(const boost::json::object& line, const char* name) {
  const auto* value = line.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

bool takes_access_back(std::string_view event) {
  constexpr std::string_view kKinds[] = {"key.", "team.", "operator.", "token."};
  return std::ranges::any_of(kKinds,
                             [&](std::string_view kind) { return event.starts_with(kind); });
}

// A sentence for a line that matters, else nothing.
std::string describe(const boost::json::object& line, std::uint64_t seq) {
  const std::string event = text_of(line, "event");
  const std::string outcome = text_of(line, "outcome");
  if (!takes_access_back(event) || (!outcome.empty() && outcome != "ok")) return {};
  std::string out = event;
  for (const char* name : {"team", "key_id"}) {
    if (const auto value = text_of(line, name); !value.empty()) {
      out += " " + std::string(name) + " " + quoted(value);
    }
  }
  if (const auto who = text_of(line, "operator"); !who.empty()) out += " by " + quoted(who);
  return out + " at " + text_of(line, "time") + " (audit line " + std::to_string(seq) + ")";
}

Result<void> read_log(const std::filesystem::path& file, std::uint64_t after,
                      std::vector<std::string>& out) {
  const base::FileDescriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return base::fail_errno(errno, "audit log " + file.string());
  audit::LineReader reader(fd.get());
  std::string_view text;
  while (true) {
    auto more = reader.next(text);
    if (!more) return pass(more, file.string());
    if (!*more) return {};
    const auto line = base::parse_json(text);
    if (!line || !line->is_object()) continue;
    const auto* seq = line->as_object().if_contains("seq");
    if (seq == nullptr || !seq->is_int64()) continue;
    const auto number = static_cast<std::uint64_t>(seq->as_int64());
    if (number <= after) continue;
    if (auto said = describe(line->as_object(), number); !said.empty()) {
      out.push_back(std::move(said));
    }
  }
}

}  // namespace

std::vector<std::string> undone_between(const store::Snapshot& restored,
                                        const store::Snapshot& later) {
  std::vector<std::string> out;
  for (const auto& [id, team] : restored.teams) {
    const auto now = later.teams.find(id);
    if (now == later.teams.end()) {
      out.push_back("team " + quoted(id) + " was deleted and is there again, with its " +
                    std::to_string(team->team.keys.size()) + " signing keys");
    } else {
      compare_team(team->team, now->second->team, out);
    }
  }
  for (const auto& [id, team] : later.teams) {
    if (restored.teams.contains(id)) continue;
    out.push_back("team " + quoted(id) + " was added and is gone");
  }
  compare_operators(restored, later, out);
  return out;
}

Result<std::vector<std::string>> undone_in_audit(const std::filesystem::path& folder,
                                                 std::uint64_t seq) {
  auto files = audit::log_files(folder);
  if (!files) return pass(files);
  std::vector<std::string> out;
  for (const auto& file : *files) {
    if (auto read = read_log(file, seq, out); !read) return pass(read);
  }
  return out;
}

}  // namespace sutler::server
