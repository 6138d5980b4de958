// A database that was changed from outside: whatever is done to its rows, the store refuses to
// open, or goes on with what it had. Never does it give another value.
#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::changes;
using test::Fixture;
using test::group;
using test::kSomebody;
using test::master_keys;
using test::Meddler;
using test::must;
using test::put;
using test::show;
using test::team;
using Rows = Meddler::Rows;

std::string Record::* const kTexts[] = {&Record::kind,    &Record::id,     &Record::key_id,
                                        &Record::wrapped, &Record::header, &Record::body};
const char* const kTextNames[] = {"kind", "id", "key_id", "wrapped", "header", "body"};

// Two groups, two teams, a deleted group, and rows of an older time.
struct Tampered : Fixture {
  Rows old;
  Tampered() {
    must(put(*store, group("a", {{"A", "old"}})));
    must(put(*store, group("gone", {{"A", "gone"}})));
    old = meddler->true_rows();
    must(put(*store, group("a", {{"A", "new"}})));
    must(put(*store, group("b", {{"A", "other"}})));
    must(store->commit(changes(DeleteGroup{"default", "gone", {}}, PutTeam{team("t", "/t")}),
                       kSomebody));
  }

  // The rows so changed must be noticed at the start and while running.
  void expect_noticed(const std::function<void(Rows&)>& change, const std::string& what) {
    const auto tamper = [&](Rows rows) {
      change(rows);
      return rows;
    };
    auto fresh = std::make_unique<Meddler>(backend);
    fresh->tamper = tamper;
    const auto opened = Store::open(std::move(fresh), master_keys());
    EXPECT_FALSE(opened) << what << " was not noticed at the start";

    const auto before = store->snapshot();
    meddler->tamper = tamper;
    ++meddler->stamp;
    EXPECT_FALSE(store->verify()) << what << " was not noticed by verify()";
    EXPECT_TRUE(store->integrity()) << what;
    EXPECT_EQ(store->snapshot(), before) << what;
    EXPECT_EQ(show(*store->snapshot(), "a"), "A=new") << what;
    EXPECT_FALSE(put(*store, group("c"))) << what << ": a store in doubt takes no writes";

    meddler->tamper = nullptr;
    EXPECT_TRUE(store->verify()) << what << ": put right again";
    EXPECT_FALSE(store->integrity()) << what;
  }
  std::size_t count() { return meddler->true_rows().size(); }
};

TEST(Tamper, NothingIsFoundWhereNothingWasDone) {
  Tampered store;
  store.meddler->tamper = [](Rows rows) { return rows; };
  ++store.meddler->stamp;
  EXPECT_TRUE(store.store->verify());
  std::ranges::reverse(store.old);
  store.meddler->tamper = [](Rows rows) {
    std::ranges::reverse(rows);
    return rows;
  };
  ++store.meddler->stamp;
  EXPECT_TRUE(store.store->verify()) << "the order of the rows means nothing";
}

TEST(Tamper, AnyFlippedBitOfAnyColumnOfAnyRowIsNoticed) {
  Tampered store;
  const Rows rows = store.meddler->true_rows();
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t column = 0; column < std::size(kTexts); ++column) {
      for (std::size_t byte = 0; byte < (rows[row].*kTexts[column]).size(); ++byte) {
        const int bit = 1 << ((byte + row) % 8);
        store.expect_noticed(
            [&](Rows& all) {
              char& at = (all[row].*kTexts[column])[byte];
              at = static_cast<char>(at ^ bit);
            },
            "row " + std::to_string(row) + " " + kTextNames[column] + " byte " +
                std::to_string(byte));
      }
    }
  }
}

TEST(Tamper, AnyChangedNumberOfAnyRowIsNoticed) {
  Tampered store;
  for (std::size_t row = 0; row < store.count(); ++row) {
    const std::string what = "row " + std::to_string(row);
    for (const std::uint64_t step : {std::uint64_t{1}, ~std::uint64_t{0}}) {
      store.expect_noticed([&](Rows& all) { all[row].version += step; }, what + " version");
      store.expect_noticed([&](Rows& all) { all[row].revision += step; }, what + " revision");
    }
    store.expect_noticed([&](Rows& all) { all[row].deleted = !all[row].deleted; },
                         what + " deleted");
  }
}

