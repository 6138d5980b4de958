#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/test_support.h"
#include "source/exec/test_support.h"
#include "source/file/config.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;
using test::late;

class File : public ::testing::Test {
 protected:
  [[nodiscard]] fs::path root() const { return folder_.path() / "root"; }
  [[nodiscard]] FileConfig config() const {
    FileConfig out;
    out.name = "files";
    out.root = root();
    return out;
  }
  // The bytes, or the kind of failure.
  std::string read(Driver& driver, const std::string& locator) {
    auto document = driver.read(locator, late());
    if (!document) {
      message_ = document.error().message;
      return std::string(failure_name(document.error().kind));
    }
    return std::string(document->bytes.expose());
  }

  base::test::TempFolder folder_;
  std::string message_;
};

TEST_F(File, GivesBytesAndFieldsByItsName) {
  test::write(root() / "db.json", R"({"password":"p\u00fc"})");
  test::write(root() / "key.bin", std::string("\0\xff\r\n", 4));
  auto driver = make_file(config());
  auto document = driver->read("db.json", late());
  ASSERT_TRUE(document) << document.error().message;
  ASSERT_TRUE(document->fields);
  EXPECT_EQ(document->fields->at(0).value.expose(), "pü");
  EXPECT_EQ(read(*driver, "key.bin"), std::string("\0\xff\r\n", 4));
}

TEST_F(File, TellsMissingDeniedAndOutageApart) {
  test::write(root() / "file", "x");
  test::write(root() / "bad.json", "{");
  test::write(root() / "large", std::string(2000, 'x'));
  fs::create_symlink("../root2/file", root() / "out");
  FileConfig from = config();
  from.file_bytes_max = 1000;
  auto driver = make_file(std::move(from));
  EXPECT_EQ(read(*driver, "absent"), "missing");
  EXPECT_EQ(message_, "source files: \"absent\": there is no such file");
  EXPECT_EQ(read(*driver, "out"), "denied");
  EXPECT_EQ(message_, "source files: \"out\": a link leads out of the root");
  EXPECT_EQ(read(*driver, "bad.json"), "outage");
  EXPECT_EQ(read(*driver, "large"), "outage");
  EXPECT_EQ(message_, "source files: \"large\" is larger than 1000 bytes");
  EXPECT_EQ(read(*driver, "../file"), "bad_reference");
  fs::create_directory(root() / "folder");
  EXPECT_EQ(read(*driver, "folder"), "bad_reference");
  EXPECT_EQ(read(*driver, "file"), "x");
}

TEST_F(File, IsAnOutageWhenItsRootIsNotThere) {
  auto driver = make_file(config());
  EXPECT_EQ(read(*driver, "file"), "outage");
  EXPECT_FALSE(driver->check(late()));
  EXPECT_TRUE(driver->take_changed().empty());
  test::write(root() / "file", "x");
  EXPECT_EQ(read(*driver, "file"), "x");
  EXPECT_TRUE(driver->check(late()));
  fs::rename(root(), folder_.path() / "moved");
  EXPECT_EQ(read(*driver, "file"), "outage");
  EXPECT_TRUE(driver->take_changed().empty());
}

TEST_F(File, IsAnOutageWhenAnotherVolumeIsMountedInItsPlace) {
  test::write(root() / "file", "x");
  auto driver = make_file(config());
  ASSERT_EQ(read(*driver, "file"), "x");
  if (::mount("none", root().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "may not mount here";
  }
  EXPECT_EQ(read(*driver, "file"), "outage") << message_;
  EXPECT_EQ(read(*driver, "absent"), "outage") << message_;
  test::write(root() / "file", "y");
  EXPECT_EQ(read(*driver, "file"), "y");
  EXPECT_EQ(read(*driver, "absent"), "missing");
  ASSERT_EQ(::umount(root().c_str()), 0);
}

TEST_F(File, RefusesLocatorsThatAreNoPathBelow) {
  auto driver = make_file(config());
  for (const char* locator :
       {"", "/etc/passwd", "a//b", "a/", "./a", "a/./b", "..", "a/..", "a\nb"}) {
    EXPECT_FALSE(driver->validate(locator)) << locator;
  }
  EXPECT_TRUE(driver->validate("..data/x"));
  EXPECT_TRUE(driver->validate("a/b c.json"));
}

TEST_F(File, NoticesWhatChanged) {
  test::write(root() / "file", "one");
  auto driver = make_file(config());
  EXPECT_EQ(read(*driver, "file"), "one");
  test::write(root() / ".new", "two");
  fs::rename(root() / ".new", root() / "file");
  EXPECT_EQ(driver->take_changed(), std::vector<std::string>{"file"});
  EXPECT_EQ(read(*driver, "file"), "two");
}

TEST_F(File, HasAProgramDecryptItsFiles) {
  test::write(root() / "a.json", "}\"b\":\"a\"{");
  FileConfig from = config();
  from.decrypt = test::shell("rev | tr -d '\\n'");
  auto driver = make_file(std::move(from));
  auto document = driver->read("a.json", late());
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->bytes.expose(), "{\"a\":\"b\"}");
  ASSERT_TRUE(document->fields);
  from = config();
  from.decrypt = test::shell("cat; echo $1", {"--x={file}"});
  EXPECT_EQ(read(*make_file(std::move(from)), "a.json"),
            "outage");  // what it printed is no JSON: it had nothing on stdin
  from = config();
  from.format = Format::kRaw;
  from.decrypt = test::shell("cat; printf %s $1", {"--x={file}"});
  EXPECT_EQ(read(*make_file(std::move(from)), "a.json"), "--x=" + (root() / "a.json").string());
}

TEST_F(File, IsAnOutageWhenTheDecryptionFails) {
  test::write(root() / "file", "sealed");
  FileConfig from = config();
  from.decrypt = test::shell("cat; cat >&2; exit 1");
  EXPECT_EQ(read(*make_file(std::move(from)), "file"), "outage");
  EXPECT_EQ(message_, "source files: \"file\": decrypt: /bin/sh ended with exit status 1");
  from = config();
  from.decrypt = test::shell("exit 0");
  auto driver = make_file(std::move(from));
  EXPECT_EQ(read(*driver, "file"), "outage");  // nothing printed is no value
  EXPECT_EQ(read(*driver, "absent"), "missing");
}

TEST_F(File, DoesNotTakeTheServersOwnFolderForItsRoot) {
  FileConfig from = config();
  from.decrypt.hidden = {folder_.path() / "data"};
  EXPECT_TRUE(check_file_config(from));
  for (const char* root : {"data", "data/sub", ""}) {
    from.root = folder_.path() / root;
    EXPECT_FALSE(check_file_config(from)) << root;
  }
  test::write(folder_.path() / "data/master.key", "key");
  FileConfig inside = config();
  inside.root = folder_.path() / "data";
  inside.decrypt.hidden = from.decrypt.hidden;
  EXPECT_EQ(read(*make_file(std::move(inside)), "master.key"), "outage");
  from.root = "relative";
  EXPECT_FALSE(check_file_config(from));
}

}  // namespace
}  // namespace sutler::source
