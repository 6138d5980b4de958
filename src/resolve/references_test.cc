// Values that sources give, from the saved group to the answer.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "model/bundle.h"
#include "resolve/bundle_cache.h"
#include "resolve/impact.h"
#include "resolve/reference_check.h"
#include "resolve/test_support.h"
#include "source/test_support.h"

namespace sutler::resolve {
namespace {

using source::test::object;
using source::test::text;
using test::group;
using test::workload;
using test::World;

model::Reference reference(std::string_view ref, std::string_view encoding = {}) {
  return {"vault", std::string(ref), false, {}, std::string(encoding)};
}
model::Reference optional(std::string_view ref) {
  auto made = reference(ref);
  made.optional = true;
  return made;
}
model::Reference with_default(std::string_view ref, std::string_view fallback) {
  auto made = reference(ref);
  made.fallback = base::Secret(fallback);
  return made;
}

class References : public source::test::SourcesTest {
 protected:
  // As the provider does it, until nothing is pending; the answer's body, or "error: code".
  std::string answer(std::string_view asks = "p/o") {
    for (int round = 0; round < 4; ++round) {
      source::Asking asking(sources.get(), source::Patience::kMayWait);
      sourcing = {&asking, clock.now()};
      const auto entry = cache->get(*world.view(), workload(asks), &sourcing);
      if (entry) {
        std::string body(entry->body_bytes(), '\0');
        EXPECT_TRUE(entry->open_into(body.data()));
        keys = entry->keys_json();
        return body;
      }
      error = entry.error();
      if (error.name != "source_pending") return "error: " + error.name;
      auto wanted = asking.take_pending();
      EXPECT_FALSE(wanted.empty());
      rounds.push_back(wanted.size());
      obtain(std::move(wanted));
    }
    source::Asking asking(sources.get(), source::Patience::kNow);
    sourcing = {&asking, clock.now()};
    const auto entry = cache->get(*world.view(), workload(asks), &sourcing);
    error = entry ? base::Error{} : entry.error();
    return entry ? "answered" : "error: " + error.name;
  }
  // "A=1 B=2 /f=x".
  std::string fetch(std::string_view asks = "p/o") {
    const std::string body = answer(asks);
    if (!body.starts_with('{')) return body;
    std::string out;
    const auto tree = boost::json::parse(body);
    for (const auto& entry : tree.at("secrets").as_array()) {
      const bool is_file = entry.as_object().contains("path");
      if (!out.empty()) out += ' ';
      out += std::string(entry.at(is_file ? "path" : "key").as_string()) + "=" +
             std::string(entry.at(is_file ? "data" : "value").as_string());
    }
    return out;
  }
  boost::json::value explain(Reveal reveal = Reveal::kNo) {
    for (;;) {
      source::Asking asking(sources.get(), source::Patience::kMayWait);
      const Sourcing now{&asking, clock.now()};
      const base::Secret story = explain_json(*world.view(), workload("p/o"), reveal, now);
      auto wanted = asking.take_pending();
      if (wanted.empty()) return boost::json::parse(story.expose());
      obtain(std::move(wanted));
    }
  }
  // As after a restart that kept nothing.
  void restart() {
    cache = std::make_unique<BundleCache>(BundleCache::Options());
    start();
  }
  void put_from(std::vector<model::ObjectReference> items, std::string_view explicit_key = {}) {
    auto builder = group("g");
    if (!explicit_key.empty()) builder.set(explicit_key, "explicit");
    auto made = builder.build();
    made.secrets_from = std::move(items);
    world.put(std::move(made));
  }