TEST(Tamper, AnyBytesCutOffOrAddedAreNoticed) {
  Tampered store;
  for (std::size_t row = 0; row < store.count(); ++row) {
    for (std::size_t column = 0; column < std::size(kTexts); ++column) {
      const std::string what = "row " + std::to_string(row) + " " + kTextNames[column];
      store.expect_noticed([&](Rows& all) { (all[row].*kTexts[column]) += 'a'; }, what + " longer");
      if ((store.meddler->true_rows()[row].*kTexts[column]).empty()) continue;
      store.expect_noticed([&](Rows& all) { (all[row].*kTexts[column]).pop_back(); },
                           what + " shorter");
      store.expect_noticed([&](Rows& all) { (all[row].*kTexts[column]).clear(); }, what + " empty");
    }
  }
}

TEST(Tamper, AnyTwoCellsOfAColumnSwappedAreNoticed) {
  Tampered store;
  const Rows rows = store.meddler->true_rows();
  for (std::size_t one = 0; one < rows.size(); ++one) {
    for (std::size_t two = 0; two < one; ++two) {
      for (std::size_t column = 0; column < std::size(kTexts); ++column) {
        if (rows[one].*kTexts[column] == rows[two].*kTexts[column]) continue;
        store.expect_noticed(
            [&](Rows& all) { std::swap(all[one].*kTexts[column], all[two].*kTexts[column]); },
            "swapped " + std::to_string(one) + " " + std::to_string(two) + " " +
                kTextNames[column]);
      }
    }
  }
}

TEST(Tamper, AnyRowTakenAwayOrThereTwiceIsNoticed) {
  Tampered store;
  for (std::size_t row = 0; row < store.count(); ++row) {
    const std::string what = "row " + std::to_string(row);
    store.expect_noticed([&](Rows& all) { all.erase(all.begin() + static_cast<long>(row)); },
                         what + " gone");
    store.expect_noticed([&](Rows& all) { all.push_back(all[row]); }, what + " twice");
    store.expect_noticed(
        [&](Rows& all) {
          all.push_back(all[row]);
          all.push_back(all[row]);
        },
        what + " three times");
  }
  store.expect_noticed([](Rows& all) { all.clear(); }, "all gone");
}

TEST(Tamper, AnyRowPutBackToAnOlderVersionIsNoticed) {
  Tampered store;
  int put_back = 0;
  for (std::size_t row = 0; row < store.count(); ++row) {
    for (const Record& older : store.old) {
      const Record now = store.meddler->true_rows()[row];
      if (older.kind != now.kind || older.id != now.id || older.version == now.version) continue;
      ++put_back;
      store.expect_noticed([&](Rows& all) { all[row] = older; }, "old row " + now.kind);
    }
  }
  EXPECT_EQ(put_back, 3) << "the head, the changed group and the deleted one";
}

TEST(Tamper, AWholeOldDatabaseIsNoticedWhileRunning) {
  Tampered store;
  const auto before = store.store->snapshot();
  store.meddler->tamper = [&](const Rows&) { return store.old; };
  ++store.meddler->stamp;
  const auto verified = store.store->verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, Code::kCorrupt);
  EXPECT_EQ(store.store->snapshot(), before);
}

TEST(Tamper, ARowOfAnotherStoreWithTheSameKeyDoesNotOpen) {
  Tampered store;
  Fixture other;
  must(put(*other.store, group("a", {{"A", "foreign"}})));
  for (const Record& foreign : other.meddler->true_rows()) {
    store.expect_noticed([&](Rows& all) { all.push_back(foreign); }, "added " + foreign.kind);
    for (std::size_t row = 0; row < store.count(); ++row) {
      if (store.meddler->true_rows()[row].kind != foreign.kind) continue;
      store.expect_noticed([&](Rows& all) { all[row] = foreign; }, "replaced " + foreign.kind);
    }
  }
}

