#include "audit/verify.h"

#include "audit/line.h"
#include "audit/log_test_support.h"
#include "crypto/hash.h"

namespace sutler::audit {
namespace {

class VerifyTest : public testing::LogTest {
 protected:
  // The line with its hash made anew, as somebody without the key could.
  static std::string rehash(std::string line) {
    line.resize(line.rfind(R"(,"hash":")"));
    const auto digest = crypto::sha256(line);
    line += R"(,"hash":")";
    line += base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
    return line + R"("})";
  }
  static std::string replace(std::string text, std::string_view old, std::string_view by) {
    return text.replace(text.find(old), old.size(), by);
  }
  // Makes the chain right again from the line `from` on.
  static void rechain(std::vector<std::string>& lines, std::size_t from) {
    for (std::size_t i = from; i < lines.size(); ++i) {
      if (i > 0) {
        const std::string hash = lines[i - 1].substr(lines[i - 1].size() - 66, 64);
        const std::size_t prev = lines[i].rfind(R"("prev":")") + 8;
        lines[i].replace(prev, 64, hash);
      }
      lines[i] = rehash(lines[i]);
    }
  }
};

TEST_F(VerifyTest, AnUntouchedLogIsProved) {
  make_log(5);
  const auto verified = verify(6);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->lines, 6u);
  EXPECT_EQ(verified->first_seq, 1u);
  EXPECT_EQ(verified->last_seq, 6u);
  EXPECT_EQ(verified->checkpoints, 1u);
  EXPECT_EQ(verified->last_checkpoint_seq, 6u);
  EXPECT_EQ(verified->public_key, key());
  EXPECT_TRUE(verified->key_was_given);
}

TEST_F(VerifyTest, WithoutAKeyTheOneInTheLogIsTakenAndThatIsSaid) {
  make_log(1);
  const auto verified = verify_files({current()}, std::nullopt, 0);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->public_key, key());
  EXPECT_FALSE(verified->key_was_given);
}

TEST_F(VerifyTest, AChangeOfAnyByteIsFoundAndItsFileAndLineNamed) {
  make_log(3);
  const std::string good = read(current());
  const auto file = root_ / "changed.jsonl";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const unsigned bit : {0x01u, 0x20u, 0x80u}) {
      std::string changed = good;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ bit);
      write(file, changed);
      const auto verified = verify_files({file}, key(), 0);
      ASSERT_FALSE(verified) << "byte " << at << " bit " << bit;
      ASSERT_EQ(verified.error().code, base::Code::kCorrupt);
      ASSERT_TRUE(verified.error().message.starts_with(file.string() + ":"));
    }
  }
}

TEST_F(VerifyTest, ALogCutAnywhereIsFoundWhenItsLastCheckpointWasKeptElsewhere) {
  make_log(3);
  const std::string good = read(current());
  const auto file = root_ / "cut.jsonl";
  for (std::size_t size = 0; size < good.size(); ++size) {
    write(file, good.substr(0, size));
    ASSERT_FALSE(verify_files({file}, key(), 4)) << size;
  }
}

TEST_F(VerifyTest, ACutLineIsFoundEvenWithoutAKeptCheckpoint) {
  make_log(2);
  const std::string good = read(current());
  write(current(), good.substr(0, good.size() - 1));
  EXPECT_NE(verdict().find(":3: the line was cut"), std::string::npos) << verdict();
}

TEST_F(VerifyTest, AMissingLineIsFound) {
  make_log(4);
  auto all = lines();
  all.erase(all.begin() + 1);
  write(current(), join(all));
  EXPECT_NE(verdict().find(":2: the lines with seq 2 to 2 are missing"), std::string::npos)
      << verdict();
}

TEST_F(VerifyTest, AMissingFirstLineIsFoundUnlessTheLogIsSaidToStartLater) {
  make_log(4);
  auto all = lines();
  all.erase(all.begin());
  write(current(), join(all));
  EXPECT_NE(verdict().find("starts with seq 2"), std::string::npos) << verdict();
  EXPECT_FALSE(verify_files({current()}, key(), 0, 3));
  EXPECT_TRUE(verify_files({current()}, key(), 0, 2));
  EXPECT_EQ(verify_files({current()}, key(), 0, 0)->first_seq, 2u);
}

