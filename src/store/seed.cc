#include "store/seed.h"

#include <algorithm>
#include <cstdio>

#include "crypto/random.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr std::uint64_t kGroupsPerCommit = 20'000;
constexpr std::uint64_t kGroupsPerWorkload = 3;
constexpr std::size_t kValueBytes = 24;

model::Group make_group(std::uint64_t number, std::uint64_t entries) {
  char name[32];
  std::snprintf(name, sizeof name, "bench-%07llu", static_cast<unsigned long long>(number));
  const std::string workload = std::to_string(number / kGroupsPerWorkload);
  model::Group group;
  group.header.name = name;
  group.header.restrictions.projects = {"bench-" + workload};
  group.header.restrictions.nf_objects = {model::ObjectPattern{"svc-" + workload, ""}};
  std::string random = crypto::random_hex(entries * kValueBytes / 2);
  for (std::uint64_t i = 0; i < entries; ++i) {
    const std::uint64_t position = number % kGroupsPerWorkload * entries + i;
    const std::string_view value = std::string_view(random).substr(i * kValueBytes, kValueBytes);
    group.variables.emplace("VARIABLE_NAME_" + std::to_string(position),
                            model::Variable{model::Literal{base::Secret(value)}});
  }
  base::wipe(random);
  return group;
}

Result<void> add_signing_key(Store& store, const SeedOptions& options, const CommitInfo& info) {
  if (options.signing_key.empty()) return {};
  const auto snapshot = store.snapshot();
  model::Team team = model::clone(snapshot->teams.at("default")->team);
  model::SigningKey key;
  key.id = crypto::random_hex(4);
  key.secret = base::LockedBytes(options.signing_key.expose());
  key.created = options.now;
  team.keys.push_back(std::move(key));
  std::vector<Change> changes;
  changes.emplace_back(PutTeam{std::move(team)});
  auto committed = store.commit(std::move(changes), info);
  if (!committed) return pass(committed);
  return {};
}

}  // namespace

Result<void> seed_store(Store& store, const SeedOptions& options,
                        const std::function<void(std::uint64_t)>& progress) {
  const CommitInfo info{"store seed", options.now};
  if (auto added = add_signing_key(store, options, info); !added) return added;
  for (std::uint64_t first = 0; first < options.groups; first += kGroupsPerCommit) {
    const std::uint64_t end = std::min(options.groups, first + kGroupsPerCommit);
    std::vector<Change> changes;
    changes.reserve(end - first);
    for (std::uint64_t i = first; i < end; ++i) {
      changes.emplace_back(PutGroup{make_group(i, options.entries)});
    }
    auto committed = store.commit(std::move(changes), info);
    if (!committed) return pass(committed);
    if (progress) progress(end);
  }
  return {};
}

}  // namespace sutler::store
