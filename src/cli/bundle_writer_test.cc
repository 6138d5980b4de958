#include "cli/bundle_writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using model::Encoding;
using model::OwnerPolicy;
using model::PermissionPolicy;

constexpr RunningUser kRunner{1000, 1001};
constexpr uid_t kOther = 1234;

model::BundleFile file(std::string path, std::string_view data,
                       Encoding encoding = Encoding::kUnset) {
  return {std::move(path), base::Secret(data), encoding, {}, {}, {}};
}

model::Permissions permissions(PermissionPolicy policy, std::uint16_t mode) {
  model::Permissions made;
  made.policy = policy;
  made.mode = mode;
  return made;
}

class BundleWriter : public ::testing::Test {
 protected:
  BundleWriter() {
    char pattern[] = "/tmp/sutler-bundle-XXXXXX";
    top_ = ::mkdtemp(pattern);
    if (::geteuid() != 0) runner_ = {::geteuid(), ::getegid()};
  }
  ~BundleWriter() override { fs::remove_all(top_); }

  base::Result<std::vector<PlannedFile>> plan(std::vector<model::BundleFile> files) {
    model::Bundle bundle;
    bundle.files = std::move(files);
    return plan_files(bundle, *RootFolder::open(top_), names_, runner_);
  }
  base::Result<void> write(std::vector<model::BundleFile> files) {
    auto planned = plan(std::move(files));
    if (!planned) return base::pass(planned);
    return write_files(*planned, *RootFolder::open(top_));
  }
  base::Result<void> write_one(model::BundleFile one) {
    std::vector<model::BundleFile> files;
    files.push_back(std::move(one));
    return write(std::move(files));
  }
  PlannedFile plan_one(model::BundleFile one) {
    std::vector<model::BundleFile> files;
    files.push_back(std::move(one));
    auto planned = plan(std::move(files));
    EXPECT_TRUE(planned) << planned.error().message;
    return planned ? std::move(planned->front()) : PlannedFile{};
  }
  std::string read(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(top_ / path.substr(1)).rdbuf();
    return out.str();
  }
  struct stat status(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::lstat((top_ / path.substr(1)).c_str(), &info), 0) << path;
    return info;
  }
  void make_existing(const std::string& path) {
    std::ofstream(top_ / path.substr(1)) << "old";
    fs::permissions(top_ / path.substr(1), fs::perms(0640));
    if (::geteuid() == 0) {
      ASSERT_EQ(::chown((top_ / path.substr(1)).c_str(), kOther, kOther), 0);
    }
  }
  std::size_t names_in_top() {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(top_), {}));
  }

  fs::path top_;
  NamesHere names_;  // of this machine
  RunningUser runner_ = kRunner;
};

TEST_F(BundleWriter, ANewFileIsPrivateAndOfWhoRunsTheCommand) {
  ASSERT_TRUE(write_one(file("/etc/app/key", "secret")));
  EXPECT_EQ(read("/etc/app/key"), "secret");
  EXPECT_EQ(status("/etc/app/key").st_mode & 07777, 0600u);
  EXPECT_EQ(status("/etc/app/key").st_uid, runner_.user);
  EXPECT_EQ(status("/etc/app/key").st_gid, runner_.group);
  EXPECT_EQ(status("/etc/app").st_mode & 07777, 0755u);
}

TEST_F(BundleWriter, Base64IsDecoded) {
  ASSERT_TRUE(write_one(file("/b", "AAH/", Encoding::kBase64)));
  EXPECT_EQ(read("/b"), std::string("\0\1\xff", 3));
  ASSERT_TRUE(write_one(file("/t", "AAH/", Encoding::kUtf8)));
  EXPECT_EQ(read("/t"), "AAH/");
}

TEST_F(BundleWriter, ModesFollowTheirPolicy) {
  const std::tuple<PermissionPolicy, bool, mode_t> cases[] = {
      {PermissionPolicy::kAlwaysSet, false, 0400},
      {PermissionPolicy::kAlwaysSet, true, 0400},
      {PermissionPolicy::kKeepOrSet, false, 0400},
      {PermissionPolicy::kKeepOrSet, true, 0640}};
  for (const auto& [policy, existed, mode] : cases) {
    fs::remove(top_ / "f");
    if (existed) make_existing("/f");
    auto one = file("/f", "new");
    one.permissions = permissions(policy, 0400);
    ASSERT_TRUE(write_one(std::move(one)));
    EXPECT_EQ(read("/f"), "new");
    EXPECT_EQ(status("/f").st_mode & 07777, mode);
  }
}

