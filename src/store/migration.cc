#include "store/migration.h"

#include <unordered_map>

namespace sutler::store {

using base::Result;

namespace {

constexpr std::size_t kPieceRows = 1000;
constexpr std::size_t kPieceBytes = 8 * 1024 * 1024;

// A row of the target that was not met yet.
struct Known {
  MigrationTarget::RowName name;
  RowPlace place;
  RowMark mark;
};

std::string name_of(RowPlace place, const std::string& kind, const std::string& id,
                    std::uint64_t version) {
  // A record has one row in the current place: a newer version replaces it.
  if (place == RowPlace::kCurrent) return "c/" + kind + "/" + id;
  return "h/" + kind + "/" + id + "/" + std::to_string(version);
}

class Comparing final : public RowSink {
 public:
  Comparing(MigrationTarget& target, const std::function<void(std::uint64_t)>& progress)
      : target_(target), progress_(progress) {}

  Result<void> read_target() {
    return target_.marks([this](RowPlace place, MigrationTarget::RowName&& name,
                                const RowMark& mark) -> Result<void> {
      auto key = name_of(place, name.kind, name.id, name.version);
      known_.emplace(std::move(key), Known{std::move(name), place, mark});
      return {};
    });
  }

  Result<void> begin(const Contents& contents) override {
    report.revision = contents.revision;
    return {};
  }
  Result<void> current(Record&& record) override {
    return compare(RowPlace::kCurrent, current_, std::move(record));
  }
  Result<void> history(Record&& record) override {
    return compare(RowPlace::kHistory, history_, std::move(record));
  }
  Result<void> telemetry(Telemetry&& row) override {
    report.telemetry.push_back(std::move(row));
    return {};
  }

  Result<void> finish() {
    if (auto put = put_piece(RowPlace::kHistory, history_); !put) return put;
    if (auto put = put_piece(RowPlace::kCurrent, current_); !put) return put;
    for (const RowPlace place : {RowPlace::kCurrent, RowPlace::kHistory}) {
      std::vector<MigrationTarget::RowName> gone;
      for (auto& [key, row] : known_) {
        if (row.place == place) gone.push_back(std::move(row.name));
      }
      if (gone.empty()) continue;
      if (auto removed = target_.remove(place, gone); !removed) return removed;
      report.removed += gone.size();
    }
    return {};
  }

  PassReport report;

 private:
  struct Piece {
    std::vector<Record> rows;
    std::size_t bytes = 0;
  };

  Result<void> compare(RowPlace place, Piece& piece, Record&& record) {
    if (++report.rows % kPieceRows == 0) progress_(report.rows);
    const auto at = known_.find(name_of(place, record.kind, record.id, record.version));
    if (at != known_.end()) {
      const bool same =
          at->second.name.version == record.version && at->second.mark == mark_of(record);
      known_.erase(at);
      if (same) return {};
    }
    piece.bytes += record.header.size() + record.body.size();
    piece.rows.push_back(std::move(record));
    if (piece.rows.size() < kPieceRows && piece.bytes < kPieceBytes) return {};
    return put_piece(place, piece);
  }

  Result<void> put_piece(RowPlace place, Piece& piece) {
    if (piece.rows.empty()) return {};
    if (auto put = target_.put(place, piece.rows); !put) return put;
    report.written += piece.rows.size();
    piece = {};
    return {};
  }

  MigrationTarget& target_;
  const std::function<void(std::uint64_t)>& progress_;
  std::unordered_map<std::string, Known> known_;
  Piece current_, history_;
};

}  // namespace

RowMark mark_of(const Record& record) {
  crypto::Sha256Stream hash;
  for (const auto& part : {record.header, record.body, record.wrapped, record.key_id}) {
    hash.add(part);
  }
  return {record.revision, record.deleted, hash.digest()};
}

Result<PassReport> migration_pass(Backend& source, MigrationTarget& target,
                                  const std::function<void(std::uint64_t)>& progress) {
  Comparing comparing(target, progress);
  if (auto read = comparing.read_target(); !read) return pass(read);
  if (auto dumped = source.dump(comparing); !dumped) return pass(dumped);
  if (auto finished = comparing.finish(); !finished) return pass(finished);
  return std::move(comparing.report);
}

}  // namespace sutler::store
