#include "source/file/walk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <thread>

#include "base/test_support.h"
#include "source/exec/test_support.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;
using Fault = WalkFault::Kind;

class Walk : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write(root() / "a/b/file", "content");
    test::write(folder_.path() / "outside", "outside");
    fd_ = base::FileDescriptor(::open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  [[nodiscard]] fs::path root() const { return folder_.path() / "root"; }
  void link(const char* at, const fs::path& target) { fs::create_symlink(target, root() / at); }
  // The content, or why not.
  std::string read(std::string_view path, std::size_t bytes_max = 1000) {
    auto content = read_below(fd_.get(), path, bytes_max, {});
    if (content) return std::string(content->bytes.expose());
    switch (content.error().kind) {
      case Fault::kMissing: return "missing";
      case Fault::kOutside: return "outside";
      case Fault::kDenied: return "denied";
      case Fault::kNoFile: return "no file";
      case Fault::kTooLarge: return "too large";
      case Fault::kUnreadable: break;
    }
    return "unreadable";
  }

  base::test::TempFolder folder_;
  base::FileDescriptor fd_;
};

TEST_F(Walk, ReadsAFileBelowTheRoot) {
  EXPECT_EQ(read("a/b/file"), "content");
  EXPECT_EQ(read("a/b/other"), "missing");
  EXPECT_EQ(read("a/b/file/x"), "missing");
  EXPECT_EQ(read("a/b"), "no file");
}

TEST_F(Walk, DoesNotLeaveTheRoot) {
  EXPECT_EQ(read("../outside"), "outside");
  EXPECT_EQ(read("a/../../outside"), "outside");
  link("absolute", folder_.path() / "outside");
  link("own", root() / "a/b/file");
  link("up", "../outside");
  link("a/up", "../../outside");
  link("folder", "..");
  link("a/b/climb", "../../..");
  EXPECT_EQ(read("absolute"), "outside");
  EXPECT_EQ(read("own"), "outside");  // absolute is absolute
  EXPECT_EQ(read("up"), "outside");
  EXPECT_EQ(read("a/up"), "outside");
  EXPECT_EQ(read("folder/outside"), "outside");
  EXPECT_EQ(read("a/b/climb/outside"), "outside");
  link("proc", "../../../../../../proc/self/environ");
  EXPECT_EQ(read("proc"), "outside");
}

TEST_F(Walk, FollowsLinksThatStay) {
  // As Kubernetes mounts secrets.
  test::write(root() / "k/..2026_01/password", "one");
  link("k/..data", "..2026_01");
  link("k/password", "..data/password");
  EXPECT_EQ(read("k/password"), "one");
  link("around", "a/../a/./b//file");
  EXPECT_EQ(read("around"), "content");
  link("a/back", "../k");
  EXPECT_EQ(read("a/back/password"), "one");
}

TEST_F(Walk, EndsWhereLinksTurnInACircle) {
  link("x", "y");
  link("y", "x");
  EXPECT_EQ(read("x"), "unreadable");
  link("broken", "nowhere");
  EXPECT_EQ(read("broken"), "missing");
}

TEST_F(Walk, DoesNotWaitForAPipeAndOpensNoDevice) {
  ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(read("pipe"), "no file");
  link("to-pipe", "pipe");
  EXPECT_EQ(read("to-pipe"), "no file");
  if (::geteuid() == 0 && ::mknod((root() / "zero").c_str(), S_IFCHR | 0600, makedev(1, 5)) == 0) {
    EXPECT_EQ(read("zero"), "no file");
  }
}

TEST_F(Walk, HoldsItsLimit) {
  EXPECT_EQ(read("a/b/file", 7), "content");
  EXPECT_EQ(read("a/b/file", 6), "too large");
}

TEST_F(Walk, NeverMixesTwoContents) {
  // One writes over the file by rename, all the time; a reader sees one content or the other.
  const auto put = [&](char c) {
    test::write(root() / "new", std::string(100'000, c));
    fs::rename(root() / "new", root() / "swap");
  };
  put('a');
  std::jthread writer([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      put('a');
      put('b');
    }
  });
  for (int i = 0; i < 300; ++i) {
    const std::string seen = read("swap", 1'000'000);
    ASSERT_TRUE(seen == std::string(100'000, 'a') || seen == std::string(100'000, 'b') ||
                seen == "unreadable");
  }
}

TEST_F(Walk, NeverFollowsAFolderThatTurnsIntoALink) {
  test::write(folder_.path() / "evil/file", "evil");
  link("link", "../evil");
  fs::create_directory(root() / "real");
  test::write(root() / "real/file", "inside");
  std::jthread swapper([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      fs::rename(root() / "real", root() / "kept");
      fs::rename(root() / "link", root() / "real");
      fs::rename(root() / "real", root() / "link");
      fs::rename(root() / "kept", root() / "real");
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const std::string seen = read("real/file");
    ASSERT_TRUE(seen == "inside" || seen == "outside" || seen == "missing");
  }
  const std::string last = read("link/file");
  swapper = {};
  EXPECT_TRUE(last == "outside" || last == "missing") << last;
}

TEST_F(Walk, ShowsEachFolderOnTheWay) {
  link("way", "a/b");
  int folders = 0;
  ASSERT_TRUE(walk(fd_.get(), "way/file", [&](int) { ++folders; }));
  EXPECT_EQ(folders, 3);  // root, a, b
}

}  // namespace
}  // namespace sutler::source
