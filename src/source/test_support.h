// A store in this process whose faults are exact, and sources over it, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/test_support.h"
#include "source/sources.h"

namespace sutler::source::test {

inline constexpr std::chrono::seconds kPatience{60};  // of a test, on a busy machine

// Until it is true, without sleeping.
inline bool eventually(const std::function<bool()>& is_true) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

inline Document text(std::string_view bytes) { return {base::Secret(bytes), {}, {}}; }
inline Document object(std::vector<std::pair<std::string, std::string>> fields) {
  Document document;
  std::string json;
  document.fields.emplace();
  for (auto& [name, value] : fields) {
    json += (json.empty() ? "{" : ",") + std::string("\"") + name + "\":\"" + value + "\"";
    document.fields->push_back({name, base::Secret(std::string_view(value))});
  }
  document.bytes = base::Secret(json + "}");
  return document;
}
inline Document copy_of(const Document& from) {
  Document document{from.bytes.clone(), {}, from.good_for};
  if (from.fields) {
    document.fields.emplace();
    for (const auto& field : *from.fields) {
      document.fields->push_back({field.name, field.value.clone()});
    }
  }
  return document;
}

// The store's side. Thread-safe.
class Store {
 public:
  void put(const std::string& locator, Document document) {
    const std::lock_guard lock(mutex_);
    documents_.insert_or_assign(locator, std::move(document));
  }
  void put(const std::string& locator, const char* bytes) { put(locator, text(bytes)); }
  void remove(const std::string& locator) {
    const std::lock_guard lock(mutex_);
    documents_.erase(locator);
  }
  // Every call fails like this, or none.
  void fail(std::optional<Failure> failure) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(failure);
  }
  void fail(FailureKind kind) { fail(Failure{kind, "scripted", {}}); }
  void fail_at(const std::string& locator, FailureKind kind) {
    const std::lock_guard lock(mutex_);
    failures_.insert_or_assign(locator, kind);
  }
  // From now on calls hang, whatever their deadline, until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = watch_held_ = false;
    changed_.notify_all();
  }
  void say_changed(const std::string& locator) {
    const std::lock_guard lock(mutex_);
    said_changed_.push_back(locator);
  }
  std::vector<std::string> take_changed() {
    std::unique_lock lock(mutex_);
    ++watches_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !watch_held_; });
    --watches_;
    return std::exchange(said_changed_, {});
  }
  // take_changed() hangs until release().
  [[nodiscard]] bool hold_watch() {
    std::unique_lock lock(mutex_);
    watch_held_ = true;
    return changed_.wait_for(lock, kPatience, [&] { return watches_ > 0; });
  }

  [[nodiscard]] bool wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return calls_ >= count; });
  }
  [[nodiscard]] std::size_t calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  [[nodiscard]] std::size_t reads_of(const std::string& locator) const {
    const std::lock_guard lock(mutex_);
    const auto at = reads_.find(locator);
    return at == reads_.end() ? 0 : at->second;
  }
  [[nodiscard]] std::size_t at_once_most() const {
    const std::lock_guard lock(mutex_);
    return at_once_most_;
  }

  std::vector<Answer<Document>> call(std::span<const std::string> locators) {
    std::unique_lock lock(mutex_);
    ++calls_;
    for (const auto& locator : locators) ++reads_[locator];
    at_once_most_ = std::max(at_once_most_, ++at_once_);
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    --at_once_;
    std::vector<Answer<Document>> answers;
    for (const auto& locator : locators) answers.push_back(answer(locator));
    return answers;
  }

 private:
  Answer<Document> answer(const std::string& locator) const {
    if (failure_) return std::unexpected(*failure_);
    if (const auto at = failures_.find(locator); at != failures_.end()) {
      return std::unexpected(Failure{at->second, "scripted for " + locator, {}});
    }
    const auto at = documents_.find(locator);
    if (at == documents_.end()) {
      return std::unexpected(Failure{FailureKind::kMissing, "no " + locator, {}});
    }
    return copy_of(at->second);
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Document> documents_;
  std::map<std::string, FailureKind> failures_;
  std::optional<Failure> failure_;
  bool held_ = false, watch_held_ = false;
  int watches_ = 0;
  std::vector<std::string> said_changed_;
  std::map<std::string, std::size_t> reads_;
  std::size_t calls_ = 0, at_once_ = 0, at_once_most_ = 0;
};

