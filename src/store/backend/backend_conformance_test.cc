// What every backend must do, run against each of them.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "store/backend/memory_backend.h"
#include "store/sqlite/sqlite_backend.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using std::chrono::milliseconds;
using test::must;

struct Made {
  std::unique_ptr<test::Folder> folder;
  std::unique_ptr<Backend> backend;
};

Made make_memory() { return {nullptr, make_memory_backend()}; }
Made make_sqlite() {
  auto folder = std::make_unique<test::Folder>();
  auto backend = must(open_sqlite(*folder / "sutler.db", SqliteOpen::kCreate));
  return {std::move(folder), std::move(backend)};
}

// "group/a@1" is version 1 of group a, "group/a@2!" a version 2 that is deleted.
Record row(std::string_view text) {
  Record out;
  const auto slash = text.find('/');
  const auto at = text.find('@');
  out.kind = text.substr(0, slash);
  out.id = text.substr(slash + 1, at - slash - 1);
  out.version = static_cast<std::uint64_t>(text[at + 1] - '0');
  out.deleted = text.ends_with('!');
  out.key_id = "0123456789abcdef";
  out.wrapped = std::string("w\0w", 3);
  out.header = "header of " + std::string(text);
  out.body = out.deleted ? "" : std::string("body\0of ", 8) + std::string(text);
  return out;
}

std::string describe_row(const Record& record) {
  return record.kind + "/" + record.id + "@" + std::to_string(record.version) +
         (record.deleted ? "!" : "");
}

struct Kind {
  const char* name;
  Made (*make)();
};

class Conformance : public testing::TestWithParam<Kind> {
 protected:
  Backend& backend() { return *made_.backend; }

  base::Result<void> apply(std::uint64_t revision, std::vector<std::string_view> rows) {
    Batch batch{revision, {}};
    for (const auto text : rows) {
      batch.records.push_back(row(text));
      batch.records.back().revision = revision;
    }
    return backend().apply(batch);
  }
  // "group/a@1 group/b@2!", sorted.
  std::string all() {
    std::map<std::string, int> found;
    must(backend().load_all([&](Record&& record) -> base::Result<void> {
      ++found[describe_row(record)];
      return {};
    }));
    std::string out;
    for (const auto& [text, count] : found) {
      out += (out.empty() ? "" : " ") + text + (count > 1 ? "(twice)" : "");
    }
    return out;
  }
  std::string since(std::uint64_t revision) {
    std::string out;
    must(backend().load_since(revision, [&](Record&& record) -> base::Result<void> {
      out += (out.empty() ? "" : " ") + describe_row(record);
      return {};
    }));
    return out;
  }
  std::string changed(std::uint64_t first, std::uint64_t last) {
    std::string out;
    must(backend().changes(first, last, [&](Record&& record) -> base::Result<void> {
      out += (out.empty() ? "" : " ") + describe_row(record);
      return {};
    }));
    return out;
  }
  std::string old_versions() {
    std::string out;
    must(backend().old_versions([&](Record&& record) -> base::Result<void> {
      out += (out.empty() ? "" : " ") + describe_row(record);
      EXPECT_EQ(record.body, "");
      return {};
    }));
    return out;
  }
  std::string history(const std::string& id, const std::string& kind = "group") {
    std::string out;
    for (const Record& record : must(backend().history(kind, id))) {
      out += (out.empty() ? "" : " ") + describe_row(record);
    }
    return out;
  }

  Made made_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(Backends, Conformance,
                         testing::Values(Kind{"memory", make_memory}, Kind{"sqlite", make_sqlite}),
                         [](const auto& about) { return std::string(about.param.name); });

TEST_P(Conformance, AnEmptyStoreIsAtRevisionZeroAndHasAnId) {
  EXPECT_EQ(must(backend().revision()), 0U);
  EXPECT_EQ(all(), "");
  const std::string id = must(backend().store_id());
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(must(backend().store_id()), id);
}

TEST_P(Conformance, WhatIsAppliedComesBackByteForByte) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  Record expected = row("group/a@1");
  must(backend().load_all([&](Record&& record) -> base::Result<void> {
    EXPECT_EQ(record.kind, expected.kind);
    EXPECT_EQ(record.id, expected.id);
    EXPECT_EQ(record.version, 1U);
    EXPECT_EQ(record.revision, 1U);
    EXPECT_FALSE(record.deleted);
    EXPECT_EQ(record.key_id, expected.key_id);
    EXPECT_EQ(record.wrapped, expected.wrapped);
    EXPECT_EQ(record.header, expected.header);
    EXPECT_EQ(record.body, expected.body);
    return {};
  }));
}

