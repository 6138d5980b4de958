#include "server/shared_audit.h"

#include <utility>

#include "audit/log_start.h"
#include "base/log.h"

namespace sutler::server {

namespace {

// Called before the shipper is made from them.
audit::ShipOptions ship_options(audit::Options& log, const SharedAudit::Self& self) {
  log.node = audit::node_of_log(log.folder);
  if (log.node.empty()) log.node = self.id;
  audit::ShipOptions out;
  out.folder = log.folder;
  out.node = log.node;
  out.node_name = self.name;
  out.keep.days = log.keep.days;
  out.keep.clock_trusted = log.clock_trusted;
  return out;
}

}  // namespace

SharedAudit::SharedAudit(store::Store& store, const base::Secret& audit_seed, audit::Options& log,
                         Self self, const base::Clock& clock)
    : rows_(store.backend()),
      table_(rows_, audit_seed),
      shipper_(ship_options(log, self), table_, clock),
      merged_({.folder = log.folder,
               .node = log.node,
               .name = self.name,
               .last_seq =
                   [this] {
                     const audit::Log* attached = log_;
                     return attached != nullptr ? attached->position().seq : 0;
                   }},
              table_, clock) {}

audit::Position SharedAudit::known(audit::Position kept) {
  auto end = shipper_.end_in_table();
  if (!end) {
    base::log::warning("what the store has of this node's audit log is not known",
                       {{"why", end.error().message}});
    return kept;
  }
  return end->seq > kept.seq ? std::move(*end) : std::move(kept);
}

std::shared_ptr<void> SharedAudit::attach(audit::Log& log) {
  log_ = &log;
  auto attached = shipper_.attach([&log](const audit::Event& event) -> base::Result<std::uint64_t> {
    auto written = log.append({&event, 1}, audit::Durability::kSynced);
    if (!written) return base::pass(written);
    return log.position().seq;
  });
  return {this, [attached](void* self) mutable {
            attached.reset();
            static_cast<SharedAudit*>(self)->log_ = nullptr;
          }};
}

void SharedAudit::add_to(admin::Background& background) {
  background.merged = &merged_;
  background.shipper = &shipper_;
}

}  // namespace sutler::server
