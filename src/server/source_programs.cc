// The kinds `exec` and `file`, and what both say of a program.
#include <algorithm>
#include <charconv>

#include "base/utf8.h"
#include "server/source_words.h"

namespace sutler::server {
namespace {

using source::Common;
using source::ExecConfig;
using source::FileConfig;
using source::Format;
using source::Program;
using FinalNewline = source::ExecConfig::FinalNewline;

constexpr std::int64_t kBytesMax = std::int64_t{64} << 20;
constexpr std::chrono::milliseconds kTimeMin{10};

constexpr std::array kPrinted = {std::pair<std::string_view, Format>{"raw", Format::kRaw},
                                 std::pair<std::string_view, Format>{"json", Format::kJson},
                                 std::pair<std::string_view, Format>{"dotenv", Format::kDotenv}};
constexpr std::array kHeld = {std::pair<std::string_view, Format>{"by-name", Format::kByName},
                              std::pair<std::string_view, Format>{"raw", Format::kRaw},
                              std::pair<std::string_view, Format>{"json", Format::kJson},
                              std::pair<std::string_view, Format>{"yaml", Format::kYaml},
                              std::pair<std::string_view, Format>{"dotenv", Format::kDotenv}};
constexpr std::array kNewlines = {
    std::pair<std::string_view, FinalNewline>{"keep", FinalNewline::kKeep},
    std::pair<std::string_view, FinalNewline>{"strip", FinalNewline::kStrip}};

// `{NAME: {value: …}, OTHER: {env: NAME}, THIRD: {file: PATH}}`
void read_environment(MapReader& reader, Program& program) {
  auto variables = reader.map("environment");
  if (!variables) return;
  for (const auto& name : variables->names()) {
    auto one = variables->map(name);
    if (!one) continue;
    source::ProgramVariable variable{.name = name};
    int given = 0;
    if (one->has("env")) {
      ++given;
      variable.from_environment = one->text("env");
    }
    if (one->has("file")) {
      ++given;
      variable.from_file = one->text("file");
    }
    if (auto value = one->secret("value")) {
      ++given;
      variable.literal = std::move(*value);
    }
    one->finish();
    if (given != 1) variables->wrong(name, "one of {env: NAME}, {file: PATH} or {value: …}");
    program.environment.push_back(std::move(variable));
  }
}

void read_limit(MapReader& reader, std::string_view member, std::uint64_t& out) {
  constexpr std::int64_t kLimitMax = std::int64_t{1} << 50;
  if (auto n = reader.whole(member, 0, kLimitMax)) out = static_cast<std::uint64_t>(*n);
}

void read_program(MapReader& reader, Program& program) {
  program.argv = reader.required_texts("command");
  read_environment(reader, program);
  if (reader.has("folder")) program.folder = reader.text("folder");
  program.user = reader.text("user");
  if (auto limits = reader.map("limits")) {
    read_limit(*limits, "memory_bytes", program.limits.memory_bytes_max);
    read_limit(*limits, "cpu_seconds", program.limits.cpu_seconds_max);
    read_limit(*limits, "open_files", program.limits.open_files_max);
    read_limit(*limits, "processes", program.limits.processes_max);
    read_limit(*limits, "file_bytes", program.limits.file_bytes_max);
    limits->finish();
  }
}

std::vector<int> read_exits(MapReader& reader, std::string_view member) {
  std::vector<int> out;
  for (const auto& word : reader.texts(member)) {
    int status = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, status);
    if (error != std::errc() || stop != end || status < 1 || status > 255) {
      reader.wrong(member, "exit statuses from 1 to 255, `[2, 44]`");
    }
    out.push_back(status);
  }
  return out;
}

}  // namespace

ExecConfig read_exec(MapReader& reader, const Common& common) {
  ExecConfig config;
  config.name = common.name;
  read_program(reader, config.program);
  read_word(reader, "format", config.format, kPrinted);
  read_word(reader, "final_newline", config.final_newline, kNewlines);
  config.missing_exit = read_exits(reader, "missing_exit");
  config.denied_exit = read_exits(reader, "denied_exit");
  if (auto n = reader.whole("output_bytes_max", 1, kBytesMax)) {
    config.output_bytes_max = static_cast<std::size_t>(*n);
  }
  reader.time("time_max", config.time_max, kTimeMin);
  config.check_argv = reader.texts("check");
  if (reader.is_good()) take_check(reader, check_exec_config(config));
  return config;
}

FileConfig read_file_source(MapReader& reader, const Common& common) {
  FileConfig config;
  config.name = common.name;
  config.root = reader.required_text("root");
  read_word(reader, "format", config.format, kHeld);
  if (auto n = reader.whole("file_bytes_max", 1, kBytesMax)) {
    config.file_bytes_max = static_cast<std::size_t>(*n);
  }
  if (auto decrypt = reader.map("decrypt")) {
    read_program(*decrypt, config.decrypt);
    decrypt->time("time_max", config.decrypt_time_max, kTimeMin);
    decrypt->finish();
  }
  if (reader.is_good()) take_check(reader, check_file_config(config));
  return config;
}

}  // namespace sutler::server
