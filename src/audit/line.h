// One line of the log: how it is written, and how it is read back (docs/formats/audit.md).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/signature.h"

namespace sutler::audit {

// With its newline. A longer line is never written, and a reader refuses it.
inline constexpr std::size_t kLineBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kHashDigits = 64;
inline constexpr std::size_t kNodeDigits = 32;
// The event of the lines that carry a signature; no caller may use it.
inline constexpr std::string_view kCheckpointEvent = "checkpoint";
// Says where the chain goes on after its oldest files were removed; no caller may use it either.
inline constexpr std::string_view kPrunedEvent = "audit.pruned";

// Where the chain stands: the last line's number and hash. Before the first line: 0 and 64 zeros.
class Chain {
 public:
  Chain() { hash_.fill('0'); }
  // `hash` must be 64 characters.
  Chain(std::uint64_t seq, std::string_view hash);

  [[nodiscard]] std::uint64_t seq() const { return seq_; }
  [[nodiscard]] std::string_view hash() const { return {hash_.data(), hash_.size()}; }
  bool operator==(const Chain&) const = default;

 private:
  std::uint64_t seq_ = 0;
  std::array<char, kHashDigits> hash_;
};

// Append the next line of the chain, newline included, and move the chain on to it. Nothing is
// allocated unless `out` has to grow. `node`: whose chain it is (is_node_id()); empty: the only
// one of its store.
void append_event_line(std::string& out, Chain& chain, const Event& event,
                       std::string_view node = {});
void append_checkpoint_line(std::string& out, Chain& chain, base::UnixTime time,
                            const crypto::SigningKey& key, std::string_view node = {});

// What a checkpoint signs: its own number, and the hash of the line before it, by which every
// earlier line is covered too.
[[nodiscard]] std::string checkpoint_message(std::uint64_t seq, std::string_view prev);

// What can be told from the bytes of a line without reading it as JSON. Views into the line.
struct LineHead {
  std::uint64_t seq = 0;
  std::string_view prev;
  std::string_view hash;
  std::string_view node;  // empty: the line names none
  bool checkpoint = false;

  [[nodiscard]] Chain before() const { return {seq - 1, prev}; }
  [[nodiscard]] Chain after() const { return {seq, hash}; }
};

// Checks the frame of a line (given without its newline) and that its bytes give its hash.
// kCorrupt says what is wrong. Fast: for the start of the log; verify.cc reads the JSON as well.
[[nodiscard]] base::Result<LineHead> read_line_head(std::string_view line);

[[nodiscard]] bool is_hash(std::string_view text);     // 64 lower-case hex digits
[[nodiscard]] bool is_node_id(std::string_view text);  // 32 lower-case hex digits

}  // namespace sutler::audit
