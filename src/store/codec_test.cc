// The binary encodings: what is written comes back, and nothing else is taken.
#include <gtest/gtest.h>

#include "store/group_codec.h"
#include "store/head.h"
#include "store/operator_codec.h"
#include "store/team_codec.h"
#include "store/test_support.h"
#include "store/wire.h"

namespace sutler::store {
namespace {

using test::group;
using test::kSomebody;

std::string number(std::uint64_t value) {
  ByteWriter out(10);
  out.number(value);
  return std::move(out).take();
}

TEST(Wire, NumbersComeBack) {
  for (const std::uint64_t value :
       {std::uint64_t{0}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{300},
        std::uint64_t{1} << 35, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    const std::string bytes = number(value);
    ByteReader in(bytes);
    EXPECT_EQ(in.number(), value);
    EXPECT_TRUE(in.done());
  }
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    ByteWriter out(10);
    out.signed_number(value);
    const std::string bytes = std::move(out).take();
    ByteReader in(bytes);
    EXPECT_EQ(in.signed_number(), value);
  }
}

TEST(Wire, ANumberHasOneForm) {
  for (const std::string_view bytes :
       {std::string_view("\x80\x00", 2), std::string_view("\xff\x80\x00", 3),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), std::string_view("\x80"),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), std::string_view()}) {
    ByteReader in(bytes);
    (void)in.number();
    EXPECT_FALSE(in.ok());
    EXPECT_FALSE(in.done());
  }
}

TEST(Wire, ATextLongerThanTheBytesIsRefused) {
  ByteReader in(
      "\x05"
      "abcd");
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
}

// Every way to cut the bytes, to lengthen them, and every bit: refused, or read as what writes the
// same.
template <class Check>
void for_each_damage(const std::string& good, Check&& check) {
  for (std::size_t size = 0; size < good.size(); ++size) check(good.substr(0, size));
  check(good + '\0');
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    check(bad);
  }
}

model::Group full_group() {
  model::Group out = group("g", {{"A", "1"}, {"B", "two"}});
  out.header.restrictions.projects = {"p"};
  out.header.restrictions.nf_objects = {model::ObjectPattern{"o", "service"}};
  out.header.required_keys = {"A"};
  model::Template text{base::Secret("${A}"), {}};
  text.generated.emplace_back("r");
  out.variables.emplace("T", model::Variable{std::move(text)});
  out.variables.emplace(
      "R", model::Variable{model::Reference{"vault", "x", true, base::Secret("d"), "base64"}});
  model::File file;
  file.data = model::Literal{base::Secret("data")};
  file.encoding = model::Encoding::kUtf8;
  file.owner = model::Ownership{model::OwnerPolicy::kKeepOrSetExplicit, "root"};
  file.permissions = model::Permissions{model::PermissionPolicy::kKeepOrSet, 256,
                                        model::ModeForm::kDecimalNumber, ""};
  out.files.emplace("/f", std::move(file));
  out.secrets_from = {{.from = "vault",
                       .ref = "a",
                       .prefix = "P",
                       .only = {"x", "y"},
                       .rename = {{"x", "X"}, {"y", "Y"}},
                       .optional = true,
                       .on_conflict = model::OnConflict::kReplace},
                      {.from = "vault", .ref = "b"}};
  return out;
}

TEST(GroupCodec, AHeaderIsReadBackAndNothingElse) {
  const model::Group full = full_group();
  const std::string bytes = encode_group_header(full.header, pack_keys(full), kSomebody);
  const auto parts = decode_group_header(bytes);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->header, full.header);
  EXPECT_EQ(parts->info.who, kSomebody.who);
  EXPECT_EQ(parts->info.when, kSomebody.when);
  EXPECT_EQ(parts->packed_keys, pack_keys(full));
  for_each_damage(bytes, [](const std::string& bad) {
    const auto read = decode_group_header(bad);
    if (read) {
      EXPECT_EQ(encode_group_header(read->header, read->packed_keys, read->info), bad);
    }
  });
}

TEST(GroupCodec, ABodyIsReadBackAndNothingElse) {
  const model::Group full = full_group();
  const std::string keys = pack_keys(full);
  const base::Secret body = encode_group_body(full);
  model::Group read;
  ASSERT_TRUE(decode_group_body(body.expose(), keys, read));
  read.header = full.header;
  EXPECT_TRUE(model::equal(read, full));
  for_each_damage(std::string(body.expose()), [&](const std::string& bad) {
    model::Group other;
    if (decode_group_body(bad, keys, other)) {
      EXPECT_EQ(encode_group_body(other).expose(), bad);
    }
  });
}

