// The real age and sops, as decrypt commands of kind file and as programs of kind exec. Skipped,
// loudly, where they are not installed: age is a package of Debian, sops is built by
// script/bootstrap into build/tools where Go is there.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/test_support.h"
#include "source/exec/child.h"
#include "source/exec/test_support.h"
#include "source/file/config.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;
using test::late;

constexpr std::string_view kLines =
    "-----BEGIN KEY-----\nline one\n\n  line two\n-----END KEY-----\n";
constexpr std::string_view kUnicode = "pä$$wörd \"quoted\" 'single' \\n 鍵 🔑";

std::string every_byte() {
  std::string out;
  for (int i = 0; i < 3 * 256; ++i) out += static_cast<char>(i * 7);
  return out + "\n\n";
}

// The path of a program, or nothing.
std::string find(const std::string& name) {
  std::string folders = "/usr/bin:/usr/local/bin";
  if (const char* path = std::getenv("PATH")) folders = path;
  if (const char* tree = std::getenv("SUTLER_SOURCE"))
    folders += std::string(":") + tree + "/build/tools";
  for (std::size_t at = 0; at <= folders.size();) {
    const auto end = std::min(folders.find(':', at), folders.size());
    const fs::path candidate = fs::path(folders.substr(at, end - at)) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
    at = end + 1;
  }
  return {};
}

class Tools : public ::testing::Test {
 protected:
  void SetUp() override {
    age_ = find("age");
    if (age_.empty()) GTEST_SKIP() << "SKIPPED: age is not installed (script/bootstrap does it)";
    run({find("age-keygen"), "-o", key().string()});
    recipient_ = run({find("age-keygen"), "-y", key().string()});
    recipient_.pop_back();
    fs::create_directories(root());
  }

  [[nodiscard]] fs::path root() const { return folder_.path() / "root"; }
  [[nodiscard]] fs::path key() const { return folder_.path() / "key.txt"; }

  // Runs a tool outside of the drivers.
  std::string run(std::vector<std::string> argv, std::string_view input = {}) {
    Child child;
    child.argv = std::move(argv);
    child.environment.emplace_back("SOPS_AGE_RECIPIENTS=" + recipient_);
    child.input = input;
    auto end = run_child(child, late());
    if (!end || end->exit_status != 0) {
      ADD_FAILURE() << child.argv.front() << ": " << (end ? fault_of(*end) : end.error().message);
      return {};
    }
    return std::string(end->output.expose());
  }

  [[nodiscard]] FileConfig decrypting(std::vector<std::string> argv) const {
    FileConfig config;
    config.name = "sealed";
    config.root = root();
    config.decrypt = program(std::move(argv));
    config.decrypt_time_max = std::chrono::seconds(60);
    return config;
  }
  [[nodiscard]] Program program(std::vector<std::string> argv) const {
    Program out = test::shell("");
    out.argv = std::move(argv);
    out.environment.push_back({"SOPS_AGE_KEY_FILE", base::Secret(key().string())});
    out.hidden = {folder_.path() / "data"};  // under Landlock, as in the server
    fs::create_directories(folder_.path() / "data");
    return out;
  }

  static std::string field(Driver& driver, const std::string& locator, std::string_view name) {
    auto document = driver.read(locator, late());
    if (!document) return "failed: " + document.error().message;
    if (!document->fields) return "no object";
    for (const auto& one : *document->fields) {
      if (one.name == name) return std::string(one.value.expose());
    }
    return "no such field";
  }
  static std::string bytes(Driver& driver, const std::string& locator) {
    auto document = driver.read(locator, late());
    return document ? std::string(document->bytes.expose()) : document.error().message;
  }

  base::test::TempFolder folder_;
  std::string age_, recipient_;
};

std::string object() {
  std::string out = "{\"lines\":";
  base::append_json_string(out, kLines);
  out += ",\"unicode\":";
  base::append_json_string(out, kUnicode);
  return out + ",\"number\":5432}";
}

