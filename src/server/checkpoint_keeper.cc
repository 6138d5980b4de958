#include "server/checkpoint_keeper.h"

#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

namespace sutler::server {
namespace {

constexpr char kKey[] = "audit/checkpoint";

}  // namespace

CheckpointKeeper::CheckpointKeeper(store::Backend& backend, const base::Secret& audit_seed,
                                   std::string node)
    : backend_(backend),
      node_(std::move(node)),
      row_(node_.empty() ? kKey : std::string(kKey) + "/" + node_),
      key_(crypto::HashAlgorithm::kSha256,
           crypto::derive_key(audit_seed.expose(), "sutler audit checkpoint note").expose()),
      thread_([this] { run(); }) {}

CheckpointKeeper::~CheckpointKeeper() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void CheckpointKeeper::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return waiting_.has_value() || stop_; });
    if (!waiting_) return;
    const audit::Position next = *std::exchange(waiting_, std::nullopt);
    lock.unlock();
    write(next);
    lock.lock();
  }
}

std::string CheckpointKeeper::mac(const std::string& text) const {
  return base::hex_encode(key_.sign(node_.empty() ? text : text + " " + node_).view());
}

// The note is `SEQ HASH MAC`, the MAC over the first two with the space between; that of a node
// with an id has a space and the id behind them.
audit::Position CheckpointKeeper::load() {
  auto notes = backend_.telemetry(row_);
  // The row of a node without id is how those of all others begin.
  if (!notes || notes->empty() || notes->front().key != row_) return {};
  const std::string& note = notes->front().value;
  const auto last = note.rfind(' ');
  const auto first = note.find(' ');
  audit::Position position;
  const bool formed =
      last != std::string::npos && first != last &&
      crypto::equal_in_constant_time(mac(note.substr(0, last)), note.substr(last + 1));
  if (!formed ||
      std::from_chars(note.data(), note.data() + first, position.seq).ec != std::errc()) {
    base::log::error("the audit checkpoint kept in the store is not ours; it is not used");
    return {};
  }
  position.hash = note.substr(first + 1, last - first - 1);
  return position;
}

void CheckpointKeeper::keep(const audit::Position& position) {
  {
    const std::scoped_lock lock(mutex_);
    waiting_ = position;
  }
  changed_.notify_one();
}

void CheckpointKeeper::write(const audit::Position& position) {
  const std::string text = std::to_string(position.seq) + " " + position.hash;
  auto kept = backend_.put_telemetry({{row_, text + " " + mac(text)}});
  if (!kept) {
    base::log::warning("the audit checkpoint could not be kept in the store",
                       {{"why", kept.error().message}});
  }
}

}  // namespace sutler::server
