// A log in a folder of its own, for the tests of this room.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audit/log.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/secret.h"
#include "crypto/signature.h"

namespace sutler::audit::testing {

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    std::string name =
        (std::filesystem::temp_directory_path() / "sutler-audit-test-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options_.folder = root_ / "audit";
    options_.reserve_bytes = 0;
    options_.checkpoint_every = std::chrono::hours(1);  // only the one at the end
  }
  ~LogTest() override {
    log_.reset();
    std::filesystem::remove_all(root_);
  }

  base::Result<void> open(Position known = {}) {
    log_.reset();
    auto opened = Log::open(options_, base::Secret(std::string_view(seed_)), clock_, known,
                            [this](const Position& position) {
                              const std::lock_guard lock(mutex_);
                              kept_.push_back(position);
                              kept_more_.notify_all();
                            });
    if (!opened) return std::unexpected(opened.error());
    log_ = std::move(*opened);
    return {};
  }
  void close() { log_.reset(); }

  [[nodiscard]] Event fetch(std::string_view request_id = "r") const {
    Event event{.time = clock_.now(), .event = "fetch", .team = "default"};
    event.request_id = request_id;
    event.grant = true;
    return event;
  }
  [[nodiscard]] Event denial() const {
    return {.time = clock_.now(), .event = "fetch", .outcome = Outcome::kDenied};
  }
  base::Result<void> append(const Event& event, Durability durability = Durability::kWritten) {
    return log_->append({&event, 1}, durability);
  }
  // Opens, appends that many fetches, closes (which adds a checkpoint).
  void make_log(int fetches) {
    ASSERT_TRUE(open());
    for (int i = 0; i < fetches; ++i) ASSERT_TRUE(append(fetch()));
    close();
  }

  [[nodiscard]] std::filesystem::path current() const { return options_.folder / "current.jsonl"; }
  static std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::remove(path);  // ext4 syncs a file that is truncated and written anew
    std::ofstream(path, std::ios::binary) << content;
  }
  static std::vector<std::string> split(const std::string& content) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < content.size();) {
      const std::size_t end = std::min(content.find('\n', at), content.size());
      lines.push_back(content.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }
  static std::string join(const std::vector<std::string>& lines) {
    std::string content;
    for (const std::string& line : lines) content += line + "\n";
    return content;
  }
  [[nodiscard]] std::vector<std::string> lines() const { return split(read(current())); }

  [[nodiscard]] base::Result<Verified> verify(std::uint64_t known_seq = 0) const {
    auto files = log_files(options_.folder);
    if (!files) return std::unexpected(files.error());
    return verify_files(*files, key(), known_seq);
  }
  // The message of the error, or "ok".
  [[nodiscard]] std::string verdict(std::uint64_t known_seq = 0) const {
    const auto verified = verify(known_seq);
    return verified ? "ok" : verified.error().message;
  }
  [[nodiscard]] std::string key() const {
    return base::hex_encode(crypto::SigningKey::from_seed(seed_)->public_key());
  }

  // Waits for the background thread to keep a checkpoint at or after that seq.
  Position wait_for_checkpoint(std::uint64_t seq) {
    std::unique_lock lock(mutex_);
    const bool came = kept_more_.wait_for(
        lock, std::chrono::seconds(20), [&] { return !kept_.empty() && kept_.back().seq >= seq; });
    EXPECT_TRUE(came) << "no checkpoint in time";
    return kept_.empty() ? Position{} : kept_.back();
  }

  std::filesystem::path root_;
  Options options_;
  std::string seed_ = std::string(32, 's');
  base::ManualClock clock_{base::UnixTime::from_seconds(1'800'000'000)};
  std::unique_ptr<Log> log_;

  std::mutex mutex_;
  std::condition_variable kept_more_;
  std::vector<Position> kept_;
};

}  // namespace sutler::audit::testing
