#include "model/import.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"
#include "base/test_corpora.h"
#include "model/export.h"
#include "model/group_reader.h"
#include "model/group_test_support.h"

namespace sutler::model {
namespace {

std::string text_of(const Group& group, std::string_view name) {
  const auto& value = group.variables.find(name)->second.value;
  if (const auto* made = std::get_if<Template>(&value)) {
    return "template " + std::string(made->text.expose());
  }
  return std::string(std::get<Literal>(value).text.expose());
}

std::string error_of(ImportFormat format, std::string_view text) {
  const auto read = read_flat(format, text, "f");
  return read ? "" : read.error().message;
}

TEST(FlatImport, EveryFormatGivesItsVariables) {
  const auto env = read_flat(ImportFormat::kDotenv, "A=1\nexport B='x ${Y}'\n", "f");
  ASSERT_TRUE(env);
  EXPECT_EQ(text_of(*env, "B"), "x ${Y}");
  const auto json = read_flat(ImportFormat::kJson, R"({"A":"1","B":{"masked":true}})", "f");
  ASSERT_TRUE(json);
  EXPECT_TRUE(std::holds_alternative<Masked>(json->variables.at("B").value));
  const auto yaml = read_flat(ImportFormat::kYaml, "A: 1.10\nB: yes\n", "f");
  ASSERT_TRUE(yaml);
  EXPECT_EQ(text_of(*yaml, "A") + text_of(*yaml, "B"), "1.10yes");
}

TEST(FlatImport, WhatIsNoVariableIsRefusedAndNamed) {
  EXPECT_NE(error_of(ImportFormat::kDotenv, "1A=x").find("f: 1A: not a variable name"),
            std::string::npos);
  EXPECT_NE(error_of(ImportFormat::kJson, "{\n\"A\":1}").find("f:2: A: must be a text"),
            std::string::npos);
  for (const auto* text : {R"({"A":null})", R"({"A":["x"]})", R"({"A":{"template":"x"}})", "[]",
                           R"({"A B":"x"})", R"({"A":"x","A":"y"})", R"({"A":"\u0000"})", "{}"}) {
    EXPECT_NE(error_of(ImportFormat::kJson, text), "") << text;
  }
  EXPECT_NE(error_of(ImportFormat::kYaml, "A: null"), "");
  EXPECT_NE(error_of(ImportFormat::kYaml, "A: {from: v, ref: r}"), "");
  EXPECT_NE(error_of(ImportFormat::kDotenv, "# nothing\n"), "");
  EXPECT_NE(error_of(ImportFormat::kDotenv, "A=\xff"), "");
}

// -- Northflank -----------------------------------------------------------------------------------

base::Result<NorthflankImport> northflank(std::string_view text,
                                          Unsupported unsupported = Unsupported::kRefuse) {
  NorthflankOptions options;
  options.project = "shop";
  options.unsupported = unsupported;
  return read_northflank(text, "nf.json", options);
}

std::string with(std::string_view members) {
  return R"({"id":"web","name":"Web","secrets":{"variables":{"A":"1"},"files":{}})" +
         std::string(members) + "}";
}

TEST(NorthflankImport, TakesWhatTheApiShowsAndRestrictsItToItsProject) {
  const auto read = northflank(R"({"data":{"id":"web","name":"Web app","description":"d",
      "secretType":"environment","type":"config","priority":20,"projectId":"shop","tags":[],
      "createdAt":"2024","updatedAt":"2024","addonSecrets":[],
      "restrictions":{"restricted":true,"nfObjects":[{"id":"api","type":"service"}],"tags":[]},
      "secrets":{"variables":{"A":"1","N":8080,"T":"x ${A}"},
        "files":{"/a":{"data":"aGk=","encoding":"utf-8"},"/b":{"data":"/w==","encoding":"base64"},
                 "/t":{"data":"JHtBfQ==","encoding":"utf-8"}}}}})");
  ASSERT_TRUE(read) << read.error().message;
  const Group& group = read->groups.at(0);
  EXPECT_EQ(group.header.name, "web");
  EXPECT_EQ(group.header.type, GroupType::kConfig);
  EXPECT_EQ(group.header.priority, 20);
  EXPECT_EQ(group.header.restrictions.projects, std::vector<std::string>{"shop"});
  EXPECT_EQ(group.header.restrictions.nf_objects->at(0), (ObjectPattern{"api", "service"}));
  EXPECT_EQ(text_of(group, "N") + text_of(group, "T"), "8080template x ${A}");
  EXPECT_EQ(std::get<Literal>(group.files.at("/a").data).text.expose(), "hi");
  EXPECT_EQ(group.files.at("/a").encoding, Encoding::kUnset);
  EXPECT_EQ(group.files.at("/b").encoding, Encoding::kBase64);
  EXPECT_EQ(std::get<Template>(group.files.at("/t").data).text.expose(), "${A}");
}