TEST_F(BundleWriter, OwnersFollowTheirPolicy) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of other users";
  struct Case {
    OwnerPolicy policy;
    const char* value;
    uid_t new_file, existing_file;
  };
  const Case cases[] = {{OwnerPolicy::kAlwaysSetExplicit, "77", 77, 77},
                        {OwnerPolicy::kKeepOrSetExplicit, "77", 77, kOther},
                        {OwnerPolicy::kAlwaysSetInherited, "", kRunner.user, kRunner.user},
                        {OwnerPolicy::kKeepOrSetInherited, "", kRunner.user, kOther}};
  for (const Case& one : cases) {
    for (const bool existed : {false, true}) {
      fs::remove(top_ / "f");
      if (existed) make_existing("/f");
      auto entry = file("/f", "new");
      entry.owner = model::Ownership{one.policy, one.value};
      const PlannedFile planned = plan_one(std::move(entry));
      EXPECT_EQ(planned.user, existed ? one.existing_file : one.new_file);
      EXPECT_EQ(planned.group, existed ? kOther : kRunner.group);
    }
  }
}

TEST_F(BundleWriter, WhatIsNotSaidOfAnExistingFileIsKept) {
  make_existing("/f");
  ASSERT_TRUE(write_one(file("/f", "new")));
  EXPECT_EQ(status("/f").st_mode & 07777, 0640u);
  if (::geteuid() == 0) {
    EXPECT_EQ(status("/f").st_uid, kOther);
    EXPECT_EQ(status("/f").st_gid, kOther);
  }
}

TEST_F(BundleWriter, NamesOfUsersAndGroupsAreLookedUp) {
  auto one = file("/f", "x");
  one.owner = model::Ownership{OwnerPolicy::kAlwaysSetExplicit, "root"};
  one.group = model::Ownership{OwnerPolicy::kKeepOrSetExplicit, "root"};
  const PlannedFile planned = plan_one(std::move(one));
  EXPECT_EQ(planned.user, 0u);
  EXPECT_EQ(planned.group, 0u);
}

TEST_F(BundleWriter, AnUnknownOwnerIsRefusedAlsoWhereItIsNotNeeded) {
  make_existing("/f");
  for (const auto policy : {OwnerPolicy::kAlwaysSetExplicit, OwnerPolicy::kKeepOrSetExplicit}) {
    auto one = file("/f", "x");
    one.owner = model::Ownership{policy, "no-such-user"};
    const auto done = write_one(std::move(one));
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message.find("no-such-user"), std::string::npos);
  }
  EXPECT_EQ(read("/f"), "old");
}

TEST_F(BundleWriter, OneBadFileMeansThatNoneIsWritten) {
  const auto bad = [] {
    std::vector<model::BundleFile> all;
    all.push_back(file("/b", "not base64!", Encoding::kBase64));
    all.push_back(file("/../out", "x"));
    all.push_back(file("relative", "x"));
    all.push_back(file("/a/../b", "x"));
    all.push_back(file("/good", "again"));
    all.push_back(file("/good/below", "x"));
    return all;
  };
  for (auto& one : bad()) {
    std::vector<model::BundleFile> files;
    files.push_back(file("/good", "x"));
    files.push_back(std::move(one));
    const auto done = write(std::move(files));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Code::kInvalid);
    EXPECT_EQ(names_in_top(), 0u);
  }
}

TEST_F(BundleWriter, AFailureWhileWritingTakesEverythingBack) {
  // The second file needs a folder where something else is by then.
  std::vector<model::BundleFile> files;
  files.push_back(file("/new/folder/first", "x"));
  files.push_back(file("/second/f", "x"));
  auto planned = plan(std::move(files));
  ASSERT_TRUE(planned);
  std::ofstream(top_ / "second") << "in the way";
  EXPECT_FALSE(write_files(*planned, *RootFolder::open(top_)));
  EXPECT_FALSE(fs::exists(top_ / "new"));
  EXPECT_EQ(names_in_top(), 1u);
}

