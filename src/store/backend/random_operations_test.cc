// The three backends do the same, whatever is asked of them in whatever order.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "store/backend/conformance_support.h"

namespace sutler::store {
namespace {

using test::must;

// Everything that a backend holds, as text.
class Listing final : public RowSink {
 public:
  base::Result<void> begin(const Contents& contents) override {
    text += "revision " + std::to_string(contents.revision) + "\n";
    for (const KeyUse& use : contents.keys) {
      text += "key " + use.key_id + " " + std::to_string(use.current) + " " +
              std::to_string(use.history) + "\n";
    }
    return {};
  }
  base::Result<void> current(Record&& record) override { return add("current ", record); }
  base::Result<void> history(Record&& record) override { return add("history ", record); }
  base::Result<void> telemetry(Telemetry&& row) override {
    rows[row.key] = row.value;
    return {};
  }
  [[nodiscard]] std::string all() const {
    std::string out = text;
    for (const auto& [name, row] : records) out += name + row + "\n";
    for (const auto& [key, value] : rows) out += key + "=" + value + "\n";
    return out;
  }

 private:
  base::Result<void> add(const std::string& place, const Record& record) {
    records[place + describe_row(record)] = " r" + std::to_string(record.revision) + " " +
                                            record.key_id + " " + record.wrapped + " " +
                                            record.header + " " + record.body;
    return {};
  }
  std::string text;
  std::map<std::string, std::string> records, rows;
};

std::string listing(Backend& backend) {
  Listing out;
  must(backend.dump(out));
  return out.all();
}

// The outcome of one random operation, as text; the same seed asks for the same.
std::string operate(Backend& backend, std::mt19937& random) {
  const auto pick = [&](unsigned below) { return static_cast<std::uint64_t>(random() % below); };
  const std::string ids[] = {"a", "b", "c", "d"};
  const std::string kinds[] = {"group", "team", "head"};
  switch (pick(8)) {
    case 0:
    case 1:
    case 2:
    case 3: {
      Batch batch{must(backend.revision()) + (pick(10) == 0 ? 2 : 1), {}};
      const auto count = 1 + pick(3);
      for (std::uint64_t i = 0; i < count; ++i) {
        Record one;
        one.kind = kinds[pick(3)];
        one.id = ids[pick(4)];
        one.version = must(backend.history(one.kind, one.id)).empty()
                          ? 1
                          : must(backend.history(one.kind, one.id)).front().version + 1;
        if (pick(12) == 0) one.version += 1;
        one.revision = batch.revision;
        one.deleted = pick(5) == 0;
        one.key_id = pick(2) == 0 ? "0123456789abcdef" : "fedcba9876543210";
        one.wrapped = "w" + std::to_string(random());
        one.header = "h" + std::to_string(random());
        one.body = one.deleted ? "" : "b" + std::to_string(random());
        batch.records.push_back(std::move(one));
      }
      const auto applied = backend.apply(batch);
      return applied ? "applied" : std::string(base::code_name(applied.error().code));
    }
    case 4:
      return "purged " +
             std::to_string(must(backend.purge({{kinds[pick(2)], ids[pick(4)], pick(6)},
                                                {kinds[pick(2)], ids[pick(4)], pick(3)}})));
    case 5: {
      must(backend.put_telemetry({{"k/" + ids[pick(4)], std::to_string(random())},
                                  {"k/" + ids[pick(4)], pick(3) == 0 ? "" : "x"}}));
      std::string found;
      for (const Telemetry& row : must(backend.telemetry("k/"))) found += row.key + row.value + " ";
      return found;
    }
    case 6: {
      std::vector<Rewrap> batch;
      for (WrappedKey& one : must(backend.wrapped_by_others("0123456789abcdef", 100))) {
        const std::string wrapped = "again " + one.wrapped;
        batch.push_back({std::move(one), "0123456789abcdef", wrapped});
      }
      return "rewrapped " + std::to_string(must(backend.rewrap(batch)));
    }
    default: {
      std::string found;
      const auto note = [&](Record&& record) -> base::Result<void> {
        found += describe_row(record) + " ";
        return {};
      };
      std::set<std::string> since;  // of one revision in any order
      must(backend.load_since(pick(20), [&](Record&& record) -> base::Result<void> {
        since.insert(std::to_string(1000 + record.revision) + describe_row(record));
        return {};
      }));
      for (const std::string& one : since) found += one + " ";
      found += "| ";
      must(backend.changes(pick(20), pick(40), note));
      found += "| ";
      must(backend.old_versions(note));
      return found;
    }
  }
}

TEST(RandomOperations, GiveTheSameOnEveryBackend) {
  std::vector<Made> made;
  made.push_back(make_memory());
  made.push_back(make_sqlite());
  made.push_back(make_postgres());
  if (!made.back().backend) {
    GTEST_SKIP() << "SUTLER_TEST_POSTGRES names no server: test/postgres/start DIR starts one";
  }
  for (unsigned step = 0; step < 600; ++step) {
    std::vector<std::string> outcomes;
    for (const Made& one : made) {
      std::mt19937 random(step);
      outcomes.push_back(operate(*one.backend, random));
    }
    ASSERT_EQ(outcomes[1], outcomes[0]) << "sqlite, step " << step;
    ASSERT_EQ(outcomes[2], outcomes[0]) << "postgres, step " << step;
    if (step % 50 != 49) continue;
    const std::string all = listing(*made[0].backend);
    ASSERT_EQ(listing(*made[1].backend), all) << "sqlite, step " << step;
    ASSERT_EQ(listing(*made[2].backend), all) << "postgres, step " << step;
  }
}

}  // namespace
}  // namespace sutler::store
