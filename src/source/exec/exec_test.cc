#include <gtest/gtest.h>

#include "base/test_support.h"
#include "source/exec/config.h"
#include "source/exec/program.h"
#include "source/exec/test_support.h"

namespace sutler::source {
namespace {

using base::test::TempFolder;
using test::late;
using test::shell;

constexpr std::string_view kCanary = "canary-51d2e0";

ExecConfig config(const std::string& script, const std::vector<std::string>& words = {},
                  Format format = Format::kRaw) {
  ExecConfig out;
  out.name = "vaulted";
  out.program = shell(script, words);
  out.format = format;
  return out;
}

Answer<Document> read(ExecConfig from, const std::string& locator) {
  return make_exec(std::move(from))->read(locator, late());
}

std::string fields(const Document& document) {
  std::string out;
  if (!document.fields) return "none";
  for (const auto& field : *document.fields) {
    ((out += field.name) += '=') += field.value.expose();
    out += ';';
  }
  return out;
}

TEST(Exec, GivesTheLocatorOnStdinWhereNoWordTakesIt) {
  auto document = read(config("cat; echo \" $# arguments\""), "payments/db");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->bytes.expose(), "payments/db 0 arguments\n");
  EXPECT_EQ(fields(*document), "none");
}

TEST(Exec, PutsTheLocatorIntoTheWords) {
  auto document =
      read(config("cat; printf '<%s>' \"$@\"", {"{ref}", "--x={ref}/{ref}", "{re"}), "a b;$(id)");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->bytes.expose(), "<a b;$(id)><--x=a b;$(id)/a b;$(id)><{re>");
}

TEST(Exec, RefusesALocatorThatCouldBeAnOption) {
  EXPECT_FALSE(make_exec(config("", {"{ref}"}))->validate("-o"));
  EXPECT_FALSE(make_exec(config("", {"{ref}.json"}))->validate("--output=x"));
  EXPECT_TRUE(make_exec(config("", {"--", "{ref}"}))->validate("-o"));
  EXPECT_TRUE(make_exec(config("", {"--name={ref}"}))->validate("-o"));
  EXPECT_TRUE(make_exec(config("", {}))->validate("-o"));
}

TEST(Exec, RefusesLocatorsThatClimbOrAreNoText) {
  auto driver = make_exec(config("touch /nowhere"));
  for (const std::string& locator :
       {std::string(), std::string("../x"), std::string("a/../b"), std::string("a/.."),
        std::string("a\nb"), std::string("a\0b", 3), std::string("\xff"), std::string(3000, 'x')}) {
    EXPECT_FALSE(driver->validate(locator)) << locator.substr(0, 20);
    auto document = driver->read(locator, late());
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().kind, FailureKind::kBadReference);
  }
  EXPECT_TRUE(driver->validate("op://Vault/..item/field..x"));
}

TEST(Exec, ReadsJson) {
  auto document = read(config("printf '{\"b\":\"x\\\\ny\",\"a\":[1,true],\"n\":null,\"é\":1.50}'",
                              {}, Format::kJson),
                       "x");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(fields(*document), "a=[1,true];b=x\ny;é=1.50;");
}

TEST(Exec, ReadsDotenv) {
  auto document =
      read(config("printf 'B=\"two\\nlines\"\\nexport A=1 # x\\n'", {}, Format::kDotenv), "x");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(fields(*document), "A=1;B=two\nlines;");
}

TEST(Exec, KeepsOrStripsTheFinalNewline) {
  ExecConfig strip = config("printf 'one\\n'");
  strip.final_newline = ExecConfig::FinalNewline::kStrip;
  EXPECT_EQ(read(std::move(strip), "x")->bytes.expose(), "one");
  EXPECT_EQ(read(config("printf 'one\\n'"), "x")->bytes.expose(), "one\n");
}

TEST(Exec, TellsMissingFromDeniedFromOutage) {
  const auto kind = [](const std::string& script, Format format = Format::kRaw) {
    ExecConfig from = config(script, {}, format);
    from.missing_exit = {3, 44};
    from.denied_exit = {5};
    auto document = read(std::move(from), "x");
    return document ? "value" : failure_name(document.error().kind);
  };
  EXPECT_EQ(kind("exit 3"), "missing");
  EXPECT_EQ(kind("echo value; exit 44"), "missing");
  EXPECT_EQ(kind("exit 5"), "denied");
  EXPECT_EQ(kind("exit 1"), "outage");
  EXPECT_EQ(kind("kill -3 $$"), "outage");  // a signal's number is no exit status
  EXPECT_EQ(kind("true"), "outage");        // nothing printed is no value
  EXPECT_EQ(kind("echo '{\"a\":1'", Format::kJson), "outage");
  EXPECT_EQ(kind("echo '{\"a\":1,\"a\":2}'", Format::kJson), "outage");
  EXPECT_EQ(kind("echo nothing here", Format::kDotenv), "outage");
  EXPECT_EQ(kind("echo x"), "value");
}

