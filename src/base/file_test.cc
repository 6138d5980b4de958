#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace sutler::base {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = (fs::temp_directory_path() / "sutler-file-test-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~FileTest() override { fs::remove_all(folder_); }

  std::string content(const fs::path& path) const {
    const auto read = read_file(path, 1 << 20);
    return read ? std::string(read->expose()) : "error";
  }
  std::size_t files_in_folder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static unsigned mode(const fs::path& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777u : 0u;
  }

  fs::path folder_;
};

TEST_F(FileTest, ReadsBackWhatItWroteWithTheModeItWasGiven) {
  const std::string large(100'000, 'x');
  ASSERT_TRUE(write_file(folder_ / "a", large, 0640, Overwrite::kRefuse));
  EXPECT_EQ(content(folder_ / "a"), large);
  EXPECT_EQ(mode(folder_ / "a"), 0640u);
}

TEST_F(FileTest, OverwritesOnlyWhenItMay) {
  ASSERT_TRUE(write_file(folder_ / "a", "one", 0600, Overwrite::kRefuse));
  const auto again = write_file(folder_ / "a", "two", 0600, Overwrite::kRefuse);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_EQ(content(folder_ / "a"), "one");
  ASSERT_TRUE(write_file(folder_ / "a", "two", 0600, Overwrite::kReplace));
  EXPECT_EQ(content(folder_ / "a"), "two");
}

TEST_F(FileTest, LeavesNoTemporaryFileBehind) {
  ASSERT_TRUE(write_file(folder_ / "a", "one", 0600, Overwrite::kReplace));
  EXPECT_FALSE(write_file(folder_ / "a", "two", 0600, Overwrite::kRefuse));
  EXPECT_EQ(files_in_folder(), 1u);
}

TEST_F(FileTest, ATemporaryFileOfACrashIsNotInTheWay) {
  const fs::path left = folder_ / ("a.new." + std::to_string(::getpid()));
  ASSERT_TRUE(write_file(left, "half", 0600, Overwrite::kRefuse));
  EXPECT_TRUE(write_file(folder_ / "a", "whole", 0600, Overwrite::kRefuse));
  EXPECT_EQ(content(folder_ / "a"), "whole");
}

TEST_F(FileTest, NamesTheFileAndTheReason) {
  const auto missing = read_file(folder_ / "none", 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().message.find("none"), std::string::npos);
  EXPECT_EQ(read_file(folder_, 10).error().code, Code::kInvalid);
  EXPECT_FALSE(write_file(folder_ / "none" / "a", "", 0600, Overwrite::kReplace));
}

TEST(FailErrno, NamesTheWayOutWhereTheSystemDoesNot) {
  const auto hint = [](int error) { return fail_errno(error, "x").error().hint; };
  EXPECT_TRUE(hint(EROFS).contains("read-only"));
  EXPECT_TRUE(hint(ENOSPC).contains("room"));
  EXPECT_TRUE(hint(EACCES).contains("owner and mode"));
  EXPECT_TRUE(hint(EMFILE).contains("ulimit"));
  EXPECT_TRUE(hint(ENOENT).empty());
}

TEST_F(FileTest, ReadsUpToTheLimitAndNoFurther) {
  ASSERT_TRUE(write_file(folder_ / "a", "12345", 0600, Overwrite::kRefuse));
  EXPECT_TRUE(read_file(folder_ / "a", 5));
  EXPECT_EQ(read_file(folder_ / "a", 4).error().code, Code::kTooLarge);
}

TEST_F(FileTest, AFileOfKeysIsForItsOwnerOnly) {
  ASSERT_TRUE(write_file(folder_ / "key", "k", 0400, Overwrite::kRefuse));
  EXPECT_TRUE(require_private(folder_ / "key"));
  for (const unsigned open : {0440u, 0604u, 0620u}) {
    ASSERT_EQ(::chmod((folder_ / "key").c_str(), open), 0);
    EXPECT_EQ(require_private(folder_ / "key").error().code, Code::kRefused) << open;
  }
  EXPECT_EQ(require_private(folder_ / "none").error().code, Code::kNotFound);
}

TEST(StripTest, TakesTheOneFinalNewlineAway) {
  const auto strip = [](const char* text) {
    return std::string(strip_single_newline(Secret(text)).expose());
  };
  EXPECT_EQ(strip("key\n"), "key");
  EXPECT_EQ(strip("key\r\n"), "key");
  EXPECT_EQ(strip("\n"), "");
  EXPECT_EQ(strip("key"), "key");
  EXPECT_EQ(strip("key\n\n"), "key\n\n");
  EXPECT_EQ(strip("a\nb\n"), "a\nb\n");
  EXPECT_EQ(strip("\nkey"), "\nkey");
}

TEST(FileDescriptorTest, ClosesWhatItHeldWhenItIsAssignedOver) {
  FileDescriptor a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int first = a.get();
  a = FileDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(::fcntl(first, F_GETFD), -1);
  FileDescriptor b(std::move(a));
  EXPECT_FALSE(a.is_open());
  EXPECT_TRUE(b.is_open());
}

}  // namespace
}  // namespace sutler::base
