#include "server/options.h"

#include <gtest/gtest.h>

#include "server/test_support.h"

namespace sutler::server::test {
namespace {

using std::chrono::milliseconds;

Options loaded(const Given& given) {
  auto got = load_options(given.raw());
  EXPECT_TRUE(got) << got.error().message;
  return got ? std::move(*got) : Options();
}

// The error, as one text: message and hint.
std::string refused(const Given& given) {
  const auto got = load_options(given.raw());
  if (got) return "accepted";
  EXPECT_EQ(got.error().code, base::Code::kInvalid) << got.error().message;
  return got.error().message + " | " + got.error().hint;
}

TEST(Options, WithoutAnySettingAreSafe) {
  const Options options = loaded(Given());
  EXPECT_EQ(options.listen, "127.0.0.1:8080");
  EXPECT_EQ(options.admin_listen, "127.0.0.1:8081");
  EXPECT_EQ(options.store, StoreDemand::kMayCreate);
  EXPECT_EQ(options.weak_keys, model::WeakKeys::kRefuse);
  EXPECT_EQ(options.provider.audit, provider::AuditDemand::kRequired);
  EXPECT_EQ(options.audit.sync, audit::Sync::kEverySecond);
  EXPECT_FALSE(options.tls);
  EXPECT_FALSE(options.secret_key);
  EXPECT_GE(options.http.threads, 1U);
}

TEST(Options, TakeEachValueInItsUnit) {
  Given given;
  given.flag("data_dir", "/d")
      .flag("threads", "7")
      .flag("header_timeout", "1s")
      .flag("idle_timeout", "2m");
  given.flag("write_timeout", "250ms").flag("drain_delay", "5s").flag("audit_sync", "always");
  given.flag("audit_rotate_bytes", "65536")
      .flag("audit_reserve_bytes", "0")
      .flag("max_connections", "5");
  given.flag("max_connections_per_client", "4")
      .flag("max_failures_per_minute", "3")
      .flag("log_level", "debug");
  given.flag("bundle_cache_bytes", "0").flag("require_store", "true").flag("allow_weak_keys", "1");
  given.flag("apply", "groups")
      .flag("admin_host", "a")
      .flag("admin_host", "b")
      .flag("master_key", "env:K");
  const Options options = loaded(given);
  EXPECT_EQ(options.data_dir, "/d");
  EXPECT_EQ(options.audit.folder, "/d/audit");
  EXPECT_EQ(options.http.threads, 7U);
  EXPECT_EQ(options.http.timeouts.header, milliseconds(1000));
  EXPECT_EQ(options.http.timeouts.idle, milliseconds(120'000));
  EXPECT_EQ(options.http.timeouts.write, milliseconds(250));
  EXPECT_EQ(options.drain_delay, milliseconds(5000));
  EXPECT_EQ(options.audit.sync, audit::Sync::kAlways);
  EXPECT_EQ(options.audit.rotate_bytes, 65536U);
  EXPECT_EQ(options.audit.reserve_bytes, 0U);
  EXPECT_EQ(options.http.limits.connections_max, 5U);
  EXPECT_EQ(options.http.limits.connections_per_client_max, 4U);
  EXPECT_EQ(options.provider.failures_per_minute_max, 3U);
  EXPECT_EQ(options.bundle_cache_bytes, 0U);
  EXPECT_EQ(options.log_level, "debug");
  EXPECT_EQ(options.store, StoreDemand::kMustExist);
  EXPECT_EQ(options.weak_keys, model::WeakKeys::kAllow);
  EXPECT_EQ(options.apply, "groups");
  EXPECT_EQ(options.admin_hosts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.master_keys, std::vector<std::string>{"env:K"});
}

TEST(Options, AWrongValueNamesItsPlaceAndWhatIsTaken) {
  const struct {
    std::string key, value, takes;
  } cases[] = {
      {"threads", "0", "a whole number from 1 to 256"},
      {"threads", "257", "a whole number"},
      {"threads", "two", "a whole number"},
      {"threads", " 2", "a whole number"},
      {"threads", "-1", "a whole number"},
      {"threads", "1.5", "a whole number"},
      {"threads", "", "a whole number"},
      {"header_timeout", "10", "a time such as"},
      {"drain_delay", "-5s", "a time such as"},
      {"audit_sync", "never", "always or 1s"},
      {"audit_rotate_bytes", "1", "a whole number from"},
      {"require_store", "yes", "true or false"},
      {"allow_weak_keys", "TRUE", "true or false"},
      {"log_level", "loud", "debug, info"},
      {"max_connections", "0", "a whole number from 1"},
  };
  for (const auto& one : cases) {
    const std::string error = refused(Given().flag(one.key, one.value));
    EXPECT_TRUE(error.contains(one.key + " takes " + one.takes))
        << one.key << "=" << one.value << ": " << error;
    EXPECT_TRUE(error.starts_with("flag --")) << error;
  }
  Given file;
  file.config("listen: 127.0.0.1:1\nthreads: many\n");
  EXPECT_TRUE(refused(file).starts_with(file.config_path() + ":2: threads takes")) << refused(file);
  EXPECT_TRUE(
      refused(Given().env("SUTLER_THREADS", "x")).starts_with("SUTLER_THREADS: threads takes"));
}

TEST(Options, ASwitchTakesAFewWords) {
  for (const char* yes : {"true", "1"}) {
    EXPECT_EQ(loaded(Given().env("SUTLER_ALLOW_WEAK_KEYS", yes)).weak_keys,
              model::WeakKeys::kAllow);
  }
  for (const char* no : {"false", "0", ""}) {
    EXPECT_EQ(loaded(Given().env("SUTLER_ALLOW_WEAK_KEYS", no)).weak_keys,
              model::WeakKeys::kRefuse);
  }
  EXPECT_NE(refused(Given().env("SUTLER_ALLOW_WEAK_KEYS", "on")), "accepted");
}

TEST(Options, AWrongSwitchIsToldAlsoWhereItDoesNotMatter) {
  EXPECT_NE(refused(Given().flag("plain_http", "maybe")), "accepted");
}

TEST(Options, PlainHttpStaysOnLoopbackUnlessSomebodySaysSo) {
  for (const char* near : {"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1"}) {
    EXPECT_EQ(loaded(Given().flag("listen", near)).listen, near);
  }
  for (const char* far :
       {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[2001:db8::1]:1", "[::ffff:10.0.0.1]:1"}) {
    const std::string error = refused(Given().flag("listen", far));
    EXPECT_TRUE(error.contains("not a loopback address")) << far << ": " << error;
    EXPECT_TRUE(error.contains("SUTLER_PLAIN_HTTP=1")) << error;
    EXPECT_EQ(loaded(Given().flag("listen", far).env("SUTLER_PLAIN_HTTP", "1")).listen, far);
    EXPECT_TRUE(loaded(Given().flag("listen", far).flag("tls_cert", "c").flag("tls_key", "k")).tls);
  }
}

TEST(Options, TheAdminSideHasItsOwnCertificateAndItsOwnWord) {
  Given far;
  far.flag("admin_listen", "0.0.0.0:1")
      .flag("plain_http", "true")
      .flag("tls_cert", "c")
      .flag("tls_key", "k");
  EXPECT_TRUE(refused(far).contains("SUTLER_ADMIN_PLAIN_HTTP=1")) << refused(far);
  EXPECT_EQ(loaded(Given().flag("admin_listen", "0.0.0.0:1").flag("admin_plain_http", "true"))
                .admin_listen,
            "0.0.0.0:1");
  const auto tls = loaded(Given().flag("admin_tls_cert", "c").flag("admin_tls_key", "k")).admin_tls;
  ASSERT_TRUE(tls);
  EXPECT_EQ(tls->certificate, "c");
  EXPECT_EQ(tls->key, "k");
}

TEST(Options, CookiesAreForTlsAloneWhereItEndsInFront) {
  using admin::CookieUse;
  EXPECT_EQ(loaded(Given()).admin_access.cookies, CookieUse::kByConnection);
  EXPECT_EQ(loaded(Given().flag("admin_behind_tls", "true")).admin_access.cookies,
            CookieUse::kOnlyTls);
  EXPECT_EQ(loaded(Given().flag("admin_listen", "0.0.0.0:1").flag("admin_plain_http", "true"))
                .admin_access.cookies,
            CookieUse::kOnlyTls);
}

TEST(Options, ACertificateAndItsKeyBelongTogether) {
  for (const char* alone : {"tls_cert", "tls_key", "admin_tls_cert", "admin_tls_key"}) {
    EXPECT_TRUE(refused(Given().flag(alone, "x")).contains("belong together")) << alone;
  }
}

TEST(Options, HostAndPortOfTheReferenceFillWhatListenLeavesUnset) {
  EXPECT_EQ(loaded(Given().env("SUTLER_PLAIN_HTTP", "1").env("PORT", "9000")).listen,
            "0.0.0.0:9000");
  EXPECT_EQ(
      loaded(Given().env("SUTLER_PLAIN_HTTP", "1").env("PORT", "9000").env("HOST", "::")).listen,
      "[::]:9000");
  EXPECT_EQ(loaded(Given().env("PORT", "9000").env("HOST", "127.0.0.1")).listen, "127.0.0.1:9000");
  EXPECT_EQ(loaded(Given().env("HOST", "my-laptop")).listen, "127.0.0.1:8080");
  EXPECT_EQ(loaded(Given().env("PORT", "").env("HOST", "")).listen, "127.0.0.1:8080");
  EXPECT_EQ(loaded(Given().env("PORT", "9000").flag("listen", "127.0.0.1:7")).listen,
            "127.0.0.1:7");
  EXPECT_EQ(loaded(Given().env("PORT", "9000").config("listen: 127.0.0.1:7\n")).listen,
            "127.0.0.1:7");
  EXPECT_TRUE(
      refused(Given().env("PORT", "9000")).contains("0.0.0.0:9000 is not a loopback address"));
  for (const char* wrong : {"x", "65536", "-1", "80 ", "8080/tcp"}) {
    EXPECT_TRUE(
        refused(Given().env("SUTLER_PLAIN_HTTP", "1").env("PORT", wrong)).contains("PORT takes"))
        << wrong;
  }
}

TEST(Options, SecretOfTheReferenceIsAKeyThatIsNotStored) {
  const Options options = loaded(Given().env("SECRET", "s3cret"));
  ASSERT_TRUE(options.secret_key);
  EXPECT_EQ(options.secret_key->expose(), "s3cret");
  EXPECT_FALSE(loaded(Given().env("SECRET", "")).secret_key);
  EXPECT_FALSE(loaded(Given().env("SUTLER_SECRET", "x")).secret_key);
}

TEST(Options, WarningsAreKeptForTheLog) {
  EXPECT_EQ(loaded(Given().env("SUTLER_TYPO", "1")).warnings.size(), 1U);
  EXPECT_EQ(loaded(Given().env("SUTLER_THREADS", "1")).warnings.size(), 0U);
}

TEST(Options, AnAuditThatIsNotRequiredIsBestEffort) {
  EXPECT_EQ(loaded(Given().config("audit_required: false\n")).provider.audit,
            provider::AuditDemand::kBestEffort);
  EXPECT_EQ(loaded(Given().config("audit_required: true\n")).provider.audit,
            provider::AuditDemand::kRequired);
}

TEST(Options, LoopbackIsMoreThanOneAddress) {
  for (const char* near : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1", "unix:/a"}) {
    EXPECT_TRUE(is_loopback(near)) << near;
  }
  for (const char* far : {"", "0.0.0.0:1", "[::]:1", "128.0.0.1:1", "[::2]:1",
                          "localhost.example:1", "1127.0.0.1:1"}) {
    EXPECT_FALSE(is_loopback(far)) << far;
  }
}

}  // namespace
}  // namespace sutler::server::test
