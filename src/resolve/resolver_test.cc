#include "resolve/resolver.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;

TEST(Resolve, AStoreThatNeverHeldAGroupIsAnError) {
  World world;
  EXPECT_EQ(world.fetch("p/o"), "error: store_empty");
  world.put(group("g").project("other"));
  EXPECT_EQ(world.fetch("p/o"), "");
  world.drop("g");
  EXPECT_EQ(world.fetch("p/o"), "");
}

TEST(Resolve, NoMatchIsAnErrorOnlyWhereTheTeamRequiresOne) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  EXPECT_EQ(world.fetch("q/o"), "");
  model::TeamOptions options;
  options.require_match = true;
  world.put_team("default", options);
  EXPECT_EQ(world.fetch("q/o"), "error: no_match");
  EXPECT_EQ(world.fetch("p/o"), "A=1");
}

TEST(Resolve, ATeamThatDoesNotExistIsAnError) {
  World world;
  world.put(group("g"));
  EXPECT_EQ(world.fetch(workload("p/o", "nobody")), "error: unknown_team");
}

TEST(Resolve, TheFirstInMergeOrderWinsEachKey) {
  World world;
  world.put(group("base").set("A", "base").set("B", "base").set("/f", "base"));
  world.put(group("project").project("p").set("B", "project").set("C", "project"));
  world.put(group("high").priority(99).set("C", "high").set("/f", "high"));
  EXPECT_EQ(world.fetch("p/o"), "A=base B=project C=high /f=high");
  EXPECT_EQ(world.fetch("q/o"), "A=base B=base C=high /f=high");
}

TEST(Resolve, AVariableAndAFileAreNeverTheSameKey) {
  World world;
  world.put(group("g").set("f", "variable").set("/f", "file"));
  EXPECT_EQ(world.fetch("p/o"), "f=variable /f=file");
}

TEST(Resolve, ALiteralIsNeverInterpreted) {
  World world;
  world.put(group("g").set("A", "${B} $${ ${").set("B", "1"));
  EXPECT_EQ(world.fetch("p/o"), "A=${B} $${ ${ B=1");
}

TEST(Resolve, ATemplateSeesTheMergedBundle) {
  World world;
  world.put(group("low").set("HOST", "low").text("URL", "http://${HOST}/${USER}"));
  world.put(group("high").priority(20).set("HOST", "high").text("USER", "${workload.nfObjectId}"));
  EXPECT_EQ(world.fetch("p/api"), "HOST=high URL=http://high/api USER=api");
}

TEST(Resolve, AFileMayBeATemplate) {
  World world;
  world.put(group("g").set("A", "1").text("/etc/app.conf", "a=${A}\n"));
  EXPECT_EQ(world.fetch("p/o"), "A=1 /etc/app.conf=a=1\n");
}

TEST(Resolve, ABase64FileTakesTheRenderedTextAsItIs) {
  World world;
  world.put(group("g")
                .set("A", "hello")
                .text("/f", "${A|base64}")
                .encoding("/f", model::Encoding::kBase64));
  EXPECT_EQ(world.fetch("p/o"), "A=hello /f=aGVsbG8=");
  world.put(
      group("g").set("A", "hello").text("/f", "${A}!").encoding("/f", model::Encoding::kBase64));
  EXPECT_EQ(world.fetch("p/o"), "error: not_base64");
}

TEST(Resolve, CyclesAcrossGroupsAreErrors) {
  World world;
  world.put(group("a").text("A", "${B}"));
  world.put(group("b").text("B", "${C}"));
  world.put(group("c").set("C", "end"));
  EXPECT_EQ(world.fetch("p/o"), "A=end B=end C=end");
  world.put(group("c").text("C", "${A}"));
  EXPECT_EQ(world.fetch("p/o"), "error: template_cycle");
}

TEST(Resolve, NamesThatNoAuditRecordCanHoldAreAnError) {
  World world;
  const std::string folder = "/" + std::string(4000, 'f') + "/";
  for (const std::string name : {"a", "b", "c", "d"}) {
    auto builder = group(name);
    for (int i = 0; i < 200; ++i) builder.set(folder + name + std::to_string(i), "x");
    if (name == "d") builder.project("p");
    world.put(builder.build());
  }
  EXPECT_TRUE(world.fetch("q/o").starts_with(folder));
  EXPECT_EQ(world.fetch("p/o"), "error: bundle_too_large");
}

