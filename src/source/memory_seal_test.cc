#include "source/memory_seal.h"

#include "source/test_support.h"

namespace sutler::source {
namespace {

using test::object;
using test::text;

std::shared_ptr<const Content> sealed(MemorySeal& seal, Document document,
                                      std::shared_ptr<const Content> before = nullptr) {
  return base::test::must(seal.seal("vault/a", std::move(document), std::move(before)));
}

TEST(MemorySeal, GivesBackWhatItTook) {
  MemorySeal seal;
  const std::string binary("\0\xff\n\0", 4);
  EXPECT_EQ(sealed(seal, text(binary))->bytes()->expose(), binary);
  EXPECT_TRUE(sealed(seal, text(""))->bytes()->empty());
  const auto content = sealed(seal, object({{"b", "2"}, {"a", "1"}, {"", "nameless"}}));
  base::Secret out;
  EXPECT_EQ(content->field("b", out), Content::Look::kThere);
  EXPECT_EQ(out.expose(), "2");
  EXPECT_EQ(content->field("", out), Content::Look::kThere);
  EXPECT_EQ(out.expose(), "nameless");
  EXPECT_EQ(content->field("c", out), Content::Look::kNoField);
  const auto document = content->document();
  ASSERT_TRUE(document && document->fields);
  EXPECT_EQ(document->fields->size(), 3u);
  EXPECT_EQ((*document->fields)[1].name, "a");
}

TEST(MemorySeal, TheSameDocumentIsTheSameContent) {
  MemorySeal seal;
  const auto before = sealed(seal, object({{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(sealed(seal, object({{"a", "1"}, {"b", "2"}}), before), before);
  for (auto& other : {object({{"a", "1"}, {"b", "3"}}), object({{"a", "1"}}),
                      object({{"a", "1"}, {"c", "2"}}), object({{"a", "1b2"}})}) {
    EXPECT_NE(sealed(seal, test::copy_of(other), before), before);
  }
  // The bytes alone, without fields, are another document.
  EXPECT_NE(sealed(seal, text(before->bytes()->expose()), before), before);
}

TEST(MemorySeal, AFieldThatComesTwiceIsRefused) {
  MemorySeal seal;
  EXPECT_FALSE(seal.seal("vault/a", object({{"a", "1"}, {"a", "2"}}), nullptr));
}

TEST(MemorySeal, ContentOutlivesItsSeal) {
  auto seal = std::make_unique<MemorySeal>();
  const auto content = sealed(*seal, text("one"));
  seal.reset();
  EXPECT_EQ(content->bytes()->expose(), "one");
}

}  // namespace
}  // namespace sutler::source