TEST(Exec, IsAnOutageWhenItIsTooSlowOrTooLong) {
  ExecConfig slow = config("sleep 1000");
  slow.time_max = std::chrono::milliseconds(100);
  auto document = read(std::move(slow), "payments/db");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind, FailureKind::kOutage);
  EXPECT_EQ(document.error().message,
            "source vaulted: for \"payments/db\": /bin/sh was too slow: "
            "it was killed at the deadline");
  ExecConfig loud = config("yes");
  loud.output_bytes_max = 1000;
  EXPECT_EQ(read(std::move(loud), "x").error().kind, FailureKind::kOutage);
}

TEST(Exec, HasPathHomeLangAndWhatIsConfigured) {
  const TempFolder folder;
  test::write(folder.path() / "token", "from a file\n");
  ::setenv("SUTLER_TEST_TOKEN", "from the server", 1);
  ExecConfig from = config("env | grep -v '^PWD=' | sort | cut -d= -f1; echo $A $B $C; pwd");
  from.program.folder = folder.path();
  from.program.environment.push_back({"A", base::Secret("inline")});
  from.program.environment.push_back({"B", {}, "SUTLER_TEST_TOKEN"});
  from.program.environment.push_back({"C", {}, {}, folder.path() / "token"});
  auto document = read(std::move(from), "x");
  ::unsetenv("SUTLER_TEST_TOKEN");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->bytes.expose(),
            "A\nB\nC\nHOME\nLANG\nPATH\ninline from the server from a file\n" +
                folder.path().string() + "\n");
}

TEST(Exec, IsALoginThatFailsWhenACredentialOfItIsNotThere) {
  ExecConfig from = config("echo x");
  from.program.environment.push_back({"TOKEN", {}, {}, "/nowhere/token"});
  auto document = read(std::move(from), "x");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind, FailureKind::kLogin);
}

TEST(Exec, SaysNothingOfWhatWasPrinted) {
  for (const Format format : {Format::kJson, Format::kDotenv, Format::kRaw}) {
    for (const char* script :
         {"echo $C; echo $C >&2; exit 3", "echo $C; echo {$C", "echo $C >&2"}) {
      ExecConfig from = config(script, {}, format);
      from.program.environment.push_back({"C", base::Secret(kCanary)});
      auto document = read(std::move(from), "x");
      if (document) continue;
      EXPECT_EQ(document.error().message.find(kCanary), std::string::npos);
    }
  }
}

TEST(Exec, ChecksItsConfig) {
  EXPECT_TRUE(check_exec_config(config("true")));
  const auto refused = [](ExecConfig from) {
    auto fits = check_exec_config(from);
    return fits ? std::string("taken") : fits.error().message;
  };
  ExecConfig from = config("");
  from.program.argv = {"no-such-program-anywhere"};
  EXPECT_EQ(refused(std::move(from)),
            "source vaulted: there is no program no-such-program-anywhere in PATH");
  from = config("");
  from.program.argv = {"bin/sh"};
  EXPECT_EQ(refused(std::move(from)), "source vaulted: the path of program bin/sh is not absolute");
  from = config("");
  from.program.user = "no-such-user";
  EXPECT_EQ(refused(std::move(from)), "source vaulted: there is no user no-such-user");
  from = config("");
  from.missing_exit = from.denied_exit = {3};
  EXPECT_EQ(refused(std::move(from)),
            "source vaulted: exit status 3 is in missing_exit and in denied_exit");
  from = config("");
  from.missing_exit = {0};
  EXPECT_EQ(refused(std::move(from)), "source vaulted: an exit status is 1 to 255");
  const TempFolder folder;
  test::write(folder.path() / "tool", "#!/bin/sh\n");
  ::chmod((folder.path() / "tool").c_str(), 0777);
  from = config("");
  from.program.argv = {(folder.path() / "tool").string()};
  EXPECT_EQ(refused(std::move(from)),
            "source vaulted: anybody may write " + (folder.path() / "tool").string());
}

TEST(Exec, AsRootWantsToBeToldTheUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only for root";
  ExecConfig from = config("id -un");
  from.program.user.clear();
  EXPECT_FALSE(check_exec_config(from));
  from.program.user = "nobody";
  ASSERT_TRUE(check_exec_config(from));
  EXPECT_EQ(read(std::move(from), "x")->bytes.expose(), "nobody\n");
}

TEST(Exec, TellsHowItIsClosedOff) {
  ExecConfig from = config("exit 1", {"{ref}"});
  from.program.hidden = {"/var/lib/nothing"};
  auto told = make_exec(std::move(from))->check(late());
  ASSERT_TRUE(told);
  EXPECT_NE(told->find("Landlock"), std::string::npos) << *told;
  from = config("exit 1");
  from.check_argv = {"/bin/sh", "-c", "exit 0"};
  EXPECT_TRUE(make_exec(std::move(from))->check(late()));
  from = config("exit 0");
  from.check_argv = {"/bin/sh", "-c", "exit 1"};
  told = make_exec(std::move(from))->check(late());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, FailureKind::kLogin);
}

TEST(CommandRunner, GivesACredentialOrSaysWhyNot) {
  const auto run = make_command_runner({});
  auto token = run({"/bin/sh", "-c", "echo token"}, late());
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->expose(), "token\n");
  token = run({"/bin/sh", "-c", "echo " + std::string(kCanary) + " >&2; exit 9"}, late());
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().message,
            "credential command: /bin/sh ended with exit status 9 (it wrote "
            "14 bytes to stderr, not shown)");
}

}  // namespace
}  // namespace sutler::source
