#include "http/gate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/limits.h"
#include "base/test_corpora.h"

namespace sutler::http {
namespace {

namespace limits = base::limits;

// "ok", or why and with what status a whole request is refused: "bare_lf 400".
struct Judge {
  std::size_t body_bytes_max = 0;
  Head head = {};
  std::vector<Field> fields = {};
  std::string block = {};

  std::string operator()(std::string text) {
    block = std::move(text);
    const Scan scan = scan_head(block, 0);
    if (scan.state == Scan::State::kIncomplete) return "incomplete";
    Refused refused = scan.refused;
    if (scan.state == Scan::State::kComplete &&
        parse_head(std::string_view(block).substr(0, scan.head_bytes), {body_bytes_max}, head,
                   fields, refused)) {
      return "ok";
    }
    return std::string(refused.why) + " " + std::to_string(refused.status);
  }
};

std::string judge(std::string text, std::size_t body_bytes_max = 0) {
  return Judge{body_bytes_max}(std::move(text));
}

// A request with a Host and these lines.
std::string with(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string target(const std::string& t) { return "GET " + t + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string line(const std::string& l) { return l + "\r\nHost: a\r\n\r\n"; }

TEST(Gate, APlainRequestIsTakenApart) {
  Judge judge;
  ASSERT_EQ(judge("GET /a/b?c=d&e HTTP/1.1\r\nHost: example.org:80\r\n"
                  "AUTHORIZATION:  Bearer x\t\r\nX-Empty:\r\n\r\nrest"),
            "ok");
  EXPECT_EQ(judge.head.method, "GET");
  EXPECT_EQ(judge.head.path, "/a/b");
  EXPECT_EQ(judge.head.query, "c=d&e");
  EXPECT_EQ(judge.head.minor_version, 1);
  EXPECT_EQ(judge.head.authorization, "Bearer x");
  EXPECT_TRUE(judge.head.has_authorization);
  EXPECT_EQ(judge.head.persistence, Persistence::kKeepAlive);
  ASSERT_EQ(judge.fields.size(), 3U);
  EXPECT_EQ(judge.fields[2].name, "X-Empty");
  EXPECT_EQ(judge.fields[2].value, "");
}

TEST(Gate, ParsingAgainLeavesNothingOfTheLastRequest) {
  Judge judge{100};
  ASSERT_EQ(judge(with("Authorization: a\r\nContent-Length: 5\r\nConnection: close\r\n")), "ok");
  ASSERT_EQ(judge(with("")), "ok");
  EXPECT_FALSE(judge.head.has_authorization);
  EXPECT_EQ(judge.head.authorization, "");
  EXPECT_EQ(judge.head.content_length, 0U);
  EXPECT_EQ(judge.head.persistence, Persistence::kKeepAlive);
  EXPECT_EQ(judge.fields.size(), 1U);
}

TEST(Gate, ARequestLineHasThreePartsAndNothingElse) {
  EXPECT_EQ(judge(line("GET / HTTP/1.1")), "ok");
  for (const char* wrong : {"GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /  HTTP/1.1",
                            "GET / x HTTP/1.1", "GET\t/\tHTTP/1.1", "GET / HTTP/1.1\r"}) {
    EXPECT_TRUE(judge(line(wrong)).ends_with(" 400")) << wrong << ": " << judge(line(wrong));
  }
}

TEST(Gate, AMethodIsAShortToken) {
  EXPECT_EQ(judge(line("M-SEARCH / HTTP/1.1")), "ok");
  EXPECT_EQ(judge(line(std::string(32, 'A') + " / HTTP/1.1")), "ok");
  EXPECT_EQ(judge(line(std::string(33, 'A') + " / HTTP/1.1")), "bad_method 400");
  EXPECT_EQ(judge(line("G@T / HTTP/1.1")), "bad_method 400");
  EXPECT_EQ(judge(line("G\0T / HTTP/1.1")), "bad_request_line 400");
}

TEST(Gate, GarbageIsRefusedAtItsFirstByte) {
  for (const char* wrong :
       {"\r\nGET / HTTP/1.1\r\n", " GET / HTTP/1.1\r\n", "\x16\x03\x01", "{", "\n", "\t", "\x80"}) {
    EXPECT_EQ(judge(wrong), "bad_method 400") << wrong;
  }
  EXPECT_EQ(judge("G"), "incomplete");
}

TEST(Gate, OnlyVersions10And11AreSpoken) {
  EXPECT_EQ(judge(line("GET / HTTP/1.0")), "ok");
  for (const char* other : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/9.9"}) {
    EXPECT_EQ(judge(line(std::string("GET / ") + other)), "http_version 505") << other;
  }
  for (const char* wrong :
       {"http/1.1", "HTTP/1.", "HTTP/1.10", "HTTP/01.1", "HTTP/1,1", "HTTP 1.1", "", "XTTP/1.1"}) {
    EXPECT_EQ(judge(line(std::string("GET / ") + wrong)).substr(0, 4), "bad_") << wrong;
  }
}

TEST(Gate, ATargetIsOriginFormAscii) {
  for (const char* good : {"/", "/a?b", "/?", "/%00", "/a;b=c", "//x", "/a:b@c!$&'()*+,"}) {
    EXPECT_EQ(judge(target(good)), "ok") << good;
  }
  for (const char* wrong : {"*", "http://a/", "a:80", "a", "?", "/a#b", "/a\"b", "/<a>", "/a\\b",
                            "/a^b", "/a`b", "/{a}", "/a|b", "/\xc3\xa4", "/a\x7f", "/a\x01"}) {
    EXPECT_EQ(judge(target(wrong)), "bad_target 400") << wrong;
  }
}

TEST(Gate, ATargetIsAtMostTwoKibibytes) {
  const std::string longest = "/" + std::string(limits::kTargetBytesMax - 1, 'a');
  EXPECT_EQ(judge(target(longest)), "ok");
  EXPECT_EQ(judge(target(longest + "a")), "target_too_long 414");
  // Nobody has to wait for the end of a line that is too long already.
  EXPECT_EQ(judge("GET /" + std::string(limits::kTargetBytesMax + 100, 'a')),
            "target_too_long 414");
  EXPECT_EQ(judge(std::string(limits::kTargetBytesMax + 100, 'A')), "bad_method 400");
}

TEST(Gate, ThereIsExactlyOneValidHost) {
  const auto host = [](const std::string& value) {
    return judge("GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n");
  };
  for (const char* good : {"a", "example.org", "example.org:443", "127.0.0.1:8080", "[::1]",
                           "[::1]:80", "a_b-c.d", "  a  "}) {
    EXPECT_EQ(host(good), "ok") << good;
  }
  for (const char* wrong :
       {"", ":80", "a:", "a:b", "a:123456", "a:80:80", "a b", "a/b", "a,b", "u@a", "[::1", "[]",
        "[::1]80", "[g::1]", "a?b", "a#b", "a%41", "\xc3\xa4", "*"}) {
    EXPECT_EQ(host(wrong), "bad_host 400") << wrong;
  }
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n"), "no_host 400");
  EXPECT_EQ(judge("GET / HTTP/1.0\r\n\r\n"), "no_host 400");
  EXPECT_EQ(judge(with("hOST: a\r\n")), "two_hosts 400");
}

TEST(Gate, ThereIsAtMostOneAuthorization) {
  EXPECT_EQ(judge(with("Authorization: a\r\n")), "ok");
  EXPECT_EQ(judge(with("Authorization: a\r\nauthorization: a\r\n")), "two_authorizations 400");
  EXPECT_EQ(judge(with("Authorization:\r\nAuthorization: a\r\n")), "two_authorizations 400");
}

TEST(Gate, AFieldNameIsATokenRightBeforeItsColon) {
  EXPECT_EQ(judge(with("X-A_b.1!: 1\r\n")), "ok");
  for (const char* wrong :
       {"X : 1", "X\t: 1", ": 1", " X: 1", "X Y: 1", "X\x80: 1", "X(: 1", "\"X\": 1"}) {
    EXPECT_EQ(judge(with(std::string(wrong) + "\r\n")), "bad_field_name 400") << wrong;
  }
  EXPECT_EQ(judge(with("no colon\r\n")), "bad_field 400");
}

TEST(Gate, AFoldedFieldIsRefused) {
  EXPECT_EQ(judge(with("X: 1\r\n 2\r\n")), "bad_field 400");
  EXPECT_EQ(judge(with("X: 1\r\n\t2: 3\r\n")), "bad_field_name 400");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "bad_field_name 400");
}

TEST(Gate, AFieldValueHasNoControlCharacters) {
  EXPECT_EQ(judge(with("X: a\tb \xc3\xa4 \xff\r\n")), "ok");
  for (const char c : {'\x00', '\x01', '\x0b', '\x1b', '\x7f', '\r'}) {
    EXPECT_EQ(judge(with(std::string("X: a") + c + "b\r\n")), "bad_field_value 400") << int{c};
    EXPECT_EQ(judge(with(std::string("X: a") + c + "\r\n")), "bad_field_value 400") << int{c};
  }
}

TEST(Gate, EachLineEndsInCrLf) {
  EXPECT_EQ(judge("GET / HTTP/1.1\nHost: a\n\n"), "bare_lf 400");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\n\r\n"), "bare_lf 400");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\n\n"), "bare_lf 400");
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"), "bad_field_value 400");
  EXPECT_EQ(judge("GET / HTTP/1.1\rHost: a\r\r"), "incomplete");
  EXPECT_EQ(judge("GET / HTTP/1.1\rX: b\r\nHost: a\r\n\r\n"), "bad_http_version 400");
}

TEST(Gate, AContentLengthIsOneNumber) {
  EXPECT_EQ(judge(with("Content-Length: 0\r\n")), "ok");
  EXPECT_EQ(judge(with("Content-Length: 000\r\n")), "ok");
  EXPECT_EQ(judge(with("Content-Length: 100\r\n"), 100), "ok");
  for (const char* wrong :
       {"", "-1", "+1", "1 ", "0x1", "1,1", "1.0", "1 1", "a", "1234567890123456789", "\xd9\xa1"}) {
    const std::string value(wrong);
    const std::string expected = value == "1 " ? "body_too_large 413" : "bad_content_length 400";
    EXPECT_EQ(judge(with("Content-Length: " + value + "\r\n")), expected) << value;
  }
  EXPECT_EQ(judge(with("Content-Length: 0\r\nContent-Length: 0\r\n")), "two_content_lengths 400");
}

TEST(Gate, ABodyIsAllowedUpToTheListenersLimit) {
  EXPECT_EQ(judge(with("Content-Length: 1\r\n")), "body_too_large 413");
  EXPECT_EQ(judge(with("Content-Length: 10\r\n"), 10), "ok");
  EXPECT_EQ(judge(with("Content-Length: 11\r\n"), 10), "body_too_large 413");
  EXPECT_EQ(judge(with("Content-Length: 999999999999999999\r\n"), 10), "body_too_large 413");
}

TEST(Gate, NoTransferEncodingIsEverFramed) {
  for (const char* value :
       {"chunked", "gzip", "xchunked", "chunked, gzip", "identity", "", " chunked"}) {
    const std::string field = "Transfer-Encoding: " + std::string(value) + "\r\n";
    EXPECT_EQ(judge(with(field)), "transfer_encoding 400") << value;
    EXPECT_EQ(judge(with(field), 100), "transfer_encoding 411") << value;
    EXPECT_EQ(judge(with(field + "Content-Length: 1\r\n"), 100), "transfer_encoding 400") << value;
    EXPECT_EQ(judge("GET / HTTP/1.0\r\nHost: a\r\n" + field + "\r\n", 100),
              "transfer_encoding 400");
  }
}

TEST(Gate, OnlyOneExpectationIsKnown) {
  Judge judge{100};
  EXPECT_EQ(judge(with("Expect: 100-Continue\r\n")), "ok");
  EXPECT_TRUE(judge.head.expects_continue);
  EXPECT_EQ(judge(with("Expect: 200-ok\r\n")), "bad_expectation 417");
  EXPECT_EQ(judge(with("")), "ok");
  EXPECT_FALSE(judge.head.expects_continue);
}

TEST(Gate, PersistenceFollowsVersionAndConnection) {
  Judge judge;
  const auto persistence = [&](const std::string& version, const std::string& connection) {
    EXPECT_EQ(judge("GET / HTTP/" + version + "\r\nHost: a\r\n" + connection + "\r\n"), "ok");
    return judge.head.persistence;
  };
  EXPECT_EQ(persistence("1.1", ""), Persistence::kKeepAlive);
  EXPECT_EQ(persistence("1.1", "Connection: x, CLOSE\r\n"), Persistence::kClose);
  EXPECT_EQ(persistence("1.1", "Connection: closed\r\n"), Persistence::kKeepAlive);
  EXPECT_EQ(persistence("1.0", ""), Persistence::kClose);
  EXPECT_EQ(persistence("1.0", "Connection: keep-alive\r\n"), Persistence::kKeepAlive);
  EXPECT_EQ(persistence("1.0", "Connection: keep-alive, close\r\n"), Persistence::kClose);
}

TEST(Gate, AHeaderBlockHasLimitsInBytesAndFields) {
  const std::string start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
  const std::string fits(limits::kRequestHeaderBytesMax - start.size() - 4, 'x');
  EXPECT_EQ(judge(start + fits + "\r\n\r\n"), "ok");
  EXPECT_EQ(judge(start + fits + "x\r\n\r\n"), "header_too_large 431");
  EXPECT_EQ(judge(start + fits), "incomplete");
  std::string fields;
  for (std::size_t i = 1; i < limits::kRequestHeaderFieldsMax; ++i) fields += "X: 1\r\n";
  EXPECT_EQ(judge(with(fields)), "ok");
  EXPECT_EQ(judge(with(fields + "X: 1\r\n")), "too_many_fields 431");
}

TEST(Gate, ABlockMayArriveByteByByte) {
  const std::string text = with("Authorization: Bearer x\r\n");
  std::size_t next = 0;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const Scan scan = scan_head(std::string_view(text).substr(0, size), next);
    ASSERT_EQ(scan.state, Scan::State::kIncomplete) << size;
    ASSERT_LE(scan.next, size);
    next = scan.next;
  }
  const Scan scan = scan_head(text + "GET / HTTP/1.1", next);
  ASSERT_EQ(scan.state, Scan::State::kComplete);
  EXPECT_EQ(scan.head_bytes, text.size());
}

