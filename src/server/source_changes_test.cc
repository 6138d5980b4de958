#include "server/source_changes.h"

#include "server/options.h"
#include "server/test_support.h"

namespace sutler::server::test {
namespace {

constexpr std::string_view kOne = "  - {name: one, kind: file, root: /srv/one}\n";
constexpr std::string_view kTwo = "  - {name: two, kind: file, root: /srv/two}\n";
constexpr std::string_view kOtherTwo = "  - {name: two, kind: file, root: /srv/two, ttl: 1s}\n";

std::string sources(std::initializer_list<std::string_view> all) {
  std::string text = "sources:\n";
  for (const auto one : all) text += one;
  return text;
}

class SourceChangesTest : public ::testing::Test {
 protected:
  void start(const std::string& config) {
    given_.config(config);
    auto options = load_options(given_.raw());
    ASSERT_TRUE(options) << options.error().message;
    changes_ = options->source_changes;
  }
  SourceChanges after(const std::string& config) {
    given_.config(config);
    auto changes = changes_();
    EXPECT_TRUE(changes) << changes.error().message;
    return changes ? *changes : SourceChanges{};
  }

  Given given_;
  std::function<base::Result<SourceChanges>()> changes_;
};

TEST_F(SourceChangesTest, NamesWhatIsNewChangedAndGone) {
  start(sources({kOne, kTwo}));
  EXPECT_EQ(after(sources({kOne})).text(), "gone: two");
  EXPECT_EQ(after(sources({kOne, kOtherTwo})).text(), "changed: two");
  const auto all = after(sources({"  - {name: three, kind: file, root: /srv}\n", kOtherTwo}));
  EXPECT_EQ(all.text(), "new: three; changed: two; gone: one");
  EXPECT_TRUE(all.any());
  EXPECT_TRUE(all.wrong.empty());
  EXPECT_EQ(after("threads: 1\n").text(), "gone: one, two");
}

TEST_F(SourceChangesTest, TheirOrderAndWhatElseStandsThereDoNotMatter) {
  start("threads: 1\n" + sources({kOne, kTwo}));
  EXPECT_FALSE(after("# moved\n" + sources({kTwo, kOne}) + "threads: 2\n").any());
}

TEST_F(SourceChangesTest, WhatAServerWouldNotStartWithIsSaidSo) {
  start(sources({kOne}));
  const auto wrong = after(sources({kOne, "  - {name: two, kind: file}\n"}));
  EXPECT_TRUE(wrong.any());
  EXPECT_TRUE(wrong.wrong.contains("member root is missing")) << wrong.wrong;
  EXPECT_FALSE(after(sources({kOne})).any()) << "mended";
}

TEST_F(SourceChangesTest, AFileThatCannotBeReadIsAnError) {
  start(sources({kOne}));
  given_.config("sources: [\n");
  EXPECT_FALSE(changes_());
}

}  // namespace
}  // namespace sutler::server::test