TEST_F(BundleWriter, ARenameThatFailsNamesItsPathAndTakesBackThoseBeforeIt) {
  make_existing("/a");
  std::vector<model::BundleFile> files;
  for (const char* path : {"/a", "/deep/b", "/c", "/d"}) files.push_back(file(path, "new"));
  auto planned = plan(std::move(files));
  ASSERT_TRUE(planned) << planned.error().message;
  fs::create_directories(top_ / "c" / "came-meanwhile");
  const auto written = write_files(*planned, *RootFolder::open(top_));
  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().message.contains("file /c cannot be put in its place"))
      << written.error().message;
  EXPECT_EQ(read("/a"), "old");
  EXPECT_EQ(status("/a").st_mode & 07777U, 0640U);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(top_)) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"a", "c"}));
}

TEST_F(BundleWriter, ATreeOfItsOwnKnowsItsOwnUsers) {
  fs::create_directory(top_ / "etc");
  std::ofstream(top_ / "etc/passwd") << "app:x:4321:4321::/:/bin/sh\napp:x:1:1::/:\nbroken\n";
  std::ofstream(top_ / "etc/group") << "app:x:4322:\n";
  auto names = NamesHere::of_tree(*RootFolder::open(top_));
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->user("app"), 4321U);
  EXPECT_EQ(names->group("app"), 4322U);
  EXPECT_EQ(names->user("17"), 17U);
  EXPECT_EQ(names->user("root"), std::nullopt);  // this machine's, not the tree's
  EXPECT_EQ(names->user("4294967295"), std::nullopt);
  names_ = *names;
  auto one = file("/f", "x");
  one.owner = model::Ownership{OwnerPolicy::kAlwaysSetExplicit, "app"};
  EXPECT_EQ(plan_one(std::move(one)).user, 4321U);
}

TEST_F(BundleWriter, ATreeWithoutUsersKnowsNumbersAndALinkIsNotFollowed) {
  auto names = NamesHere::of_tree(*RootFolder::open(top_));
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(names->user("root"), std::nullopt);
  EXPECT_EQ(names->group("0"), 0U);
  fs::create_directory(top_ / "etc");
  fs::create_symlink("/etc/passwd", top_ / "etc/passwd");
  names = NamesHere::of_tree(*RootFolder::open(top_));
  ASSERT_FALSE(names);
  EXPECT_TRUE(names.error().message.contains("/etc/passwd below --root is a symbolic link"));
}

TEST_F(BundleWriter, AFolderAtThePlaceIsRefusedBeforeAnythingIsWritten) {
  fs::create_directories(top_ / "f");
  std::vector<model::BundleFile> files;
  files.push_back(file("/a", "x"));
  files.push_back(file("/f", "x"));
  EXPECT_FALSE(write(std::move(files)));
  EXPECT_FALSE(fs::exists(top_ / "a"));
}

TEST_F(BundleWriter, ALinkAtThePlaceIsReplacedAndNotFollowed) {
  std::ofstream(top_ / "victim") << "kept";
  fs::create_symlink("victim", top_ / "link");
  ASSERT_TRUE(write_one(file("/link", "new")));
  EXPECT_EQ(read("/victim"), "kept");
  EXPECT_FALSE(fs::is_symlink(top_ / "link"));
  EXPECT_EQ(status("/link").st_mode & 07777, 0600u);
}

TEST_F(BundleWriter, AReaderKeepsTheOldFileAndNothingIsLeftBeside) {
  make_existing("/f");
  std::ifstream held(top_ / "f");
  ASSERT_TRUE(write_one(file("/f", "new")));
  std::string text;
  held >> text;
  EXPECT_EQ(text, "old");
  EXPECT_EQ(names_in_top(), 1u);
}

TEST(BundleVariables, WhatNoEnvironmentCanHoldIsRefused) {
  const auto check = [](std::string name, std::string_view value) {
    model::Bundle bundle;
    bundle.variables.push_back({std::move(name), base::Secret(value)});
    return check_variables(bundle).has_value();
  };
  EXPECT_TRUE(check("A", ""));
  EXPECT_TRUE(check("A.b-c", "a\nb"));
  EXPECT_TRUE(check("A", std::string(131'072 - 3, 'x')));
  EXPECT_FALSE(check("A", std::string(131'072 - 2, 'x')));
  EXPECT_FALSE(check("A", std::string_view("a\0b", 3)));
  EXPECT_FALSE(check("A=B", "x"));
  EXPECT_FALSE(check("", "x"));
}

}  // namespace
}  // namespace sutler::cli