TEST_P(Conformance, ABatchRaisesTheRevisionByOne) {
  ASSERT_TRUE(apply(1, {"group/a@1", "team/a@1"}));
  EXPECT_EQ(must(backend().revision()), 1U);
  ASSERT_TRUE(apply(2, {"group/a@2", "group/b@1"}));
  EXPECT_EQ(must(backend().revision()), 2U);
  EXPECT_EQ(all(), "group/a@2 group/b@1 team/a@1");
}

TEST_P(Conformance, AnotherRevisionThanTheNextIsAConflict) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  for (const std::uint64_t revision : {0U, 1U, 3U}) {
    EXPECT_EQ(apply(revision, {"group/a@2"}).error().code, Code::kConflict) << revision;
  }
  EXPECT_EQ(all(), "group/a@1");
}

TEST_P(Conformance, AnotherVersionThanTheNextIsAConflictAndNothingIsWritten) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  for (const auto* wrong : {"group/a@1", "group/a@3", "group/c@2"}) {
    const auto applied = apply(2, {"group/b@1", wrong, "group/d@1"});
    ASSERT_FALSE(applied) << wrong;
    EXPECT_EQ(applied.error().code, Code::kConflict) << wrong;
    EXPECT_EQ(all(), "group/a@1") << wrong;
    EXPECT_EQ(must(backend().revision()), 1U);
    EXPECT_EQ(history("a"), "group/a@1");
  }
  EXPECT_TRUE(apply(2, {"group/b@1", "group/a@2"})) << "works again after a conflict";
}

TEST_P(Conformance, ARecordTwiceInABatchIsAConflict) {
  EXPECT_EQ(apply(1, {"group/a@1", "group/a@1"}).error().code, Code::kConflict);
  EXPECT_EQ(all(), "");
}

TEST_P(Conformance, ADeletedRecordKeepsItsRowAndItsVersionsGoOn) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2!"}));
  EXPECT_EQ(all(), "group/a@2!");
  EXPECT_EQ(apply(3, {"group/a@1"}).error().code, Code::kConflict);
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  EXPECT_EQ(history("a"), "group/a@3 group/a@2! group/a@1");
}

TEST_P(Conformance, TheSameIdOfAnotherKindIsAnotherRecord) {
  ASSERT_TRUE(apply(1, {"group/a@1", "team/a@1"}));
  ASSERT_TRUE(apply(2, {"team/a@2"}));
  EXPECT_EQ(history("a", "team"), "team/a@2 team/a@1");
  EXPECT_EQ(history("a", "group"), "group/a@1");
}

TEST_P(Conformance, HistoryIsNewestFirstAndEmptyForTheUnknown) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  const auto versions = must(backend().history("group", "a"));
  ASSERT_EQ(versions.size(), 3U);
  EXPECT_EQ(versions[1].body, row("group/a@2").body);
  EXPECT_EQ(versions[1].revision, 2U);
  EXPECT_EQ(history("b"), "");
}

TEST_P(Conformance, OfTheHeadOnlyTheCurrentVersionIsKept) {
  ASSERT_TRUE(apply(1, {"head/head@1"}));
  ASSERT_TRUE(apply(2, {"head/head@2"}));
  EXPECT_EQ(history("head", "head"), "head/head@2");
}

