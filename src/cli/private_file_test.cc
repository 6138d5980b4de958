#include "cli/private_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;

TEST(PrivateFile, IsForItsOwnerAloneAndGoesWithAllThatIsBesideIt) {
  fs::path path;
  {
    auto file = PrivateFile::create("g.yaml", "secret", Disk::kAllow);
    ASSERT_TRUE(file) << file.error().message;
    path = file->path();
    struct stat about{};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0600u);
    ASSERT_EQ(::stat(path.parent_path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777, 0700u);
    std::ofstream(path.string() + "~") << "what an editor leaves";
    EXPECT_EQ(file->read()->expose(), "secret");
  }
  EXPECT_FALSE(fs::exists(path.parent_path()));
}

TEST(PrivateFile, StaysWhenItIsKept) {
  fs::path path;
  {
    auto file = PrivateFile::create("g.yaml", "work", Disk::kAllow);
    ASSERT_TRUE(file);
    path = file->path();
    file->keep();
  }
  EXPECT_TRUE(fs::exists(path));
  fs::remove_all(path.parent_path());
}

}  // namespace
}  // namespace sutler::cli
