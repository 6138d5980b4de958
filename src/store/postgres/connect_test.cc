// Making a connection: in order, in time, and without a word on the standard error.
#include "store/postgres/connect.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "store/postgres/answers.h"
#include "store/postgres/postgres_test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using std::chrono::steady_clock;
using test::must;
using test::Postgres;

// "host=address:port …" of a URI.
std::string places(const char* uri, std::string* failures = nullptr) {
  std::string ignored, out;
  for (const auto& one : postgres::find_places(must(Dsn::parse(uri)), {},
                                               failures != nullptr ? *failures : ignored)) {
    out += (out.empty() ? "" : " ") + one.host + "=" + one.address + ":" + one.port;
  }
  return out;
}

// A port of this machine where connections are taken and nothing is ever said.
class Silent {
 public:
  Silent() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0) {
      std::abort();
    }
    port_ = std::to_string(::ntohs(at.sin_port));
  }
  [[nodiscard]] const std::string& port() const { return port_; }

 private:
  const base::FileDescriptor listener_;
  std::string port_;
};

double seconds_since(steady_clock::time_point begun) {
  return std::chrono::duration<double>(steady_clock::now() - begun).count();
}

TEST(PostgresConnect, HostsAreTriedInTheirOrderEachAtItsAddress) {
  EXPECT_EQ(places("postgresql://me@127.0.0.1:1,[::1]:2/x"), "127.0.0.1=:1 ::1=:2");
  EXPECT_EQ(places("postgresql://me@127.0.0.1,127.0.0.2:7/x?port=5"), "127.0.0.1=:5 127.0.0.2=:5");
  EXPECT_EQ(places("postgresql://me@db.example/x?hostaddr=192.0.2.1"), "db.example=192.0.2.1:");
  EXPECT_EQ(places("postgresql:///x?host=/run/postgresql"), "/run/postgresql=:");
  EXPECT_NE(places("postgresql://me@localhost:9/x").find("localhost=127.0.0.1:9"),
            std::string::npos);
}

TEST(PostgresConnect, ANameThatNobodyKnowsIsToldAndTheOthersAreTried) {
  std::string failures;
  EXPECT_EQ(places("postgresql://me@no-such-host.invalid:1,127.0.0.1:2/x", &failures),
            "127.0.0.1=:2");
  EXPECT_NE(failures.find("no-such-host.invalid"), std::string::npos);
}

TEST(PostgresConnect, AServerThatSaysNothingIsGivenUp) {
  const Silent server;
  const auto begun = steady_clock::now();
  const auto dsn =
      must(Dsn::parse("postgresql://me@127.0.0.1:" + server.port() + "/x?connect_timeout=2"));
  const auto opened = postgres::Connection::open(dsn);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().name, kDatabaseUnreachable);
  EXPECT_NE(opened.error().message.find(server.port()), std::string::npos);
  EXPECT_GE(seconds_since(begun), 1.9);
  EXPECT_LT(seconds_since(begun), 30);
}

TEST(PostgresConnect, WhoeverEndsWaitsForNoServer) {
  const Silent server;
  const std::string list = "127.0.0.1:" + server.port() + ",127.0.0.1:" + server.port();
  const auto dsn = must(Dsn::parse("postgresql://me@" + list + "/x?connect_timeout=60"));
  const auto ending = std::make_shared<const std::atomic<bool>>(true);
  const auto begun = steady_clock::now();
  EXPECT_FALSE(postgres::Connection::open(dsn, ending));
  EXPECT_LT(seconds_since(begun), 30);
}

