#include "server/restore_note.h"

#include <algorithm>
#include <charconv>

#include "admin/session_rows.h"

namespace sutler::server {

using base::Result;

namespace {

constexpr char kRow[] = "restored";

}  // namespace

Result<void> leave_restore_note(const store::Notes& notes, const store::BackupInfo& info) {
  // Its first word is the revision.
  std::string text = std::to_string(info.revision) + " backup of " + base::rfc3339(info.created) +
                     "; audit before: ";
  text += info.audit_seq == 0 ? "none"
                              : "line " + std::to_string(info.audit_seq) + " " + info.audit_hash;
  std::vector<store::Note> all{{kRow, text}};
  // Sessions that were open when the backup was made may have been ended since.
  auto sessions = notes.read(std::string(admin::kSessionRows));
  if (!sessions) return pass(sessions);
  for (store::Note& session : *sessions) all.push_back({std::move(session.row), {}});
  return notes.put(all);
}

Result<void> record_restore(const store::Notes& notes, store::Leases& leases, audit::Log& audit,
                            base::UnixTime now) {
  auto found = notes.read(kRow);
  if (!found) return pass(found);
  if (found->empty()) return {};
  auto lease = leases.take(kRow);
  if (!lease) return pass(lease);
  if (!*lease) return {};
  found = notes.read(kRow);  // another node may have been first
  if (!found) return pass(found);
  if (found->empty()) return {};
  const std::string& text = found->front().text;
  const auto space = std::min(text.find(' '), text.size() - 1);
  std::uint64_t revision = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), revision);
  const audit::Event event{.time = now,
                           .event = "store.restore",
                           .revision = revision,
                           .reason = std::string_view(text).substr(space + 1)};
  auto recorded = audit.append({&event, 1}, audit::Durability::kSynced);
  if (!recorded) return recorded;
  return notes.put({{kRow, {}}});
}

}  // namespace sutler::server
