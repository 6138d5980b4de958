#include "store/team_codec.h"

#include "store/wire.h"

namespace sutler::store {
namespace {

constexpr unsigned kFormat = 1;

void write_key(ByteWriter& out, const model::SigningKey& key) {
  out.text(key.id);
  out.byte(static_cast<unsigned>(key.algorithm));
  out.text(key.secret.expose());
  out.signed_number(key.created.microseconds);
  out.byte(key.retire_at ? 1 : 0);
  if (key.retire_at) out.signed_number(key.retire_at->microseconds);
}

model::SigningKey read_key(ByteReader& in) {
  model::SigningKey key;
  key.id = in.text();
  key.algorithm =
      static_cast<model::KeyAlgorithm>(in.byte(static_cast<unsigned>(model::KeyAlgorithm::kHs512)));
  key.secret = base::LockedBytes(in.text());
  key.created.microseconds = in.signed_number();
  if (in.byte(1) == 1) key.retire_at = base::UnixTime{in.signed_number()};
  return key;
}

void read_ranges(ByteReader& in, std::vector<model::Cidr>& ranges) {
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view text = in.text();
    auto range = model::Cidr::parse(text);
    if (!range || range->text() != text) {
      in.refuse();
      return;
    }
    ranges.push_back(std::move(*range));
  }
}

}  // namespace

std::string encode_team_header(const TeamHeader& header) {
  ByteWriter out(40 + header.id.size() + header.info.who.size() + header.info.message.size());
  out.byte(kFormat);
  out.text(header.id);
  write_info(out, header.info);
  return std::move(out).take();
}

std::optional<TeamHeader> decode_team_header(std::string_view bytes) {
  ByteReader in(bytes);
  TeamHeader header;
  if (in.byte(kFormat) != kFormat) in.refuse();
  header.id = in.text();
  header.info = read_info(in);
  if (!in.done()) return std::nullopt;
  return header;
}

base::Secret encode_team_body(const model::Team& team) {
  std::size_t bytes = 64 + team.path.size();
  for (const auto& range : team.options.allow_from) bytes += range.text().size() + 2;
  for (const auto& key : team.keys) bytes += key.id.size() + key.secret.size() + 48;
  ByteWriter out(bytes);
  out.byte(kFormat);
  out.text(team.path);
  out.byte(team.options.require_match ? 1 : 0);
  out.byte(team.options.require_exp ? 1 : 0);
  out.signed_number(team.options.leeway_seconds);
  out.byte(team.options.impact == model::ImpactPolicy::kRefuse ? 1 : 0);
  out.number(team.options.allow_from.size());
  for (const auto& range : team.options.allow_from) out.text(range.text());
  out.number(team.keys.size());
  for (const auto& key : team.keys) write_key(out, key);
  return base::Secret(std::move(out).take());
}

std::optional<model::Team> decode_team_body(std::string_view bytes) {
  ByteReader in(bytes);
  model::Team team;
  if (in.byte(kFormat) != kFormat) in.refuse();
  team.path = in.text();
  team.options.require_match = in.byte(1) == 1;
  team.options.require_exp = in.byte(1) == 1;
  const std::int64_t leeway = in.signed_number();
  if (leeway < 0 || leeway > base::limits::kLeewaySecondsMax) in.refuse();
  team.options.leeway_seconds = static_cast<int>(leeway);
  if (in.byte(1) == 1) team.options.impact = model::ImpactPolicy::kRefuse;
  read_ranges(in, team.options.allow_from);
  const std::size_t keys = in.count();
  for (std::size_t i = 0; i < keys && in.ok(); ++i) team.keys.push_back(read_key(in));
  if (!in.done()) return std::nullopt;
  return team;
}

}  // namespace sutler::store
