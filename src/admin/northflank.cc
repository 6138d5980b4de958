#include "admin/northflank.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "client/http_client.h"

namespace sutler::admin {
namespace {

constexpr int kTriesMax = 6;
constexpr double kFirstWaitSeconds = 1;
constexpr double kWaitSecondsMax = 60;
constexpr std::size_t kTokenBytesMax = 8192;

}  // namespace

struct Restarts::Job {
  Order order;
  base::Secret token;
  std::size_t next = 0;
  std::size_t working = 0;
  Status status;
};

std::string restart_url(std::string_view api, const model::Workload& workload) {
  while (api.ends_with('/')) api.remove_suffix(1);
  std::string url(api);
  url += "/v1/projects/";
  base::append_percent_encoded(url, workload.project_id);
  url += "/services/";
  base::append_percent_encoded(url, workload.object_id);
  return url += "/restart";
}

bool can_restart(const model::Workload& workload) {
  return model::same_type(workload.object_type, "service");
}

Restarts::Restarts(NorthflankOptions options, audit::Log& audit, const base::Clock& clock)
    : options_(std::move(options)), audit_(audit), clock_(clock) {}

Restarts::~Restarts() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopping_changed_.notify_all();
  join();
}

void Restarts::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

base::Result<std::uint64_t> Restarts::start(Order order) {
  if (options_.token_file.empty()) {
    return base::fail(base::Code::kUnavailable, "this server has no token for Northflank's API",
                      "set northflank_token_file in its config file, or print the calls",
                      "not_configured");
  }
  auto token = base::read_file(options_.token_file, kTokenBytesMax);
  if (!token) return base::pass(token, "northflank_token_file");
  const std::lock_guard lock(mutex_);
  if (job_ && job_->status.running) {
    return base::fail(base::Code::kConflict, "workloads are being restarted already",
                      "wait until that is done");
  }
  join();
  job_ = std::make_unique<Job>();
  job_->order = std::move(order);
  job_->token = base::strip_single_newline(std::move(*token));
  job_->status.id = ++last_id_;
  job_->status.total = job_->order.workloads.size();
  job_->status.running = !job_->order.workloads.empty();
  const auto count = std::min<std::size_t>(
      job_->order.workloads.size(),
      static_cast<std::size_t>(std::clamp(job_->order.at_once, 1, kAtOnceMax)));
  job_->working = count;
  for (std::size_t i = 0; i < count; ++i) {
    threads_.emplace_back([this, job = job_.get()] { work(*job); });
  }
  return last_id_;
}

void Restarts::work(Job& job) {
  while (true) {
    model::Workload workload;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_ || job.next >= job.order.workloads.size()) {
        if (--job.working == 0) job.status.running = false;
        return;
      }
      workload = job.order.workloads[job.next++];
    }
    const auto result = restart(job, workload);
    record(job, workload, result);
    const std::lock_guard lock(mutex_);
    if (result) {
      ++job.status.done;
    } else {
      job.status.failures.push_back({workload, result.error().message});
    }
  }
}

bool Restarts::wait(double seconds) {
  std::unique_lock lock(mutex_);
  return !stopping_changed_.wait_for(lock, std::chrono::duration<double>(seconds),
                                     [this] { return stopping_; });
}

base::Result<void> Restarts::restart(const Job& job, const model::Workload& workload) {
  double pause = kFirstWaitSeconds;
  for (int tries = 1;; ++tries) {
    client::ClientRequest request;
    request.method = "POST";
    request.url = restart_url(options_.api, workload);
    request.fields.push_back({"Content-Type", "application/json"});
    request.bearer = job.token.clone();
    request.body = base::Secret("{}");
    request.response_bytes_max = 1024 * 1024;
    auto response = client::send(request);
    if (response && response->status >= 200 && response->status < 300) return {};
    const bool again = !response || response->status == 429 || response->status >= 500;
    if (!again || tries == kTriesMax) {
      if (!response) return base::pass(response);
      return base::fail(base::Code::kUnavailable,
                        "Northflank answered " + std::to_string(response->status));
    }
    double seconds = pause;
    if (response && response->retry_after_seconds > 0) {
      seconds = static_cast<double>(response->retry_after_seconds);
    }
    if (!wait(std::min(seconds, kWaitSecondsMax))) {
      return base::fail(base::Code::kUnavailable, "the server stopped before it was tried again");
    }
    pause *= 2;
  }
}

void Restarts::record(const Job& job, const model::Workload& workload,
                      const base::Result<void>& result) {
  const audit::Event event{
      .time = clock_.now(),
      .event = "workload.restart",
      .outcome = result ? audit::Outcome::kOk : audit::Outcome::kFailed,
      .team = workload.team,
      .project_id = workload.project_id,
      .object_id = workload.object_id,
      .object_type = workload.object_type,
      .operator_name = job.order.operator_name,
      .remote = job.order.remote,
      .request_id = job.order.request_id,
      .reason = result ? std::string_view() : base::code_name(result.error().code)};
  (void)audit_.append({&event, 1}, audit::Durability::kWritten);
}

Restarts::Status Restarts::status() const {
  const std::lock_guard lock(mutex_);
  return job_ ? job_->status : Status{};
}

}  // namespace sutler::admin
