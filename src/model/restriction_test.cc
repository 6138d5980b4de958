#include "model/restriction.h"

#include <gtest/gtest.h>

namespace sutler::model {
namespace {

using Projects = std::vector<std::string>;
using Objects = std::vector<ObjectPattern>;

const Workload kApi{"default", "payments", "api", "Service"};

TEST(RestrictionTest, NothingMeansEverybody) { EXPECT_TRUE(matches({}, kApi)); }

TEST(RestrictionTest, BothListsMustMatch) {
  EXPECT_TRUE(matches({Projects{"payments"}, Objects{{"api", ""}}}, kApi));
  EXPECT_FALSE(matches({Projects{"other"}, Objects{{"api", ""}}}, kApi));
  EXPECT_FALSE(matches({Projects{"payments"}, Objects{{"other", ""}}}, kApi));
}

TEST(RestrictionTest, OneOfAListIsEnough) {
  EXPECT_TRUE(matches({Projects{"other", "pay*"}, {}}, kApi));
  EXPECT_FALSE(matches({Projects{"other", "pay"}, {}}, kApi));
}

TEST(RestrictionTest, ATypeIsComparedWithoutCaseAndBelongsToItsPattern) {
  EXPECT_TRUE(matches({{}, Objects{{"api", "sERVICE"}}}, kApi));
  EXPECT_FALSE(matches({{}, Objects{{"api", "job"}}}, kApi));
  EXPECT_FALSE(matches({{}, Objects{{"api", "job"}, {"other", "service"}}}, kApi));
  EXPECT_FALSE(matches({{}, Objects{{"API", "service"}}}, kApi));
}

TEST(RestrictionTest, NamingTheObjectIsMoreSpecificThanNamingTheProject) {
  EXPECT_EQ(specificity({}), Specificity::kAny);
  EXPECT_EQ(specificity({Projects{"p"}, {}}), Specificity::kProject);
  EXPECT_EQ(specificity({{}, Objects{{"o", ""}}}), Specificity::kObject);
  EXPECT_EQ(to_word(specificity({Projects{"p"}, Objects{{"o", ""}}})), "object");
}

TEST(WorkloadTest, AClaimIsAnyTextButEmptyLongOrWithControlCharacters) {
  for (const auto* text : {"a", "project.internalId", "\u00fc \"'"}) {
    EXPECT_TRUE(is_valid_claim(text)) << text;
  }
  for (const auto* text : {"", "a\n", "\x7f", "\xff"}) EXPECT_FALSE(is_valid_claim(text)) << text;
  EXPECT_TRUE(is_valid_claim(std::string(256, 'a')));
  EXPECT_FALSE(is_valid_claim(std::string(257, 'a')));
}

TEST(WorkloadTest, OnlyAsciiLettersLoseTheirCase) {
  EXPECT_TRUE(same_type("Service", "sErVice"));
  EXPECT_FALSE(same_type("service", "services"));
  EXPECT_FALSE(same_type("\u00c4", "\u00e4"));
  EXPECT_FALSE(same_type("@", "`"));
}

}  // namespace
}  // namespace sutler::model
