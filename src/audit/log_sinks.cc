// The sinks beside the file. Every line goes to all of them; when the file cannot take a record,
// one of them can: what is recorded so stays in memory too, and goes to the file when it works
// again, so that the file holds the whole chain.
#include <utility>

#include "audit/log_impl.h"
#include "base/log.h"

namespace sutler::audit {

using base::Code;

namespace {

constexpr std::size_t kBacklogBytesMax = 16 * 1024 * 1024;

}  // namespace

base::Result<void> Log::Impl::open_sinks() {
  for (const std::string& spec : options_.sinks) {
    auto sink = make_sink(spec);
    if (!sink) return base::pass(sink);
    SinkQueue::Limits limits;
    limits.timeout = options_.sink_timeout;
    sinks_.push_back(std::make_unique<SinkQueue>(spec, std::move(*sink), limits));
  }
  return {};
}

void Log::Impl::publish(std::string_view lines, std::uint64_t last_seq) {
  for (const auto& sink : sinks_) sink->push(lines, last_seq);
}

base::Result<std::uint64_t> Log::Impl::set_beside(std::span<const Event> events) {
  if (backlog_.size() > kBacklogBytesMax) {
    return base::fail(Code::kInternal, "the audit file has failed for too long");
  }
  Chain next = chain_;
  buffer_.clear();
  if (auto done = format(events, next); !done) return base::pass(done);
  if (backlog_.empty()) {
    backlog_start_ = chain_;
    base::log::warning("the audit file takes nothing: records are in the other sinks only");
  }
  backlog_ += buffer_;
  chain_ = next;
  ends_in_checkpoint_ = false;
  publish(buffer_, chain_.seq());
  return chain_.seq();
}

base::Result<void> Log::Impl::taken_beside(std::uint64_t seq, base::Result<void> otherwise) {
  const auto until = std::chrono::steady_clock::now() + options_.sink_timeout;
  for (const auto& sink : sinks_) {
    if (sink->wait_for(seq, until)) return {};
  }
  return otherwise;
}

base::Result<void> Log::Impl::append(std::span<const Event> events, Durability durability) {
  std::uint64_t seq = 0;
  base::Result<void> written;
  {
    const std::lock_guard lock(mutex_);
    const auto dropped = dropped_, total = dropped_total_;
    written = append_to_file(events, durability);
    if (!written) {
      // What the file cannot take another sink may; what is wrong with the record is wrong for all.
      const bool of_the_file = failed_ || written.error().code == Code::kNoSpace;
      if (sinks_.empty() || !of_the_file) return written;
      auto beside = set_beside(events);
      if (!beside) return written;
      dropped_ = dropped;
      dropped_total_ = total;
    }
    seq = chain_.seq();
  }
  if (!written) return taken_beside(seq, std::move(written));
  if (durability != Durability::kSynced && options_.sync != Sync::kAlways) return {};
  auto synced = sync_to(seq);
  return synced || sinks_.empty() ? synced : taken_beside(seq, std::move(synced));
}

std::uint64_t Log::Impl::file_seq() const {
  return backlog_.empty() ? chain_.seq() : backlog_start_.seq();
}

}  // namespace sutler::audit
