// What the conformance tests share: the backends, rows in a few letters, and what came back as
// text.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "crypto/random.h"
#include "store/backend/memory_backend.h"
#include "store/postgres/connection.h"
#include "store/postgres/postgres_backend.h"
#include "store/sqlite/sqlite_backend.h"
#include "store/test_support.h"

namespace sutler::store {

using test::must;

struct Made {
  std::unique_ptr<test::Folder> folder;
  std::unique_ptr<Backend> backend;
  std::string uri = {};
};

inline Made make_memory() { return {nullptr, make_memory_backend()}; }
inline Made make_sqlite() {
  auto folder = std::make_unique<test::Folder>();
  auto backend = must(open_sqlite(*folder / "sutler.db", SqliteOpen::kCreate));
  return {std::move(folder), std::move(backend)};
}

// A schema of its own in the server that SUTLER_TEST_POSTGRES names: the folder that
// test/postgres/start was given (ctest does it).
inline std::string postgres_uri(std::string_view schema) {
  const char* folder = std::getenv("SUTLER_TEST_POSTGRES");
  if (folder == nullptr || *folder == '\0') return {};
  std::ifstream in(std::string(folder) + "/data-path");
  std::string socket;
  std::getline(in, socket);
  return "postgresql:///postgres?user=postgres&host=" + socket + "&options=-csearch_path%3D" +
         std::string(schema);
}
inline Made make_postgres() {
  const std::string schema = "t" + crypto::random_hex(8);
  const std::string uri = postgres_uri(schema);
  if (uri.empty()) return {};
  const Dsn dsn = must(Dsn::parse(uri));
  auto connection = must(postgres::Connection::open(dsn));
  must(connection.run(("CREATE SCHEMA " + schema).c_str()));
  return {nullptr, must(open_postgres(dsn, PostgresOpen::kCreate)), uri};
}
inline std::unique_ptr<Backend> open_postgres_again(const Made& made) {
  return must(open_postgres(must(Dsn::parse(made.uri)), PostgresOpen::kExisting));
}

// "group/a@1" is version 1 of group a, "group/a@2!" a version 2 that is deleted.
inline Record row(std::string_view text) {
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

inline std::string describe_row(const Record& record) {
  return record.kind + "/" + record.id + "@" + std::to_string(record.version) +
         (record.deleted ? "!" : "");
}

struct Kind {
  const char* name;
  Made (*make)();
  // One more handle of the same database, as another node has it; null where only one process may
  // have the store.
  std::unique_ptr<Backend> (*open_again)(const Made&) = nullptr;
};

inline void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class Conformance : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (!made_.backend) {
      GTEST_SKIP() << "SUTLER_TEST_POSTGRES names no server: test/postgres/start DIR starts one";
    }
  }
  Backend& backend() { return *made_.backend; }
  // Another node's handle, where there can be one.
  Backend& other() {
    if (GetParam().open_again == nullptr) return backend();
    if (!other_) other_ = GetParam().open_again(made_);
    return *other_;
  }

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
  std::unique_ptr<Backend> other_;
};

}  // namespace sutler::store
