#include "server/restore_note.h"

#include <algorithm>
#include <charconv>

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
  return notes.put({{kRow, text}});
}

Result<void> record_restore(const store::Notes& notes, audit::Log& audit, base::UnixTime now) {
  auto found = notes.read(kRow);
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
