// The driver of AWS Systems Manager Parameter Store. GetParameters only, so that one permission is
// enough.
#include <algorithm>
#include <utility>

#include "base/json.h"
#include "source/aws/api.h"
#include "source/aws/batches.h"
#include "source/aws/config.h"
#include "source/aws/locator.h"
#include "source/call.h"

namespace sutler::source {
namespace {

constexpr std::size_t kBatchMax = 10;  // of GetParameters

class ParameterStore final : public Driver {
 public:
  ParameterStore(AwsConfig config, const base::Clock& clock)
      : config_(std::move(config)), clock_(clock), api_(config_, {"ssm", "AmazonSSM"}, clock) {}

  [[nodiscard]] base::Result<void> validate(std::string_view locator) const override {
    auto parsed = parse_parameter_locator(locator);
    if (!parsed) return base::pass(parsed);
    return {};
  }

  [[nodiscard]] Answer<Document> read(const std::string& locator, Deadline deadline) override {
    const auto name = parse_parameter_locator(locator);
    if (!name) return failed(FailureKind::kBadReference, name.error().message);
    auto entries = ask({*name}, locator, deadline);
    if (!entries) return std::unexpected(std::move(entries.error()));
    const std::string bare = bare_parameter(*name);
    for (auto& entry : *entries) {
      if (entry.name == bare || entry.arn == bare) return std::move(entry.answer);
    }
    return failed(FailureKind::kOutage, who(locator) + ": the answer is for another parameter");
  }

  [[nodiscard]] std::size_t batch_max() const override { return kBatchMax; }

  [[nodiscard]] std::vector<Answer<Document>> read_many(std::span<const std::string> locators,
                                                        Deadline deadline) override {
    return read_in_batches(
        locators, kBatchMax,
        [&](auto some, BatchFound found) { read_batch(some, found, deadline); },
        [&](const std::string& locator) { return read(locator, deadline); });
  }

  // Asks for a parameter that need not be there: whatever AWS says of it, the signature was taken
  // first.
  [[nodiscard]] Answer<std::string> check(Deadline deadline) override {
    auto entries = ask({"/sutler/source/check"}, "GetParameters", deadline);
    if (!entries && entries.error().kind != FailureKind::kDenied) {
      return std::unexpected(std::move(entries.error()));
    }
    return api_.keys_for_people(deadline, clock_.now());
  }

 private:
  Answer<std::vector<AwsEntry>> ask(const std::vector<std::string>& names, const std::string& shown,
                                    Deadline deadline) {
    std::string body = R"({"WithDecryption":true,"Names":[)";
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) body += ',';
      base::append_json_string(body, names[i]);
    }
    auto response = api_.ask("GetParameters", body + "]}", deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    return read_parameters(aws_reply(*response), who(shown));
  }

  // Fills what one call tells; what stays empty is read by itself. AWS takes each parameter once
  // in a call, whatever its version.
  void read_batch(std::span<const std::string> locators, BatchFound found, Deadline deadline) {
    std::vector<std::string> names;
    std::vector<std::string> bare;
    for (const auto& locator : locators) {
      const auto name = parse_parameter_locator(locator);
      if (!name) continue;
      std::string without = bare_parameter(*name);
      if (std::ranges::find(bare, without) != bare.end()) continue;
      bare.push_back(std::move(without));
      names.push_back(*name);
    }
    if (names.size() < 2) return;
    auto entries = ask(names, "GetParameters", deadline);
    if (!entries) {
      const auto kind = entries.error().kind;
      // One that is denied fails them all: told by reading them one by one.
      if (kind != FailureKind::kOutage && kind != FailureKind::kLogin) return;
      for (auto& one : found) one = std::unexpected(entries.error());
      return;
    }
    for (auto& entry : *entries) take(entry, locators, found);
  }

  void take(AwsEntry& entry, std::span<const std::string> locators, BatchFound found) const {
    for (std::size_t i = 0; i < locators.size(); ++i) {
      const auto name = parse_parameter_locator(locators[i]);
      if (found[i] || !name) continue;
      const std::string bare = bare_parameter(*name);
      if (entry.name != bare && entry.arn != bare) continue;
      if (!entry.answer) {
        entry.answer.error().message = who(locators[i]) + ": there is no such parameter";
      }
      found[i] = std::move(entry.answer);
      return;
    }
  }

  [[nodiscard]] std::string who(const std::string& locator) const {
    return "source " + config_.name + ": " + locator;
  }

  AwsConfig config_;
  const base::Clock& clock_;
  AwsApi api_;
};

}  // namespace

std::unique_ptr<Driver> make_aws_ssm(AwsConfig config, const base::Clock& clock) {
  return std::make_unique<ParameterStore>(std::move(config), clock);
}

}  // namespace sutler::source
