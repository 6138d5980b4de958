#include "cli/root_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using Resolver = RootFolder::Resolver;

// Every rule holds with and without openat2(2).
class RootFolderRules : public ::testing::TestWithParam<Resolver> {
 protected:
  RootFolderRules() {
    char pattern[] = "/tmp/sutler-root-XXXXXX";
    base_ = ::mkdtemp(pattern);
    top_ = base_ / "top";
    fs::create_directories(top_ / "etc");
    fs::create_directories(base_ / "outside");
  }
  ~RootFolderRules() override { fs::remove_all(base_); }

  RootFolder root() { return std::move(*RootFolder::open(top_, GetParam())); }
  // True when the path leads to that very folder.
  bool finds(const RootFolder& root, const std::string& path, const fs::path& wanted) {
    const auto found = root.find(path);
    if (!found || !*found) return false;
    struct stat a{}, b{};
    return ::fstat((*found)->get(), &a) == 0 && ::stat(wanted.c_str(), &b) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
  }

  fs::path base_, top_;
};

INSTANTIATE_TEST_SUITE_P(BothResolvers, RootFolderRules,
                         ::testing::Values(Resolver::kKernel, Resolver::kByHand));

TEST_P(RootFolderRules, FindsFoldersFromItsTop) {
  const auto folder = root();
  EXPECT_TRUE(finds(folder, "/", top_));
  EXPECT_TRUE(finds(folder, "/etc", top_ / "etc"));
}

TEST_P(RootFolderRules, WhatIsNotThereIsNothingAndNoError) {
  const auto folder = root();
  const auto found = folder.find("/var/lib");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST_P(RootFolderRules, AFileOnTheWayIsAnError) {
  std::ofstream(top_ / "file") << "x";
  EXPECT_FALSE(root().find("/file/below"));
  EXPECT_FALSE(root().find("/file"));
}

TEST_P(RootFolderRules, NoLinkLeadsOut) {
  fs::create_directory_symlink(base_ / "outside", top_ / "absolute");
  fs::create_directory_symlink("../outside", top_ / "relative");
  const auto folder = root();
  for (const char* path : {"/absolute", "/relative"}) {
    EXPECT_FALSE(finds(folder, path, base_ / "outside")) << path;
    std::vector<std::string> made;
    (void)folder.make(std::string(path) + "/new", made);
    EXPECT_TRUE(fs::is_empty(base_ / "outside")) << path;
  }
}

TEST_P(RootFolderRules, MakesWhatIsMissingAndRemovesItAgain) {
  const mode_t mask = ::umask(077);
  const auto folder = root();
  std::vector<std::string> made;
  ASSERT_TRUE(folder.make("/etc/a/b", made));
  ::umask(mask);
  EXPECT_EQ(made, (std::vector<std::string>{"/etc/a", "/etc/a/b"}));
  struct stat info{};
  ASSERT_EQ(::stat((top_ / "etc/a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0755u);
  std::vector<std::string> again;
  EXPECT_TRUE(folder.make("/etc/a/b", again));
  EXPECT_TRUE(again.empty());
  folder.remove(made);
  EXPECT_FALSE(fs::exists(top_ / "etc/a"));
  EXPECT_TRUE(fs::exists(top_ / "etc"));
}

TEST(RootFolder, AnAbsoluteLinkStartsAtTheTop) {
  char pattern[] = "/tmp/sutler-root-XXXXXX";
  const fs::path top = ::mkdtemp(pattern);
  fs::create_directories(top / "run");
  fs::create_directories(top / "var");
  fs::create_directory_symlink("/run", top / "var/run");
  const auto folder = RootFolder::open(top);
  ASSERT_TRUE(folder);
  std::vector<std::string> made;
  EXPECT_TRUE(folder->make("/var/run/app", made));
  EXPECT_TRUE(fs::exists(top / "run/app"));
  fs::remove_all(top);
}

TEST(RootFolder, ATopThatIsNotThereIsNotFound) {
  const auto folder = RootFolder::open("/nonexistent/top");
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, base::Code::kNotFound);
}

TEST(RootFolder, PathsFallIntoFolderAndName) {
  EXPECT_EQ(folder_of("/a/b/c"), "/a/b");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(name_of("/a/b"), "b");
}

}  // namespace
}  // namespace sutler::cli