TEST(NorthflankImport, AGroupWithoutRestrictionsIsForItsProjectAlone) {
  for (const auto* members :
       {"", R"(,"restrictions":{"restricted":false})", R"(,"restrictions":null)",
        R"(,"restrictions":{"restricted":false,"nfObjects":[{"id":"a","type":"job"}]})"}) {
    const auto read = northflank(with(members));
    ASSERT_TRUE(read) << members;
    EXPECT_EQ(read->groups.at(0).header.restrictions.projects, std::vector<std::string>{"shop"});
    EXPECT_FALSE(read->groups.at(0).header.restrictions.nf_objects);
  }
}

TEST(NorthflankImport, WhatCannotBeKeptIsRefusedAndNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(,"tags":["x"])", "tags"},
      {R"(,"addonDependencies":[{"addonId":"db"}])", "addons"},
      {R"(,"stages":["prod"])", "stages"},
      {R"(,"secretType":"arguments")", "builds only"},
      {R"(,"surprise":{"a":1})", "surprise"},
      {R"(,"restrictions":{"restricted":true,"nfObjects":[],"tags":[]})", "for nothing"},
      {R"(,"restrictions":{"restricted":true,"tags":["x"]})", "tags"},
      {R"(,"restrictions":{"restricted":true,"tags":["x"],
          "nfObjects":[{"id":"a","type":"job"}]})",
       "tags"}};
  for (const auto& [members, word] : cases) {
    const auto read = northflank(with(members));
    ASSERT_FALSE(read) << members;
    EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
    EXPECT_NE(read.error().hint.find("--skip-unsupported"), std::string::npos);
  }
  for (const auto* secrets :
       {R"({"dockerSecretMounts":{"/m":{"data":"eA=="}}})", R"({"variables":{"A/B":"x"}})",
        R"({"variables":{"A":"$${B}"}})", R"({"variables":{"A":"${fn.nothing()}"}})",
        R"({"files":{"/f":{"data":"JHs=","encoding":"utf-8"}}})"}) {
    EXPECT_FALSE(northflank(R"({"name":"w","secrets":)" + std::string(secrets) + "}")) << secrets;
  }
}

TEST(NorthflankImport, WhatIsSkippedIsNamedAndNeverWidens) {
  const auto narrow = northflank(with(
                                     R"(,"restrictions":{"restricted":true,"tags":["x"],
          "nfObjects":[{"id":"a","type":"job"}]})"),
                                 Unsupported::kSkip);
  ASSERT_TRUE(narrow);
  EXPECT_EQ(narrow->groups.at(0).header.restrictions.nf_objects->size(), 1u);
  EXPECT_EQ(narrow->skipped.size(), 1u);
  for (const auto* members : {R"(,"restrictions":{"restricted":true,"tags":["x"]})",
                              R"(,"restrictions":{"restricted":true})",
                              R"(,"restrictions":{"restricted":false,"only":["x"]})",
                              R"(,"stages":["prod"])", R"(,"secretType":"arguments")"}) {
    const auto none = northflank(with(members), Unsupported::kSkip);
    ASSERT_TRUE(none) << members;
    EXPECT_TRUE(none->groups.empty()) << members;
    EXPECT_FALSE(none->skipped.empty()) << members;
  }
}

TEST(NorthflankImport, AnAnswerThatSaysNoSecretsIsNoEmptyGroup) {
  for (const auto* text :
       {R"({"name":"w"})", R"({"data":{"name":"w"}})", R"({"name":"w","secrets":{}})",
        R"({"name":"w","secrets":{"dockerSecretMounts":{"/m":{"data":"eA=="}}}})"}) {
    const auto read = northflank(text, Unsupported::kSkip);
    ASSERT_FALSE(read) << text;
    EXPECT_NE(read.error().message.find("no secrets"), std::string::npos) << read.error().message;
  }
  const auto empty = northflank(R"({"name":"w","secrets":{"variables":{},"files":{}}})");
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_TRUE(empty->groups.at(0).variables.empty());
}

