// What every backend must do with the whole of a store: its data keys, and copies of everything.
#include "store/backend/conformance_support.h"

namespace sutler::store {
namespace {

using base::Code;

class WholeStore : public Conformance {};

INSTANTIATE_TEST_SUITE_P(Backends, WholeStore,
                         testing::Values(Kind{"memory", make_memory}, Kind{"sqlite", make_sqlite},
                                         Kind{"postgres", make_postgres}),
                         [](const auto& about) { return std::string(about.param.name); });

// Collects what is dumped as text, in the order in which it comes.
class Collected final : public RowSink {
 public:
  base::Result<void> begin(const Contents& contents) override {
    text += "revision " + std::to_string(contents.revision);
    for (const KeyUse& use : contents.keys) {
      text +=
          " " + use.key_id + ":" + std::to_string(use.current) + "+" + std::to_string(use.history);
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

TEST_P(WholeStore, RewrapReplacesDataKeysOfCurrentAndOldVersionsAndNothingElse) {
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

TEST_P(WholeStore, RewrapLeavesWhatIsNoLongerWhatItWas) {
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

TEST_P(WholeStore, NoMoreDataKeysAreGivenThanWereAskedFor) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1", "group/c@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  EXPECT_EQ(must(backend().wrapped_by_others("new", 2)).size(), 2U);
  EXPECT_EQ(must(backend().wrapped_by_others("0123456789abcdef", 2)).size(), 0U);
}

TEST_P(WholeStore, ADumpHasEverythingTheHeadFirstAndFillsAnotherBackend) {
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

TEST_P(WholeStore, AFillThatFailsLeavesTheBackendEmpty) {
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

TEST_P(WholeStore, ASinksErrorStopsTheDump) {
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