TEST(GroupCodec, ABodyWithoutSecretsFromIsWrittenAsItWasBeforeThereWereAny) {
  const model::Group plain = group("g", {{"A", "1"}});
  EXPECT_EQ(encode_group_body(plain).expose(), std::string_view("\x01\x00\x01"
                                                                "1",
                                                                4));
  EXPECT_EQ(encode_group_body(full_group()).expose().front(), '\x02');
}

TEST(GroupCodec, OpenEntriesKnowWhatTheGroupTakesFromSources) {
  const model::Group full = full_group();
  const std::string keys = pack_keys(full);
  OpenEntries entries;
  ASSERT_TRUE(decode_entries(encode_group_body(full), keys, entries));
  EXPECT_EQ(entries.secrets_from(), full.secrets_from);
  std::vector<OpenEntries::Added> added;
  added.push_back({"A", base::Secret("new")});
  added.push_back({"Z", base::Secret("last")});
  const OpenEntries more(std::make_shared<const OpenEntries>(std::move(entries)), std::move(added));
  EXPECT_EQ(more.variables().size(), full.variables.size() + 1);
  EXPECT_EQ(more.variable("A")->value.literal, "new");
  EXPECT_EQ(more.variable("B")->value.literal, "two");
  EXPECT_EQ(more.variable("Z")->value.literal, "last");
  EXPECT_EQ(more.file("/f")->value.literal, "data");
}

TEST(GroupCodec, ABodyOfOtherNamesIsRefused) {
  const base::Secret body = encode_group_body(full_group());
  model::Group read;
  EXPECT_FALSE(decode_group_body(body.expose(), pack_keys(group("g", {{"A", ""}})), read));
  EXPECT_FALSE(decode_group_body(body.expose(), "", read));
}

TEST(GroupCodec, AnEmptyListIsNotTakenForNone) {
  model::Group empty = group("g");
  empty.header.restrictions.projects.emplace();
  const auto read = decode_group_header(encode_group_header(empty.header, pack_keys(empty), {}));
  ASSERT_TRUE(read);
  ASSERT_TRUE(read->header.restrictions.projects.has_value());
  EXPECT_FALSE(read->header.restrictions.nf_objects.has_value());
}

TEST(GroupCodec, NamesMustAscend) {
  ByteWriter out(16);
  out.number(2);
  out.text("B");
  out.text("A");
  out.number(0);
  EXPECT_FALSE(unpack_keys(std::move(out).take()));
  ByteWriter twice(16);
  twice.number(2);
  twice.text("A");
  twice.text("A");
  twice.number(0);
  EXPECT_FALSE(unpack_keys(std::move(twice).take()));
}

TEST(GroupCodec, ATombstoneIsReadBackAndNothingElse) {
  const std::string bytes = encode_tombstone({"t", "n", kSomebody});
  const auto read = decode_tombstone(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->team + "/" + read->name, "t/n");
  for_each_damage(bytes, [](const std::string& bad) {
    if (const auto other = decode_tombstone(bad)) {
      EXPECT_EQ(encode_tombstone(*other), bad);
    }
  });
}

TEST(TeamCodec, ATeamIsReadBackAndNothingElse) {
  model::Team full = test::team("", "/t");
  full.options.require_match = true;
  full.options.allow_from.push_back(test::must(model::Cidr::parse("10.1.0.0/16")));
  full.keys.push_back({"01020304", model::KeyAlgorithm::kHs512, base::LockedBytes("key"),
                       base::UnixTime{5}, base::UnixTime{6}});
  const base::Secret bytes = encode_team_body(full);
  const auto read = decode_team_body(bytes.expose());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->options, full.options);
  EXPECT_EQ(read->keys.at(0).secret.expose(), "key");
  for_each_damage(std::string(bytes.expose()), [](const std::string& bad) {
    if (const auto other = decode_team_body(bad)) {
      EXPECT_EQ(encode_team_body(*other).expose(), bad);
    }
  });
}

TEST(Head, IsReadBackAndNothingElse) {
  Head head{2, 300, 4, {}, true};
  head.set_hash[31] = 9;
  const std::string bytes = encode_head(head);
  EXPECT_EQ(decode_head(bytes), head);
  for_each_damage(bytes, [](const std::string& bad) {
    if (const auto other = decode_head(bad)) {
      EXPECT_EQ(encode_head(*other), bad);
    }
  });
}