TEST(NorthflankImport, WhatIsWrongIsAnErrorWithItsPlace) {
  for (const auto* text :
       {R"({"data":{"secrets":[]}})", "[]", "1", R"({"name":"a b","secrets":{}})",
        R"({"name":"w","projectId":"other","secrets":{}})",
        R"({"name":"w","secrets":{"files":{"/f":{"data":"x"}}}})",
        R"({"name":"w","secrets":{"files":{"/f":{"data":"/w==","encoding":"utf-8"}}}})",
        R"({"name":"w","secrets":{"files":{"f":{"data":""}}}})",
        R"({"name":"w","secrets":{"variables":{"A":null}}})",
        R"({"name":"w","restrictions":{"restricted":"yes"},"secrets":{}})",
        R"({"name":"w","restrictions":{"restricted":true,
            "nfObjects":[{"id":"*","type":"job"}]}})"}) {
    EXPECT_FALSE(northflank(text)) << text;
    EXPECT_FALSE(northflank(text, Unsupported::kSkip)) << text;
  }
  NorthflankOptions any;
  any.project = "*";
  EXPECT_FALSE(read_northflank(with(""), "f", any));
}

// -- there and back -------------------------------------------------------------------------------

base::Result<Group> back(ExportFormat format, std::string_view text, const Group& group) {
  if (format == ExportFormat::kNorthflank) {
    NorthflankOptions options;
    options.team = group.header.team;
    options.project = group.header.restrictions.projects->front();
    auto read = read_northflank(text, "f", options);
    if (!read) return base::pass(read);
    return std::move(read->groups.at(0));
  }
  const auto word = format == ExportFormat::kDotenv ? ImportFormat::kDotenv
                    : format == ExportFormat::kJson ? ImportFormat::kJson
                                                    : ImportFormat::kYaml;
  auto read = read_flat(word, text, "f");
  if (read) read->header = group.header;
  return read;
}

// The same entries; "utf-8" and no encoding are the same file.
bool same_entries(Group a, Group b) {
  a.header = b.header;
  for (auto* group : {&a, &b}) {
    for (auto& [path, file] : group->files) {
      if (file.encoding == Encoding::kUtf8) file.encoding = Encoding::kUnset;
    }
  }
  return equal(a, b);
}

RC_GTEST_PROP(ExportTest, WhatAnExportAcceptsAnImportGivesBack, ()) {
  Group group = test::arbitrary_group();
  group.header.required_keys.clear();
  group.header.restrictions = {.projects = std::vector<std::string>{"shop"}, .nf_objects = {}};
  if (*rc::gen::inRange(0, 2) == 1) group.files.clear();
  group.variables.insert_or_assign("KEY", Variable{Literal{test::arbitrary_secret()}});
  if (!validate(group)) return;
  for (const auto format : {ExportFormat::kDotenv, ExportFormat::kJson, ExportFormat::kYaml,
                            ExportFormat::kNorthflank}) {
    const auto text = export_group(group, format, Values::kReveal);
    if (!text) continue;
    auto read = back(format, text->expose(), group);
    RC_ASSERT(read.has_value());
    RC_ASSERT(same_entries(clone(group), std::move(*read)));
  }
}

