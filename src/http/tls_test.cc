// TLS from outside: a server with a certificate made on the spot, asked by curl.
#include <gtest/gtest.h>

#include "http/test_support.h"

namespace sutler::http::test {
namespace {

class Tls : public testing::Test {
 protected:
  struct Pair {
    std::filesystem::path certificate, key;
  };

  void SetUp() override {
    if (run({"curl", "--version"}).status != 0 || run({"openssl", "version"}).status != 0) {
      GTEST_SKIP() << "curl or openssl is not installed";
    }
  }
  Pair make_pair(const std::string& name) const {
    Pair pair{folder_.path() / (name + ".pem"), folder_.path() / (name + ".key")};
    const Ran made = run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                          "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                          "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                          pair.key.string(), "-out", pair.certificate.string()});
    EXPECT_EQ(made.status, 0) << made.out;
    return pair;
  }
  static std::shared_ptr<const crypto::TlsContext> load(const Pair& pair) {
    auto loaded = crypto::TlsContext::load(pair.certificate, pair.key);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : nullptr;
  }
  static Ran curl(const Pair& trusted, std::vector<std::string> arguments) {
    std::vector<std::string> all{"curl", "-sS",      "--max-time",
                                 "10",   "--cacert", trusted.certificate.string()};
    std::ranges::move(arguments, std::back_inserter(all));
    return run(all);
  }

  const TempFolder folder_;
};

TEST_F(Tls, BothVersionsAreSpokenAndOlderOnesAreNot) {
  const Pair pair = make_pair("a");
  const Served served({}, {.address = "127.0.0.1:0", .tls = load(pair)});
  const std::string url = "https://" + served.address() + "/";
  for (const std::string version : {"1.2", "1.3"}) {
    const Ran got = curl(pair, {"--tlsv" + version, "--tls-max", version, url});
    EXPECT_EQ(got.status, 0) << version << got.out;
    EXPECT_EQ(got.out, "hello");
  }
  EXPECT_NE(curl(pair, {"--tls-max", "1.1", "--ciphers", "DEFAULT:@SECLEVEL=0", url}).status, 0);
  EXPECT_NE(curl(pair, {"--tls-max", "1.2", "--ciphers", "AES128-SHA:@SECLEVEL=0", url}).status, 0);
  EXPECT_EQ(served.times_seen("GET /"), 2U);
}

TEST_F(Tls, AConnectionIsKeptAndLargeBodiesArriveWhole) {
  const Pair pair = make_pair("a");
  const Served served({},
                      {.address = "127.0.0.1:0", .tls = load(pair), .body_bytes_max = 2'000'000});
  const std::string url = "https://" + served.address();
  const auto sent = folder_.path() / "sent", got = folder_.path() / "got";
  const std::string body(1'500'000, 'z');
  ASSERT_TRUE(base::write_file(sent, body, 0600, base::Overwrite::kReplace));
  const Ran ran = curl(pair, {"-o", got.string(), url + "/big?3000000", "-o", "/dev/null",
                              url + "/later", "-w", "%{num_connects} %{size_download};"});
  EXPECT_EQ(ran.out, "1 3000000;0 5;");
  const Ran echoed =
      curl(pair, {"--data-binary", "@" + sent.string(), "-o", got.string(), url + "/echo"});
  EXPECT_EQ(echoed.status, 0) << echoed.out;
  const auto read = base::read_file(got, 2'000'000);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->equals(body));
}

TEST_F(Tls, ARefusalArrivesThroughTls) {
  const Pair pair = make_pair("a");
  const Served served({}, {.address = "127.0.0.1:0", .tls = load(pair)});
  const Ran got = curl(pair, {"-w", "%{http_code}", "-o", "/dev/null", "-H",
                              "Transfer-Encoding: chunked", "https://" + served.address() + "/"});
  EXPECT_EQ(got.out, "400");
  const Ran large =
      curl(pair, {"-w", "%{http_code}", "-o", "/dev/null", "-H", "Expect:", "--data-binary",
                  std::string(100'000, 'x'), "https://" + served.address() + "/"});
  EXPECT_EQ(large.out, "413");
}

TEST_F(Tls, PlainHttpOnATlsPortGetsNoHttpAnswer) {
  const Pair pair = make_pair("a");
  const Served served({}, {.address = "127.0.0.1:0", .tls = load(pair)});
  Wire plain = served.connect();
  plain.send(get("/"));
  EXPECT_FALSE(plain.rest().contains("HTTP/"));
  EXPECT_EQ(served.seen().size(), 0U);
}

TEST_F(Tls, AHandshakeThatStopsIsCutOff) {
  const Pair pair = make_pair("a");
  Options options;
  options.timeouts.header = std::chrono::milliseconds(300);
  const Served served(options, {.address = "127.0.0.1:0", .tls = load(pair)});
  Wire silent = served.connect();
  EXPECT_TRUE(silent.ends());
  Wire half = served.connect();
  half.send("\x16\x03\x01\x02");
  EXPECT_TRUE(half.ends());
}

TEST_F(Tls, NewConnectionsUseANewCertificate) {
  const Pair old_pair = make_pair("old"), new_pair = make_pair("new");
  Served served({}, {.address = "127.0.0.1:0", .tls = load(old_pair)});
  const std::string url = "https://" + served.address() + "/";
  EXPECT_EQ(curl(old_pair, {url}).out, "hello");
  EXPECT_NE(curl(new_pair, {url}).status, 0);
  served.server().set_tls(0, load(new_pair));
  EXPECT_TRUE(eventually([&] { return curl(new_pair, {url}).out == "hello"; }));
  EXPECT_NE(curl(old_pair, {url}).status, 0);
}

TEST_F(Tls, AKeyThatDoesNotFitItsCertificateIsRefused) {
  const Pair a = make_pair("a"), b = make_pair("b");
  const auto loaded = crypto::TlsContext::load(a.certificate, b.key);
  ASSERT_FALSE(loaded);
  EXPECT_TRUE(loaded.error().message.contains(b.key.string()) ||
              loaded.error().message.contains(a.certificate.string()))
      << loaded.error().message;
  EXPECT_FALSE(crypto::TlsContext::load(folder_.path() / "none", a.key));
  EXPECT_FALSE(crypto::TlsContext::load(a.key, a.key));
}

TEST_F(Tls, AConnectionTooManyIsClosedWithoutAWord) {
  const Pair pair = make_pair("a");
  Options options;
  options.limits.connections_max = 1;
  const Served served(options, {.address = "127.0.0.1:0", .tls = load(pair)});
  const Wire first = served.connect();
  ASSERT_TRUE(eventually([&] { return served.open_connections() == 1; }));
  Wire second = served.connect();
  EXPECT_TRUE(second.ends());
}

}  // namespace
}  // namespace sutler::http::test
