#include "crypto/master_key.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/environment.h"
#include "base/file.h"
#include "base/wipe.h"
#include "crypto/kdf.h"
#include "crypto/master_key_source.h"
#include "crypto/random.h"

namespace sutler::crypto {

using base::Code;
using base::fail;
using base::Result;

struct MasterKeys::Entry {
  Entry(std::string key_id, base::LockedBytes bytes)
      : id(std::move(key_id)), key(std::move(bytes)) {}
  std::string id;
  AeadKey key;
};

Result<MasterKeys> MasterKeys::from_keys(std::vector<base::LockedBytes> keys) {
  if (keys.empty()) {
    return fail(Code::kInvalid, "there is no master key", "set master_key, or run `sutler init`");
  }
  MasterKeys out;
  for (auto& key : keys) {
    const auto id_bytes = derive_key(key.expose(), "sutler master key id");
    std::string id = base::hex_encode(id_bytes.expose().substr(0, 8));
    if (out.has(id)) {
      return fail(Code::kInvalid, "the master key with id " + id + " is in the list twice");
    }
    out.entries_.push_back(std::make_shared<Entry>(std::move(id), std::move(key)));
  }
  return out;
}

Result<MasterKeys> MasterKeys::load(const std::vector<std::string>& specs) {
  std::vector<base::LockedBytes> keys;
  for (const auto& spec : specs) {
    auto key = read_master_key(spec);
    if (!key) return pass(key);
    keys.push_back(std::move(*key));
  }
  for (const auto& spec : specs) {
    if (spec.starts_with("env:")) base::wipe_environment(spec.substr(4));
  }
  return from_keys(std::move(keys));
}

const std::string& MasterKeys::primary_id() const { return entries_.front()->id; }

std::vector<std::string> MasterKeys::ids() const {
  std::vector<std::string> out;
  for (const auto& entry : entries_) out.push_back(entry->id);
  return out;
}

bool MasterKeys::has(std::string_view id) const {
  return std::ranges::any_of(entries_, [&](const auto& entry) { return entry->id == id; });
}

Result<std::string> MasterKeys::wrap(std::string_view associated, std::string_view data_key) const {
  return entries_.front()->key.seal(associated, data_key);
}

Result<void> MasterKeys::unwrap_into(std::string_view id, std::string_view associated,
                                     std::string_view wrapped, char* data_key) const {
  for (const auto& entry : entries_) {
    if (entry->id != id) continue;
    if (wrapped.size() != kWrappedKeyBytes ||
        !entry->key.open_into(associated, wrapped, data_key)) {
      return fail(Code::kCorrupt, "a data key does not open with master key " + std::string(id));
    }
    return {};
  }
  return fail(Code::kRefused,
              "master key " + std::string(id) + " is needed and is not among the configured ones",
              "add the key with that id to master_key; the one given first is " + primary_id());
}

Result<void> create_master_key_file(const std::filesystem::path& path) {
  base::LockedBytes key(kAeadKeyBytes);
  random_fill(key.bytes());
  std::string text = base::hex_encode(key.expose()) + "\n";
  auto written = base::write_file(path, text, 0400, base::Overwrite::kRefuse);
  base::wipe(text);
  return written;
}

}  // namespace sutler::crypto
