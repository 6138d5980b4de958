// How long the audit log takes to search with 1,000,000 records in it: one JSON line of
// milliseconds. For the row `audit` of script/bench; usage: sutler_audit_bench FOLDER [RECORDS]
//
// FOLDER must be empty; some 450 bytes a record are written there. Each search is the median of
// five, with the files in the page cache.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "audit/line.h"
#include "audit/query.h"

namespace sutler {
namespace {

constexpr std::uint64_t kRecordsPerFile = 160'000;  // some 64 MB, as rotation leaves them
constexpr std::uint64_t kPerSecond = 20;

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "error: %s\n", why.c_str());
  std::exit(1);
}

// As on a busy server: 100,000 workloads of 100 projects, 500 groups, 1,000 keys, and a key that
// everybody has.
void append_fetch(std::string& out, audit::Chain& chain) {
  const std::uint64_t seq = chain.seq() + 1;
  const std::string project = "p" + std::to_string(seq % 100);
  const std::string object = "o" + std::to_string(seq % 100'000);
  const std::string groups = R"([{"name":"g)" + std::to_string(seq % 500) + R"(","version":3}])";
  const std::string keys = R"(["DB_PASSWORD","K)" + std::to_string(seq % 1000) + "\"]";
  char request[17];
  std::snprintf(request, sizeof request, "%016llx", static_cast<unsigned long long>(seq));
  audit::Event event;
  event.time =
      base::UnixTime::from_seconds(static_cast<std::int64_t>(1'790'000'000 + seq / kPerSecond));
  event.event = "fetch";
  event.team = "default";
  event.project_id = project;
  event.object_id = object;
  event.object_type = "service";
  event.remote = "10.0.0.1";
  event.request_id = request;
  event.revision = 7;
  event.groups_json = groups;
  event.keys_json = keys;
  event.key_id = "k1";
  audit::append_event_line(out, chain, event);
}

void write_log(const std::filesystem::path& folder, std::uint64_t records) {
  audit::Chain chain;
  std::string lines;
  while (chain.seq() < records) {
    const std::uint64_t first = chain.seq() + 1;
    const std::uint64_t last = std::min(records, chain.seq() + kRecordsPerFile);
    char name[40] = "current.jsonl";
    if (last < records) {
      std::snprintf(name, sizeof name, "audit-%012llu.jsonl",
                    static_cast<unsigned long long>(first));
    }
    std::ofstream file(folder / name, std::ios::binary);
    while (chain.seq() < last) {
      append_fetch(lines, chain);
      if (lines.size() < 1 << 20 && chain.seq() < last) continue;
      file << lines;
      lines.clear();
    }
    if (!file.flush()) stop((folder / name).string() + " cannot be written");
  }
}

struct Search {
  const char* name;
  audit::Ask ask;
};

std::vector<Search> searches(std::uint64_t records) {
  char oldest[17];
  std::snprintf(oldest, sizeof oldest, "%016llx", 1ULL);
  const auto end =
      base::UnixTime::from_seconds(static_cast<std::int64_t>(1'790'000'000 + records / kPerSecond));
  std::vector<Search> all;
  all.push_back({"newest_ms", {}});
  all.push_back({"group_ms", {.filter = {.group = "g7"}}});
  // All the following read the whole log.
  all.push_back({"group_all_ms", {.filter = {.group = "g7"}, .limit = 10'000}});
  all.push_back({"workload_ms", {.filter = {.project = "p77", .object = "o77"}}});
  all.push_back({"rare_ms", {.filter = {.request_id = oldest}}});
  all.push_back({"absent_key_ms", {.filter = {.key = "NOPE"}}});
  all.push_back({"denied_ms", {.filter = {.outcome = "denied"}}});
  all.push_back({"common_key_ms", {.filter = {.project = "p101", .key = "DB_PASSWORD"}}});
  all.push_back({"later_ms", {.filter = {.since = end + std::chrono::hours(1)}}});
  all.push_back({"text_ms", {.filter = {.text = "nowhere"}}});
  return all;
}

int run(const std::filesystem::path& folder, std::uint64_t records) {
  write_log(folder, records);
  std::string out = "{\"records\":" + std::to_string(records);
  for (const Search& search : searches(records)) {
    std::vector<double> taken;
    std::size_t found = 0;
    for (int i = 0; i < 6; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const auto page = audit::query(folder, search.ask);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - start;
      if (!page) stop(page.error().message);
      found = page->records.size();
      if (i > 0) taken.push_back(took.count());  // the first one is for the page cache
    }
    std::ranges::sort(taken);
    char text[80];
    std::snprintf(text, sizeof text, ",\"%s\":%.1f,\"%s_found\":%zu", search.name,
                  taken[taken.size() / 2], search.name, found);
    out += text;
  }
  std::printf("%s}\n", out.c_str());
  return 0;
}

}  // namespace
}  // namespace sutler

int main(int count, char** words) {
  if (count < 2) sutler::stop("usage: sutler_audit_bench FOLDER [RECORDS]");
  std::uint64_t records = 1'000'000;
  if (count > 2) {
    const std::string_view text = words[2];
    std::from_chars(text.data(), text.data() + text.size(), records);
  }
  return sutler::run(words[1], records);
}
