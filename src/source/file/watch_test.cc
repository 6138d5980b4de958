#include "source/file/watch.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/test_support.h"
#include "source/exec/test_support.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

class Watching : public ::testing::TestWithParam<FileWatch::Means> {
 protected:
  Watching() : watch_(GetParam()) {}
  void SetUp() override {
    fs::create_directories(root());
    fd_ = base::FileDescriptor(::open(root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  [[nodiscard]] fs::path root() const { return folder_.path() / "root"; }

  void read(const std::string& path) {
    auto content = read_below(fd_.get(), path, 1000, [&](int one) { watch_.add_folder(one); });
    watch_.remember(path, content ? std::optional(content->fingerprint) : std::nullopt);
  }
  // What is read right behind a write is looked at once more: reads until the writes are old.
  void settle(const Paths& paths) {
    const auto written = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - written < std::chrono::milliseconds(50)) {
      for (const auto& path : paths) read(path);
    }
    (void)changed();
    for (const auto& path : paths) read(path);
  }
  Paths changed() { return watch_.take_changed(fd_.get()); }

  base::test::TempFolder folder_;
  base::FileDescriptor fd_;
  FileWatch watch_;
};

TEST_P(Watching, NoticesAWriteInPlace) {
  test::write(root() / "a/file", "one");
  test::write(root() / "b/file", "one");
  settle({"a/file", "b/file"});
  test::write(root() / "a/file", "two");
  EXPECT_EQ(changed(), Paths{"a/file"});
}

TEST_P(Watching, NoticesAWriteRightBehindTheRead) {
  test::write(root() / "file", "one");
  read("file");
  test::write(root() / "file", "two");
  EXPECT_EQ(changed(), Paths{"file"});
}

TEST_P(Watching, NoticesARenameOver) {
  test::write(root() / "file", "one");
  settle({"file"});
  test::write(root() / "new", "two");
  fs::rename(root() / "new", root() / "file");
  EXPECT_EQ(changed(), Paths{"file"});
}

TEST_P(Watching, NoticesTheSwapOfTheFolderBehindALink) {
  test::write(root() / "..1/password", "one");
  test::write(root() / "..2/password", "one");
  fs::create_symlink("..1", root() / "..data");
  fs::create_symlink("..data/password", root() / "password");
  settle({"password"});
  fs::create_symlink("..2", root() / "..new");
  fs::rename(root() / "..new", root() / "..data");
  EXPECT_EQ(changed(), Paths{"password"});
  settle({"password"});
  test::write(root() / "..2/password", "two!");
  EXPECT_EQ(changed(), Paths{"password"});
}

TEST_P(Watching, NoticesThatAFileComesAndGoes) {
  settle({"later/file"});
  test::write(root() / "later/file", "one");
  EXPECT_EQ(changed(), Paths{"later/file"});
  settle({"later/file"});
  fs::remove(root() / "later/file");
  EXPECT_EQ(changed(), Paths{"later/file"});
  EXPECT_EQ(changed(), Paths{});
  fs::remove(root() / "later");
  EXPECT_EQ(changed(), Paths{});
  test::write(root() / "later/file", "two");
  EXPECT_EQ(changed(), Paths{"later/file"});
}

TEST_P(Watching, SaysNothingOfWhatIsAsItWas) {
  test::write(root() / "file", "one");
  settle({"file"});
  EXPECT_EQ(changed(), Paths{});
  test::write(root() / "other", "x");
  EXPECT_EQ(changed(), Paths{});
  EXPECT_EQ(test::read(root() / "file"), "one");
  EXPECT_EQ(changed(), Paths{});
}

std::string name_of(const ::testing::TestParamInfo<FileWatch::Means>& info) {
  return info.param == FileWatch::Means::kNotify ? "Notify" : "PollOnly";
}

INSTANTIATE_TEST_SUITE_P(Means, Watching,
                         ::testing::Values(FileWatch::Means::kNotify, FileWatch::Means::kPollOnly),
                         name_of);

}  // namespace
}  // namespace sutler::source
