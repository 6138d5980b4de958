// The file of a backup (docs/formats/backup.md): what stands at its start, its frames, its end.
//
//   "sutler-backup-1\n" | length | metadata (JSON, readable without a key) | frame …  | end frame
//   | SHA-256 of all before | HMAC of that hash
//
// The hash tells of damage to whoever has the file. The HMAC, under a key that follows from the
// store's own keys in the head, tells of edits to whoever has the master key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "store/backend/backend.h"
#include "store/head.h"

namespace sutler::store {

inline constexpr std::string_view kBackupMagic = "sutler-backup-1\n";
inline constexpr std::size_t kBackupMetadataBytesMax = 64 * 1024;
// A record has at most kGroupBytesMax of values, sealed, and its names.
inline constexpr std::size_t kBackupFrameBytesMax = 64 * 1024 * 1024;

// What can be read without any key.
struct BackupInfo {
  std::string store_id;
  std::uint64_t revision = 0;
  base::UnixTime created;
  std::string version;          // of the program that wrote it
  std::vector<KeyUse> keys;     // the master keys that are needed to open it
  std::uint64_t audit_seq = 0;  // how far the audit log was
  std::string audit_hash;       // of that line
};
[[nodiscard]] std::string encode_backup_info(const BackupInfo& info);
[[nodiscard]] base::Result<BackupInfo> decode_backup_info(std::string_view json);

enum class Frame : unsigned char { kCurrent = 'r', kHistory = 'h', kTelemetry = 't', kEnd = 'e' };

struct FrameCounts {
  std::uint64_t current = 0;
  std::uint64_t history = 0;
  std::uint64_t telemetry = 0;
  bool operator==(const FrameCounts&) const = default;
};

[[nodiscard]] std::string encode_record(const Record& record);
[[nodiscard]] std::optional<Record> decode_record(std::string_view bytes);
[[nodiscard]] std::string encode_telemetry(const Telemetry& row);
[[nodiscard]] std::optional<Telemetry> decode_telemetry(std::string_view bytes);
[[nodiscard]] std::string encode_counts(const FrameCounts& counts);
[[nodiscard]] std::optional<FrameCounts> decode_counts(std::string_view bytes);

[[nodiscard]] std::string encode_length(std::size_t bytes);  // 4 bytes, low one first
[[nodiscard]] std::size_t decode_length(std::string_view four_bytes);

// The last 32 bytes of the file.
[[nodiscard]] std::string backup_mac(const StoreKeys& keys, const crypto::Digest& hash);

}  // namespace sutler::store
