// For tests: a whole data plane, with its store in memory, behind a real HTTP server.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/test_support.h"
#include "http/test_support.h"
#include "jwt/sign.h"
#include "model/group_reader.h"
#include "provider/provider.h"
#include "store/backend/memory_backend.h"

namespace sutler::provider::test {

namespace json = boost::json;
using http::test::Answer;
using http::test::get;
using http::test::Wire;

inline constexpr std::string_view kKey = "a signing key of 32 bytes or more";
inline constexpr std::string_view kOtherKey = "another signing key of 32 bytes..";
inline constexpr std::int64_t kStart = 1'800'000'000;

using base::test::must;

// A clock that may be set while the server's threads read it.
class SharedClock final : public base::Clock {
 public:
  [[nodiscard]] base::UnixTime now() const override {
    return base::UnixTime::from_seconds(seconds_);
  }
  void set(std::int64_t seconds) { seconds_ = seconds; }

 private:
  std::atomic<std::int64_t> seconds_{kStart};
};

class FaultyCalls final : public audit::FileCalls {
 public:
  ssize_t write(int fd, const void* bytes, std::size_t count) const override {
    ++writes;
    const std::scoped_lock held(gate);
    if (!broken && !disk_is_full) return FileCalls::write(fd, bytes, count);
    errno = broken ? EIO : ENOSPC;
    return -1;
  }
  mutable std::atomic<int> writes = 0;
  mutable std::mutex gate;  // a test that locks it keeps every write waiting
  std::atomic<bool> broken = false;
  std::atomic<bool> disk_is_full = false;
};

// What a token says; changed where a test needs something else.
struct Claims {
  std::string_view key = kKey;
  std::string_view project = "shop";
  std::string_view object = "api";
  std::string_view type = "service";
  crypto::HashAlgorithm algorithm = crypto::HashAlgorithm::kSha256;
  std::int64_t now = kStart;
  std::optional<std::chrono::seconds> lifetime = std::chrono::hours(24);
};

inline std::string token(const Claims& claims = {}) {
  return must(jwt::sign({.key = claims.key,
                         .algorithm = claims.algorithm,
                         .project_id = claims.project,
                         .object_id = claims.object,
                         .object_type = claims.type,
                         .now = base::UnixTime::from_seconds(claims.now),
                         .lifetime = claims.lifetime}));
}

inline std::string bearer(const Claims& claims = {}) {
  return "Authorization: Bearer " + token(claims) + "\r\n";
}

inline model::SigningKey signing_key(std::string_view key, std::string id = "0a0a0a0a") {
  model::SigningKey made;
  made.id = std::move(id);
  made.secret = base::LockedBytes(key);
  made.created = base::UnixTime::from_seconds(kStart);
  return made;
}

class Bench {
 public:
  explicit Bench(const Options& options = {}, std::vector<crypto::HmacKey> extra_keys = {},
                 audit::Options log = {.reserve_bytes = 0}) {
    std::vector<base::LockedBytes> keys;
    keys.emplace_back(std::string_view("0123456789abcdef0123456789abcdef"));
    const auto master = std::make_shared<const crypto::MasterKeys>(
        must(crypto::MasterKeys::from_keys(std::move(keys))));
    auto backend = store::make_memory_backend();
    must(store::Store::create(*backend, *master, {"test", clock_.now()}));
    store_ = must(store::Store::open(std::move(backend), master));
    store_->subscribe([this](const store::Publication& p) { catalog_.publish(p); });
    log.folder = folder_.path() / "audit";
    std::filesystem::create_directories(log.folder);
    log.calls = &calls_;
    const base::Secret seed = must(store_->audit_seed());
    audit_ = must(audit::Log::open(log, seed, clock_, {}, [](const audit::Position&) {}));
    shared_ = std::make_shared<Shared>(catalog_, cache_, *audit_, clock_, options);
    shared_->extra_keys = std::move(extra_keys);
    model::Team team{"default", "/", {}, {}};
    team.keys.push_back(signing_key(kKey));
    put_team(std::move(team));
    server_ = std::make_unique<http::Server>(http::Options{});
    must(server_->listen({.address = "127.0.0.1:0", .make_handler = [this, options] {
                            return std::make_shared<Provider>(shared_, options);
                          }}));
    server_->start();
  }

  void put_team(model::Team team) {
    std::vector<store::Change> changes;
    changes.emplace_back(store::PutTeam{std::move(team)});
    must(store_->commit(std::move(changes), {"test", clock_.now()}));
  }
  void put_groups(std::string_view yaml) {
    std::vector<store::Change> changes;
    for (auto& group : must(model::read_groups_yaml(yaml, "test"))) {
      changes.emplace_back(store::PutGroup{std::move(group)});
    }
    must(store_->commit(std::move(changes), {"test", clock_.now()}));
  }
  // A group for every workload with one variable.
  void put_greeting() {
    put_groups("{name: greeting, secrets: {variables: {GREETING: canary-value}}}");
  }

  [[nodiscard]] Wire connect() const { return Wire(server_->bound_address(0)); }
  [[nodiscard]] Answer ask(const std::string& request) const { return connect().ask(request); }
  [[nodiscard]] Answer fetch(const Claims& claims = {}) const {
    return ask(get("/", bearer(claims)));
  }

  // The records of an event, oldest first.
  [[nodiscard]] std::vector<json::value> records(std::string_view event = "fetch") const {
    std::vector<json::value> found;
    std::ifstream file(audit_->current_file());
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line.front() != '{') continue;
      json::value record = json::parse(line);
      if (json::value_to<std::string>(record.at("event")) == event)
        found.push_back(std::move(record));
    }
    return found;
  }
  [[nodiscard]] std::string audit_text() const {
    std::ifstream file(audit_->current_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The reason of the last fetch that got nothing.
  [[nodiscard]] std::string last_reason() const {
    const auto all = records();
    if (all.empty() || !all.back().as_object().contains("reason")) return {};
    return json::value_to<std::string>(all.back().at("reason"));
  }

  SharedClock& clock() { return clock_; }
  FaultyCalls& calls() { return calls_; }
  Shared& shared() { return *shared_; }

 private:
  SharedClock clock_;
  const http::test::TempFolder folder_;
  FaultyCalls calls_;
  resolve::Catalog catalog_;
  resolve::BundleCache cache_{resolve::BundleCache::Options()};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> audit_;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace sutler::provider::test