TEST_F(Postgres, WarningsOfTheBeginningAreCountedAndNotPrinted) {
  const std::string role = "r" + crypto::random_hex(8);
  run("CREATE ROLE " + role + " LOGIN");
  {
    auto connection = must(postgres::Connection::open(*dsn_));
    must(connection.run("SET allow_system_table_mods = on"));
    // As an upgrade leaves it behind: a setting that the server does not understand any more.
    must(connection.run(("INSERT INTO pg_db_role_setting SELECT 0, oid, "
                         "ARRAY['work_mem=a lot'] FROM pg_roles WHERE rolname = '" +
                         role + "'")
                            .c_str()));
  }
  std::string uri = postgres_uri(schema_);
  uri.replace(uri.find("user=postgres"), 13, "user=" + role);
  testing::internal::CaptureStderr();
  {
    const auto connection = must(postgres::Connection::open(must(Dsn::parse(uri))));
    EXPECT_GT(connection.warnings(), 0U) << "the server has said nothing";
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  run("DROP ROLE " + role);
}

TEST(PostgresAnswers, WhatLeavesTheOutcomeOpenIsNoConflict) {
  EXPECT_EQ(postgres::error_of("40003", "x").name, kDatabaseUnreachable);
  EXPECT_TRUE(postgres::ends_connection("40003"));
  for (const auto* conflict : {"23505", "40001", "40P01", "42P07", "42710"}) {
    EXPECT_EQ(postgres::error_of(conflict, "x").code, Code::kConflict) << conflict;
    EXPECT_FALSE(postgres::ends_connection(conflict)) << conflict;
  }
  EXPECT_EQ(postgres::error_of("42501", "x").name, kDatabaseDenied);
  EXPECT_EQ(postgres::error_of("55P03", "x").name, kDatabaseUnreachable) << "a lock timeout";
  EXPECT_EQ(postgres::error_of("25P03", "x").name, kDatabaseUnreachable) << "idle in transaction";
  EXPECT_TRUE(postgres::ends_connection("25P03"));
  EXPECT_EQ(postgres::error_of("53100", "x").code, Code::kNoSpace);
  EXPECT_EQ(postgres::error_of("XX001", "x").code, Code::kCorrupt);
}

// For the time of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Environment() { ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

std::string mode_of(const char* uri) {
  const Dsn dsn = must(Dsn::parse(uri));
  for (const auto& [name, value] : dsn.parameters()) {
    if (name == "sslmode") return value;
  }
  return "none";
}

TEST(PostgresDsn, WhereTheEnvironmentSaysItIsCountsAsWell) {
  EXPECT_EQ(mode_of("postgresql:///x"), "none");
  {
    const Environment host("PGHOST", "db.example");
    EXPECT_EQ(mode_of("postgresql:///x"), "verify-full");
    EXPECT_EQ(mode_of("postgresql://127.0.0.1/x"), "none") << "the URI goes first";
  }
  {
    const Environment address("PGHOSTADDR", "192.0.2.1");
    EXPECT_EQ(mode_of("postgresql://localhost/x"), "verify-full");
  }
  const Environment mode("PGSSLMODE", "disable");
  EXPECT_EQ(mode_of("postgresql://db.example/x"), "disable");
}

TEST(PostgresDsn, ANameThatBeginsLikeThisMachineIsAnotherOne) {
  EXPECT_EQ(mode_of("postgresql://127.example.org/x"), "verify-full");
  EXPECT_EQ(mode_of("postgresql://127.0.0.1.example.org/x"), "verify-full");
  EXPECT_EQ(mode_of("postgresql://127.1.2.3/x"), "none");
}

TEST(PostgresDsn, APasswordFileThatOthersMayReadIsNotReadAndNobodyIsToldByLibpq) {
  const test::Folder folder;
  const std::string file = (folder / "pass").string();
  std::ofstream(file) << "*:*:*:*:s3cret\n";
  const Silent server;
  const std::string where = "postgresql://me@127.0.0.1:" + server.port() + "/x?passfile=" + file;
  for (const auto& [mode, refused] : {std::pair(0600U, false), {0640U, true}, {0604U, true}}) {
    ASSERT_EQ(::chmod(file.c_str(), mode), 0);
    const Dsn dsn = must(Dsn::parse(where));
    EXPECT_EQ(dsn.refused_password_file(), refused ? file : "") << mode;
    testing::internal::CaptureStderr();
    const auto ending = std::make_shared<const std::atomic<bool>>(true);
    EXPECT_FALSE(postgres::Connection::open(dsn, ending));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << mode;
  }
  EXPECT_EQ(must(Dsn::parse(where + "x")).refused_password_file(), "") << "there is no such file";
}

TEST(PostgresDsn, ThePasswordOfAKeyIsOneToo) {
  EXPECT_TRUE(must(Dsn::parse("postgresql://db/x?sslpassword=s3cret")).has_password());
  EXPECT_FALSE(must(Dsn::parse("postgresql://db/x?sslkey=file")).has_password());
}

}  // namespace
}  // namespace sutler::store