// The requests in llhttp's documents: between "```http" and "```", with \r, \n and the like written
// out.
std::vector<std::string> requests_of(const std::string& document) {
  std::vector<std::string> found;
  constexpr std::string_view kFence = "\n```http\n";
  for (auto at = document.find(kFence); at != std::string::npos; at = document.find(kFence, at)) {
    at += kFence.size();
    const auto end = std::min(document.find("\n```", at), document.size());
    std::string bytes;
    for (std::size_t i = at; i < end; ++i) {
      if (document[i] != '\\' && document[i] != '\n') bytes += document[i];
      if (document[i] == '\n') bytes += "\r\n";
      if (document[i] != '\\' || ++i == end) continue;
      if (document[i] == 'r') bytes += '\r';
      if (document[i] == 'n') bytes += '\n';
      if (document[i] == 't') bytes += '\t';
    }
    found.push_back(bytes + "\r\n");
  }
  return found;
}

// Whatever a stranger's requests hold, judging them ends, and the same way for each way to arrive.
TEST(Gate, TheRequestsOfLlhttpAreJudgedAlikeWholeAndInPieces) {
  SUTLER_REQUIRE_CORPUS("http/llhttp");
  std::size_t count = 0, accepted = 0;
  for (const auto& entry : std::filesystem::directory_iterator(base::corpora() / "http/llhttp")) {
    if (entry.path().extension() != ".md") continue;
    for (const auto& request : requests_of(base::read_whole(entry.path()))) {
      ++count;
      const Scan whole = scan_head(request, 0);
      Scan piece;
      for (std::size_t size = 1; size <= request.size(); ++size) {
        piece = scan_head(std::string_view(request).substr(0, size), piece.next);
        if (piece.state != Scan::State::kIncomplete) break;
      }
      EXPECT_EQ(piece.state, whole.state) << request;
      EXPECT_EQ(piece.head_bytes, whole.head_bytes) << request;
      for (const std::size_t body : {std::size_t{0}, limits::kAdminBodyBytesMax}) {
        const std::string verdict = judge(request, body);
        accepted += verdict == "ok" ? 1 : 0;
        if (verdict != "ok") continue;
        EXPECT_FALSE(request.contains("\rX-") || request.contains("ransfer-")) << request;
      }
    }
  }
  EXPECT_GT(count, 100U);
  EXPECT_GT(accepted, 10U);
}

}  // namespace
}  // namespace sutler::http
