// The driver of AWS Secrets Manager.
#include <atomic>
#include <utility>

#include "base/json.h"
#include "source/aws/api.h"
#include "source/aws/batches.h"
#include "source/aws/config.h"
#include "source/aws/locator.h"
#include "source/call.h"

namespace sutler::source {
namespace {

constexpr std::size_t kBatchMax = 20;  // of BatchGetSecretValue
// Where a batch is denied, single calls are made for this long.
constexpr std::int64_t kNoBatchSeconds = 600;

std::string request_body(const SecretLocator& locator) {
  std::string body = R"({"SecretId":)";
  base::append_json_string(body, locator.id);
  if (!locator.stage.empty()) {
    body += R"(,"VersionStage":)";
    base::append_json_string(body, locator.stage);
  }
  if (!locator.version.empty()) {
    body += R"(,"VersionId":)";
    base::append_json_string(body, locator.version);
  }
  return body + "}";
}

class SecretsManager final : public Driver {
 public:
  SecretsManager(AwsConfig config, const base::Clock& clock)
      : config_(std::move(config)),
        clock_(clock),
        api_(config_, {"secretsmanager", "secretsmanager"}, clock) {}

  [[nodiscard]] base::Result<void> validate(std::string_view locator) const override {
    auto parsed = parse_secret_locator(locator);
    if (!parsed) return base::pass(parsed);
    return {};
  }

  [[nodiscard]] Answer<Document> read(const std::string& locator, Deadline deadline) override {
    const auto parsed = parse_secret_locator(locator);
    if (!parsed) return failed(FailureKind::kBadReference, parsed.error().message);
    auto response = api_.ask("GetSecretValue", request_body(*parsed), deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    return read_secret_value(aws_reply(*response), who(locator));
  }

  [[nodiscard]] std::size_t batch_max() const override { return kBatchMax; }

  [[nodiscard]] std::vector<Answer<Document>> read_many(std::span<const std::string> locators,
                                                        Deadline deadline) override {
    return read_in_batches(
        locators, kBatchMax,
        [&](auto some, BatchFound found) { read_batch(some, found, deadline); },
        [&](const std::string& locator) { return read(locator, deadline); });
  }

  // Asks for the description of a secret that need not be there: whatever AWS says of it, the
  // signature was taken first.
  [[nodiscard]] Answer<std::string> check(Deadline deadline) override {
    auto response = api_.ask("DescribeSecret", R"({"SecretId":"sutler-source-check"})", deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    if (response->status != 200) {
      auto failure = read_aws_error(aws_reply(*response), who("DescribeSecret"));
      const bool in = failure.kind == FailureKind::kMissing || failure.kind == FailureKind::kDenied;
      if (!in) return std::unexpected(std::move(failure));
    }
    return api_.keys_for_people(deadline, clock_.now());
  }

 private:
  // Fills what one batch call tells; what stays empty is read by itself. A batch takes current
  // versions only, and pays from two on.
  void read_batch(std::span<const std::string> locators, BatchFound found, Deadline deadline) {
    if (clock_.now().seconds() < no_batch_until_) return;
    std::string body = R"({"SecretIdList":[)";
    std::size_t count = 0;
    for (const auto& locator : locators) {
      const auto parsed = parse_secret_locator(locator);
      if (!parsed || !parsed->is_plain()) continue;
      if (count++ > 0) body += ',';
      base::append_json_string(body, parsed->id);
    }
    if (count < 2) return;
    auto response = api_.ask("BatchGetSecretValue", body + "]}", deadline);
    if (!response) return fill(found, response.error());
    auto entries = read_secret_batch(aws_reply(*response), who("BatchGetSecretValue"));
    if (!entries) {
      if (entries.error().kind == FailureKind::kDenied) {
        no_batch_until_ = clock_.now().seconds() + kNoBatchSeconds;
      }
      // What is wrong with one locator, or with batches, is told by reading them one by one.
      const bool all = entries.error().kind == FailureKind::kOutage ||
                       entries.error().kind == FailureKind::kLogin;
      if (all) fill(found, entries.error());
      return;
    }
    for (auto& entry : *entries) {
      for (std::size_t i = 0; i < locators.size(); ++i) {
        const bool its = locators[i] == entry.name || locators[i] == entry.arn;
        // A refusal in a batch is asked again by itself: that call tries new keys first.
        const bool denied = !entry.answer && entry.answer.error().kind == FailureKind::kDenied;
        if (its && !found[i] && !denied) {
          if (!entry.answer) entry.answer.error().message = who(locators[i]) + shown(entry);
          found[i] = std::move(entry.answer);
          break;
        }
      }
    }
  }

  static std::string shown(const AwsEntry& entry) {
    const auto colon = entry.answer.error().message.rfind(": ");
    return colon == std::string::npos ? "" : entry.answer.error().message.substr(colon);
  }

  static void fill(BatchFound found, const Failure& failure) {
    for (auto& one : found) one = std::unexpected(failure);
  }

  [[nodiscard]] std::string who(const std::string& locator) const {
    return "source " + config_.name + ": " + locator;
  }

  AwsConfig config_;
  const base::Clock& clock_;
  AwsApi api_;
  std::atomic<std::int64_t> no_batch_until_{0};
};

}  // namespace

base::Result<void> check_aws_config(const AwsConfig& config) {
  const auto refuse = [&config](const std::string& why, const std::string& hint) {
    return base::fail(base::Code::kInvalid, "source " + config.name + ": " + why, hint);
  };
  if (!config.region.empty() && !is_region(config.region)) {
    return refuse("the region is no name of a region", "write it as in eu-west-1");
  }
  for (const auto* url : {&config.endpoint, &config.sts_endpoint, &config.metadata_endpoint}) {
    if (url->empty()) continue;
    if (auto good = client::printable_url(*url); !good) {
      return base::pass(good, "source " + config.name + ": endpoint");
    }
    if (url->find_first_of("?#") != std::string::npos) {
      return refuse("an endpoint has a query", "write it as https://HOST:PORT");
    }
  }
  if (config.auth == AwsAuth::kKeys &&
      (!config.access_key_id.given() || !config.secret_access_key.given())) {
    return refuse("keys need both access_key_id and secret_access_key", "say where both come from");
  }
  return {};
}

std::unique_ptr<Driver> make_aws_secretsmanager(AwsConfig config, const base::Clock& clock) {
  return std::make_unique<SecretsManager>(std::move(config), clock);
}

}  // namespace sutler::source