TEST_F(VerifyTest, SwappedAndDoubledLinesAreFound) {
  make_log(4);
  auto swapped = lines();
  std::swap(swapped[1], swapped[2]);
  write(current(), join(swapped));
  EXPECT_NE(verdict().find(":2: "), std::string::npos) << verdict();
  std::swap(swapped[1], swapped[2]);
  swapped.insert(swapped.begin() + 1, swapped[1]);
  write(current(), join(swapped));
  EXPECT_NE(verdict().find(":3: seq 2 is out of order"), std::string::npos) << verdict();
}

TEST_F(VerifyTest, ALineReplacedByAnotherThatHashesWellIsFoundByTheNextOne) {
  make_log(3);
  auto all = lines();
  all[1] = rehash(replace(all[1], R"("team":"default")", R"("team":"another")"));
  write(current(), join(all));
  EXPECT_NE(verdict().find(":3: the line does not follow"), std::string::npos) << verdict();
}

TEST_F(VerifyTest, ALogHashedAnewByTheWholeIsFoundByItsCheckpoint) {
  make_log(3);
  auto all = lines();
  all[1] = replace(all[1], R"("team":"default")", R"("team":"another")");
  rechain(all, 1);
  write(current(), join(all));
  EXPECT_NE(verdict().find(":4: the signature of the checkpoint is wrong"), std::string::npos)
      << verdict();
  EXPECT_FALSE(verify_files({current()}, std::nullopt, 0));
}

TEST_F(VerifyTest, ACheckpointByAnotherKeyIsFound) {
  make_log(2);
  auto all = lines();
  all.pop_back();
  Chain chain = read_line_head(all.back())->after();
  std::string forged;
  append_checkpoint_line(forged, chain, clock_.now(), crypto::SigningKey::generate());
  write(current(), join(all) + forged);
  EXPECT_NE(verdict().find(":3: the checkpoint is by another key"), std::string::npos) << verdict();
  // Without the key it cannot be told, and Verified says so.
  EXPECT_FALSE(verify_files({current()}, std::nullopt, 0)->key_was_given);
}

TEST_F(VerifyTest, TwoKeysInOneLogAreFoundEvenWhenNoneIsGiven) {
  make_log(1);
  Chain chain = read_line_head(lines().back())->after();
  std::string forged;
  append_checkpoint_line(forged, chain, clock_.now(), crypto::SigningKey::generate());
  write(current(), read(current()) + forged);
  EXPECT_FALSE(verify_files({current()}, std::nullopt, 0));
}

TEST_F(VerifyTest, ACheckpointOfAnotherPlaceIsFound) {
  make_log(2);
  auto all = lines();
  // The signature is genuine, but of the line 3: now it stands at 2.
  all.erase(all.begin() + 1);
  all[1] = replace(all[1], R"({"seq":3,)", R"({"seq":2,)");
  rechain(all, 1);
  write(current(), join(all));
  EXPECT_NE(verdict().find(":2: the signature"), std::string::npos) << verdict();
}

TEST_F(VerifyTest, ALogWhoseCheckpointsWereTakenOutIsFoundByTheOneKeptElsewhere) {
  make_log(3);
  auto all = lines();
  all.pop_back();
  write(current(), join(all));
  EXPECT_EQ(verdict(), "ok");
  EXPECT_NE(verdict(4).find("what came after was cut off"), std::string::npos) << verdict(4);
}

