#include "admin/key_api.h"

#include <algorithm>

#include "admin/action.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/team_api.h"
#include "base/encoding.h"
#include "crypto/random.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kGeneratedKeyBytes = 32;
constexpr std::int64_t kRetireAfterSecondsMax = 10LL * 366 * 24 * 3600;

bool is_retired(const model::SigningKey& key, base::UnixTime now) {
  return key.retire_at && *key.retire_at <= now;
}

std::string_view state_word(const model::SigningKey& key, base::UnixTime now) {
  if (!key.retire_at) return "active";
  return is_retired(key, now) ? "retired" : "retiring";
}

void write_key(JsonObject& json, const model::SigningKey& key, base::UnixTime now) {
  json.text("id", key.id)
      .text("alg", model::to_word(key.algorithm))
      .text("created", base::rfc3339(key.created));
  if (key.retire_at) json.text("retire_at", base::rfc3339(*key.retire_at));
  json.text("state", state_word(key, now));
}

// Where a key stands in the list: by the time it was made, then by its id.
std::string place_of(const model::SigningKey& key) {
  return base::rfc3339(key.created) + ' ' + key.id;
}

std::vector<const model::SigningKey*> oldest_first(const model::Team& team) {
  std::vector<const model::SigningKey*> keys;
  for (const model::SigningKey& key : team.keys) keys.push_back(&key);
  std::ranges::sort(keys, {}, [](const auto* key) { return place_of(*key); });
  return keys;
}

struct NewKey {
  model::SigningKey key;
  enum class Origin { kGiven, kGenerated } origin = Origin::kGiven;
  std::vector<std::string> warnings;
};

base::Result<NewKey> read_new_key(const Context& context, const Call& call, Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  NewKey made;
  if (const auto word = body->text("alg")) {
    const auto algorithm = model::key_algorithm_from(*word);
    if (!algorithm) body->refuse("body: member \"alg\" must be HS256, HS384 or HS512");
    made.key.algorithm = algorithm.value_or(model::KeyAlgorithm::kHs256);
  }
  auto secret = body->text("secret");
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  made.key.id = crypto::random_hex(kKeyIdBytes);
  made.key.created = context.clock.now();
  if (!secret) {
    made.origin = NewKey::Origin::kGenerated;
    made.key.secret =
        base::LockedBytes(base::base64url_encode(crypto::random_bytes(kGeneratedKeyBytes)));
    return made;
  }
  made.key.secret = base::LockedBytes(*secret);
  auto allowed = model::check_signing_key(made.key.secret.expose(), context.weak_keys);
  if (!allowed) return base::pass(allowed);
  const auto strong = model::check_signing_key(made.key.secret.expose(), model::WeakKeys::kRefuse);
  if (!strong) {
    action.details().reason = "weak_key";
    made.warnings.push_back("weak key: " + strong.error().message);
  }
  return made;
}

// Retired keys verify nothing: the oldest of them go where there would be too many.
base::Result<void> make_room(std::vector<model::SigningKey>& keys, base::UnixTime now) {
  while (keys.size() >= base::limits::kSigningKeysPerTeamMax) {
    const auto oldest = std::find_if(keys.begin(), keys.end(), [&](const model::SigningKey& key) {
      return is_retired(key, now);
    });
    if (oldest == keys.end()) {
      return base::fail(base::Code::kInvalid,
                        "a team has at most " +
                            std::to_string(base::limits::kSigningKeysPerTeamMax) +
                            " signing keys, and none of these is retired",
                        "retire one: sutler team key retire TEAM KEYID", "too_many_keys");
    }
    keys.erase(oldest);
  }
  return {};
}

}  // namespace

base::Result<http::Response> list_keys(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.team);
  if (!record) return base::pass(record);
  const base::UnixTime now = context.clock.now();
  for (const model::SigningKey* key : oldest_first((*record)->team)) {
    const std::string place = place_of(*key);
    if (place <= page->after()) continue;
    if (page->full()) break;
    JsonObject json;
    write_key(json, *key, now);
    if (const auto& ask = context.about.background.key_last_used) {
      if (const auto used = ask(call.team, key->id)) json.text("last_used", base::rfc3339(*used));
    }
    page->add(place, json.done());
  }
  return json_response(200, page->done());
}

base::Result<http::Response> create_key(const Context& context, const Call& call, Action& action) {
  auto made = read_new_key(context, call, action);
  if (!made) return base::pass(made);
  const base::UnixTime now = context.clock.now();
  JsonObject answer;
  answer.text("team", call.team);
  write_key(answer, made->key, now);
  if (made->origin == NewKey::Origin::kGenerated) answer.text("key", made->key.secret.expose());
  answer.raw("warnings", json_strings(made->warnings));
  const std::string id = made->key.id;
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.team);
  if (!record) return base::pass(record);
  model::Team team = model::clone((*record)->team);
  auto room = make_room(team.keys, now);
  if (!room) return base::pass(room);
  team.keys.push_back(std::move(made->key));
  auto revision = save_team(context, call, action, std::move(team), (*record)->version);
  if (!revision) return base::pass(revision);
  action.details().key_id = id;
  auto recorded = action.record_change(*revision);
  if (!recorded) return base::pass(recorded);
  return json_response(201, answer.done());
}

base::Result<http::Response> retire_key(const Context& context, const Call& call, Action& action) {
  if (is_key_id(call.name)) action.details().key_id = call.name;
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  const std::int64_t after = body->whole("after_seconds", 0, kRetireAfterSecondsMax).value_or(0);
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.team);
  if (!record) return base::pass(record);
  model::Team team = model::clone((*record)->team);
  const auto key = std::find_if(team.keys.begin(), team.keys.end(),
                                [&](const auto& one) { return one.id == call.name; });
  if (key == team.keys.end()) {
    return base::fail(base::Code::kNotFound,
                      "team \"" + call.team + "\" has no signing key " +
                          (is_key_id(call.name) ? "\"" + call.name + "\"" : "of that id"),
                      "sutler team key list " + call.team + " shows them");
  }
  const base::UnixTime now = context.clock.now();
  const bool change = !is_retired(*key, now);
  if (change) key->retire_at = now + std::chrono::seconds(after);
  JsonObject answer;
  answer.text("team", call.team);
  write_key(answer, *key, now);
  std::uint64_t current = snapshot->revision;
  if (change) {
    auto revision = save_team(context, call, action, std::move(team), (*record)->version);
    if (!revision) return base::pass(revision);
    current = *revision;
  }
  auto recorded = action.record_change(current);
  if (!recorded) return base::pass(recorded);
  return json_response(200, answer.number("revision", current).done());
}

}  // namespace sutler::admin
