#include "store/operator_table.h"

#include <gtest/gtest.h>

#include "store/store.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using test::changes;
using test::Fixture;
using test::kSomebody;
using test::must;

model::Operator somebody(std::string name, std::vector<unsigned char> tokens = {}) {
  model::Operator who;
  who.name = std::move(name);
  who.role = model::Role::kEditor;
  for (const unsigned char fill : tokens) {
    model::OperatorToken token;
    token.id = std::string(8, static_cast<char>('a' + fill));
    token.hash.fill(fill);
    who.tokens.push_back(token);
  }
  return who;
}

model::TokenHash hash_of(unsigned char fill) {
  model::TokenHash hash;
  hash.fill(fill);
  return hash;
}

TEST(Operators, AreFoundByNameAndTokenAndComeBackAfterReopening) {
  Fixture fixture;
  must(fixture.store->commit(
      changes(PutOperator{somebody("alice", {1, 2})}, PutOperator{somebody("bob", {3})}),
      kSomebody));
  const auto reopened = fixture.open();
  for (const Store* store : {fixture.store.get(), reopened.get()}) {
    const auto& operators = *store->snapshot()->operators;
    EXPECT_EQ(operators.all().size(), 2U);
    EXPECT_EQ(operators.find("alice")->who, somebody("alice", {1, 2}));
    EXPECT_EQ(operators.find("alice")->changed_by, "uid:7");
    const auto match = operators.find_token(hash_of(2));
    ASSERT_TRUE(match.record);
    EXPECT_EQ(match.record->who.name, "alice");
    EXPECT_EQ(match.token->id, "cccccccc");
    EXPECT_FALSE(operators.find_token(hash_of(4)).record);
    EXPECT_FALSE(operators.find("carol"));
  }
}

TEST(Operators, ATokenThatIsGoneIsNoLongerFoundAndOldSnapshotsStay) {
  Fixture fixture;
  must(fixture.store->commit(changes(PutOperator{somebody("alice", {1, 2})}), kSomebody));
  const auto before = fixture.store->snapshot();
  must(fixture.store->commit(changes(PutOperator{somebody("alice", {2})}), kSomebody));
  EXPECT_FALSE(fixture.store->snapshot()->operators->find_token(hash_of(1)).record);
  EXPECT_TRUE(fixture.store->snapshot()->operators->find_token(hash_of(2)).record);
  EXPECT_TRUE(before->operators->find_token(hash_of(1)).record);
  must(fixture.store->commit(changes(DeleteOperator{"alice"}), kSomebody));
  EXPECT_FALSE(fixture.store->snapshot()->operators->find_token(hash_of(2)).record);
  EXPECT_TRUE(fixture.open()->snapshot()->operators->all().empty());
  EXPECT_EQ(fixture.store->commit(changes(DeleteOperator{"alice"}), kSomebody).error().code,
            base::Code::kNotFound);
  must(fixture.store->commit(changes(PutOperator{somebody("alice")}), kSomebody));
  EXPECT_EQ(fixture.store->snapshot()->operators->find("alice")->version, 4U);
}

TEST(Operators, WhatIsNoOperatorIsRefused) {
  Fixture fixture;
  auto owner = somebody("root");
  owner.role = model::Role::kOwner;
  owner.scopes = {model::Scope{}};
  for (const auto& wrong :
       {somebody(""), somebody("uid:0"), somebody("owner-token"), somebody("a b"), somebody("-a"),
        somebody(std::string(129, 'a')), owner}) {
    EXPECT_EQ(fixture.store->commit(changes(PutOperator{wrong}), kSomebody).error().code,
              base::Code::kInvalid)
        << wrong.name;
  }
  must(fixture.store->commit(changes(PutOperator{somebody("ann@example.org")}), kSomebody));
}

}  // namespace
}  // namespace sutler::store