// In memory history cannot be changed from outside; what a changed one would be is made here.
struct Changed final : Backend {
  explicit Changed(std::shared_ptr<Backend> its) : inner(std::move(its)) {}
  std::shared_ptr<Backend> inner;
  std::size_t position = 0;
  std::function<void(Record&)> change = [](Record&) {};
  base::Result<void> apply(const Batch& b) override { return inner->apply(b); }
  base::Result<void> load_all(const Visit& v) override { return inner->load_all(v); }
  base::Result<void> load_since(std::uint64_t r, const Visit& v) override {
    return inner->load_since(r, v);
  }
  base::Result<Rows> history(const std::string& kind, const std::string& which) override {
    auto rows = inner->history(kind, which);
    if (rows && kind == "group" && position < rows->size()) change((*rows)[position]);
    return rows;
  }
  base::Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                              std::uint64_t version) override {
    auto row = inner->version(kind, id, version);
    if (row && *row && kind == "group") change(**row);
    return row;
  }
  base::Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    return inner->changes(first, last, visit);
  }
  base::Result<void> old_versions(const Visit& visit) override {
    return inner->old_versions(visit);
  }
  base::Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    return inner->purge(batch);
  }
  base::Result<std::uint64_t> revision() override { return inner->revision(); }
  base::Result<std::uint64_t> change_stamp() override { return inner->change_stamp(); }
  base::Result<std::uint64_t> wait(std::uint64_t r, std::chrono::milliseconds l) override {
    return inner->wait(r, l);
  }
  base::Result<void> put_telemetry(const std::vector<Telemetry>& b) override {
    return inner->put_telemetry(b);
  }
  base::Result<std::vector<Telemetry>> telemetry(const std::string& p) override {
    return inner->telemetry(p);
  }
  base::Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& r) override {
    return inner->telemetry_between(r);
  }
  base::Result<bool> lease(const std::string& name, const std::string& holder,
                           std::chrono::seconds time) override {
    return inner->lease(name, holder, time);
  }
  base::Result<std::vector<KeyUse>> key_use() override { return inner->key_use(); }
  base::Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                          std::size_t limit) override {
    return inner->wrapped_by_others(key_id, limit);
  }
  base::Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    return inner->rewrap(batch);
  }
  base::Result<void> scrub() override { return inner->scrub(); }
  base::Result<void> dump(RowSink& sink) override { return inner->dump(sink); }
  base::Result<void> fill(const Produce& produce) override { return inner->fill(produce); }
  base::Result<std::string> store_id() override { return inner->store_id(); }
};

TEST(Tamper, AChangedVersionOfTheHistoryDoesNotOpen) {
  Tampered store;
  must(store.store->history("default", "a"));
  std::string id;
  for (const Record& row : store.old) {
    if (row.kind == "group" && row.version == 1) id = row.id;
  }
  auto backend = std::make_unique<Changed>(store.backend);
  Changed& changed = *backend;
  const auto reader = must(Store::open(std::move(backend), master_keys()));
  ASSERT_TRUE(reader->history("default", "a"));
  for (changed.position = 0; changed.position < 2; ++changed.position) {
    const std::function<void(Record&)> all[] = {
        [](Record& row) { row.header[5] = static_cast<char>(row.header[5] ^ 1); },
        [](Record& row) { row.wrapped[5] = static_cast<char>(row.wrapped[5] ^ 1); },
        [](Record& row) { ++row.version; },
        [](Record& row) { ++row.revision; },
        [](Record& row) { row.deleted = !row.deleted; },
        [](Record& row) { row.kind = "team"; },
        [](Record& row) { row.id[0] = row.id[0] == 'a' ? 'b' : 'a'; },
    };
    for (const auto& change : all) {
      changed.change = change;
      EXPECT_FALSE(reader->history("default", "a"));
      const auto opened = reader->version("default", "a", 1);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, base::Code::kCorrupt);
      EXPECT_NE(opened.error().message.find("\"a\", version 1"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace sutler::store
