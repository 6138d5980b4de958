// How long the registry's answers take with 100,000 workloads: one JSON line of milliseconds. For
// the row `registry` of script/bench; usage: sutler_registry_bench [WORKLOADS]
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "resolve/drift.h"
#include "resolve/exposure.h"
#include "resolve/impact.h"
#include "resolve/test_support.h"

namespace sutler {
namespace {

using resolve::test::group;
using resolve::test::World;

constexpr int kProjects = 2'000;

// One group for everybody, one for each project, one for the name of every service.
void fill(World& world, int services) {
  std::vector<model::Group> groups;
  const auto add = [&](resolve::test::GroupBuilder& builder) {
    const std::string name = builder.name();
    for (int i = 0; i < 10; ++i) builder.set("KEY_" + name + "_" + std::to_string(i), "value");
    groups.push_back(builder.build());
  };
  auto all = group("all");
  add(all);
  for (int p = 0; p < kProjects; ++p) {
    auto one = group("p" + std::to_string(p));
    one.project("project-" + std::to_string(p)).priority(20);
    add(one);
  }
  for (int s = 0; s < services; ++s) {
    auto one = group("s" + std::to_string(s));
    one.object("service-" + std::to_string(s)).priority(30);
    add(one);
  }
  world.put(std::move(groups));
}

void meet(const World& world, registry::Registry& known, int services) {
  const auto recorder = known.recorder();
  for (int p = 0; p < kProjects; ++p) {
    for (int s = 0; s < services; ++s) {
      model::Workload who{"default", "project-" + std::to_string(p), "service-" + std::to_string(s),
                          "service"};
      auto resolved = resolve::test::must(resolve::resolve(*world.view(), who));
      auto served = std::make_shared<registry::Served>();
      served->workload = std::move(who);
      for (std::size_t i = 0; i < resolved.groups.size(); ++i) {
        const auto& record = *resolved.groups[i];
        served->groups.push_back({record.header().name, record.version(), resolved.won[i]});
      }
      recorder->note(served, {base::UnixTime::from_seconds(1'800'000'000), "10.0.0.1", "key"});
    }
    known.settle();
  }
}

double median_ms(const std::function<void()>& work) {
  std::vector<double> taken;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    taken.push_back(took.count());
  }
  std::ranges::sort(taken);
  return taken[taken.size() / 2];
}

model::Group changed(const std::string& name, const std::string& project) {
  auto builder = group(name);
  if (!project.empty()) builder.project(project).priority(20);
  for (int i = 1; i < 10; ++i) builder.set("KEY_" + name + "_" + std::to_string(i), "value");
  return builder.set("NEW", "value").build();
}

double impact_ms(const World& world, const registry::Registry& known, const std::string& name,
                 const std::string& project) {
  return median_ms([&] {
    std::vector<store::Change> changes;
    changes.emplace_back(store::PutGroup{changed(name, project)});
    (void)resolve::impact_of(world.view(), changes, known);
  });
}

int run(int workloads) {
  const int services = std::max(1, workloads / kProjects);
  World world;
  fill(world, services);
  registry::Registry known({}, "a key for digests of 32 bytes...");
  meet(world, known, services);
  const double one = impact_ms(world, known, "p7", "project-7");
  const double all = impact_ms(world, known, "all", "");
  world.put(changed("all", ""));  // everybody drifts
  std::size_t drifting = 0;
  const double drift = median_ms([&] {
    resolve::Versions versions(world.view(), world.store());
    resolve::DriftJudge judge(versions);
    drifting = 0;
    known.for_each(nullptr, [&](const registry::Record& record) {
      drifting += judge.judge(record) ? 1 : 0;
      return true;
    });
  });
  std::size_t exposed = 0;
  const double exposure = median_ms([&] {
    resolve::Versions versions(world.view(), world.store());
    resolve::Targets targets;
    targets[{"default", "all", "KEY_all_0"}];
    exposed = resolve::exposure_of(targets, known, versions).size();
  });
  std::size_t listed = 0;
  const double list = median_ms([&] {
    listed = 0;
    known.for_each(nullptr, [&](const registry::Record& record) {
      listed += record.workload.object_id.find("service-1") != std::string::npos ? 1 : 0;
      return true;
    });
  });
  std::printf(
      "{\"workloads\":%zu,\"drifting\":%zu,\"exposed\":%zu,\"listed\":%zu,\"list_ms\":%.1f,"
      "\"drift_ms\":%.1f,\"exposure_ms\":%.1f,\"impact_one_ms\":%.1f,\"impact_all_ms\":%.1f}\n",
      known.size(), drifting, exposed, listed, list, drift, exposure, one, all);
  return 0;
}

}  // namespace
}  // namespace sutler

int main(int count, char** words) {
  int workloads = 100'000;
  if (count > 1) {
    const std::string_view text = words[1];
    std::from_chars(text.data(), text.data() + text.size(), workloads);
  }
  return sutler::run(workloads);
}