TEST_F(VerifyTest, LinesThatHashWellButAreNotOursAreRefused) {
  make_log(1);
  const std::string good = lines()[0];
  const auto refused = [&](const std::string& line) {
    write(current(), rehash(line) + "\n");
    return verdict() != "ok";
  };
  EXPECT_FALSE(refused(good));
  EXPECT_TRUE(refused(replace(good, R"("team":)", R"("seq":1,"team":)")));  // a member twice
  EXPECT_TRUE(refused(replace(good, R"("team":)", R"("team":"x","team":)")));
  EXPECT_TRUE(refused(replace(good, "2027-01-15T", "2027-02-30T")));
  EXPECT_TRUE(refused(replace(good, "2027-01-15T", "2027-01-15 ")));
  EXPECT_TRUE(refused(replace(good, R"("outcome":"ok")", R"("outcome":"yes")")));
  EXPECT_TRUE(refused(replace(good, R"("event":"fetch")", R"("event":"")")));
  EXPECT_TRUE(refused(replace(good, R"("event":"fetch")", R"("event":"checkpoint")")));
  EXPECT_TRUE(refused(replace(good, R"("event":"fetch")", R"("event" :"checkpoint" )")));
  EXPECT_TRUE(refused(replace(good, R"("team":"default")", R"("team":[)")));
}

TEST_F(VerifyTest, AnEmptyLineIsRefused) {
  make_log(1);
  write(current(), read(current()) + "\n");
  EXPECT_NE(verdict(), "ok");
}

TEST_F(VerifyTest, ALineWithoutAnEndIsRefusedInBoundedMemory) {
  write(root_ / "long.jsonl", std::string(kLineBytesMax + 10, 'x'));
  const auto verified = verify_files({root_ / "long.jsonl"}, key(), 0);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().code, base::Code::kCorrupt);
}

TEST_F(VerifyTest, AKeyThatIsNoneIsRefused) {
  make_log(1);
  EXPECT_EQ(verify_files({current()}, "abc", 0).error().code, base::Code::kInvalid);
  EXPECT_EQ(verify_files({current()}, std::string(64, 'G'), 0).error().code, base::Code::kInvalid);
}

TEST_F(VerifyTest, FilesThatAreNotThereAreNamed) {
  EXPECT_EQ(verify_files({root_ / "no"}, key(), 0).error().code, base::Code::kNotFound);
  EXPECT_EQ(log_files(root_ / "no").error().code, base::Code::kNotFound);
  EXPECT_EQ(log_files(root_).error().code, base::Code::kNotFound);
}

TEST_F(VerifyTest, TheFilesOfAFolderAreInTheOrderOfTheirNumbers) {
  for (const char* name : {"current.jsonl", "audit-000000000012.jsonl", "audit-000000000003.jsonl",
                           "audit-1000000000000.jsonl", "aside-1.jsonl", "audit-x.jsonl",
                           "audit-00000000001x.jsonl", "reserve", "current.jsonl.new"}) {
    write(root_ / name, "");
  }
  const auto files = log_files(root_);
  ASSERT_TRUE(files);
  std::string names;
  for (const auto& file : *files) names += file.filename().string() + " ";
  EXPECT_EQ(names,
            "audit-000000000003.jsonl audit-000000000012.jsonl audit-1000000000000.jsonl "
            "current.jsonl ");
}

TEST_F(VerifyTest, ALogNamesItsNodeAndOnlyThatOne) {
  make_log(2);
  EXPECT_EQ(verify()->node, "");
  options_.node = std::string(kNodeDigits, 'a');
  make_log(2);  // what named none goes on as that node's
  ASSERT_EQ(verdict(), "ok");
  EXPECT_EQ(verify()->node, options_.node);
  EXPECT_TRUE(lines().back().find(R"(,"node":"aaaa)") != std::string::npos);
  const std::string whole = read(current());
  for (const std::string& id : {std::string(), std::string(kNodeDigits, 'b')}) {
    Chain chain = read_line_head(lines().back())->after();
    std::string forged;
    append_event_line(forged, chain, fetch(), id);
    write(current(), whole + forged);
    EXPECT_NE(verdict().find("in the log of the node aaaa"), std::string::npos) << id;
    write(current(), whole);
  }
}

TEST_F(VerifyTest, ANodeInAnyOtherPlaceIsRefused) {
  Chain chain;
  std::string line;
  const std::string groups = R"([],"node":"x")";
  append_event_line(line, chain, {.event = "fetch", .groups_json = groups});
  make_log(0);
  write(current(), line);
  EXPECT_NE(verdict().find("node of the line"), std::string::npos) << verdict();
}

}  // namespace
}  // namespace sutler::audit