TEST_P(Conformance, LoadSinceGivesWhatChangedInOrderOfRevision) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/b@1"}));
  ASSERT_TRUE(apply(3, {"group/a@2"}));
  ASSERT_TRUE(apply(4, {"group/c@1"}));
  EXPECT_EQ(since(0), "group/b@1 group/a@2 group/c@1");
  EXPECT_EQ(since(2), "group/a@2 group/c@1");
  EXPECT_EQ(since(4), "");
}

TEST_P(Conformance, AnyKeptVersionIsFoundByItsNumber) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  const auto old = must(backend().version("group", "a", 1));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, row("group/a@1").body);
  EXPECT_EQ(old->revision, 1U);
  EXPECT_EQ(must(backend().version("group", "a", 2))->body, row("group/a@2").body);
  EXPECT_FALSE(must(backend().version("group", "a", 3)));
  EXPECT_FALSE(must(backend().version("group", "b", 1)));
  EXPECT_FALSE(must(backend().version("team", "a", 1)));
}

TEST_P(Conformance, ChangesAreWhatCommitsWroteCurrentOrNotWithoutHeadsAndBodies) {
  ASSERT_TRUE(apply(1, {"group/b@1", "group/a@1", "head/head@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2!", "team/a@1", "head/head@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3", "head/head@3"}));
  EXPECT_EQ(changed(1, 1), "group/a@1 group/b@1");
  EXPECT_EQ(changed(2, 2), "group/a@2! team/a@1");
  EXPECT_EQ(changed(1, 9), "group/a@1 group/b@1 group/a@2! team/a@1 group/a@3");
  EXPECT_EQ(changed(4, 9), "");
  EXPECT_EQ(changed(3, 2), "");
  must(backend().changes(1, 1, [&](Record&& record) -> base::Result<void> {
    EXPECT_EQ(record.body, "");
    EXPECT_EQ(record.header, row(describe_row(record)).header);
    EXPECT_EQ(record.wrapped, row(describe_row(record)).wrapped);
    return {};
  }));
}

TEST_P(Conformance, OldVersionsAreAllButTheCurrentOnes) {
  ASSERT_TRUE(apply(1, {"group/b@1", "group/a@1", "team/a@1", "head/head@1"}));
  EXPECT_EQ(old_versions(), "");
  ASSERT_TRUE(apply(2, {"group/b@2", "group/a@2!", "head/head@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3", "head/head@3"}));
  EXPECT_EQ(old_versions(), "group/a@1 group/a@2! group/b@1");
}

TEST_P(Conformance, PurgeTakesOldVersionsAndNeverTheCurrentOne) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1", "team/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2", "group/b@2!", "team/a@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  const auto stamp = must(backend().change_stamp());
  EXPECT_EQ(must(backend().purge({{"group", "a", 2}, {"group", "c", 9}})), 1U);
  EXPECT_EQ(history("a"), "group/a@3 group/a@2");
  EXPECT_EQ(must(backend().purge({{"group", "a", 100}, {"group", "b", 100}})), 2U);
  EXPECT_EQ(history("a"), "group/a@3");
  EXPECT_EQ(history("b"), "group/b@2!");
  EXPECT_EQ(history("a", "team"), "team/a@2 team/a@1") << "another kind";
  EXPECT_EQ(must(backend().purge({{"group", "a", 100}})), 0U);
  EXPECT_EQ(must(backend().revision()), 3U) << "a purge is no commit";
  EXPECT_EQ(must(backend().change_stamp()), stamp) << "and it is our own";
  EXPECT_EQ(all(), "group/a@3 group/b@2! team/a@2");
  EXPECT_TRUE(apply(4, {"group/a@4", "group/b@3"})) << "versions go on";
  EXPECT_EQ(history("a"), "group/a@4 group/a@3");
}

TEST_P(Conformance, AVisitorsErrorStopsTheLoading) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1"}));
  int visited = 0;
  const auto stop = [&](Record&&) -> base::Result<void> {
    ++visited;
    return base::fail(Code::kCorrupt, "stop");
  };
  EXPECT_EQ(backend().load_all(stop).error().message, "stop");
  EXPECT_EQ(backend().load_since(0, stop).error().message, "stop");
  EXPECT_EQ(visited, 2);
  EXPECT_TRUE(apply(2, {"group/a@2"}));
}

