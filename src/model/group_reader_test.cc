#include "model/group_reader.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "base/json.h"
#include "base/json_bounded.h"

namespace sutler::model {
namespace {

// The groups of a text, or the error as "message | hint".
struct Outcome {
  std::vector<Group> groups;
  std::string error;

  explicit Outcome(base::Result<std::vector<Group>> result) {
    if (result) {
      groups = std::move(*result);
    } else {
      error = result.error().message + " | " + result.error().hint;
    }
  }
  [[nodiscard]] const Group& group() const { return groups.at(0); }
  [[nodiscard]] bool says(std::string_view part) const {
    return error.find(part) != std::string::npos;
  }
};

Outcome yaml(std::string_view text) { return Outcome(read_groups_yaml(text, "g.yaml")); }
Outcome json(std::string_view text) { return Outcome(read_groups_json(text, "g.json")); }

// A group with these variables, or with one file that has these members.
Outcome yaml_variables(const std::string& flow) {
  return yaml("name: g\nsecrets:\n  variables: " + flow + "\n");
}
Outcome json_variables(const std::string& members) {
  return json(R"({"name":"g","secrets":{"variables":{)" + members + "}}}");
}
Outcome json_file(const std::string& members) {
  return json(R"({"name":"g","secrets":{"files":{"/f":{)" + members + "}}}}");
}
Outcome yaml_file(const std::string& members) {
  return yaml("name: g\nsecrets: {files: {/f: {" + members + "}}}\n");
}

std::string_view text_of(const Value& value) { return std::get<Literal>(value).text.expose(); }

constexpr std::string_view kExample = R"(
groups:
  - name: payments-production
    team: default
    description: Stripe and the payments database
    type: secret
    priority: 50
    restrictions:
      projects: [payments-prod]
      nfObjects: [{id: api, type: service}, {id: "worker-*"}, cron]
    requiredKeys: [DB_PASSWORD]
    secrets:
      variables:
        STRIPE_KEY: sk_live_example
        DB_PASSWORD: {from: vault, ref: "secret/payments#db_password"}
        DATABASE_URL: {template: "postgres://app:${DB_PASSWORD|urlencode}@db/app"}
      files:
        /etc/ssl/private/key.pem:
          data: aGVsbG8=
          encoding: base64
          owner: {policy: AlwaysSetExplicit, value: "1000"}
          group: {policy: KeepOrSetInherited}
          permissions: {policy: AlwaysSet, mode: "0400"}
)";

TEST(GroupReaderTest, ReadsTheExampleOfTheDesign) {
  const auto read = yaml(kExample);
  ASSERT_EQ(read.error, "");
  const GroupHeader& header = read.group().header;
  EXPECT_EQ(header.priority, 50);
  EXPECT_EQ(header.restrictions.nf_objects->at(0), (ObjectPattern{"api", "service"}));
  EXPECT_EQ(header.restrictions.nf_objects->at(2), (ObjectPattern{"cron", ""}));
  const auto& variables = read.group().variables;
  EXPECT_EQ(text_of(variables.at("STRIPE_KEY").value), "sk_live_example");
  EXPECT_EQ(std::get<Reference>(variables.at("DB_PASSWORD").value).from, "vault");
  EXPECT_TRUE(std::holds_alternative<Template>(variables.at("DATABASE_URL").value));
  const File& file = read.group().files.at("/etc/ssl/private/key.pem");
  EXPECT_EQ(file.permissions->mode, 0400);
  EXPECT_EQ(file.owner->value, "1000");
}

TEST(GroupReaderTest, OneGroupMayStandAloneInBothForms) {
  EXPECT_EQ(yaml("name: g\n").group().header.name, "g");
  EXPECT_EQ(json(R"({"name":"g"})").group().header.name, "g");
  EXPECT_EQ(json(R"({"groups":[{"name":"a"},{"name":"b"}]})").groups.size(), 2u);
  EXPECT_TRUE(json(R"({"groups":[{"name":"a"},{"name":"a"}]})").says("twice"));
  EXPECT_TRUE(json(R"({"groups":[{"name":"a"}],"name":"b"})").says("unknown member \"name\""));
  EXPECT_TRUE(json(R"({"groups":[]})").says("empty list"));
  EXPECT_TRUE(json("[]").says("must be an object"));
  EXPECT_TRUE(json("{}").says("name is missing"));
}

TEST(GroupReaderTest, AnUnknownMemberIsNamedWithFileLineAndPath) {
  const auto read = yaml("name: g\nsecrets:\n  variables:\n    DB: {frm: vault, ref: x}\n");
  EXPECT_TRUE(read.says("g.yaml:4: secrets.variables.DB: unknown member \"frm\""));
  EXPECT_TRUE(read.says("did you mean from?")) << read.error;
  EXPECT_TRUE(json(R"({"name":"g","colour":1})").says("known are name, team,"));
  EXPECT_TRUE(json(R"({"groups":[{"nam":"g"}]})").says("g.json:1: groups[0]: unknown member"));
  EXPECT_TRUE(json("{\"groups\":[\n {\"name\":\"g\",\n  \"secrets\": {\"variables\": {\n   \"A\": "
                   "\"x, :]}\\\"\",\n   "
                   "\"DB\":\n{\"frm\":1}}}}]}")
                  .says("g.json:6: groups[0].secrets.variables.DB: unknown member \"frm\""));
}

TEST(GroupReaderTest, EveryKindOfValueIsRead) {
  const auto read = json_variables(R"("A":"a","B":{"value":"b"},"C":{"template":"c"},)"
                                   R"("D":{"from":"v","ref":"r"},"E":{"masked":true})");
  ASSERT_EQ(read.error, "");
  EXPECT_EQ(text_of(read.group().variables.at("B").value), "b");
  EXPECT_TRUE(std::holds_alternative<Masked>(read.group().variables.at("E").value));
}

TEST(GroupReaderTest, AValueIsExactlyOneKind) {
  for (const auto* members :
       {R"("A":{})", R"("A":{"value":"a","template":"b"})", R"("A":{"masked":true,"value":"x"})",
        R"("A":{"ref":"r"})", R"("A":{"value":"a","ref":"r"})", R"("A":{"from":"v"})",
        R"("A":{"masked":false})", R"("A":{"from":"v","ref":"r","optional":true,"default":"d"})",
        R"("A":{"value":"a","generated":["x"]})", R"("A":1)", R"("A":null)", R"("A":["a"])",
        R"("A":true)", R"("A":{"from":"","ref":"r"})", R"("A":{"from":"v","ref":""})"}) {
    EXPECT_NE(json_variables(members).error, "") << members;
  }
}

TEST(GroupReaderTest, VariableNamesAndValuesHaveLimits) {
  const auto of_bytes = [](std::size_t bytes) {
    return json_variables(R"("A":")" + std::string(bytes, 'x') + "\"");
  };
  EXPECT_EQ(of_bytes(131'072 - 3).error, "");
  EXPECT_TRUE(of_bytes(131'072 - 2).says("larger than 131072 bytes"));
  EXPECT_TRUE(json_variables(R"("A":"\u0000")").says("NUL"));
  for (const auto* name : {"1A", "", "A B", "A=B", "\u00e9", "-a"}) {
    EXPECT_TRUE(json_variables("\"" + std::string(name) + R"(":"x")").says("variable name"));
  }
}

TEST(GroupReaderTest, AFileTakesTheMembersOfTheProtocol) {
  EXPECT_EQ(json_file(R"("data":"x")").error, "");
  EXPECT_EQ(json_file(R"("data":{"template":"x"},"encoding":"utf-8")").error, "");
  EXPECT_EQ(json_file(R"("masked":true)").error, "");
  for (const auto* members :
       {R"("encoding":"utf-8")", R"("data":"x","encoding":"utf8")", R"("data":"x","mode":"0400")",
        R"("data":"x","masked":true)", R"("data":"x","owner":{"policy":"AlwaysSetExplicit"})",
        R"("data":"x","owner":{"policy":"AlwaysSetInherited","value":"1"})",
        R"("data":"x","owner":{"policy":"Always","value":"1"})",
        R"("data":"x","owner":{"value":"1"})",
        R"("data":"x","owner":{"policy":"AlwaysSetExplicit","value":"a:b"})"}) {
    EXPECT_NE(json_file(members).error, "") << members;
  }
}

TEST(GroupReaderTest, Base64DataMustBeCanonicalAndWithinTheLimit) {
  const auto of = [](const std::string& data) {
    return json_file(R"("encoding":"base64","data":")" + data + "\"");
  };
  const std::string largest = std::string(1'398'100, 'A') + "AA==";  // exactly 1 MiB
  EXPECT_EQ(of("aGVsbG8=").error, "");
  EXPECT_EQ(of("").error, "");
  for (const auto* data : {"aGVsbG8", "aGVsbG9=", "aGVs\\nbG8=", "a-__"}) {
    EXPECT_TRUE(of(data).says("not base64")) << data;
  }
  EXPECT_EQ(of(largest).error, "");
  EXPECT_TRUE(of("AAAA" + largest).says("larger than 1048576 bytes"));
}

TEST(GroupReaderTest, AModeIsAnOctalTextOrADecimalNumber) {
  const auto of = [](const std::string& mode) {
    return json_file(R"("data":"x","permissions":{"policy":"AlwaysSet","mode":)" + mode + "}");
  };
  EXPECT_EQ(of("\"0400\"").group().files.at("/f").permissions->mode, 256);
  EXPECT_EQ(of("256").group().files.at("/f").permissions->mode, 0400);
  for (const auto* mode : {"\"0800\"", "\"04000\"", "\"40\"", "4096", "-1", "256.5", "null"}) {
    EXPECT_NE(of(mode).error, "") << mode;
  }
}

TEST(GroupReaderTest, AModeWithoutQuotesInYamlIsRefusedWithAHint) {
  EXPECT_EQ(yaml_file("data: x, permissions: {policy: AlwaysSet, mode: '0400'}").error, "");
  for (const auto* mode : {"0400", "256", "0o400"}) {
    const auto read =
        yaml_file("data: x, permissions: {policy: AlwaysSet, mode: " + std::string(mode) + "}");
    EXPECT_TRUE(read.says("g.yaml:2:") && read.says("in quotes")) << read.error;
  }
}

TEST(GroupReaderTest, FilePathsAreAbsoluteAndNormal) {
  const auto of = [](const std::string& path) {
    return json(R"({"name":"g","secrets":{"files":{")" + path + R"(":{"data":""}}}})").error;
  };
  EXPECT_EQ(of("/a/b.c"), "");
  for (const auto* path : {"", "/", "a", "/a/", "//a", "/a/../b", "/./a", "/a\\n"}) {
    EXPECT_NE(of(path), "") << path;
  }
}

TEST(GroupReaderTest, RestrictionsNeverComeOutWiderThanTheySay) {
  const auto of = [](const std::string& restrictions) {
    return json(R"({"name":"g","restrictions":)" + restrictions + "}").error;
  };
  EXPECT_EQ(of("{}"), "");
  EXPECT_EQ(of(R"({"projects":["p-*"],"nfObjects":["o",{"id":"o2","type":"job"}]})"), "");
  for (const auto* restrictions :
       {R"({"projects":[]})", R"({"nfObjects":[]})", R"({"projects":[""]})", R"({"projects":null})",
        R"({"projects":"p"})", R"({"projects":["a\n"]})", R"({"projects":["a","a"]})", "null", "[]",
        R"({"nfObjects":[{}]})", R"({"nfObjects":[{"id":""}]})", R"({"nfobjects":["a"]})",
        R"({"nfObjects":[{"id":"a","type":""}]})", R"({"nfObjects":[{"id":"a","type":"*"}]})"}) {
    EXPECT_NE(of(restrictions), "") << restrictions;
  }
  EXPECT_NE(of(R"({"projects":[")" + std::string(257, 'a') + "\"]}"), "");
}

TEST(GroupReaderTest, HeaderMembersAreCheckedAtTheirPlace) {
  for (const auto* members :
       {R"("priority":101)", R"("priority":-1)", R"("priority":"50")", R"("priority":1.5)",
        R"("type":"public")", R"("team":"healthz")", R"("team":"")", R"("requiredKeys":[])",
        R"("requiredKeys":["A","A"])", R"("requiredKeys":["1"])", R"("managedBy":"")",
        R"("description":"a\u001bb")", R"("secrets":[])", R"("name":"x")"}) {
    EXPECT_NE(json(R"({"name":"g",)" + std::string(members) + "}").error, "") << members;
  }
  EXPECT_EQ(yaml("name: g\npriority: 0\n").error, "");
  for (const auto* priority : {"'5'", "05", "0x5", "5.0", "+5", "101"}) {
    EXPECT_TRUE(yaml("name: g\npriority: " + std::string(priority)).says("g.yaml:2: priority"));
  }
}

TEST(GroupReaderTest, ErrorsNeverQuoteAValue) {
  for (const auto* members :
       {R"("A":{"value":"hunter2","x":"hunter2"})", R"("A":"hunter2\u0000")", R"("A":["hunter2"])",
        R"("A":{"template":"hunter2","from":"v","ref":"hunter2"})", R"("A":"hunter2" "b")"}) {
    const auto read = json_variables(members);
    EXPECT_NE(read.error, "");
    EXPECT_FALSE(read.says("hunter2")) << read.error;
  }
  const auto text = yaml("name: g\nsecrets:\n  variables:\n    A: \"hunter2\\q\"\n");
  EXPECT_TRUE(text.says("g.yaml:4")) << text.error;
  EXPECT_FALSE(text.says("hunter2") || text.says("\\q"));
}

TEST(GroupReaderYamlTest, ScalarsStayAsTheyAreWritten) {
  const auto read =
      yaml_variables("{A: yes, B: 1.10, C: 0x1F, D: '', E: \"a\\tb\", F: 2001-01-01}");
  ASSERT_EQ(read.error, "");
  const auto text = [&](const char* name) {
    return std::string(text_of(read.group().variables.at(name).value));
  };
  EXPECT_EQ(text("A") + "|" + text("B") + "|" + text("C") + "|" + text("D"), "yes|1.10|0x1F|");
  EXPECT_EQ(text("E"), "a\tb");
  EXPECT_EQ(text("F"), "2001-01-01");
}

TEST(GroupReaderYamlTest, NullInEveryFormIsRefused) {
  for (const auto* value : {"", " ", " ~", " null", " Null", " NULL", " # comment"}) {
    const auto read = yaml("name: g\nsecrets:\n  variables:\n    A:" + std::string(value) + "\n");
    EXPECT_TRUE(read.says("null or no value")) << value << read.error;
  }
  EXPECT_EQ(yaml_variables("{A: 'null', B: \"~\"}").error, "");
}

TEST(GroupReaderYamlTest, WhatCouldBeReadInTwoWaysIsRefused) {
  for (const auto* text : {"name: &a g\n",
                           "name: g\ndescription: *a\n",
                           "name: !!str g\n",
                           "name: ! g\n",
                           "name: !x g\n",
                           "!!map {name: g}\n",
                           "name: g\n<<: {team: default}\n",
                           "name: g\nname: g\n",
                           "name: g\n---\nname: h\n",
                           "name: g\n--- \n",
                           "? [a]\n: b\n",
                           "name: g\n: x\n",
                           "",
                           "# c\n",
                           "---\n",
                           "g\n",
                           "- name: g\n",
                           "name: g\n]",
                           "name: \"g\" x\n",
                           "name: g\r",
                           "name: g\x01\n",
                           "name: \xff\n",
                           "name: g\x04\n",
                           "&a name: g\n",
                           "name: g\nsecrets: &x {variables: {}}\n"}) {
    EXPECT_NE(yaml(text).error, "") << text;
  }
  EXPECT_EQ(yaml("\xef\xbb\xbf%YAML 1.2\n---\r\nname: g\r\n...\n").error, "");
}

TEST(GroupReaderYamlTest, NestingStopsAtTheLimit) {
  EXPECT_TRUE(yaml("name: " + std::string(200, '[')).says("g.yaml:1: ")) << "flow";
  std::string text = "name: " + std::string(33, '[') + std::string(33, ']');
  EXPECT_TRUE(yaml(text).says("nested deeper")) << yaml(text).error;
}

TEST(GroupReaderTest, MoreMembersThanAnyGroupHasAreRefusedWhileTheyAreRead) {
  std::string json = R"({"name":"g","variables":{)";
  std::string yaml = "name: g\nvariables:\n";
  for (std::size_t i = 0; i <= base::kTreeMembersMax; ++i) {
    const std::string name = "A" + std::to_string(i);
    json += (i == 0 ? "" : ",") + ('"' + name + R"(":"x")");
    yaml += "  " + name + ": x\n";
  }
  EXPECT_TRUE(Outcome(read_groups_json(json + "}}", "f")).says("more than 20000 members"));
  EXPECT_TRUE(Outcome(read_groups_yaml(yaml, "f")).says("more than 20000 members"));
  EXPECT_EQ(read_groups_json(json + "}}", "f").error().code, base::Code::kTooLarge);
  EXPECT_EQ(read_groups_yaml(yaml, "f").error().code, base::Code::kTooLarge);
}

TEST(GroupReaderTest, MoreValuesThanAnythingHasAreRefusedWhileTheyAreRead) {
  std::string json = "[0";
  for (std::size_t i = 0; i < base::kTreeValuesMax; ++i) json += ",0";
  json += ']';
  EXPECT_EQ(base::parse_bounded_json(json).error().code, base::Code::kTooLarge);
  EXPECT_TRUE(base::parse_json(json));
}

TEST(GroupReaderTest, PiecesOfAGroupAreReadAlone) {
  const auto tree = [](std::string_view text) { return boost::json::parse(text); };
  EXPECT_TRUE(group_from_json(tree(R"({"name":"g"})"), "body"));
  EXPECT_TRUE(variable_from_json(tree("\"x\""), "body"));
  EXPECT_TRUE(file_from_json(tree(R"({"data":"x"})"), "body"));
  EXPECT_TRUE(restrictions_from_json(tree(R"({"projects":["p"]})"), "body"));
  EXPECT_EQ(variable_from_json(tree("1"), "A").error().message,
            "A: must be a text, and is a number");
  EXPECT_FALSE(variable_from_json(tree("null"), "A"));
  EXPECT_FALSE(file_from_json(tree("\"x\""), "/f"));
  EXPECT_FALSE(restrictions_from_json(tree("[]"), "r"));
  EXPECT_FALSE(group_from_json(tree(R"({"team":"default"})"), "body"));
}

TEST(GroupReaderTest, SecretsFromIsReadInItsOrder) {
  const auto groups = read_groups_yaml(
      "name: g\n"
      "secretsFrom:\n"
      "  - {from: vault, ref: secret/a}\n"
      "  - from: vault\n"
      "    ref: secret/b\n"
      "    prefix: DB_\n"
      "    only: [host, port]\n"
      "    rename: {port: PORT}\n"
      "    optional: true\n"
      "    onConflict: replace\n",
      "g.yaml");
  ASSERT_TRUE(groups) << groups.error().message;
  const SecretsFrom& items = groups->front().secrets_from;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0], (ObjectReference{.from = "vault", .ref = "secret/a"}));
  EXPECT_EQ(items[1].on_conflict, OnConflict::kReplace);
  EXPECT_EQ(variable_of(items[1], "host"), "DB_host");
  EXPECT_EQ(variable_of(items[1], "port"), "PORT");
  EXPECT_TRUE(takes(items[1], "port"));
  EXPECT_FALSE(takes(items[1], "user"));
}

TEST(GroupReaderTest, SecretsFromIsRefusedWhereItSaysNothingOrTooMuch) {
  for (const std::string_view items :
       {"[]", "{from: v, ref: r}", "[{ref: r}]", "[{from: v}]", "[{from: v, ref: 'r#k'}]",
        "[{from: v, ref: r, prefix: 1A}]", "[{from: v, ref: r, only: []}]",
        "[{from: v, ref: r, only: [a, a]}]", "[{from: v, ref: r, rename: {a: 'b c'}}]",
        "[{from: v, ref: r, rename: {a: X, b: X}}]",
        "[{from: v, ref: r, only: [a], rename: {b: B}}]", "[{from: v, ref: r, optional: false}]",
        "[{from: v, ref: r, onConflict: merge}]", "[{from: v, ref: r, default: x}]",
        "[{from: 'v v', ref: r}]"}) {
    const auto read = read_groups_yaml("name: g\nsecretsFrom: " + std::string(items) + "\n", "g");
    EXPECT_FALSE(read) << items;
  }
}

TEST(GroupReaderTest, TheDefaultOfABase64ReferenceIsBase64) {
  const auto read = read_groups_yaml(
      "name: g\nsecrets: {variables: {A: {from: v, ref: r, encoding: base64, default: 'no!'}}}\n",
      "g");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message.find("no!"), std::string::npos);
}

}  // namespace
}  // namespace sutler::model
