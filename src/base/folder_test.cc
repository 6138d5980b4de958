#include "base/folder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/test_support.h"

namespace sutler::base::test {
namespace {

namespace fs = std::filesystem;

class FolderTest : public ::testing::Test {
 protected:
  void put(const std::string& name) const {
    fs::create_directories((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << "x";
  }
  [[nodiscard]] std::string names(Depth depth = Depth::kTree) const {
    const auto files = files_of_folder(folder_.path(), depth, {".json", ".env"});
    if (!files) return files.error().message;
    std::string out;
    for (const auto& file : *files) out += file.lexically_relative(folder_.path()).string() + " ";
    return out;
  }

  TempFolder folder_;
};

TEST_F(FolderTest, GivesWhatIsMeantInOrder) {
  for (const char* name :
       {"b.json", "a.env", "x.yaml", "d/c.json", ".hidden.json", ".git/e.json"}) {
    put(name);
  }
  fs::create_directory(folder_.path() / "folder.json");
  EXPECT_EQ(names(), "a.env b.json d/c.json ");
  EXPECT_EQ(names(Depth::kFolder), "a.env b.json ");
}

TEST_F(FolderTest, NothingIsPassedOverInSilence) {
  put("a.json");
  fs::create_symlink("a.json", folder_.path() / "good.json");
  EXPECT_EQ(names(), "a.json good.json ");
  fs::create_symlink("nowhere", folder_.path() / "bad.json");
  EXPECT_TRUE(names().contains("bad.json cannot be read as a file"));
  EXPECT_TRUE(names(Depth::kFolder).contains("bad.json cannot be read as a file"));
  fs::remove(folder_.path() / "bad.json");
  fs::create_directory(folder_.path() / "real");
  fs::create_directory_symlink("real", folder_.path() / "other");
  EXPECT_TRUE(names().contains("other is a link to a folder"));
  EXPECT_EQ(names(Depth::kFolder), "a.json good.json ");
}

TEST_F(FolderTest, AFolderThatIsNotThereIsAnError) {
  const auto files = files_of_folder(folder_.path() / "no", Depth::kTree, {".json"});
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, Code::kInvalid);
  EXPECT_FALSE(files.error().hint.empty());
}

}  // namespace
}  // namespace sutler::base::test