TEST(Resolve, ARequiredKeyMayBeAFile) {
  World world;
  world.put(group("g").require("/f").set("A", "1"));
  EXPECT_EQ(world.fetch("p/o"), "error: missing_required");
  world.put(group("h").set("/f", "x"));
  EXPECT_EQ(world.fetch("p/o"), "A=1 /f=x");
}

TEST(Resolve, AGroupThatWinsTheMergeMayBreakACycle) {
  World world;
  world.put(group("a").text("A", "${B}"));
  world.put(group("b").text("B", "${A}"));
  world.put(group("top").priority(90).project("p").set("B", "1"));
  EXPECT_EQ(world.fetch("p/o"), "A=1 B=1");
  EXPECT_EQ(world.fetch("q/o"), "error: template_cycle");
}

TEST(Resolve, AnErrorNamesTheGroupAndTheKeyAndNoValue) {
  World world;
  world.put(group("g").text("A", "hunter2 ${MISSING}"));
  const auto resolved = resolve(*world.view(), workload("p/o"));
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().name, "unknown_name");
  EXPECT_EQ(resolved.error().message,
            "variable A of group g: its template names ${MISSING}, which no matching group has");
}

TEST(Resolve, ValuesThatLostTheMergeAreNotResolved) {
  World world;
  world.put(group("low").priority(0).text("A", "${MISSING}"));
  world.put(group("high").set("A", "1"));
  EXPECT_EQ(world.fetch("p/o"), "A=1");
}

TEST(Resolve, TemplatesBehindEachOtherHaveALimit) {
  const auto chain = [](int length) {
    auto builder = group("g");
    builder.set("A0", "end");
    for (int i = 1; i <= length; ++i) {
      builder.text("A" + std::to_string(i), "${A" + std::to_string(i - 1) + "}");
    }
    return builder;
  };
  World world;
  world.put(chain(32));
  EXPECT_TRUE(world.fetch("p/o").ends_with("A9=end"));
  world.put(chain(33));
  EXPECT_EQ(world.fetch("p/o"), "error: template_too_deep");
}

TEST(Resolve, RequiredKeysMayComeFromAnyGroup) {
  World world;
  world.put(group("a").set("A", "1").require("B").require("/f"));
  EXPECT_EQ(world.fetch("p/o"), "error: missing_required");
  world.put(group("b").project("p").set("B", "2").set("/f", "3"));
  EXPECT_EQ(world.fetch("p/o"), "A=1 B=2 /f=3");
  EXPECT_EQ(world.fetch("q/o"), "error: missing_required");
}

TEST(Resolve, AVariableMayBeAsLongAsLinuxTakesIt) {
  World world;
  const std::string longest(131'072 - 4, 'x');  // `A=`, `B=` and the NUL leave one more
  world.put(group("g").set("A", longest).text("B", "${A}y"));
  EXPECT_EQ(world.fetch("p/o").size(), 2 * longest.size() + 6);
  world.put(group("g").set("A", longest).text("B", "${A}yz"));
  EXPECT_EQ(world.fetch("p/o"), "error: bundle_too_large");
}

TEST(Resolve, ATemplateCannotMakeAFileOverTheLimit) {
  World world;
  std::string text;
  for (int i = 0; i < 8; ++i) text += "${A}";
  world.put(group("g").set("A", std::string(131'000, 'x')).text("/f", text));
  EXPECT_NE(world.fetch("p/o"), "error: bundle_too_large");
  world.put(group("g").set("A", std::string(131'000, 'x')).text("/f", text + "${A}"));
  EXPECT_EQ(world.fetch("p/o"), "error: bundle_too_large");
}

TEST(Resolve, ABundleHasALimit) {
  World world;
  auto builder = group("g");
  builder.set("A", std::string(130'000, 'x'));
  for (int i = 0; i < 64; ++i) builder.text("B" + std::to_string(i), "${A}");
  world.put(builder);
  EXPECT_EQ(world.fetch("p/o"), "error: bundle_too_large");
}

TEST(Resolve, TheAuditGetsGroupsInMergeOrderAndKeysInOrder) {
  World world;
  world.put(group("low").set("B", "1").set("/f", "2"));
  world.put(group("high").priority(50).set("A", "3"));
  world.put(group("high").priority(50).set("A", "4"));
  const auto resolved = resolve(*world.view(), workload("p/o"));
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->groups_json, R"([{"name":"high","version":2},{"name":"low","version":1}])");
  EXPECT_EQ(resolved->keys_json, R"(["A","B","/f"])");
  ASSERT_EQ(resolved->groups.size(), 2u);
}

}  // namespace
}  // namespace sutler::resolve
