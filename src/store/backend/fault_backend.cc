#include "store/backend/fault_backend.h"

#include <utility>

namespace sutler::store {

using base::Error;
using base::Result;

namespace {

// Asks `before` at each operation; the operation does not happen when that gives an error.
class Decorated final : public Backend {
 public:
  using Before = std::function<std::optional<Error>(std::string_view)>;
  Decorated(std::unique_ptr<Backend> inner, Before before)
      : inner_(std::move(inner)), before_(std::move(before)) {}

  Result<void> apply(const Batch& batch) override {
    if (auto error = before_("apply")) return base::Unexpected(std::move(*error));
    return inner_->apply(batch);
  }
  Result<void> load_all(const Visit& visit) override {
    if (auto error = before_("load_all")) return base::Unexpected(std::move(*error));
    return inner_->load_all(visit);
  }
  Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    if (auto error = before_("load_since")) return base::Unexpected(std::move(*error));
    return inner_->load_since(revision, visit);
  }
  Result<std::vector<Record>> history(const std::string& kind, const std::string& id) override {
    if (auto error = before_("history")) return base::Unexpected(std::move(*error));
    return inner_->history(kind, id);
  }
  Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                        std::uint64_t version) override {
    if (auto error = before_("version")) return base::Unexpected(std::move(*error));
    return inner_->version(kind, id, version);
  }
  Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    if (auto error = before_("changes")) return base::Unexpected(std::move(*error));
    return inner_->changes(first, last, visit);
  }
  Result<void> old_versions(const Visit& visit) override {
    if (auto error = before_("old_versions")) return base::Unexpected(std::move(*error));
    return inner_->old_versions(visit);
  }
  Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    if (auto error = before_("purge")) return base::Unexpected(std::move(*error));
    return inner_->purge(batch);
  }
  Result<std::uint64_t> revision() override {
    if (auto error = before_("revision")) return base::Unexpected(std::move(*error));
    return inner_->revision();
  }
  Result<std::uint64_t> change_stamp() override {
    if (auto error = before_("change_stamp")) return base::Unexpected(std::move(*error));
    return inner_->change_stamp();
  }
  Result<std::uint64_t> wait(std::uint64_t revision, std::chrono::milliseconds limit) override {
    if (auto error = before_("wait")) return base::Unexpected(std::move(*error));
    return inner_->wait(revision, limit);
  }
  Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    if (auto error = before_("put_telemetry")) return base::Unexpected(std::move(*error));
    return inner_->put_telemetry(batch);
  }
  Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    if (auto error = before_("telemetry")) return base::Unexpected(std::move(*error));
    return inner_->telemetry(prefix);
  }
  Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    if (auto error = before_("telemetry_between")) return base::Unexpected(std::move(*error));
    return inner_->telemetry_between(range);
  }
  Result<bool> lease(const std::string& name, const std::string& holder,
                     std::chrono::seconds time) override {
    if (auto error = before_("lease")) return base::Unexpected(std::move(*error));
    return inner_->lease(name, holder, time);
  }
  bool one_process() const override { return inner_->one_process(); }
  Result<std::vector<KeyUse>> key_use() override {
    if (auto error = before_("key_use")) return base::Unexpected(std::move(*error));
    return inner_->key_use();
  }
  Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                    std::size_t limit) override {
    if (auto error = before_("wrapped_by_others")) return base::Unexpected(std::move(*error));
    return inner_->wrapped_by_others(key_id, limit);
  }
  Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    if (auto error = before_("rewrap")) return base::Unexpected(std::move(*error));
    return inner_->rewrap(batch);
  }
  Result<void> scrub() override {
    if (auto error = before_("scrub")) return base::Unexpected(std::move(*error));
    return inner_->scrub();
  }
  Result<void> dump(RowSink& sink) override {
    if (auto error = before_("dump")) return base::Unexpected(std::move(*error));
    return inner_->dump(sink);
  }
  Result<void> fill(const Produce& produce) override {
    if (auto error = before_("fill")) return base::Unexpected(std::move(*error));
    return inner_->fill(produce);
  }
  Result<std::string> store_id() override {
    if (auto error = before_("store_id")) return base::Unexpected(std::move(*error));
    return inner_->store_id();
  }

 private:
  std::unique_ptr<Backend> inner_;
  Before before_;
};

}  // namespace

std::unique_ptr<Backend> with_errors(std::unique_ptr<Backend> inner,
                                     std::function<std::optional<Error>(std::string_view)> decide) {
  return std::make_unique<Decorated>(std::move(inner), std::move(decide));
}

std::unique_ptr<Backend> with_latency(std::unique_ptr<Backend> inner,
                                      std::function<void(std::string_view)> wait_for) {
  return std::make_unique<Decorated>(std::move(inner),
                                     [wait = std::move(wait_for)](std::string_view operation) {
                                       wait(operation);
                                       return std::optional<Error>();
                                     });
}

}  // namespace sutler::store
