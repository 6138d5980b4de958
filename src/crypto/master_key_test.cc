#include "crypto/master_key.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <csignal>

#include "base/encoding.h"
#include "base/file.h"
#include "base/test_corpora.h"
#include "base/test_support.h"
#include "crypto/master_key_source.h"

namespace sutler::crypto {
namespace {

class MasterKey : public testing::Test {
 protected:
  MasterKey() {
    char name[] = "/tmp/sutler-master-key-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~MasterKey() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& content, unsigned mode = 0600) {
    const auto path = folder_ / name;
    EXPECT_TRUE(base::write_file(path, content, mode, base::Overwrite::kReplace));
    return "file:" + path.string();
  }
  std::filesystem::path folder_;
  const std::string raw_ = std::string(32, '\x41');
};

TEST_F(MasterKey, reads_hex_base64_and_raw_bytes_as_the_same_key) {
  const auto hex = MasterKeys::load({file("hex", base::hex_encode(raw_) + "\n")});
  const auto base64 = MasterKeys::load({file("b64", base::base64_encode(raw_))});
  const auto raw = MasterKeys::load({file("raw", raw_)});
  ASSERT_TRUE(hex && base64 && raw);
  EXPECT_EQ(hex->primary_id(), base64->primary_id());
  EXPECT_EQ(hex->primary_id(), raw->primary_id());
  EXPECT_EQ(hex->primary_id().size(), 16u);
}

TEST_F(MasterKey, refuses_files_that_others_may_read_and_content_of_another_size) {
  const auto open_to_all = MasterKeys::load({file("open", raw_, 0644)});
  ASSERT_FALSE(open_to_all);
  EXPECT_NE(open_to_all.error().hint.find("chmod"), std::string::npos);
  EXPECT_FALSE(MasterKeys::load({file("short", "abc")}));
  EXPECT_FALSE(MasterKeys::load({"file:/nonexistent"}));
  EXPECT_FALSE(MasterKeys::load({"vault:x"}));
  EXPECT_FALSE(MasterKeys::load({}));
}

TEST_F(MasterKey, takes_an_environment_variable_out_of_the_environment) {
  ::setenv("SUTLER_TEST_KEY", base::hex_encode(raw_).c_str(), 1);
  EXPECT_TRUE(MasterKeys::load({"env:SUTLER_TEST_KEY"}));
  EXPECT_EQ(::getenv("SUTLER_TEST_KEY"), nullptr);
  EXPECT_FALSE(MasterKeys::load({"env:SUTLER_TEST_KEY"}));
}

TEST_F(MasterKey, takes_what_a_command_prints_and_refuses_one_that_fails) {
  const auto path = file("key", base::hex_encode(raw_) + "\n").substr(5);
  EXPECT_TRUE(MasterKeys::load({"command:cat " + path}));
  EXPECT_FALSE(MasterKeys::load({"command:false"}));
  EXPECT_FALSE(MasterKeys::load({"command:/nonexistent/program"}));
}

TEST_F(MasterKey, kills_a_command_that_does_not_end_in_time_and_gives_it_fresh_signals) {
  const auto limit = std::chrono::milliseconds(200);
  const auto hangs = read_master_key("command:sleep 1000", limit);
  ASSERT_FALSE(hangs);
  EXPECT_NE(hangs.error().message.find("did not end within 200 ms"), std::string::npos);
  // It closes its output and lives on, with all signals that can be blocked blocked in us.
  base::test::must(base::write_file(folder_ / "closes", "exec >&- sleep 1000\n", 0600,
                                    base::Overwrite::kReplace));
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  EXPECT_FALSE(read_master_key("command:sh " + (folder_ / "closes").string(), limit));
  base::test::must(base::write_file(folder_ / "stops", "kill -TERM $$\nsleep 1000\n", 0600,
                                    base::Overwrite::kReplace));
  const auto stopped =
      read_master_key("command:sh " + (folder_ / "stops").string(), std::chrono::seconds(600));
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_FALSE(stopped);
  EXPECT_NE(stopped.error().message.find("failed"), std::string::npos);
}

TEST_F(MasterKey, unwraps_with_any_key_and_names_the_one_that_is_missing) {
  std::vector<base::LockedBytes> old_keys, both, other;
  old_keys.emplace_back(raw_);
  both.emplace_back(std::string(32, 'n'));
  both.emplace_back(raw_);
  other.emplace_back(std::string(32, 'n'));
  const auto first = MasterKeys::from_keys(std::move(old_keys));
  const auto second = MasterKeys::from_keys(std::move(both));
  const auto third = MasterKeys::from_keys(std::move(other));
  const std::string data_key(32, 'd');
  const auto wrapped = first->wrap("record", data_key);
  ASSERT_TRUE(wrapped);
  std::string out(32, '\0');
  EXPECT_TRUE(second->unwrap_into(first->primary_id(), "record", *wrapped, out.data()));
  EXPECT_EQ(out, data_key);
  EXPECT_FALSE(second->unwrap_into(first->primary_id(), "another record", *wrapped, out.data()));
  const auto missing = third->unwrap_into(first->primary_id(), "record", *wrapped, out.data());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, base::Code::kRefused);
  EXPECT_NE(missing.error().message.find(first->primary_id()), std::string::npos);
}

TEST_F(MasterKey, a_key_file_is_never_overwritten) {
  const auto path = folder_ / "master.key";
  ASSERT_TRUE(create_master_key_file(path));
  const auto again = create_master_key_file(path);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, base::Code::kConflict);
  EXPECT_TRUE(MasterKeys::load({"file:" + path.string()}));
}

TEST_F(MasterKey, an_environment_key_is_kept_when_the_list_is_read_again) {
  ::setenv("SUTLER_TEST_KEY", base::hex_encode(raw_).c_str(), 1);
  const auto first = MasterKeys::load({"env:SUTLER_TEST_KEY"});
  ASSERT_TRUE(first);
  const auto again =
      MasterKeys::load({file("new", std::string(32, 'n')), "env:SUTLER_TEST_KEY"}, &*first);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->has(first->primary_id()));
  EXPECT_NE(again->primary_id(), first->primary_id());
  EXPECT_FALSE(MasterKeys::load({"env:SUTLER_ANOTHER_KEY"}, &*first));
}

TEST_F(MasterKey, wraps_as_often_as_its_limit_counting_what_was_before) {
  std::vector<base::LockedBytes> keys;
  keys.emplace_back(raw_);
  const auto made = MasterKeys::from_keys(std::move(keys), 5);
  ASSERT_TRUE(made);
  made->add_wraps(made->primary_id(), 3);
  made->add_wraps("0000000000000000", 3);
  const std::string data_key(32, 'd');
  EXPECT_TRUE(made->wrap("record", data_key));
  EXPECT_TRUE(made->wrap("record", data_key));
  EXPECT_EQ(made->wraps(made->primary_id()), 5U);
  const auto refused = made->wrap("record", data_key);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("rotate the master key"), std::string::npos);
}

}  // namespace
}  // namespace sutler::crypto
