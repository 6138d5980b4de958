#include "source/disk_cache.h"

#include <rapidcheck.h>

#include <fstream>
#include <limits>

#include "source/document_bytes.h"
#include "source/test_support.h"

namespace sutler::source {
namespace {

namespace fs = std::filesystem;
using base::UnixTime;

const DiskCache::Owner kOwner{"vault", "https://vault.example"};
constexpr UnixTime kReadAt{1'800'000'000'000'000};
constexpr UnixTime kNever{0};
constexpr UnixTime kAlways{std::numeric_limits<std::int64_t>::max()};

class DiskCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<DiskCache> open(char key = 'k') {
    return base::test::must(DiskCache::open(path, base::LockedBytes(std::string(32, key))));
  }
  static void put(DiskCache& cache, const DiskCache::Owner& owner, const std::string& locator,
                  Document document) {
    base::test::must(cache.write(owner, locator, [&] {
      return std::optional(DiskCache::Entry{std::move(document), kReadAt});
    }));
  }
  static std::vector<DiskCache::Kept> load(DiskCache& cache) {
    return cache.load(kOwner, kNever, kAlways);
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file() && entry.path().filename() != "key-check") {
        all.push_back(entry.path());
      }
    }
    return all;
  }

  base::test::TempFolder folder;
  fs::path path = folder.path() / "cache";
};

TEST_F(DiskCacheTest, GivesBackWhatItTookOverAnOpening) {
  put(*open(), kOwner, "a#b", test::object({{"x", "1"}, {"y", std::string("\0\xff", 2)}}));
  const auto cache = open();
  const auto all = load(*cache);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].locator, "a#b");
  EXPECT_EQ(all[0].read_at, kReadAt);
  ASSERT_TRUE(all[0].document.fields);
  EXPECT_EQ((*all[0].document.fields)[1].value.expose(), std::string("\0\xff", 2));
}

TEST_F(DiskCacheTest, NothingIsWrittenWhereNothingIsLeft) {
  const auto cache = open();
  base::test::must(cache->write(kOwner, "a", [] { return std::optional<DiskCache::Entry>(); }));
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskCacheTest, WhatIsRemovedIsGone) {
  const auto cache = open();
  put(*cache, kOwner, "a", test::text("one"));
  cache->remove(kOwner, "none");
  EXPECT_EQ(files().size(), 1u);
  cache->remove(kOwner, "a");
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskCacheTest, WhatWasReadTooLongAgoOrInTheFutureIsDeleted) {
  const auto cache = open();
  put(*cache, kOwner, "a", test::text("one"));
  EXPECT_EQ(cache->load(kOwner, kReadAt, kReadAt).size(), 1u);
  EXPECT_TRUE(cache->load(kOwner, UnixTime{kReadAt.microseconds + 1}, kAlways).empty());
  EXPECT_TRUE(files().empty());
  put(*cache, kOwner, "a", test::text("one"));
  EXPECT_TRUE(cache->load(kOwner, kNever, UnixTime{kReadAt.microseconds - 1}).empty());
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskCacheTest, ADamagedFileIsDeletedAndTheOthersStay) {
  const auto cache = open();
  put(*cache, kOwner, "a", test::text("one"));
  put(*cache, kOwner, "b", test::text("two"));
  const fs::path damaged = files()[0];
  fs::resize_file(damaged, fs::file_size(damaged) - 1);
  EXPECT_EQ(load(*cache).size(), 1u);
  EXPECT_FALSE(fs::exists(damaged));
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(DiskCacheTest, AFileInThePlaceOfAnotherDoesNotOpen) {
  const auto cache = open();
  put(*cache, kOwner, "a", test::text("one"));
  put(*cache, kOwner, "b", test::text("two"));
  const auto all = files();
  fs::copy_file(all[0], all[1], fs::copy_options::overwrite_existing);
  EXPECT_EQ(load(*cache).size(), 1u);
}

TEST_F(DiskCacheTest, AFileOfAnotherSourceDoesNotOpen) {
  const auto cache = open();
  const DiskCache::Owner other{"vault", "https://another.example"};
  put(*cache, kOwner, "a", test::text("one"));
  const fs::path from = files()[0];
  put(*cache, other, "b", test::text("two"));
  const auto all = files();
  const fs::path& beside = all[0] == from ? all[1] : all[0];
  fs::copy_file(from, beside.parent_path() / from.filename());
  const auto found = cache->load(other, kNever, kAlways);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].locator, "b");
}

TEST_F(DiskCacheTest, SourcesThatAreGoneLeaveNothing) {
  const auto cache = open();
  put(*cache, kOwner, "a", test::text("one"));
  put(*cache, {"other", ""}, "a", test::text("one"));
  cache->retain({kOwner});
  EXPECT_EQ(files().size(), 1u);
  EXPECT_EQ(load(*cache).size(), 1u);
  cache->retain({});
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskCacheTest, AnotherKeyStartsAnewAndLeavesForeignFilesAlone) {
  put(*open(), kOwner, "a", test::text("one"));
  std::ofstream(path / "notes.txt") << "mine";
  const auto cache = open('x');
  EXPECT_TRUE(load(*cache).empty());
  ASSERT_EQ(files().size(), 1u);
  EXPECT_EQ(files()[0].filename(), "notes.txt");
  put(*cache, kOwner, "a", test::text("two"));
  EXPECT_EQ(load(*cache).size(), 1u);
}

TEST_F(DiskCacheTest, AFolderThatCannotBeMadeIsAnErrorThatNamesIt) {
  std::ofstream(folder.path() / "file") << "x";
  const auto opened =
      DiskCache::open(folder.path() / "file" / "cache", base::LockedBytes(std::string(32, 'k')));
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("cache"), std::string::npos);
}

TEST(DocumentBytes, EveryDocumentComesBackAndNoOtherBytesAreOne) {
  RC_ASSERT(rc::check([](const std::string& locator, const std::string& bytes,
                         const std::map<std::string, std::string>& fields, bool is_object) {
    Document document = test::text(bytes);
    if (is_object) {
      document.fields = test::object({fields.begin(), fields.end()}).fields;
    }
    const base::Secret written = write_document(locator, document, kReadAt);
    const std::string_view all = written.expose();
    const auto read = read_document(all);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->locator == locator);
    RC_ASSERT(read->document.bytes.equals(document.bytes));
    RC_ASSERT(write_document(read->locator, read->document, read->read_at).equals(written));
    for (std::size_t cut = 0; cut < all.size(); ++cut) {
      RC_ASSERT(!read_document(all.substr(0, cut)).has_value());
    }
    RC_ASSERT(!read_document(std::string(all) + '\0').has_value());
  }));
}

}  // namespace
}  // namespace sutler::source
