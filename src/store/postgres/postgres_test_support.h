// For the tests of PostgreSQL: a schema of its own, and as many nodes on it as a test wants.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "store/backend/conformance_support.h"
#include "store/postgres/schema.h"

namespace sutler::store::test {

class Postgres : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres_uri("x").empty()) {
      GTEST_SKIP() << "SUTLER_TEST_POSTGRES names no server: test/postgres/start DIR starts one";
    }
    schema_ = "t" + crypto::random_hex(8);
    // Its connections have its name: other tests use the same server.
    dsn_ = must(Dsn::parse(postgres_uri(schema_) + "&application_name=" + schema_));
    run("CREATE SCHEMA " + schema_);
  }

  void run(const std::string& sql) {
    auto connection = must(postgres::Connection::open(*dsn_));
    must(connection.run(sql.c_str()));
  }
  std::unique_ptr<Backend> open(PostgresOpen mode = PostgresOpen::kExisting) {
    return must(open_postgres(*dsn_, mode));
  }
  void create_store() {
    const auto backend = open(PostgresOpen::kCreate);
    must(Store::create(*backend, *master_keys(), kSomebody));
  }
  std::unique_ptr<Store> open_store() { return must(Store::open(open(), master_keys())); }

  std::string schema_;
  std::optional<Dsn> dsn_;
};

}  // namespace sutler::store::test