TEST(ExportTest, NaughtyStringsComeBackOrAreRefused) {
  SUTLER_REQUIRE_CORPUS("strings/blns.json");
  const auto list = base::parse_json(base::read_whole(base::corpora() / "strings" / "blns.json"));
  ASSERT_TRUE(list);
  std::size_t kept = 0;
  for (const auto& item : list->as_array()) {
    const std::string value(item.as_string().data(), item.as_string().size());
    Group group;
    group.header.name = "g";
    group.header.restrictions.projects = {"p"};
    group.variables.emplace("KEY", Variable{Literal{base::Secret(value)}});
    if (!validate(group)) continue;
    for (const auto format : {ExportFormat::kDotenv, ExportFormat::kJson, ExportFormat::kYaml,
                              ExportFormat::kNorthflank}) {
      const auto text = export_group(group, format, Values::kReveal);
      const bool may_refuse =
          format == ExportFormat::kDotenv || format == ExportFormat::kNorthflank;
      if (!text) {
        EXPECT_TRUE(may_refuse) << value;
        continue;
      }
      auto read = back(format, text->expose(), group);
      ASSERT_TRUE(read) << value << read.error().message;
      EXPECT_TRUE(same_entries(clone(group), std::move(*read))) << value;
      ++kept;
    }
  }
  EXPECT_GT(kept, 1'500u);
}

TEST(ExportTest, EachFormatRefusesWhatItCannotHold) {
  Group group;
  group.header.name = "g";
  group.header.restrictions.projects = {"p"};
  group.variables.emplace("A", Variable{Literal{base::Secret("'`\"")}});
  const auto refused = [&](ExportFormat format) {
    const auto text = export_group(group, format, Values::kReveal);
    return text ? std::string() : text.error().message;
  };
  EXPECT_NE(refused(ExportFormat::kJson), refused(ExportFormat::kDotenv));
  group.variables.insert_or_assign("A", Variable{Literal{base::Secret("${B}")}});
  EXPECT_NE(refused(ExportFormat::kNorthflank).find("literal"), std::string::npos);
  EXPECT_EQ(refused(ExportFormat::kDotenv), "");
  group.variables.insert_or_assign("A", Variable{Template{base::Secret("${B|json}"), {}}});
  for (const auto format : {ExportFormat::kDotenv, ExportFormat::kJson, ExportFormat::kYaml,
                            ExportFormat::kNorthflank}) {
    EXPECT_NE(refused(format), "");
  }
  EXPECT_EQ(refused(ExportFormat::kGroup), "");
  group.variables.clear();
  group.files.emplace("/f", File{Literal{base::Secret("x")}, Encoding::kUnset, {}, {}, {}});
  EXPECT_NE(refused(ExportFormat::kDotenv).find("/f"), std::string::npos);
  EXPECT_EQ(refused(ExportFormat::kNorthflank), "");
  File made{Template{base::Secret("${A}"), {}}, Encoding::kUnset, {}, {}, {}};
  group.files.insert_or_assign("/f", clone(made));
  EXPECT_EQ(refused(ExportFormat::kNorthflank), "");
  made.encoding = Encoding::kBase64;
  group.files.insert_or_assign("/f", std::move(made));
  EXPECT_NE(refused(ExportFormat::kNorthflank).find("/f"), std::string::npos);
  group.files.clear();
  group.header.restrictions.projects = {"p*"};
  EXPECT_NE(refused(ExportFormat::kNorthflank), "");
}

TEST(ExportTest, AMaskNeverBecomesAValue) {
  Group group;
  group.header.name = "g";
  group.header.restrictions.projects = {"p"};
  group.variables.emplace("A", Variable{Literal{base::Secret("s3cret")}});
  for (const auto format :
       {ExportFormat::kDotenv, ExportFormat::kJson, ExportFormat::kYaml, ExportFormat::kGroup}) {
    const auto text = export_group(group, format, Values::kMask);
    ASSERT_TRUE(text);
    EXPECT_EQ(text->expose().find("s3cret"), std::string::npos);
  }
  EXPECT_FALSE(export_group(group, ExportFormat::kNorthflank, Values::kMask));
  const auto json = export_group(group, ExportFormat::kJson, Values::kMask);
  const auto read = read_flat(ImportFormat::kJson, json->expose(), "f");
  ASSERT_TRUE(read);
  EXPECT_TRUE(std::holds_alternative<Masked>(read->variables.at("A").value));
}

TEST(ExportTest, SeveralGroupsInOneFileComeBack) {
  std::vector<Group> groups(2);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i].header.name = "g" + std::to_string(i);
    groups[i].variables.emplace("A", Variable{Literal{base::Secret("a\n\nb\n")}});
  }
  const auto text = export_groups(groups, ExportFormat::kGroup, Values::kReveal);
  ASSERT_TRUE(text);
  const auto read = read_groups_yaml(text->expose(), "f");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 2u);
  EXPECT_TRUE(equal(read->at(1), groups[1]));
  EXPECT_FALSE(export_groups(groups, ExportFormat::kJson, Values::kReveal));
}

TEST(DotenvWarnings, TellOfANameThatIsThereTwiceAndOfLostReturns) {
  EXPECT_TRUE(dotenv_warnings("A=1\nB=\"x\ny\"\n").empty());
  EXPECT_TRUE(dotenv_warnings("A=1\r\nB=2\r\n").empty());
  const auto warnings = dotenv_warnings("A=1\nA=2\r\nB=\"x\r\ny\"\r\n");
  ASSERT_EQ(warnings.size(), 2U);
  EXPECT_EQ(warnings[0], "A is there 2 times: the last one counts");
  EXPECT_EQ(warnings[1], "B: its lines end in CR LF in the file and in LF now");
}

}  // namespace
}  // namespace sutler::model
