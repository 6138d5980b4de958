#include "source/exec/landlock.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/test_support.h"
#include "source/exec/child.h"
#include "source/exec/test_support.h"

namespace sutler::source {
namespace {

using base::test::TempFolder;
using test::late;

class Landlock : public ::testing::Test {
 protected:
  void SetUp() override {
    if (landlock_abi() == 0) GTEST_SKIP() << "SKIPPED: this kernel has no Landlock";
    test::write(data() / "master.key", "the master key");
    test::write(data() / "audit/current.jsonl", "{}");
    test::write(folder_.path() / "beside/open", "open");
    std::filesystem::create_symlink(data(), folder_.path() / "beside/link");
    // A unix socket, as the admin API has one there.
    socket_ = base::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (data() / "admin.sock").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "parent/data"; }

  // What `text` prints with D for the data directory and F for the folder around it.
  std::string run(const std::string& text, std::vector<std::filesystem::path> hidden) {
    Child child;
    child.argv = {"/bin/sh", "-c", text};
    child.environment.emplace_back("PATH=/usr/bin:/bin");
    child.environment.emplace_back("D=" + data().string());
    child.environment.emplace_back("F=" + folder_.path().string());
    child.hidden = std::move(hidden);
    auto end = run_child(child, late());
    return end ? std::string(end->output.expose()) : end.error().message;
  }

  TempFolder folder_;
  base::FileDescriptor socket_;
};

TEST_F(Landlock, ClosesTheDataDirectoryAndLeavesTheRestOpen) {
  const std::string tries =
      "for f in $D/master.key $D/audit/current.jsonl $F/beside/link/master.key "
      "/proc/self/root$D/master.key; do cat $f 2>/dev/null && echo ' READ'; done; "
      "ls $D $D/audit $F/parent 2>/dev/null && echo LISTED; "
      "(echo x > $D/new) 2>/dev/null && echo WRITTEN; (echo x > $D/master.key) 2>/dev/null && "
      "echo WRITTEN; rm -f $D/admin.sock 2>/dev/null && echo REMOVED; "
      "mv $D/master.key $F/beside/ 2>/dev/null && echo MOVED; "
      "ln $D/master.key $F/beside/hard 2>/dev/null && echo LINKED; "
      "cat $F/beside/open; echo new > $F/beside/new; cat $F/beside/new; "
      "echo gone > /dev/null && echo end";
  EXPECT_EQ(run(tries, {data()}), "opennew\nend\n");
  EXPECT_EQ(test::read(data() / "master.key"), "the master key");
  EXPECT_TRUE(std::filesystem::exists(data() / "admin.sock"));
}

TEST_F(Landlock, IsWhatClosesIt) { EXPECT_EQ(run("cat $D/master.key", {}), "the master key"); }

TEST_F(Landlock, ClosesSeveralPlacesHoweverTheyAreWritten) {
  test::write(folder_.path() / "other/key", "key");
  const auto data_by_link = folder_.path() / "beside/link";
  EXPECT_EQ(run("cat $D/master.key $F/other/key $F/beside/open 2>/dev/null",
                {data_by_link, folder_.path() / "beside/../other/"}),
            "open");
  // One file alone, and one in the other.
  EXPECT_EQ(run("cat $D/master.key $D/audit/current.jsonl 2>/dev/null", {data() / "master.key"}),
            "{}");
  EXPECT_EQ(run("cat $D/master.key $D/audit/current.jsonl 2>/dev/null; echo end",
                {data() / "audit", data()}),
            "end\n");
}

TEST_F(Landlock, HidesWhatIsNotThereYetOnlyOnceItIs) {
  EXPECT_EQ(run("cat $F/beside/open", {folder_.path() / "later/data"}), "open");
}

TEST_F(Landlock, KeepsItFromOurMemoryAndFromSignallingUs) {
  const std::string us = std::to_string(::getpid());
  EXPECT_EQ(run("(exec 3</proc/" + us + "/mem) 2>/dev/null && echo OPEN; echo end", {data()}),
            "end\n");
  if (landlock_abi() < 6) GTEST_SKIP() << "signals are closed off from version 6 on";
  EXPECT_EQ(run("kill -0 " + us +
                    " 2>/dev/null && echo SIGNALLED; sleep 1000 & kill $! && echo "
                    "own",
                {data()}),
            "own\n");
}

TEST_F(Landlock, DoesNotCloseConnectToASocket) {
  // What docs/sources/exec.md says; the admin socket asks who connects.
  ASSERT_EQ(::listen(socket_.get(), 4), 0);
  EXPECT_EQ(run("/usr/bin/python3 -c 'import os, socket; s = socket.socket(socket.AF_UNIX); "
                "s.connect(os.environ[\"D\"] + \"/admin.sock\"); print(\"connected\")'",
                {data()}),
            "connected\n");
}

}  // namespace
}  // namespace sutler::source
