#include "admin/session_rows.h"

#include <utility>

#include "base/encoding.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "store/wire.h"

namespace sutler::admin {

using base::Result;

namespace {

constexpr std::size_t kIdBytes = 32;
constexpr std::size_t kProofBytes = 16;
constexpr unsigned kFormat = 1;

std::string encode(const Session& session) {
  store::ByteWriter out(128);
  out.byte(kFormat);
  out.text(session.operator_name);
  out.text(session.token_id);
  out.signed_number(session.created.microseconds);
  out.signed_number(session.last_used.microseconds);
  return std::move(out).take();
}

std::optional<Session> decode(std::string_view text) {
  store::ByteReader in(text);
  Session session;
  if (in.byte(kFormat) != kFormat) in.refuse();
  session.operator_name = in.text();
  session.token_id = in.text();
  session.created.microseconds = in.signed_number();
  session.last_used.microseconds = in.signed_number();
  if (!in.done()) return std::nullopt;
  return session;
}

}  // namespace

SessionRows::SessionRows(store::Backend& backend, const base::Secret& audit_seed)
    : notes_(backend, audit_seed),
      ids_(crypto::HashAlgorithm::kSha256,
           crypto::derive_key(audit_seed.expose(), "sutler session ids").expose()),
      csrf_key_(crypto::derive_key(audit_seed.expose(), "sutler csrf")) {}

std::string SessionRows::new_id() const {
  const std::string random = crypto::random_bytes(kIdBytes);
  const crypto::Tag proof = ids_.sign(random);
  return base::base64url_encode(random) +
         base::base64url_encode(proof.view().substr(0, kProofBytes));
}

bool SessionRows::is_well_made(std::string_view id) const {
  const std::size_t length = base::base64url_encode(std::string(kIdBytes, '\0')).size();
  if (id.size() <= length) return false;
  const auto random = base::base64url_decode(id.substr(0, length));
  if (!random) return false;
  const crypto::Tag proof = ids_.sign(*random);
  return crypto::equal_in_constant_time(
      id.substr(length), base::base64url_encode(proof.view().substr(0, kProofBytes)));
}

std::string SessionRows::row_of(const crypto::Digest& digest) {
  return std::string(kSessionRows) +
         base::hex_encode({reinterpret_cast<const char*>(digest.data()), kProofBytes});
}

Result<std::optional<Session>> SessionRows::read(const crypto::Digest& digest) const {
  auto notes = notes_.read(row_of(digest));
  if (!notes) return pass(notes);
  if (notes->empty()) return std::nullopt;
  return decode(notes->front().text);
}

Result<std::vector<SessionRows::Kept>> SessionRows::read_all() const {
  auto notes = notes_.read(std::string(kSessionRows));
  if (!notes) return pass(notes);
  std::vector<Kept> all;
  for (store::Note& note : *notes) {
    // What cannot be read is over, as its time says.
    all.push_back({std::move(note.row), decode(note.text).value_or(Session{})});
  }
  return all;
}

Result<void> SessionRows::put(const crypto::Digest& digest, const Session& session) const {
  return notes_.put({{row_of(digest), encode(session)}});
}

Result<void> SessionRows::drop(const std::vector<std::string>& rows) const {
  if (rows.empty()) return {};
  std::vector<store::Note> notes;
  for (const std::string& row : rows) notes.push_back({row, {}});
  return notes_.put(notes);
}

}  // namespace sutler::admin