TEST(Head, HasATrailOfTheHeadsBeforeItOrIsWrittenAsBefore) {
  Head head{1, 300, 4, {}, true};
  EXPECT_EQ(encode_head(head).front(), '\1');
  head.trail = {7, 8, UINT64_MAX};
  const std::string bytes = encode_head(head);
  EXPECT_EQ(bytes.front(), '\2');
  EXPECT_EQ(decode_head(bytes), head);
  for_each_damage(bytes, [](const std::string& bad) {
    if (const auto other = decode_head(bad)) {
      EXPECT_EQ(encode_head(*other), bad);
    }
  });
  head.trail.assign(kTrailMax, 1);
  EXPECT_TRUE(decode_head(encode_head(head)));
  head.trail.push_back(1);
  EXPECT_FALSE(decode_head(encode_head(head)));
}

TEST(Head, SaysWhetherItWasMadeOnAnEarlierOne) {
  std::vector<Head> line{{1, 1, 1, {}, false}};
  for (std::uint64_t revision = 2; revision < 300; ++revision) {
    Head next{1, revision, revision, {}, true};
    next.trail = trail_after(line.back());
    line.push_back(next);
  }
  const Head& last = line.back();
  ASSERT_EQ(last.trail.size(), kTrailMax);
  for (const Head& one : line) {
    const std::uint64_t back = last.revision - one.revision;
    Head another = one;
    another.set_hash[0] ^= 1;
    const bool known = back >= 1 && back <= kTrailMax;
    EXPECT_EQ(descent(last, one), known ? Descent::kFollows : Descent::kUnknown) << back;
    EXPECT_EQ(descent(last, another), known ? Descent::kAnother : Descent::kUnknown) << back;
  }
  EXPECT_TRUE(trail_after(Head{}).empty()) << "of an empty database";
}

TEST(StoreKeys, FileEachNameInItsOwnPlace) {
  const StoreKeys keys = StoreKeys::generate();
  const std::string id = keys.record_id("group", "team", "name");
  EXPECT_EQ(id.size(), kIdBytes);
  EXPECT_EQ(keys.record_id("group", "team", "name"), id);
  EXPECT_NE(keys.record_id("team", "team", "name"), id);
  EXPECT_NE(keys.record_id("group", "teamn", "ame"), id);
  EXPECT_NE(StoreKeys::generate().record_id("group", "team", "name"), id);
}

TEST(StoreKeys, AMarkDependsOnEverythingButTheWrappedKey) {
  const StoreKeys keys = StoreKeys::generate();
  Record record;
  record.kind = "group";
  record.id = std::string(32, 'a');
  record.version = 3;
  record.revision = 9;
  record.header = std::string(40, 'h');
  record.body = std::string(40, 'b');
  const auto mark = keys.mark(record);
  const auto differs = [&](auto change) {
    Record other = record;
    change(other);
    return keys.mark(other) != mark;
  };
  EXPECT_TRUE(differs([](Record& other) { other.kind = "team"; }));
  EXPECT_TRUE(differs([](Record& other) { other.id[0] = 'b'; }));
  EXPECT_TRUE(differs([](Record& other) { other.version = 4; }));
  EXPECT_TRUE(differs([](Record& other) { other.revision = 10; }));
  EXPECT_TRUE(differs([](Record& other) { other.deleted = true; }));
  EXPECT_TRUE(differs([](Record& other) { other.header.back() = 'x'; }));
  EXPECT_TRUE(differs([](Record& other) { other.body.back() = 'x'; }));
  EXPECT_FALSE(differs([](Record& other) { other.wrapped = "new"; }));
}

TEST(OperatorCodec, AnOperatorComesBackAndACutOneDoesNot) {
  model::Operator who;
  who.description = "deploys";
  who.role = model::Role::kEditor;
  who.reveal = model::Reveal::kYes;
  model::Scope scope;
  scope.projects = {"pay", "shop-*"};
  scope.priority_max = 30;
  who.scopes = {scope, {}};
  model::OperatorToken token;
  token.id = "0a1b2c3d";
  token.label = "ci";
  token.hash.fill(7);
  token.expires = base::UnixTime::from_seconds(1'900'000'000);
  who.tokens = {token};
  const base::Secret body = encode_operator_body(who);
  EXPECT_EQ(decode_operator_body(body.expose()), who);
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_operator_body(body.expose().substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_operator_body(std::string(body.expose()) + "x"));
}

}  // namespace
}  // namespace sutler::store