TEST_F(Tools, AgeDecryptsFilesByteForByte) {
  test::write(root() / "all.bin.age", run({age_, "-r", recipient_}, every_byte()));
  test::write(root() / "armored.age", run({age_, "-a", "-r", recipient_}, kUnicode));
  test::write(root() / "db.json.age", run({age_, "-r", recipient_}, object()));
  auto driver = make_file(decrypting({age_, "-d", "-i", key().string()}));
  EXPECT_EQ(bytes(*driver, "all.bin.age"), every_byte());
  EXPECT_EQ(bytes(*driver, "armored.age"), kUnicode);
  EXPECT_EQ(field(*driver, "db.json.age", "lines"), kLines);
  EXPECT_EQ(field(*driver, "db.json.age", "unicode"), kUnicode);
}

TEST_F(Tools, AgeWithAnotherKeyOrABrokenFileIsAnOutage) {
  const std::string sealed = run({age_, "-r", recipient_}, "canary-2f90");
  test::write(root() / "whole.age", sealed);
  test::write(root() / "cut.age", sealed.substr(0, sealed.size() - 5));
  const auto other = folder_.path() / "other.txt";
  run({find("age-keygen"), "-o", other.string()});
  auto wrong = make_file(decrypting({age_, "-d", "-i", other.string()}));
  auto right = make_file(decrypting({age_, "-d", "-i", key().string()}));
  for (auto& document : {wrong->read("whole.age", late()), right->read("cut.age", late())}) {
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().kind, FailureKind::kOutage);
    EXPECT_NE(document.error().message.find("exit status 1"), std::string::npos);
    EXPECT_EQ(document.error().message.find("canary"), std::string::npos);
  }
  EXPECT_EQ(bytes(*right, "whole.age"), "canary-2f90");
}

class Sops : public Tools {
 protected:
  void SetUp() override {
    Tools::SetUp();
    sops_ = find("sops");
    if (sops_.empty())
      GTEST_SKIP() << "SKIPPED: sops is not built (script/bootstrap does, with Go)";
  }
  void seal(const std::string& name, const std::string& type, const std::string& content) {
    test::write(root() / name, run({sops_, "encrypt", "--input-type", type, "--output-type", type,
                                    "--filename-override", name},
                                   content));
  }
  std::string sops_;
};

TEST_F(Sops, DecryptsAJsonFileFromStdinAndByItsPath) {
  seal("db.json", "json", object());
  auto by_stdin = make_file(decrypting(
      {sops_, "decrypt", "--input-type", "json", "--output-type", "json", "/dev/stdin"}));
  auto by_path = make_file(decrypting({sops_, "decrypt", "{file}"}));
  for (auto* driver : {by_stdin.get(), by_path.get()}) {
    EXPECT_EQ(field(*driver, "db.json", "lines"), kLines);
    EXPECT_EQ(field(*driver, "db.json", "unicode"), kUnicode);
    EXPECT_EQ(field(*driver, "db.json", "number"), "5432");
  }
}

TEST_F(Sops, DecryptsYamlDotenvAndBinaryFiles) {
  seal("db.yaml", "yaml", object());  // JSON is YAML
  seal("app.env", "dotenv", "UNICODE=" + std::string(kUnicode.substr(0, 10)) + "\n");
  seal("all.bin", "binary", every_byte());
  auto driver = make_file(decrypting({sops_, "decrypt", "{file}"}));
  EXPECT_EQ(field(*driver, "db.yaml", "lines"), kLines);
  EXPECT_EQ(field(*driver, "db.yaml", "unicode"), kUnicode);
  EXPECT_EQ(field(*driver, "app.env", "UNICODE"), kUnicode.substr(0, 10));
  EXPECT_EQ(bytes(*driver, "all.bin"), every_byte());
}

TEST_F(Sops, IsAProgramOfKindExec) {
  seal("db.json", "json", object());
  const auto config = [&] {
    ExecConfig out;
    out.name = "sops";
    out.program = program({sops_, "decrypt", root().string() + "/{ref}.json"});
    out.format = Format::kJson;
    out.missing_exit = {100};
    out.time_max = std::chrono::seconds(60);
    return out;
  };
  auto driver = make_exec(config());
  EXPECT_EQ(field(*driver, "db", "lines"), kLines);
  auto absent = driver->read("absent", late());
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().kind, FailureKind::kMissing);
  ExecConfig keyless = config();
  keyless.program.environment.clear();
  keyless.program.environment.push_back({"HOME", base::Secret(root().string())});
  auto sealed = make_exec(std::move(keyless))->read("db", late());
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().kind, FailureKind::kOutage);  // 128: no key opens it
}

}  // namespace
}  // namespace sutler::source
