#include "server/config_watch.h"

#include <utility>

#include "server/options.h"
#include "server/test_support.h"

namespace sutler::server::test {
namespace {

constexpr std::string_view kOne = "sources:\n  - {name: one, kind: file, root: /srv/one}\n";
constexpr std::string_view kTwo = "sources:\n  - {name: two, kind: file, root: /srv/one}\n";

class ConfigWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    given_.config(kOne);
    auto options = load_options(given_.raw());
    ASSERT_TRUE(options) << options.error().message;
    watch_.emplace(options->config_file, [this, look = std::move(options->source_changes)] {
      ++looks_;
      return look();
    });
  }

  Given given_;
  std::optional<ConfigWatch> watch_;
  int looks_ = 0;
};

TEST_F(ConfigWatchTest, TheFileIsReadWhenItIsAnotherAndNotForEachWhoAsks) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(watch_->check().state, admin::CheckState::kOk);
  EXPECT_EQ(looks_, 1);
  given_.config(kTwo);  // of the same size
  for (int i = 0; i < 5; ++i) {
    const auto check = watch_->check();
    EXPECT_EQ(check.state, admin::CheckState::kWarn);
    EXPECT_TRUE(check.detail.contains("new: two; gone: one")) << check.detail;
  }
  EXPECT_EQ(looks_, 2);
  given_.config(kOne);
  EXPECT_EQ(watch_->check().state, admin::CheckState::kOk);
}

TEST_F(ConfigWatchTest, AFileThatCannotBeReadIsAWarning) {
  given_.config("sources: [\n");
  EXPECT_TRUE(watch_->check().detail.contains("cannot be read again"));
  std::filesystem::remove(*given_.raw().config);
  EXPECT_TRUE(watch_->check().detail.contains("cannot be read again"));
  ASSERT_EQ(::mkfifo(given_.raw().config->c_str(), 0600), 0);
  EXPECT_TRUE(watch_->check().detail.contains("cannot be read again")) << "and nobody waits";
  std::filesystem::remove(*given_.raw().config);
  EXPECT_EQ(looks_, 2);
  given_.config(kOne);
  EXPECT_EQ(watch_->check().state, admin::CheckState::kOk);
}

TEST_F(ConfigWatchTest, AFailureThatPassesIsNotKept) {
  bool fails = true;
  ConfigWatch watch("/nowhere", [&fails]() -> base::Result<SourceChanges> {
    if (fails) return base::fail(base::Code::kInternal, "no open files are left");
    return SourceChanges{};
  });
  EXPECT_EQ(watch.check().state, admin::CheckState::kWarn);
  fails = false;
  EXPECT_EQ(watch.check().state, admin::CheckState::kOk);
}

TEST_F(ConfigWatchTest, WhoIsToldLooksInAnyCase) {
  EXPECT_EQ(watch_->check().state, admin::CheckState::kOk);
  watch_->tell();
  EXPECT_EQ(looks_, 2);
}

}  // namespace
}  // namespace sutler::server::test
