// The audit log: hash-chained JSON lines in a file, with signed checkpoints
// (docs/formats/audit.md).
//
// append() returns when write(2) has: the caller may then let the secret go. Thread-safe; one lock
// orders the chain, so callers hand over what they have in one batch. A background thread syncs,
// signs, rotates, and looks after the reserve; it wakes only while there is something to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "audit/file_calls.h"
#include "audit/line.h"
#include "audit/sink.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

namespace sutler::audit {

enum class Sync { kAlways, kEverySecond };
// Whether the server copies the lines to the store: where several nodes serve one (shipper.h).
enum class Ship { kNo, kToStore };
enum class Durability { kWritten, kSynced };

// When the oldest rotated files go. 0: never.
struct Keep {
  std::uint64_t bytes = 0;  // of all files together
  std::uint64_t days = 0;
};

struct Options {
  std::filesystem::path folder;  // holds current.jsonl, rotated files and `reserve`
  // Whose chain it is, where a store has several nodes (is_node_id()); every line names it.
  std::string node = {};
  Ship ship = Ship::kNo;  // what the log itself does not look at
  Sync sync = Sync::kEverySecond;
  std::uint64_t rotate_bytes = 64ull * 1024 * 1024;
  std::uint64_t reserve_bytes = 64ull * 1024 * 1024;  // 0: none
  std::chrono::milliseconds checkpoint_every{1000};
  // Of one line; no more than kLineBytesMax (line.h), which is what verification reads.
  std::size_t line_bytes_max = kLineBytesMax;
  Keep keep;
  // While it says no, nothing goes for its age. Called from the background thread.
  std::function<bool()> clock_trusted = {};
  // Beside the file, as make_sink() (sink.h) reads them. A record counts as written when the file
  // has it or else one of them took it within `sink_timeout`.
  std::vector<std::string> sinks;
  std::chrono::milliseconds sink_timeout{2000};
  // Tests put faults here. Must outlive the log.
  const FileCalls* calls = &FileCalls::system();
};

// Error::name of a batch that was refused because what room there is is kept for grants. The log
// works.
inline constexpr std::string_view kKeptForGrants = "kept_for_grants";

struct Position {
  std::uint64_t seq = 0;  // of the last line, 0: none yet
  std::string hash;       // of that line, 64 hex digits; empty when there is none
};

// How the log is, for metrics and checks.
struct Stats {
  std::uint64_t last_seq = 0;
  std::uint64_t synced_seq = 0;     // what is known to be on the disk
  std::uint64_t bytes = 0;          // of all files
  std::uint64_t reserve_bytes = 0;  // that are left of it
  std::uint64_t dropped = 0;        // events that went unrecorded since the start
  std::uint64_t failures = 0;       // times that the file failed since the start
  bool works = true;                // the file, now
  std::vector<SinkStats> sinks;
};

class Log {
 public:
  // Opens or starts the log. kConflict: another process has it open; kCorrupt: the chain in the
  // current file is broken, or its line `known.seq` is not the one that was signed; kInvalid: it is
  // another node's (node_of_log()). A log that names no node goes on as Options::node's.
  //
  // What a crash in the middle of write(2) or a power loss left at the end (the rest after the last
  // newline, or all from the first line that holds a NUL byte) is cut off and recorded as
  // `audit.recovered`. `known` is the last checkpoint kept elsewhere: a log that ends before it was
  // cut. That is recorded as `audit.truncated` (count: the lines that are missing) and logged; the
  // sequence goes on after `known` in a new file, and verify_files() will always tell of the gap.
  //
  // `seed` is the Ed25519 seed; the clock must outlive the log. `keep_checkpoint` is called from
  // the background thread with each checkpoint, after it has reached the disk.
  [[nodiscard]] static base::Result<std::unique_ptr<Log>> open(
      const Options& options, const base::Secret& seed, const base::Clock& clock, Position known,
      std::function<void(const Position&)> keep_checkpoint);
  ~Log();  // writes a last checkpoint and syncs
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // All events of the batch are written, in order, or an error is given and none counts; what a
  // failed write left behind is cut off. With kSynced (or Sync::kAlways) fdatasync has returned
  // too; when only that fails the lines may stay in the log, as a record of what was then refused.
  //
  // kNoSpace: the disk is full. The reserve is given up step by step, and only events with `grant`
  // are written: the others of the batch are counted, to be told in one `audit.dropped` line when
  // there is room again. A batch without any grant, or one with kSynced that has events other than
  // grants, is refused as a whole (its events are in that count) with the name kKeptForGrants. No
  // checkpoint is signed meanwhile. kInternal: the sink has failed (not writable, removed or
  // changed underneath, not synced). It stays failed until repair works, which is tried at later
  // appends and by the background thread: the file is opened again and its end verified, or else a
  // new file goes on with the chain, with an `audit.recovered` event. kTooLarge: a line would be
  // longer than Options::line_bytes_max. kInvalid: the event `checkpoint` is not for callers, and
  // ready-made JSON has no line break.
  [[nodiscard]] base::Result<void> append(std::span<const Event> events, Durability durability);

  [[nodiscard]] Position position() const;
  [[nodiscard]] const std::string& public_key() const;  // 64 hex digits
  [[nodiscard]] const std::string& node() const;        // empty: it names none
  [[nodiscard]] std::filesystem::path current_file() const;
  // False while the reserve is used up or could not be made.
  [[nodiscard]] bool reserve_intact() const;
  // True from when the disk was full until there is room again; till then only grants are written.
  [[nodiscard]] bool low_on_space() const;
  // Looks at the folder: for once in a while.
  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sutler::audit
