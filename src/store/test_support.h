// For the tests of this room: keys, groups in one line, and backends that can be shared, tampered
// with or lose their answers.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/test_support.h"
#include "store/backend/memory_backend.h"
#include "store/store.h"

namespace sutler::store::test {

using base::test::must;

inline const CommitInfo kSomebody{"uid:7", base::UnixTime{1'700'000'000'000'000}};

// Master keys of 32 equal characters each; the first wraps.
inline std::shared_ptr<const crypto::MasterKeys> master_keys(std::string_view letters = "k") {
  std::vector<base::LockedBytes> keys;
  for (const char letter : letters) keys.emplace_back(std::string(32, letter));
  return std::make_shared<const crypto::MasterKeys>(
      must(crypto::MasterKeys::from_keys(std::move(keys))));
}

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sutler-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::filesystem::path operator/(std::string_view name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline model::Group group(std::string_view name,
                          std::vector<std::pair<std::string, std::string>> variables = {},
                          std::string_view team = "default") {
  model::Group out;
  out.header.name = name;
  out.header.team = team;
  for (auto& [key, value] : variables) {
    out.variables.emplace(key, model::Variable{model::Literal{base::Secret(std::move(value))}});
  }
  return out;
}

inline model::Team team(std::string_view id, std::string_view path) {
  model::Team out;
  out.id = id;
  out.path = path;
  return out;
}

template <class... Changes>
std::vector<Change> changes(Changes&&... all) {
  std::vector<Change> out;
  (out.emplace_back(std::forward<Changes>(all)), ...);
  return out;
}

inline base::Result<std::uint64_t> put(Store& store, model::Group what,
                                       std::optional<std::uint64_t> expected = {}) {
  return store.commit(changes(PutGroup{std::move(what), expected}), kSomebody);
}

// "A=1 B=2" of the group as the snapshot has it, "none" or "error: …".
inline std::string show(const Snapshot& snapshot, std::string_view name,
                        std::string_view team = "default") {
  const auto record = snapshot.find_group(team, name);
  if (!record) return "none";
  auto opened = record->open();
  if (!opened) return "error: " + opened.error().message;
  std::string out;
  for (const auto& [key, variable] : opened->variables) {
    const auto* literal = std::get_if<model::Literal>(&variable.value);
    out += (out.empty() ? "" : " ") + key + "=";
    out += literal ? literal->text.expose() : "?";
  }
  return out;
}

// Passes everything on to a backend that several stores share, with three places to meddle.
class Meddler : public Backend {
 public:
  using Rows = std::vector<Record>;
  explicit Meddler(std::shared_ptr<Backend> inner) : inner_(std::move(inner)) {}

  // What load_all (and the reading of the head) gives instead of the true rows.
  std::function<Rows(Rows)> tamper;
  // The write happens, its answer is lost.
  bool lose_answer = false;
  // Operations that fail with kUnavailable.
  std::function<bool(std::string_view)> fails = [](std::string_view) { return false; };
  // Operations that happen, and whose answer is lost.
  std::function<bool(std::string_view)> loses = [](std::string_view) { return false; };
  bool unreachable = false;  // those say that the database is away
  std::uint64_t stamp = 0;

  base::Result<void> apply(const Batch& batch) override {
    if (fails("apply")) return unavailable();
    auto applied = inner_->apply(batch);
    if (applied && lose_answer) return unavailable();
    return applied;
  }
  base::Result<void> load_all(const Visit& visit) override {
    if (fails("load_all")) return unavailable();
    for (Record& record : rows()) {
      if (auto visited = visit(std::move(record)); !visited) return visited;
    }
    return {};
  }
  base::Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    if (fails("load_since")) return unavailable();
    return inner_->load_since(revision, visit);
  }
  base::Result<Rows> history(const std::string& kind, const std::string& id) override {
    if (fails("history")) return unavailable();
    if (!tamper || kind != "head") return inner_->history(kind, id);
    Rows found = rows();
    std::erase_if(found, [&](const Record& row) { return row.kind != kind || row.id != id; });
    return found;
  }
  base::Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                              std::uint64_t version) override {
    if (fails("version")) return unavailable();
    return inner_->version(kind, id, version);
  }
  base::Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    if (fails("changes")) return unavailable();
    return inner_->changes(first, last, visit);
  }
  base::Result<void> old_versions(const Visit& visit) override {
    if (fails("old_versions")) return unavailable();
    return inner_->old_versions(visit);
  }
  base::Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    if (fails("purge")) return unavailable();
    return inner_->purge(batch);
  }
  base::Result<std::uint64_t> revision() override {
    if (fails("revision")) return unavailable();
    return inner_->revision();
  }
  base::Result<std::uint64_t> change_stamp() override {
    if (fails("change_stamp")) return unavailable();
    return stamp;
  }
  base::Result<std::uint64_t> wait(std::uint64_t revision,
                                   std::chrono::milliseconds limit) override {
    if (fails("wait")) return unavailable();
    return inner_->wait(revision, limit);
  }
  base::Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    if (fails("put_telemetry")) return unavailable();
    auto put = inner_->put_telemetry(batch);
    if (put && loses("put_telemetry")) return unavailable();
    return put;
  }
  base::Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    if (fails("telemetry")) return unavailable();
    return inner_->telemetry(prefix);
  }
  base::Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    return inner_->telemetry_between(range);
  }
  base::Result<bool> lease(const std::string& name, const std::string& holder,
                           std::chrono::seconds time) override {
    if (fails("lease")) return unavailable();
    return inner_->lease(name, holder, time);
  }
  bool one_process() const override { return inner_->one_process(); }
  base::Result<std::vector<KeyUse>> key_use() override { return inner_->key_use(); }
  base::Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                          std::size_t limit) override {
    return inner_->wrapped_by_others(key_id, limit);
  }
  base::Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    return inner_->rewrap(batch);
  }
  base::Result<void> scrub() override { return inner_->scrub(); }
  base::Result<void> dump(RowSink& sink) override {
    if (fails("dump")) return unavailable();
    return inner_->dump(sink);
  }
  base::Result<void> fill(const Produce& produce) override { return inner_->fill(produce); }
  base::Result<std::string> store_id() override { return inner_->store_id(); }

  [[nodiscard]] Rows true_rows() {
    Rows found;
    must(inner_->load_all([&](Record&& record) -> base::Result<void> {
      found.push_back(std::move(record));
      return {};
    }));
    return found;
  }

 private:
  [[nodiscard]] Rows rows() { return tamper ? tamper(true_rows()) : true_rows(); }
  [[nodiscard]] base::Unexpected unavailable() const {
    return base::fail(base::Code::kUnavailable, "made to fail", {},
                      unreachable ? kDatabaseUnreachable : "");
  }
  std::shared_ptr<Backend> inner_;
};

// A new store over a shared backend. `meddler` is the store's, and lives as long.
struct Fixture {
  std::shared_ptr<Backend> backend = make_memory_backend();
  std::unique_ptr<Store> store;
  Meddler* meddler = nullptr;

  Fixture() {
    must(Store::create(*backend, *master_keys(), kSomebody));
    store = open(&meddler);
  }
  // One more store over the same backend.
  [[nodiscard]] std::unique_ptr<Store> open(Meddler** mine = nullptr) const {
    auto meddling = std::make_unique<Meddler>(backend);
    if (mine != nullptr) *mine = meddling.get();
    return must(Store::open(std::move(meddling), master_keys()));
  }
};

}  // namespace sutler::store::test
