#include "store/backend/memory_backend.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "crypto/random.h"
#include "store/backend/check_batch.h"
#include "store/backend/lease_table.h"

namespace sutler::store {

using base::Result;

namespace {

class MemoryBackend final : public Backend {
 public:
  explicit MemoryBackend(std::function<double()> seconds) : leases_(std::move(seconds)) {}

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

  Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    const std::lock_guard lock(mutex_);
    std::vector<Telemetry> found;
    if (range.first >= range.last) return found;
    const auto begin = telemetry_.lower_bound(range.first);
    const auto end = telemetry_.lower_bound(range.last);
    const auto take = [&](auto at, auto stop) {
      for (; at != stop && found.size() < range.limit; ++at) {
        found.push_back({at->first, at->second});
      }
    };
    if (range.order == KeyOrder::kAscending) {
      take(begin, end);
    } else {
      take(std::make_reverse_iterator(end), std::make_reverse_iterator(begin));
    }
    return found;
  }
  Result<bool> lease(const std::string& name, const std::string& holder,
                     std::chrono::seconds time) override {
    return leases_.take(name, holder, time);
  }

  Result<std::vector<KeyUse>> key_use() override {
    const std::lock_guard lock(mutex_);
    return count_keys();
  }

  Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                    std::size_t limit) override {
    const std::lock_guard lock(mutex_);
    std::vector<WrappedKey> found;
    for (const auto& [key, versions] : records_) {
      for (const Record& one : versions) {
        if (one.key_id == key_id || found.size() == limit) continue;
        found.push_back(
            {one.kind, one.id, one.version, one.revision, one.deleted, one.key_id, one.wrapped});
      }
    }
    return found;
  }

  Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    const std::lock_guard lock(mutex_);
    std::uint64_t replaced = 0;
    for (const Rewrap& one : batch) {
      const auto at = records_.find({one.before.kind, one.before.id});
      if (at == records_.end()) continue;
      for (Record& row : at->second) {
        if (row.version != one.before.version || row.wrapped != one.before.wrapped) continue;
        row.key_id = one.key_id;
        row.wrapped = one.wrapped;
        ++replaced;
      }
    }
    return replaced;
  }

  Result<void> scrub() override { return {}; }

  Result<void> dump(RowSink& sink) override {
    Contents contents;
    std::vector<Record> current, old;
    std::map<std::string, std::string> telemetry;
    {
      const std::lock_guard lock(mutex_);
      contents = {id_, revision_, count_keys()};
      for (const auto& [key, versions] : records_) {
        const auto at = keeps_history(key.first) ? current.end() : current.begin();
        current.insert(at, versions.back());
        old.insert(old.end(), versions.begin(), versions.end() - 1);
      }
      telemetry = telemetry_;
    }
    auto done = sink.begin(contents);
    for (auto at = current.begin(); done && at != current.end(); ++at) {
      done = sink.current(std::move(*at));
    }
    for (auto at = old.begin(); done && at != old.end(); ++at) done = sink.history(std::move(*at));
    for (auto at = telemetry.begin(); done && at != telemetry.end(); ++at) {
      done = sink.telemetry({at->first, at->second});
    }
    return done;
  }

  Result<void> fill(const Produce& produce) override {
    Filling filling;
    if (auto produced = produce(filling); !produced) return produced;
    const std::lock_guard lock(mutex_);
    if (!records_.empty()) {
      return base::fail(base::Code::kConflict, "the database holds a store already");
    }
    id_ = filling.contents.store_id;
    revision_ = filling.contents.revision;
    records_ = std::move(filling.records);
    for (auto& [key, versions] : records_) std::ranges::sort(versions, {}, &Record::version);
    telemetry_ = std::move(filling.rows);
    return {};
  }

  Result<std::string> store_id() override {
    const std::lock_guard lock(mutex_);
    return id_;
  }

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

  using Records = std::map<std::pair<std::string, std::string>, std::vector<Record>>;
  struct Filling final : RowSink {
    Contents contents;
    Records records;
    std::map<std::string, std::string> rows;
    Result<void> begin(const Contents& what) override {
      contents = what;
      return {};
    }
    Result<void> current(Record&& record) override { return history(std::move(record)); }
    Result<void> history(Record&& record) override {
      auto& versions = records[{record.kind, record.id}];
      versions.push_back(std::move(record));
      return {};
    }
    Result<void> telemetry(Telemetry&& row) override {
      rows[row.key] = std::move(row.value);
      return {};
    }
  };

  std::vector<KeyUse> count_keys() {
    std::map<std::string, KeyUse> found;
    for (const auto& [key, versions] : records_) {
      for (const Record& one : versions) {
        auto& use = found.try_emplace(one.key_id, KeyUse{one.key_id, 0, 0}).first->second;
        ++(&one == &versions.back() ? use.current : use.history);
      }
    }
    std::vector<KeyUse> out;
    for (auto& [id, use] : found) out.push_back(std::move(use));
    return out;
  }

  std::string id_ = crypto::random_hex(16);
  std::mutex mutex_;
  std::condition_variable moved_;
  std::uint64_t revision_ = 0;
  Records records_;  // oldest first
  std::map<std::string, std::string> telemetry_;
  LeaseTable leases_;
};

}  // namespace

std::unique_ptr<Backend> make_memory_backend(std::function<double()> seconds) {
  return std::make_unique<MemoryBackend>(std::move(seconds));
}

}  // namespace sutler::store
