#include "server/group_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace sutler::server {
namespace {

namespace fs = std::filesystem;

class GroupFiles : public ::testing::Test {
 protected:
  GroupFiles() {
    char pattern[] = "/tmp/sutler-groups-XXXXXX";
    folder_ = ::mkdtemp(pattern);
  }
  ~GroupFiles() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& content) {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    (void)base::write_file(path, content, 0600, base::Overwrite::kReplace);
    return path;
  }
  static std::string group(const std::string& name) {
    return "name: " + name + "\nsecrets: {variables: {A: \"1\"}}\n";
  }
  static std::string message(const fs::path& path) {
    const auto read = read_group_files(path);
    EXPECT_FALSE(read);
    if (read) return "";
    EXPECT_EQ(read.error().code, base::Code::kInvalid);
    EXPECT_FALSE(read.error().message.empty());
    return read.error().message;
  }

  fs::path folder_;
};

TEST_F(GroupFiles, AFolderIsReadInOrderOfItsPaths) {
  write("b.yaml", group("second"));
  write("a/z.yml", group("first"));
  write("c.json", R"({"name":"third","secrets":{"variables":{"A":"1"}}})");
  write("README.md", "no group");
  write("..data/a.yaml", group("first"));
  write(".hidden.yaml", group("hidden"));
  const auto groups = read_group_files(folder_);
  ASSERT_TRUE(groups) << groups.error().message;
  ASSERT_EQ(groups->size(), 3u);
  EXPECT_EQ((*groups)[0].header.name, "first");
  EXPECT_EQ((*groups)[1].header.name, "second");
  EXPECT_EQ((*groups)[2].header.name, "third");
}

TEST_F(GroupFiles, AnEmptyFolderAndAMissingPathAreErrors) {
  write("notes.txt", "");
  EXPECT_NE(message(folder_).find("no group file"), std::string::npos);
  EXPECT_NE(message(folder_ / "absent.yaml").find("absent.yaml"), std::string::npos);
}

TEST_F(GroupFiles, WhatCannotBeReadIsNoMissingFile) {
  write("g/a.yaml", group("a"));
  const fs::path linked = write("elsewhere/b.yaml", group("b"));
  fs::create_symlink(linked, folder_ / "g/b.yaml");
  const auto followed = read_group_files(folder_ / "g");
  ASSERT_TRUE(followed) << followed.error().message;
  EXPECT_EQ(followed->size(), 2U);
  fs::remove(linked);
  EXPECT_TRUE(message(folder_ / "g").contains("g/b.yaml cannot be read as a file"));
  fs::remove(folder_ / "g/b.yaml");
  fs::create_directory_symlink(folder_ / "elsewhere", folder_ / "g/sub");
  EXPECT_TRUE(message(folder_ / "g").contains("g/sub is a link to a folder"));
  fs::rename(folder_ / "g/sub", folder_ / "g/.sub");  // hidden, as the mounts of Kubernetes have
  EXPECT_TRUE(read_group_files(folder_ / "g"));
}

TEST_F(GroupFiles, OneGroupInTwoFilesNamesBoth) {
  write("a.yaml", group("g"));
  write("b.yaml", group("g"));
  const auto text = message(folder_);
  EXPECT_NE(text.find("a.yaml"), std::string::npos);
  EXPECT_NE(text.find("b.yaml"), std::string::npos);
}

TEST_F(GroupFiles, ACycleNamesTheFile) {
  const auto path = write("c.yaml",
                          "name: g\nsecrets:\n  variables:\n    A: {template: '${B}'}\n"
                          "    B: {template: '${A}'}\n");
  EXPECT_NE(message(path).find("c.yaml"), std::string::npos);
}

}  // namespace
}  // namespace sutler::server
