// What one fetch is made of, piece by piece: run with `--benchmark_filter=…`. bench/README.md
// holds figures.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "jwt/sign.h"
#include "jwt/verify.h"
#include "model/bundle.h"
#include "resolve/bundle_cache.h"
#include "resolve/merge.h"
#include "resolve/resolver.h"
#include "resolve/test_support.h"

namespace sutler {
namespace {

using resolve::test::group;
using resolve::test::workload;
using resolve::test::World;

constexpr int kEntries = 20;

model::Group group_of_entries(const std::string& name, const std::string& project,
                              const std::string& object, int priority) {
  auto builder = group(name);
  builder.priority(priority).project(project).object(object);
  for (int i = 0; i < kEntries; ++i) {
    builder.set("KEY_" + name + "_" + std::to_string(i), "a value of about thirty bytes " + name);
  }
  return builder.build();
}

// Three groups of 20 entries match `pay/api`; the others are of the shape that `filler` gives.
template <class Filler>
std::unique_ptr<World> make_world(int others, const Filler& filler) {
  auto world = std::make_unique<World>();
  std::vector<model::Group> groups;
  for (int i = 0; i < 3; ++i) {
    groups.push_back(group_of_entries("m" + std::to_string(i), "pay", "api", 10 + i));
  }
  for (int i = 0; i < others; ++i) groups.push_back(filler(std::to_string(i)));
  world->put(std::move(groups));
  return world;
}

model::Group elsewhere(const std::string& n) {
  return group("other-" + n).project("p" + n).object("o" + n).set("A", "1").build();
}
model::Group same_project(const std::string& n) {
  return group("other-" + n).project("pay").object("o" + n).set("A", "1").build();
}
model::Group same_object(const std::string& n) {
  return group("other-" + n).project("p" + n).object("api").set("A", "1").build();
}
model::Group prefixes(const std::string& n) {
  return group("other-" + n).project("p" + n + "*").object("o" + n + "-*").set("A", "1").build();
}

const World& small_world() {
  static const auto world = make_world(7, elsewhere);
  return *world;
}

std::vector<resolve::OpenGroup> open_all(const World& world) {
  std::vector<resolve::OpenGroup> groups;
  for (const auto& record : world.view()->index.find(workload("pay/api"))) {
    groups.push_back({record, std::make_shared<const store::OpenEntries>(
                                  resolve::test::must(record->open_entries()))});
  }
  return groups;
}

void BM_OpenGroupOf20(benchmark::State& state) {
  const auto record = small_world().view()->snapshot->find_group("default", "m0");
  for (auto _ : state) benchmark::DoNotOptimize(record->open());
}
BENCHMARK(BM_OpenGroupOf20);

template <class Filler>
void find_among(benchmark::State& state, const Filler& filler) {
  const auto world = make_world(static_cast<int>(state.range(0)), filler);
  const auto view = world->view();
  const auto asks = workload("pay/api");
  for (auto _ : state) benchmark::DoNotOptimize(view->index.find(asks));
}
void BM_FindAmongOthersElsewhere(benchmark::State& state) { find_among(state, elsewhere); }
void BM_FindAmongOthersOfTheProject(benchmark::State& state) { find_among(state, same_project); }
void BM_FindAmongOthersWithTheObject(benchmark::State& state) { find_among(state, same_object); }
void BM_FindAmongPrefixes(benchmark::State& state) { find_among(state, prefixes); }
BENCHMARK(BM_FindAmongOthersElsewhere)->Arg(10)->Arg(100'000);
BENCHMARK(BM_FindAmongOthersOfTheProject)->Arg(10)->Arg(100'000);
BENCHMARK(BM_FindAmongOthersWithTheObject)->Arg(10)->Arg(100'000);
BENCHMARK(BM_FindAmongPrefixes)->Arg(10)->Arg(100'000);

void BM_Merge3x20(benchmark::State& state) {
  const auto groups = open_all(small_world());
  for (auto _ : state) {
    benchmark::DoNotOptimize(resolve::merge(groups, resolve::Overridden::kForget));
  }
}
BENCHMARK(BM_Merge3x20);

void BM_ResolveAndRender3x20(benchmark::State& state) {
  const auto view = small_world().view();
  const auto asks = workload("pay/api");
  for (auto _ : state) {
    const auto resolved = resolve::resolve(*view, asks);
    benchmark::DoNotOptimize(model::write_bundle_json(resolved->bundle));
  }
}
BENCHMARK(BM_ResolveAndRender3x20);

void BM_Explain3x20(benchmark::State& state) {
  const auto view = small_world().view();
  const auto asks = workload("pay/api");
  for (auto _ : state) {
    benchmark::DoNotOptimize(resolve::explain_json(*view, asks, resolve::Reveal::kNo));
  }
}
BENCHMARK(BM_Explain3x20);

void BM_CacheFind(benchmark::State& state) {
  const auto view = small_world().view();
  const auto asks = workload("pay/api");
  resolve::BundleCache cache({});
  for (auto _ : state) benchmark::DoNotOptimize(cache.get(*view, asks));
}
BENCHMARK(BM_CacheFind);

void BM_CacheHitOpened(benchmark::State& state) {
  const auto view = small_world().view();
  const auto asks = workload("pay/api");
  resolve::BundleCache cache({});
  std::string body(cache.get(*view, asks)->body_bytes(), '\0');
  for (auto _ : state) benchmark::DoNotOptimize(cache.get(*view, asks)->open_into(body.data()));
  state.counters["body_bytes"] = static_cast<double>(body.size());
}
BENCHMARK(BM_CacheHitOpened);

// One edit published into an index of that many groups, without the store's own work.
void BM_PublishEdit(benchmark::State& state) {
  const auto world = make_world(static_cast<int>(state.range(0)), elsewhere);
  const auto view = world->view();
  const auto record = view->snapshot->find_group("default", "m0");
  resolve::Catalog catalog;
  catalog.publish({nullptr, view->snapshot, {}, {}, false});
  const store::Publication edit{view->snapshot, view->snapshot, {record}, {record}, false};
  for (auto _ : state) catalog.publish(edit);
}
BENCHMARK(BM_PublishEdit)->Arg(10)->Arg(100'000)->Unit(benchmark::kMicrosecond);

// The whole index built at once.
void BM_BuildIndex(benchmark::State& state) {
  const auto world = make_world(static_cast<int>(state.range(0)), elsewhere);
  const auto snapshot = world->view()->snapshot;
  for (auto _ : state) {
    resolve::Catalog catalog;
    catalog.publish({nullptr, snapshot, {}, {}, false});
  }
}
BENCHMARK(BM_BuildIndex)->Arg(100'000)->Unit(benchmark::kMillisecond);

void verify_token(benchmark::State& state) {
  const std::string secret(32, 's');
  const auto now = base::UnixTime::from_seconds(1'700'000'000);
  const auto token = jwt::sign({.key = secret,
                                .project_id = "payments",
                                .object_id = "api",
                                .object_type = "service",
                                .now = now});
  const crypto::HmacKey hmac(crypto::HashAlgorithm::kSha256, secret);
  const jwt::Key keys[] = {{&hmac}};
  for (auto _ : state) benchmark::DoNotOptimize(jwt::verify(*token, keys, {}, now));
}
BENCHMARK(verify_token);

}  // namespace
}  // namespace sutler

BENCHMARK_MAIN();
