#include "audit/verify.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "audit/chain_verifier.h"
#include "audit/line.h"
#include "audit/line_reader.h"
#include "base/file.h"

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

base::Result<void> verify_file(const std::filesystem::path& path, ChainVerifier& verifier) {
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
  ChainVerifier verifier(std::move(public_key), first_seq);
  for (const auto& path : files) {
    verifier.begin_file();
    if (auto done = verify_file(path, verifier); !done) return base::pass(done);
  }
  if (auto start = verifier.check_start({}); !start) {
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