class StoreDriver final : public Driver {
 public:
  StoreDriver(std::shared_ptr<Store> store, std::size_t batch)
      : store_(std::move(store)), batch_(batch) {}

  base::Result<void> validate(std::string_view locator) const override {
    if (locator.starts_with("!"))
      return base::fail(base::Code::kInvalid, "starts with !", "do not");
    return {};
  }
  Answer<Document> read(const std::string& locator, Deadline) override {
    return std::move(store_->call({&locator, 1}).front());
  }
  std::size_t batch_max() const override { return batch_; }
  std::vector<Answer<Document>> read_many(std::span<const std::string> locators,
                                          Deadline) override {
    return store_->call(locators);
  }
  Answer<std::string> check(Deadline) override { return "all is well"; }
  Watches watches() const override { return Watches::kYes; }
  std::vector<std::string> take_changed() override { return store_->take_changed(); }

 private:
  std::shared_ptr<Store> store_;
  std::size_t batch_;
};

inline Common common(std::string name = "vault") {
  Common made;
  made.name = std::move(name);
  made.kind = "vault";
  made.deadline = std::chrono::seconds(60);  // long, so that a busy machine fails nothing
  made.calls_per_second_max = 1'000'000;
  made.allow = {{"*", {"*"}, {"*"}}};
  return made;
}

class SourcesTest : public ::testing::Test {
 protected:
  SourcesTest() { start(); }
  // With what `settings` and `options` are now.
  void start() {
    sources.reset();
    std::vector<Sources::Configured> configured;
    configured.push_back({settings, std::make_unique<StoreDriver>(store, batch)});
    Sources::Options made{options.cache_dir, options.cache_key.clone(), options.documents_max,
                          options.bytes_max, options.tick};
    sources = std::make_unique<Sources>(std::move(configured), std::move(made), clock);
  }
  void keep_on_disk() {
    options.cache_dir = folder.path() / "cache";
    options.cache_key = base::LockedBytes(std::string(32, 'k'));
    start();
  }
  void pass_time(std::chrono::seconds span) { clock.set(clock.now() + span); }

  void obtain(std::vector<Wanted> wanted) {
    FetchTime time;
    obtain(std::move(wanted), time);
  }
  void obtain(std::vector<Wanted> wanted, FetchTime& time) {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    sources->obtain(std::move(wanted), time, [&] {
      const std::lock_guard lock(mutex);
      over = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return over; }));
  }
  Found now(const std::string& ref, Patience patience = Patience::kNow) {
    Asking asking(sources.get(), patience);
    return asking.value("vault", ref, "default", "payments");
  }
  // As a fetch does it.
  Found fetch(const std::string& ref) {
    Asking asking(sources.get(), Patience::kMayWait);
    Found found = asking.value("vault", ref, "default", "payments");
    if (found.state != Found::State::kPending) return found;
    obtain(asking.take_pending());
    return now(ref);
  }
  // The value, or a word for what else it is.
  static std::string say(const Found& found) {
    switch (found.state) {
      case Found::State::kValue: break;
      case Found::State::kMissing: return "(missing)";
      case Found::State::kPending: return "(pending)";
      case Found::State::kUnknown: return "(unknown)";
      case Found::State::kNotAllowed: return "(not allowed)";
      case Found::State::kFailed: return "(" + std::string(failure_name(found.failure.kind)) + ")";
    }
    const bool stale = found.origin && found.origin->stale;
    return std::string(found.value.expose()) + (stale ? " (stale)" : "");
  }
  std::string get(const std::string& ref) { return say(fetch(ref)); }
  std::string peek(const std::string& ref) { return say(now(ref)); }
  Dependency dependency_on(const std::string& ref) {
    Asking asking(sources.get(), Patience::kNow);
    (void)asking.value("vault", ref, "default", "payments");
    auto all = asking.take_dependencies();
    if (all.size() != 1) std::abort();
    return all.front();
  }
  SourceStatus status() { return sources->status().front(); }

  base::ManualClock clock{base::UnixTime::from_seconds(1'800'000'000)};
  base::test::TempFolder folder;
  std::shared_ptr<Store> store = std::make_shared<Store>();
  Common settings = common();
  std::size_t batch = 1;
  Sources::Options options{.cache_dir = {}, .cache_key = {}, .tick = std::chrono::milliseconds(2)};
  std::unique_ptr<Sources> sources;
};

}  // namespace sutler::source::test
