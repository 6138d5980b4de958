#include "audit/verify.h"

#include <fcntl.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <map>
#include <system_error>

#include "audit/line.h"
#include "audit/line_reader.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "crypto/signature.h"

namespace sutler::audit {

using base::Code;
using base::fail;

namespace {

// The number in "audit-000000000123.jsonl"; nothing for any other name.
std::optional<std::uint64_t> first_seq_in_name(std::string_view name) {
  constexpr std::string_view kStart = "audit-", kEnd = ".jsonl";
  if (!name.starts_with(kStart) || !name.ends_with(kEnd)) return {};
  if (name.size() < kStart.size() + 12 + kEnd.size()) return {};
  name = name.substr(kStart.size(), name.size() - kStart.size() - kEnd.size());
  std::uint64_t seq = 0;
  const auto read = std::from_chars(name.data(), name.data() + name.size(), seq);
  if (read.ec != std::errc() || read.ptr != name.data() + name.size()) return {};
  return seq;
}

}  // namespace

base::Result<std::vector<std::filesystem::path>> log_files(const std::filesystem::path& folder) {
  std::error_code ec;
  std::vector<std::pair<std::uint64_t, std::filesystem::path>> found;
  for (std::filesystem::directory_iterator entry(folder, ec), end; !ec && entry != end;
       entry.increment(ec)) {
    const std::string name = entry->path().filename().string();
    if (const auto seq = first_seq_in_name(name)) found.emplace_back(*seq, entry->path());
    if (name == "current.jsonl") found.emplace_back(UINT64_MAX, entry->path());
  }
  if (ec) return base::fail_errno(ec.value(), "audit folder " + folder.string());
  if (found.empty()) {
    return fail(Code::kNotFound, "there is no audit log in " + folder.string());
  }
  std::ranges::sort(found);
  std::vector<std::filesystem::path> files;
  for (auto& [seq, path] : found) files.push_back(std::move(path));
  return files;
}

namespace {

namespace json = boost::json;

std::string_view text_of(const json::object& line, std::string_view member) {
  const json::value* value = line.if_contains({member.data(), member.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// "2026-11-24T15:05:28.123456Z" and no other way to write it.
bool is_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.ddddddZ";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  const auto number = [text](std::size_t at, std::size_t digits) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, value);
    return value;
  };
  const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  return day.ok() && number(11, 2) < 24 && number(14, 2) < 60 && number(17, 2) < 60;
}

class Verifier {
 public:
  Verifier(std::optional<std::string> public_key, std::uint64_t first_seq)
      : expected_first_(first_seq) {
    verified_.key_was_given = public_key.has_value();
    if (public_key) verified_.public_key = std::move(*public_key);
  }

  base::Result<void> check_line(std::string_view line) {
    auto head = read_line_head(line);
    if (!head) return base::pass(head);
    auto tree = base::parse_json(line);
    if (!tree) return fail(Code::kCorrupt, std::move(tree.error().message));
    if (!tree->is_object()) return fail(Code::kCorrupt, "the line is not a JSON object");
    const json::object& members = tree->get_object();
    if (auto same = check_members(members, *head); !same) return same;
    if (auto follows = check_order(*head); !follows) return follows;
    note_pruned(members, head->seq);
    if (head->checkpoint) {
      if (auto signed_ = check_signature(members, *head); !signed_) return signed_;
    }
    if (verified_.lines++ == 0) verified_.first_seq = head->seq;
    verified_.last_seq = head->seq;
    chain_ = head->after();
    return {};
  }

  // Before each file: the lines up to here may be those that were let go.
  void begin_file() { ends_.emplace(chain_.seq(), std::string(chain_.hash())); }

  // Whether the older lines that are not there were let go on purpose. After all lines.
  base::Result<void> check_start() {
    if (!start_) return {};
    verified_.pruned = anchor_is_signed_;
    if (anchor_is_signed_) return {};
    return fail(Code::kCorrupt,
                "the log starts with seq " + std::to_string(start_->seq() + 1) + " instead of " +
                    std::to_string(expected_first_) + ": older lines are missing",
                "give the older files too");
  }

  [[nodiscard]] const Verified& verified() const { return verified_; }

 private:
  void note_pruned(const json::object& members, std::uint64_t seq) {
    if (!start_ || text_of(members, "event") != kPrunedEvent) return;
    const json::value* pruned = members.if_contains("pruned");
    if (pruned == nullptr || !pruned->is_object()) return;
    const json::value* last = pruned->get_object().if_contains("seq");
    if (last == nullptr || !last->is_int64() || last->get_int64() < 0) return;
    const auto end = static_cast<std::uint64_t>(last->get_int64());
    const std::string_view hash = text_of(pruned->get_object(), "hash");
    if (end == start_->seq() && hash == start_->hash()) anchor_seq_ = seq;
    // A crash in the middle of removing left some of the files that were let go.
    const auto at = ends_.find(end);
    if (end > start_->seq() && at != ends_.end() && at->second == hash) anchor_seq_ = seq;
  }

  static base::Result<void> check_members(const json::object& members, const LineHead& head) {
    const json::value* seq = members.if_contains("seq");
    std::uint64_t number = 0;
    if (seq != nullptr && seq->is_uint64()) number = seq->get_uint64();
    if (seq != nullptr && seq->is_int64() && seq->get_int64() > 0) {
      number = static_cast<std::uint64_t>(seq->get_int64());
    }
    // The members as JSON tells them must be those that were found by their place in the bytes.
    if (number != head.seq) return fail(Code::kCorrupt, "the seq of the line cannot be read");
    if (text_of(members, "prev") != head.prev || text_of(members, "hash") != head.hash) {
      return fail(Code::kCorrupt, "the prev or the hash of the line is not in its place");
    }
    if (!is_time(text_of(members, "time"))) {
      return fail(Code::kCorrupt, "the time of the line cannot be read");
    }
    const std::string_view outcome = text_of(members, "outcome");
    if (outcome != "ok" && outcome != "denied" && outcome != "failed" && outcome != "intent") {
      return fail(Code::kCorrupt, "the outcome of the line cannot be read");
    }
    const std::string_view event = text_of(members, "event");
    if (event.empty() || (event == kCheckpointEvent) != head.checkpoint) {
      return fail(Code::kCorrupt, "the event of the line cannot be read");
    }
    return {};
  }

  base::Result<void> check_order(const LineHead& head) {
    if (verified_.lines == 0) return check_first(head);
    const std::uint64_t expected = chain_.seq() + 1;
    if (head.seq > expected) {
      return fail(Code::kCorrupt, "the lines with seq " + std::to_string(expected) + " to " +
                                      std::to_string(head.seq - 1) + " are missing before it");
    }
    if (head.seq < expected) {
      return fail(Code::kCorrupt, "seq " + std::to_string(head.seq) + " is out of order, " +
                                      std::to_string(expected) + " was due");
    }
    if (head.prev != chain_.hash()) {
      return fail(Code::kCorrupt,
                  "the line does not follow the one before it: one of them was replaced");
    }
    return {};
  }

  base::Result<void> check_first(const LineHead& head) {
    if (expected_first_ == 1 && head.seq > 1) {
      start_ = head.before();  // check_start() tells
    } else if (expected_first_ != 0 && head.seq != expected_first_) {
      return fail(Code::kCorrupt,
                  "the log starts with seq " + std::to_string(head.seq) + " instead of " +
                      std::to_string(expected_first_) + ": older lines are missing",
                  "give the older files too");
    }
    if (head.seq == 1 && head.before() != Chain()) {
      return fail(Code::kCorrupt, "the first line of the log has a line before it");
    }
    return {};
  }

  base::Result<void> check_signature(const json::object& members, const LineHead& head) {
    const std::string_view key = text_of(members, "public_key");
    if (!is_hash(key)) return fail(Code::kCorrupt, "the checkpoint has no public key");
    if (verified_.public_key.empty()) verified_.public_key = key;
    if (key != verified_.public_key) {
      return fail(Code::kCorrupt, "the checkpoint is by another key: " + std::string(key) +
                                      " instead of " + verified_.public_key);
    }
    const auto signature = base::hex_decode(text_of(members, "signature"));
    if (!signature || signature->size() != 64 ||
        !crypto::verify_signature(*base::hex_decode(key), checkpoint_message(head.seq, head.prev),
                                  *signature)) {
      return fail(Code::kCorrupt, "the signature of the checkpoint is wrong");
    }
    anchor_is_signed_ = anchor_is_signed_ || anchor_seq_ > 0;
    ++verified_.checkpoints;
    verified_.last_checkpoint_seq = head.seq;
    return {};
  }

  std::uint64_t expected_first_;
  std::map<std::uint64_t, std::string> ends_;  // of the files so far: seq and hash
  std::optional<Chain> start_;  // before the first line, where older ones are not there
  std::uint64_t anchor_seq_ = 0;
  bool anchor_is_signed_ = false;
  Verified verified_;
  Chain chain_;
};

base::Result<void> verify_file(const std::filesystem::path& path, Verifier& verifier) {
  const base::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return base::fail_errno(errno, "audit log " + path.string());
  LineReader reader(file.get());
  std::string_view line;
  for (std::uint64_t number = 1;; ++number) {
    const std::string place = path.string() + ":" + std::to_string(number);
    auto more = reader.next(line);
    if (!more) {
      if (more.error().code == Code::kTooLarge) more.error().code = Code::kCorrupt;
      return base::pass(more, place);
    }
    if (!*more && reader.rest().empty()) return {};
    if (!*more) {
      return fail(Code::kCorrupt, place + ": the line was cut: it does not end in a newline");
    }
    auto checked = verifier.check_line(line);
    if (!checked) return base::pass(checked, place);
  }
}

}  // namespace

base::Result<Verified> verify_files(const std::vector<std::filesystem::path>& files,
                                    std::optional<std::string> public_key, std::uint64_t known_seq,
                                    std::uint64_t first_seq) {
  if (public_key && !is_hash(*public_key)) {
    return fail(Code::kInvalid, "the public key of an audit log has 64 lower-case hex digits");
  }
  Verifier verifier(std::move(public_key), first_seq);
  for (const auto& path : files) {
    verifier.begin_file();
    if (auto done = verify_file(path, verifier); !done) return base::pass(done);
  }
  if (auto start = verifier.check_start(); !start) {
    return base::pass(start, files.front().string() + ":1");
  }
  if (verifier.verified().last_seq < known_seq) {
    return fail(Code::kCorrupt, (files.empty() ? std::string("the log") : files.back().string()) +
                                    ": the log ends with seq " +
                                    std::to_string(verifier.verified().last_seq) + ", but " +
                                    std::to_string(known_seq) +
                                    " was signed: what came after was cut off");
  }
  return verifier.verified();
}

}  // namespace sutler::audit