TEST_P(Conformance, WaitWakesOnACommit) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  std::thread writer([&] { EXPECT_TRUE(apply(2, {"group/a@2"})); });
  EXPECT_EQ(must(backend().wait(1, milliseconds(60'000))), 2U);
  writer.join();
}

TEST_P(Conformance, WaitDoesNotWaitForWhatIsThereAndEndsWithItsTime) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  EXPECT_EQ(must(backend().wait(0, milliseconds(60'000))), 1U);
  EXPECT_EQ(must(backend().wait(1, milliseconds(1))), 1U);
}

TEST_P(Conformance, OwnCommitsDoNotMoveTheChangeStamp) {
  const auto stamp = must(backend().change_stamp());
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  must(backend().put_telemetry({{"a", "1"}}));
  EXPECT_EQ(must(backend().change_stamp()), stamp);
}

TEST_P(Conformance, TelemetryIsPutByKeyFoundByPrefixAndRaisesNoRevision) {
  must(backend().put_telemetry({{"used/b", "1"}, {"used/a", std::string("2\0", 2)}, {"x", "3"}}));
  must(backend().put_telemetry({{"used/b", "4"}}));
  const auto found = must(backend().telemetry("used/"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, "used/a");
  EXPECT_EQ(found[0].value, std::string("2\0", 2));
  EXPECT_EQ(found[1].value, "4");
  EXPECT_EQ(must(backend().telemetry("%")).size(), 0U);
  must(backend().put_telemetry({{"used/b", ""}, {"used/never", ""}}));
  EXPECT_EQ(must(backend().telemetry("used/")).size(), 1U);
  EXPECT_EQ(must(backend().revision()), 0U);
}

// Collects what is dumped as text, in the order in which it comes.
class Collected final : public RowSink {
 public:
  base::Result<void> begin(const Contents& contents) override {
    text += "revision " + std::to_string(contents.revision);
    for (const KeyUse& use : contents.keys) {
      text += " " + use.key_id + ":" + std::to_string(use.current) + "+" +
              std::to_string(use.history);
    }
    id = contents.store_id;
    return {};
  }
  base::Result<void> current(Record&& record) override {
    text += " " + describe_row(record);
    return {};
  }
  base::Result<void> history(Record&& record) override {
    text += " old:" + describe_row(record);
    return {};
  }
  base::Result<void> telemetry(Telemetry&& row) override {
    text += " " + row.key + "=" + row.value;
    return {};
  }
  std::string text;
  std::string id;
};

std::string keys_of(Backend& backend) {
  std::string out;
  for (const KeyUse& use : must(backend.key_use())) {
    out += (out.empty() ? "" : " ") + use.key_id + ":" + std::to_string(use.current) + "+" +
           std::to_string(use.history);
  }
  return out;
}

TEST_P(Conformance, RewrapReplacesDataKeysOfCurrentAndOldVersionsAndNothingElse) {
  ASSERT_TRUE(apply(1, {"head/head@1", "group/a@1"}));
  ASSERT_TRUE(apply(2, {"head/head@2", "group/a@2", "group/b@1!"}));
  EXPECT_EQ(keys_of(backend()), "0123456789abcdef:3+1");
  const auto stamp = must(backend().change_stamp());
  std::vector<Rewrap> batch;
  for (WrappedKey& one : must(backend().wrapped_by_others("other", 10))) {
    EXPECT_EQ(one.wrapped, row("group/a@1").wrapped);
    EXPECT_EQ(one.revision, one.kind == "group" && one.version == 1 && one.id == "a" ? 1U : 2U);
    EXPECT_EQ(one.deleted, one.id == "b");
    batch.push_back({std::move(one), "other", "anew"});
  }
  ASSERT_EQ(batch.size(), 4U);
  EXPECT_EQ(must(backend().rewrap(batch)), 4U);
  must(backend().scrub());
  EXPECT_EQ(keys_of(backend()), "other:3+1");
  EXPECT_EQ(must(backend().wrapped_by_others("other", 10)).size(), 0U);
  EXPECT_EQ(must(backend().revision()), 2U);
  EXPECT_EQ(must(backend().change_stamp()), stamp);
  EXPECT_EQ(all(), "group/a@2 group/b@1! head/head@2");
  const auto versions = must(backend().history("group", "a"));
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(versions[1].wrapped, "anew");
  EXPECT_EQ(versions[1].body, row("group/a@1").body);
  ASSERT_TRUE(apply(3, {"group/a@3"}));
}

TEST_P(Conformance, RewrapLeavesWhatIsNoLongerWhatItWas) {
  ASSERT_TRUE(apply(1, {"group/a@1", "head/head@1"}));
  auto found = must(backend().wrapped_by_others("new", 10));
  ASSERT_EQ(found.size(), 2U);
  ASSERT_TRUE(apply(2, {"group/a@2", "head/head@2"}));  // a@1 is history now, head@1 is gone
  std::vector<Rewrap> batch;
  for (WrappedKey& one : found) batch.push_back({std::move(one), "new", "anew"});
  EXPECT_EQ(must(backend().rewrap(batch)), 1U);
  EXPECT_EQ(keys_of(backend()), "0123456789abcdef:2+0 new:0+1");
  EXPECT_EQ(must(backend().rewrap(batch)), 0U) << "it is wrapped otherwise by now";
}

TEST_P(Conformance, NoMoreDataKeysAreGivenThanWereAskedFor) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1", "group/c@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  EXPECT_EQ(must(backend().wrapped_by_others("new", 2)).size(), 2U);
  EXPECT_EQ(must(backend().wrapped_by_others("0123456789abcdef", 2)).size(), 0U);
}

TEST_P(Conformance, ADumpHasEverythingTheHeadFirstAndFillsAnotherBackend) {
  ASSERT_TRUE(apply(1, {"group/a@1", "team/t@1", "head/head@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2", "head/head@2"}));
  must(backend().put_telemetry({{"used/a", "1"}}));
  Collected first;
  must(backend().dump(first));
  EXPECT_TRUE(first.text.starts_with("revision 2 0123456789abcdef:3+1 head/head@2 ")) << first.text;
  EXPECT_TRUE(first.text.ends_with(" old:group/a@1 used/a=1")) << first.text;

  Made other = GetParam().make();
  must(other.backend->fill([&](RowSink& sink) { return backend().dump(sink); }));
  Collected second;
  must(other.backend->dump(second));
  EXPECT_EQ(second.id, must(backend().store_id()));
  EXPECT_EQ(must(other.backend->store_id()), first.id);
  EXPECT_EQ(must(other.backend->revision()), 2U);
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(other.backend->fill([&](RowSink& sink) { return backend().dump(sink); }).error().code,
            Code::kConflict);
}

TEST_P(Conformance, AFillThatFailsLeavesTheBackendEmpty) {
  const std::string id = must(backend().store_id());
  const auto failed = backend().fill([](RowSink& sink) -> base::Result<void> {
    must(sink.begin({"ffffffffffffffffffffffffffffffff", 7, {}}));
    must(sink.current(row("group/a@1")));
    return base::fail(Code::kCorrupt, "the rest is missing");
  });
  EXPECT_EQ(failed.error().message, "the rest is missing");
  EXPECT_EQ(all(), "");
  EXPECT_EQ(must(backend().revision()), 0U);
  EXPECT_EQ(must(backend().store_id()), id);
  ASSERT_TRUE(apply(1, {"group/a@1"}));
}

TEST_P(Conformance, ASinksErrorStopsTheDump) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  struct Full final : RowSink {
    base::Result<void> begin(const Contents&) override { return {}; }
    base::Result<void> current(Record&&) override { return base::fail(Code::kNoSpace, "full"); }
    base::Result<void> history(Record&&) override { return {}; }
    base::Result<void> telemetry(Telemetry&&) override { return {}; }
  } full;
  EXPECT_EQ(backend().dump(full).error().code, Code::kNoSpace);
}

}  // namespace
}  // namespace sutler::store
