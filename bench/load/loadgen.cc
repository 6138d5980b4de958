// sutler_loadgen: the load of the rows that wrk cannot make.
//
// wrk keeps connections alive well, but its latency leaves out the connect and the handshake, it
// cannot be told never to resume a TLS session, and it sends one token. This program opens a new
// connection per request (plain or TLS 1.3) and takes another token for each request. One JSON
// object goes to stdout; it exits 1 when any request went without the expected answer.

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "load.h"

namespace {

using sutler::bench::LoadOptions;

[[noreturn]] void usage(std::string_view why) {
  std::fprintf(stderr,
               "error: %.*s\n"
               "usage: sutler_loadgen --port N --tokens FILE (--requests N | --seconds S)\n"
               "         [--host 127.0.0.1] [--tls] [--new-connection] [--connections 32]\n"
               "         [--body-bytes N]\n",
               static_cast<int>(why.size()), why.data());
  std::exit(2);
}

template <class Number>
Number number(std::string_view flag, std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
    usage(std::string(flag) + " needs a number above 0 and in range");
  }
  return value;
}

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) usage("no token in " + path);
  return lines;
}

void set(LoadOptions& options, std::string_view flag, std::string_view value) {
  if (flag == "--host") {
    options.host = value;
  } else if (flag == "--port") {
    options.port = number<std::uint16_t>(flag, value);
  } else if (flag == "--requests") {
    options.requests_max = number<std::uint64_t>(flag, value);
  } else if (flag == "--seconds") {
    options.seconds_max = number<std::uint64_t>(flag, value);
  } else if (flag == "--connections") {
    options.connections = number<std::uint64_t>(flag, value);
  } else if (flag == "--body-bytes") {
    options.body_bytes = number<std::int64_t>(flag, value);
  } else if (flag == "--tokens") {
    options.tokens = read_lines(std::string(value));
  } else {
    usage("unknown flag: " + std::string(flag));
  }
}

LoadOptions parse(int argc, char** argv) {
  LoadOptions options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--tls") {
      options.wire = sutler::bench::Wire::kTls13;
    } else if (flag == "--new-connection") {
      options.reuse = sutler::bench::Reuse::kNewConnection;
    } else if (++i < argc) {
      set(options, flag, argv[i]);
    } else {
      usage("unknown flag, or one without its value: " + std::string(flag));
    }
  }
  if (options.port == 0) usage("--port is needed");
  if (options.tokens.empty()) usage("--tokens is needed");
  if (options.requests_max == 0 && options.seconds_max == 0)
    usage("--requests or --seconds is needed");
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes with write(2)
  const auto result = sutler::bench::run_load(parse(argc, argv));
  const auto& micros = result.micros;
  const auto percentile = [&micros](std::size_t percent) {
    return micros.empty() ? 0U : micros[(micros.size() - 1) * percent / 100];
  };
  std::printf(
      "{\"requests\": %zu, \"errors\": %llu, \"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u}\n",
      micros.size(), static_cast<unsigned long long>(result.errors), result.seconds, percentile(50),
      percentile(99));
  return result.errors == 0 && !micros.empty() ? 0 : 1;
}
