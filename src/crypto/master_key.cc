#include "crypto/master_key.h"

#include <algorithm>
#include <cstdlib>

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
  Entry(std::string key_id, base::LockedBytes bytes, std::uint64_t wraps_max)
      : id(std::move(key_id)), key(std::move(bytes), wraps_max) {}
  std::string id;
  std::string spec;  // where it came from
  AeadKey key;
};

Result<MasterKeys> MasterKeys::from_keys(std::vector<base::LockedBytes> keys,
                                         std::uint64_t wraps_max) {
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
    out.entries_.push_back(std::make_shared<Entry>(std::move(id), std::move(key), wraps_max));
  }
  return out;
}

Result<MasterKeys> MasterKeys::load(const std::vector<std::string>& specs,
                                    const MasterKeys* before) {
  std::vector<base::LockedBytes> keys;
  for (const auto& spec : specs) {
    const bool gone = spec.starts_with("env:") && std::getenv(spec.c_str() + 4) == nullptr;
    const auto* known = gone && before != nullptr ? before->find_spec(spec) : nullptr;
    auto key = known != nullptr ? Result<base::LockedBytes>(known->key.key().clone())
                                : read_master_key(spec);
    if (!key) return pass(key);
    keys.push_back(std::move(*key));
  }
  for (const auto& spec : specs) {
    if (spec.starts_with("env:")) base::wipe_environment(spec.substr(4));
  }
  auto out = from_keys(std::move(keys));
  if (!out) return out;
  for (std::size_t i = 0; i < specs.size(); ++i) out->entries_[i]->spec = specs[i];
  return out;
}

const MasterKeys::Entry* MasterKeys::find_spec(const std::string& spec) const {
  for (const auto& entry : entries_) {
    if (entry->spec == spec) return entry.get();
  }
  return nullptr;
}

base::LockedBytes MasterKeys::derive(std::string_view info) const {
  return derive_key(entries_.front()->key.key().expose(), info);
}

std::uint64_t MasterKeys::wraps(std::string_view id) const {
  for (const auto& entry : entries_) {
    if (entry->id == id) return entry->key.seals();
  }
  return 0;
}

void MasterKeys::add_wraps(std::string_view id, std::uint64_t count) const {
  for (const auto& entry : entries_) {
    if (entry->id == id) entry->key.add_seals(count);
  }
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
