// Restarting workloads through Northflank's API, so that they fetch again.
//
// One job at a time, on threads of its own; how many calls are open at once is said by whoever
// asks. 429 and 5xx are tried again, later each time, as long as Retry-After or our patience say.
// Each service leaves one audit record. Jobs cannot be restarted: they fetch anew at each run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "model/workload.h"

namespace sutler::admin {

// From the config file only.
struct NorthflankOptions {
  std::string api = "https://api.northflank.com";
  std::filesystem::path token_file = {};  // empty: nothing is called
};

// `POST {api}/v1/projects/{project}/services/{object}/restart`.
[[nodiscard]] std::string restart_url(std::string_view api, const model::Workload& workload);
// A service; nothing else has something to restart.
[[nodiscard]] bool can_restart(const model::Workload& workload);

class Restarts {
 public:
  static constexpr int kAtOnceMax = 50;

  Restarts(NorthflankOptions options, audit::Log& audit, const base::Clock& clock);
  ~Restarts();  // what is waiting to be tried again is given up
  Restarts(const Restarts&) = delete;
  Restarts& operator=(const Restarts&) = delete;

  struct Order {
    std::vector<model::Workload> workloads;  // services only
    int at_once = 5;
    std::string operator_name;
    std::string remote;
    std::string request_id;
  };
  // Gives the job's id. kUnavailable (`not_configured`) without a token file, kConflict while a job
  // runs; errors of reading the token name its file.
  [[nodiscard]] base::Result<std::uint64_t> start(Order order);

  struct Failure {
    model::Workload workload;
    std::string why;
  };
  struct Status {
    std::uint64_t id = 0;  // 0: there was no job yet
    std::size_t total = 0;
    std::size_t done = 0;  // restarted
    std::vector<Failure> failures;
    bool running = false;
  };
  [[nodiscard]] Status status() const;
  [[nodiscard]] const NorthflankOptions& options() const { return options_; }

 private:
  struct Job;
  void work(Job& job);
  [[nodiscard]] base::Result<void> restart(const Job& job, const model::Workload& workload);
  [[nodiscard]] bool wait(double seconds);
  void record(const Job& job, const model::Workload& workload, const base::Result<void>& result);
  void join();

  const NorthflankOptions options_;
  audit::Log& audit_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // over everything below
  std::condition_variable stopping_changed_;
  bool stopping_ = false;
  std::uint64_t last_id_ = 0;
  std::unique_ptr<Job> job_;
  std::vector<std::thread> threads_;
};

}  // namespace sutler::admin