  World world;
  std::unique_ptr<BundleCache> cache = std::make_unique<BundleCache>(BundleCache::Options());
  Sourcing sourcing;
  base::Error error;
  std::string keys;
  std::vector<std::size_t> rounds;  // how much was read in each
};

TEST_F(References, AValueOfASourceIsInTheAnswerBesideALiteral) {
  store->put("app", object({{"user", "u"}, {"password", "p"}}));
  store->put("raw", "r");
  world.put(group("g")
                .set("A", "literal")
                .entry("P", reference("app#password"))
                .entry("R", reference("raw"))
                .entry("U", reference("app#user")));
  EXPECT_EQ(fetch(), "A=literal P=p R=r U=u");
  EXPECT_EQ(rounds, std::vector<std::size_t>{2});  // two documents, at once
  EXPECT_EQ(store->reads_of("app"), 1U);
}

TEST_F(References, AValueThatLostTheMergeIsNotAskedFor) {
  store->put("won", "1");
  world.put(group("low").priority(1).entry("A", reference("lost")));
  world.put(group("high").priority(2).entry("A", reference("won")));
  EXPECT_EQ(fetch(), "A=1");
  EXPECT_EQ(store->reads_of("lost"), 0U);
}

TEST_F(References, TheCachedAnswerIsGoodWhileTheValueIs) {
  store->put("a", "1");
  world.put(group("g").entry("A", reference("a")));
  EXPECT_EQ(fetch(), "A=1");
  EXPECT_EQ(fetch(), "A=1");
  EXPECT_EQ(cache->hits(), 1U);
  store->put("a", "2");
  EXPECT_EQ(fetch(), "A=1");  // within its TTL
  pass_time(settings.ttl + std::chrono::seconds(1));
  EXPECT_EQ(fetch(), "A=2");
}

TEST_F(References, AnOutageServesTheLastValueAndThenFailsWithItsNames) {
  store->put("a", "1");
  world.put(group("g").entry("A", with_default("a", "never")));
  EXPECT_EQ(fetch(), "A=1");
  store->fail(source::FailureKind::kOutage);
  pass_time(settings.ttl + std::chrono::seconds(1));
  (void)fetch();  // finds out
  source::Asking asking(sources.get(), source::Patience::kNow);
  Sourcing at_once{&asking, clock.now()};
  EXPECT_TRUE(cache->get(*world.view(), workload("p/o"), &at_once));
  pass_time(settings.stale_max);
  source::Asking later(sources.get(), source::Patience::kNow);
  Sourcing too_late{&later, clock.now()};
  const auto entry = cache->get(*world.view(), workload("p/o"), &too_late);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().name, "source_unavailable");
  EXPECT_EQ(too_late.source, "vault");
  EXPECT_EQ(too_late.ref, "a");
  EXPECT_NE(entry.error().message.find("variable A of group g"), std::string::npos);
}

TEST_F(References, OptionalAndDefaultStandInForWhatDoesNotExistAndForNothingElse) {
  store->put("o", object({{"there", "1"}}));
  world.put(group("g")
                .entry("A", optional("nothing"))
                .entry("B", with_default("nothing", "fallback"))
                .entry("C", optional("o#gone"))
                .entry("D", reference("o#there"))
                .entry("/f", optional("nothing")));
  EXPECT_EQ(fetch(), "B=fallback D=1");
  EXPECT_EQ(keys, R"(["B","D"])");
  for (const auto kind :
       {source::FailureKind::kOutage, source::FailureKind::kLogin, source::FailureKind::kDenied}) {
    restart();
    store->fail_at("nothing", kind);
    const bool denied = kind == source::FailureKind::kDenied;
    EXPECT_EQ(fetch(), denied ? "error: source_denied" : "error: source_unavailable");
  }
}

TEST_F(References, ARequiredValueThatDoesNotExistFailsAll) {
  world.put(group("g").set("A", "1").entry("B", reference("nothing#k")));
  EXPECT_EQ(fetch(), "error: source_missing");
  EXPECT_EQ(sourcing.ref, "nothing#k");
}

TEST_F(References, ARequiredKeyIsNotThereWhenItsOptionalValueIsNot) {
  world.put(group("g").require("A").entry("A", optional("nothing")));
  EXPECT_EQ(fetch(), "error: missing_required");
}

TEST_F(References, AnUnknownSourceAndOneThatIsNotAllowedAreToldApart) {
  model::Reference other = reference("a");
  other.from = "other";
  world.put(group("g").entry("A", std::move(other)));
  EXPECT_EQ(fetch(), "error: unknown_source");
  EXPECT_EQ(world.fetch("p/o"), "error: unknown_source");  // without any sources
  settings.allow = {{"default", {"another"}, {"*"}}};
  restart();
  store->put("a", "1");
  world.put(group("g").entry("A", reference("a")));
  EXPECT_EQ(fetch(), "error: source_not_allowed");
  EXPECT_EQ(store->reads_of("a"), 0U);
}

TEST_F(References, TemplatesUseThemLikeAnyVariable) {
  store->put("db", object({{"password", "a b"}}));
  world.put(group("g")
                .entry("P", reference("db#password"))
                .text("URL", "pg://u:${P|urlencode}@h")
                .text("/f", "${P}"));
  EXPECT_EQ(fetch(), "P=a b URL=pg://u:a%20b@h /f=a b");
  world.put(group("h").entry("Q", optional("nothing")).text("T", "${Q}"));
  EXPECT_EQ(fetch(), "error: unknown_name");
}

TEST_F(References, BytesOfAFileGoOutAsTheyAre) {
  const std::string bytes("\x00\xff\r\nz", 5);
  store->put("bytes", text(bytes));
  store->put("text", "line\n");
  store->put("encoded", "AP8N\nCno\n");  // with line breaks and without padding
  world.put(group("g")
                .entry("/bytes", reference("bytes"))
                .entry("/decoded", reference("encoded", "base64"))
                .entry("/forced", reference("text"))
                .encoding("/forced", model::Encoding::kBase64)
                .entry("/text", reference("text")));
  const auto body = boost::json::parse(answer());
  std::string seen;
  for (const auto& file : body.at("secrets").as_array()) {
    const auto* encoding = file.as_object().if_contains("encoding");
    seen += std::string(file.at("path").as_string()) + ' ' +
            (encoding ? std::string(encoding->as_string()) : "-") + ' ' +
            std::string(file.at("data").as_string()) + ';';
  }
  EXPECT_EQ(seen,
            "/bytes base64 AP8NCno=;/decoded base64 AP8NCno=;/forced base64 bGluZQo=;"
            "/text - line\n;");
}

TEST_F(References, AVariableHoldsTextOnly) {
  for (const std::string_view bytes : {std::string_view("\xff"), std::string_view("a\0b", 3)}) {
    store->put("bytes", text(bytes));
    restart();
    world.put(group("g").entry("A", reference("bytes")));
    EXPECT_EQ(fetch(), "error: source_not_text");
  }
  store->put("bytes", text("aGVsbG8="));
  restart();
  world.put(group("g").entry("A", reference("bytes", "base64")));
  EXPECT_EQ(fetch(), "A=hello");
  store->put("bytes", text("no base64!"));
  restart();
  EXPECT_EQ(fetch(), "error: source_not_base64");
  EXPECT_EQ(error.message.find("no base64!"), std::string::npos);
}

TEST_F(References, AnObjectBecomesVariablesInOrder) {
  store->put("a", object({{"host", "h"}, {"port", "1"}, {"x-y", "z"}}));
  store->put("b", object({{"KEY", "k"}}));
  put_from({{.from = "vault", .ref = "a", .prefix = "DB_", .rename = {{"port", "PORT"}}},
            {.from = "vault", .ref = "b", .only = {"KEY"}}},
           "A");
  EXPECT_EQ(fetch(), "A=explicit DB_host=h DB_x-y=z KEY=k PORT=1");
  EXPECT_EQ(rounds, std::vector<std::size_t>{2});
}

TEST_F(References, ObjectsAreReadFirstAndThenWhatStillWins) {
  store->put("a", object({{"A", "from the object"}}));
  store->put("b", "b");
  put_from({{.from = "vault", .ref = "a"}});
  world.put(group("low").priority(1).entry("A", reference("lost")).entry("B", reference("b")));
  EXPECT_EQ(fetch(), "A=from the object B=b");
  EXPECT_EQ(rounds, (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(store->reads_of("lost"), 0U);
}

TEST_F(References, AConflictIsAnErrorUnlessItIsSettled) {
  store->put("a", object({{"A", "first"}}));
  store->put("b", object({{"A", "second"}}));
  const auto item = [](std::string ref, model::OnConflict on_conflict = model::OnConflict::kError) {
    return model::ObjectReference{
        .from = "vault", .ref = std::move(ref), .on_conflict = on_conflict};
  };
  put_from({item("a")}, "A");
  EXPECT_EQ(fetch(), "error: secrets_from_conflict");
  EXPECT_NE(error.message.find("secretsFrom[0] of group g"), std::string::npos);
  put_from({item("a"), item("b")});
  EXPECT_EQ(fetch(), "error: secrets_from_conflict");
  put_from({item("a", model::OnConflict::kKeep)}, "A");
  EXPECT_EQ(fetch(), "A=explicit");
  put_from({item("a", model::OnConflict::kReplace)}, "A");
  EXPECT_EQ(fetch(), "A=first");
  put_from({item("a"), item("b", model::OnConflict::kReplace)});
  EXPECT_EQ(fetch(), "A=second");
  put_from({item("a"), item("b", model::OnConflict::kKeep)});
  EXPECT_EQ(fetch(), "A=first");
}

TEST_F(References, AFieldThatCannotBeAVariableFailsAndIsNamed) {
  store->put("a", object({{"good", "1"}, {"not good", "2"}}));
  put_from({{.from = "vault", .ref = "a"}});
  EXPECT_EQ(fetch(), "error: secrets_from_name");
  EXPECT_NE(error.message.find("not good"), std::string::npos);
  put_from({{.from = "vault", .ref = "a", .rename = {{"not good", "GOOD"}}}});
  EXPECT_EQ(fetch(), "GOOD=2 good=1");
  put_from({{.from = "vault", .ref = "a", .only = {"good"}}});
  EXPECT_EQ(fetch(), "good=1");
}

TEST_F(References, AnObjectThatIsNotThereFailsUnlessItIsOptional) {
  put_from({{.from = "vault", .ref = "nothing"}});
  EXPECT_EQ(fetch(), "error: source_missing");
  put_from({{.from = "vault", .ref = "nothing", .optional = true}}, "A");
  EXPECT_EQ(fetch(), "A=explicit");
  store->put("a", object({{"A", "1"}}));
  put_from({{.from = "vault", .ref = "a", .only = {"A", "B"}}});
  EXPECT_EQ(fetch(), "error: source_missing");
  store->put("plain", "no object");
  put_from({{.from = "vault", .ref = "plain"}});
  EXPECT_EQ(fetch(), "error: source_bad_reference");
}

TEST_F(References, WhatAnObjectGivesCountsForRequiredKeysAndTemplates) {
  store->put("a", object({{"A", "1"}}));
  auto builder = group("g");
  builder.require("A").text("T", "<${A}>");
  auto made = builder.build();
  made.secrets_from = {{.from = "vault", .ref = "a"}};
  std::vector<model::Group> groups;
  groups.push_back(model::clone(made));
  EXPECT_TRUE(check_references(*world.view(), groups));
  world.put(std::move(made));
  EXPECT_EQ(fetch(), "A=1 T=<1>");
}

TEST_F(References, ExplainTellsWhereAValueCameFromAndWhatAnOutageWouldDo) {
  store->put("a", object({{"k", "canary"}}));
  auto builder = group("g");
  builder.entry("A", reference("a#k"))
      .entry("B", with_default("no", "d"))
      .entry("C", optional("no"));
  auto made = builder.build();
  made.secrets_from = {{.from = "vault", .ref = "a", .prefix = "P_"}};
  world.put(std::move(made));
  EXPECT_EQ(fetch(), "A=canary B=d P_k=canary");
  pass_time(std::chrono::seconds(42));
  const auto story = explain();
  EXPECT_EQ(story.at("outcome"), "ok");
  const auto& a = story.at("entries").at(0).at("source");
  EXPECT_EQ(a.at("from"), "vault");
  EXPECT_EQ(a.at("ref"), "a#k");
  EXPECT_EQ(a.at("state"), "value");
  EXPECT_EQ(a.at("ageSeconds"), 42);
  EXPECT_TRUE(a.at("ifDown").as_string().starts_with("served until"));
  const auto& b = story.at("entries").at(1).at("source");
  EXPECT_EQ(b.at("state"), "missing");
  EXPECT_EQ(b.at("default"), true);
  EXPECT_TRUE(b.at("ifDown").as_string().starts_with("the fetch fails"));
  EXPECT_EQ(story.at("entries").at(2).at("source").at("ref"), "a#k");
  EXPECT_EQ(story.at("absent").at(0).at("key"), "C");
  EXPECT_FALSE(boost::json::serialize(story).contains("canary"));
  EXPECT_TRUE(boost::json::serialize(explain(Reveal::kYes)).contains("canary"));
}

TEST_F(References, ExplainNamesSourceAndReferenceOfAProblem) {
  world.put(group("g").entry("A", reference("nothing")).entry("B", reference("nothing")));
  (void)fetch();
  const auto story = explain();
  EXPECT_EQ(story.at("problems").as_array().size(), 2U);
  EXPECT_EQ(story.at("problems").at(0).at("source"), "vault");
  EXPECT_EQ(story.at("problems").at(0).at("ref"), "nothing");
  EXPECT_EQ(story.at("outcome"), "source_missing");
}

TEST_F(References, ImpactComparesReferencesAndAsksNoSource) {
  world.put(group("g").entry("A", reference("a")).entry("B", reference("b")).text("T", "${A}"));
  auto next =
      group("g").entry("A", reference("c")).entry("B", reference("b")).text("T", "${A}").build();
  next.secrets_from = {{.from = "vault", .ref = "object"}};
  std::vector<store::Change> changes;
  changes.emplace_back(store::PutGroup{std::move(next)});
  Overlay overlay = lay_over(world.view(), changes);
  source::Asking asking(sources.get(), source::Patience::kNow);
  overlay.asking = &asking;
  const Effect effect = effect_on(overlay, workload("p/o"));
  EXPECT_EQ(effect.after, Fetch::kOk) << effect.after_reason;
  EXPECT_EQ(effect.changed, (std::vector<std::string>{"A", "T"}));
  EXPECT_EQ(effect.gained, std::vector<std::string>{"secretsFrom[0] of group g"});
  EXPECT_EQ(store->calls(), 0U);
}

}  // namespace
}  // namespace sutler::resolve
