// Proving one chain line by line, whatever the lines come from: verify.cc feeds it files, the
// command line what a server has of other nodes.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/line.h"
#include "audit/verify.h"
#include "base/result.h"

namespace sutler::audit {

// A signed record says that the lines of that node up to this one were let go from the store.
struct LetGo {
  std::string node;
  Chain last;
};

// Not thread-safe. Memory does not depend on the number of lines.
class ChainVerifier {
 public:
  // As verify_files() takes them.
  ChainVerifier(std::optional<std::string> public_key, std::uint64_t first_seq);

  // The next line, without its newline. kCorrupt says what is wrong with it; then the verifier is
  // of no further use.
  [[nodiscard]] base::Result<void> check_line(std::string_view line);
  // Before each file: the lines up to here may be those that were let go.
  void begin_file();
  // After all lines: whether the older ones that are not there were let go on purpose, as this
  // chain says, or one of those records of others.
  [[nodiscard]] base::Result<void> check_start(const std::vector<LetGo>& elsewhere);

  [[nodiscard]] const Verified& verified() const { return verified_; }
  // What records of this chain, with a checkpoint after them, say of the store.
  [[nodiscard]] const std::vector<LetGo>& let_go() const { return let_go_; }

 private:
  void note_pruned(const boost::json::object& members, std::uint64_t seq);
  [[nodiscard]] base::Result<void> check_node(const LineHead& head);
  [[nodiscard]] base::Result<void> check_order(const LineHead& head);
  [[nodiscard]] base::Result<void> check_first(const LineHead& head);
  [[nodiscard]] base::Result<void> check_signature(const boost::json::object& members,
                                                   const LineHead& head);

  std::uint64_t expected_first_;
  std::map<std::uint64_t, std::string> ends_;  // of the files so far: seq and hash
  std::optional<Chain> start_;  // before the first line, where older ones are not there
  std::uint64_t anchor_seq_ = 0;
  bool anchor_is_signed_ = false;
  std::vector<LetGo> let_go_, unsigned_let_go_;
  Verified verified_;
  Chain chain_;
};

}  // namespace sutler::audit
