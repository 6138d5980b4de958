#include "store/notes.h"

#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr std::size_t kSaltBytes = 16;

// Each note is sealed under a key of its own, which seals once.
base::LockedBytes key_for(const base::LockedBytes& root, std::string_view salt) {
  return crypto::derive_key(root.expose(), "sutler note " + base::hex_encode(salt));
}

}  // namespace

Notes::Notes(Backend& backend, const base::Secret& audit_seed)
    : backend_(backend),
      root_(crypto::derive_key(audit_seed.expose(), "sutler notes")),
      names_(crypto::HashAlgorithm::kSha256,
             crypto::derive_key(audit_seed.expose(), "sutler note names").expose()) {}

Result<void> Notes::put(const std::vector<Note>& notes) const {
  std::vector<Telemetry> rows;
  rows.reserve(notes.size());
  for (const Note& note : notes) {
    if (note.text.empty()) {
      rows.push_back({note.row, {}});
      continue;
    }
    const std::string salt = crypto::random_bytes(kSaltBytes);
    const auto key = key_for(root_, salt);
    rows.push_back({note.row, salt + crypto::seal(key.expose(), note.row, note.text)});
  }
  return backend_.put_telemetry(rows);
}

Result<std::vector<Note>> Notes::read(const std::string& prefix) const {
  auto rows = backend_.telemetry(prefix);
  if (!rows) return pass(rows);
  std::vector<Note> notes;
  for (const Telemetry& row : *rows) {
    if (row.value.size() < kSaltBytes) continue;
    const std::string_view value(row.value);
    const auto key = key_for(root_, value.substr(0, kSaltBytes));
    const auto text = crypto::open(key.expose(), row.key, value.substr(kSaltBytes));
    if (text) notes.push_back({row.key, std::string(text->expose())});
  }
  return notes;
}

std::string Notes::opaque(std::string_view name) const {
  return base::hex_encode(names_.sign(name).view().substr(0, 16));
}

}  // namespace sutler::store
