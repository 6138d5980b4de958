#include "store/backend/memory_backend.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <utility>

#include "crypto/random.h"
#include "store/backend/check_batch.h"

namespace sutler::store {

using base::Result;

namespace {

class MemoryBackend final : public Backend {
 public:
  Result<void> apply(const Batch& batch) override {
    {
      const std::lock_guard lock(mutex_);
      if (auto ok = check_revision(batch, revision_); !ok) return ok;
      std::map<std::pair<std::string, std::string>, std::uint64_t> written;
      for (const Record& record : batch.records) {
        const auto at = records_.find({record.kind, record.id});
        const std::uint64_t before = at == records_.end() ? 0 : at->second.back().version;
        auto& current = written.try_emplace({record.kind, record.id}, before).first->second;
        if (auto ok = check_version(record, current); !ok) return ok;
        current = record.version;
      }
      for (const Record& record : batch.records) {
        auto& versions = records_[{record.kind, record.id}];
        if (!keeps_history(record.kind)) versions.clear();
        versions.push_back(record);
      }
      revision_ = batch.revision;
    }
    moved_.notify_all();
    return {};
  }

  Result<void> load_all(const Visit& visit) override { return load_since(0, visit); }

  Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    std::vector<Record> found;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [key, versions] : records_) {
        if (versions.back().revision > revision) found.push_back(versions.back());
      }
    }
    std::ranges::stable_sort(found, {}, &Record::revision);
    return visit_all(std::move(found), visit);
  }

  Result<std::vector<Record>> history(const std::string& kind, const std::string& id) override {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find({kind, id});
    if (at == records_.end()) return std::vector<Record>();
    return std::vector<Record>(at->second.rbegin(), at->second.rend());
  }

  Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                        std::uint64_t version) override {
    const std::lock_guard lock(mutex_);
    const auto at = records_.find({kind, id});
    if (at == records_.end()) return std::nullopt;
    const auto found = std::ranges::find(at->second, version, &Record::version);
    if (found == at->second.end()) return std::nullopt;
    return *found;
  }

  Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    auto found = select([&](const Record& record, bool) {
      return record.kind != "head" && record.revision >= first && record.revision <= last;
    });
    std::ranges::stable_sort(found, {}, &Record::revision);
    return visit_all(std::move(found), visit);
  }

  Result<void> old_versions(const Visit& visit) override {
    return visit_all(select([](const Record&, bool current) { return !current; }), visit);
  }

  Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    const std::lock_guard lock(mutex_);
    std::uint64_t gone = 0;
    for (const Purge& one : batch) {
      const auto at = records_.find({one.kind, one.id});
      if (at == records_.end()) continue;
      const std::uint64_t current = at->second.back().version;
      gone += std::erase_if(at->second, [&](const Record& record) {
        return record.version < one.below && record.version != current;
      });
    }
    return gone;
  }

  Result<std::uint64_t> revision() override {
    const std::lock_guard lock(mutex_);
    return revision_;
  }

  Result<std::uint64_t> change_stamp() override { return 0; }

  Result<std::uint64_t> wait(std::uint64_t revision, std::chrono::milliseconds limit) override {
    std::unique_lock lock(mutex_);
    moved_.wait_for(lock, limit, [&] { return revision_ > revision; });
    return revision_;
  }

  Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    const std::lock_guard lock(mutex_);
    for (const Telemetry& one : batch) {
      if (one.value.empty()) {
        telemetry_.erase(one.key);
      } else {
        telemetry_[one.key] = one.value;
      }
    }
    return {};
  }

  Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    const std::lock_guard lock(mutex_);
    std::vector<Telemetry> found;
    for (auto at = telemetry_.lower_bound(prefix);
         at != telemetry_.end() && at->first.starts_with(prefix); ++at) {
      found.push_back({at->first, at->second});
    }
    return found;
  }

  Result<std::string> store_id() override { return id_; }

 private:
  // Copies, without body, of the versions that `wanted(record, current)`.
  template <class Wanted>
  std::vector<Record> select(Wanted&& wanted) {
    const std::lock_guard lock(mutex_);
    std::vector<Record> found;
    for (const auto& [key, versions] : records_) {
      for (const Record& record : versions) {
        if (!wanted(record, &record == &versions.back())) continue;
        found.push_back(record);
        found.back().body.clear();
      }
    }
    return found;
  }

  static Result<void> visit_all(std::vector<Record> found, const Visit& visit) {
    for (Record& record : found) {
      if (auto visited = visit(std::move(record)); !visited) return visited;
    }
    return {};
  }

  const std::string id_ = crypto::random_hex(16);
  std::mutex mutex_;
  std::condition_variable moved_;
  std::uint64_t revision_ = 0;
  std::map<std::pair<std::string, std::string>, std::vector<Record>> records_;  // oldest first
  std::map<std::string, std::string> telemetry_;
};

}  // namespace

std::unique_ptr<Backend> make_memory_backend() { return std::make_unique<MemoryBackend>(); }

}  // namespace sutler::store
