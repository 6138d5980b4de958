// A whole admin side in memory for the tests: a real store, a real audit log in a folder of its
// own, and requests in one line each.
#pragma once

#include <gtest/gtest.h>
#include <algorithm>

#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/audit_rows.h"
#include "admin/service.h"
#include "audit/merged.h"
#include "base/test_support.h"
#include "store/backend/fault_backend.h"
#include "store/backend/memory_backend.h"
#include "store/test_support.h"

namespace sutler::admin::test {

namespace json = boost::json;

inline constexpr std::string_view kOwnerToken = "owner-token-for-tests-0123456789";
inline constexpr http::Field kJsonField[] = {{"Content-Type", "application/json"}};
inline constexpr std::string_view kBearer = "Bearer owner-token-for-tests-0123456789";

using base::test::must;
using base::test::TempFolder;

struct Answer {
  int status = 0;
  std::string type;
  std::string fields;
  std::string text;

  [[nodiscard]] json::value body() const { return json::parse(text); }
  [[nodiscard]] json::value at(const char* pointer) const { return body().at_pointer(pointer); }
  // The problem's code, or "" for another answer.
  [[nodiscard]] std::string code() const {
    if (type != "application/problem+json") return {};
    return json::value_to<std::string>(body().at("code"));
  }
  // The entity tag of a group, or "".
  [[nodiscard]] std::string etag() const {
    const std::size_t at = fields.find("ETag: ");
    return at == std::string::npos ? "" : fields.substr(at + 6, fields.find('\r', at) - at - 6);
  }
  [[nodiscard]] std::string detail() const {
    return json::value_to<std::string>(body().at("detail"));
  }
};

// `{"name": "g", …}` for a group of everybody with the variables.
inline std::string group_json(std::string_view name, std::string_view variables,
                              std::string_view members = {}) {
  return R"({"name":")" + std::string(name) + R"(")" + std::string(members) +
         R"(,"secrets":{"variables":)" + std::string(variables) + "}}";
}

inline std::string apply_json(std::initializer_list<std::string> groups,
                              std::string_view members = {}) {
  std::string text = R"({"groups":[)";
  for (const std::string& group : groups) text += (text.back() == '[' ? "" : ",") + group;
  return text + "]" + std::string(members) + "}";
}

// The audit's system calls; writing fails while `full` is set.
class FaultyCalls final : public audit::FileCalls {
 public:
  ssize_t write(int fd, const void* bytes, std::size_t count) const override {
    if (!full) return FileCalls::write(fd, bytes, count);
    errno = EIO;
    return -1;
  }
  std::atomic<bool> full = false;
};

// Several: the store's table holds the audit of more nodes than this one.
enum class Nodes { kOne, kSeveral };
inline const std::string kOwnNode(audit::kNodeDigits, 'a');

class Bench {
 public:
  explicit Bench(model::WeakKeys weak_keys = model::WeakKeys::kRefuse,
                 std::uint32_t failures_per_minute_max = 1'000'000,
                 source::Sources* sources = nullptr, Nodes nodes = Nodes::kOne) {
    std::vector<base::LockedBytes> keys;
    keys.emplace_back(std::string_view("0123456789abcdef0123456789abcdef"));
    keys_ = std::make_shared<const crypto::MasterKeys>(
        must(crypto::MasterKeys::from_keys(std::move(keys))));
    backend_ = store::make_memory_backend();
    must(store::Store::create(*backend_, *keys_, {"test", clock_.now()}));
    auto faulty =
        store::with_errors(std::make_unique<store::test::Meddler>(backend_),
                           [this](std::string_view operation) -> std::optional<base::Error> {
                             if (operation != "apply") return std::nullopt;
                             if (before_commit) before_commit();
                             return apply_error_;
                           });
    store_ = must(store::Store::open(std::move(faulty), keys_));
    store_->subscribe([this](const store::Publication& p) { catalog_.publish(p); });
    audit::Options options;
    options.folder = folder_.path() / "audit";
    std::filesystem::create_directories(options.folder);
    options.reserve_bytes = 0;
    options.calls = &calls_;
    if (nodes == Nodes::kSeveral) options.node = kOwnNode;
    const base::Secret seed = must(store_->audit_seed());
    audit_ = must(audit::Log::open(options, seed, clock_, {}, [](const audit::Position&) {}));
    Options service{*store_, catalog_, *audit_, clock_};
    service.access.owner_token = base::Secret(kOwnerToken);
    // Tests show more wrong tokens than people do; those of the limit set their own.
    service.access.failures_per_minute_max = failures_per_minute_max;
    service.access.proxy.roles = {{"platform", {Role::kOwner, Reveal::kYes, {}}}};
    service.weak_keys = weak_keys;
    service.version = "0.0-test";
    service.registry = &registry_;
    service.sources = sources;
    service.ready = [this] { return ready_; };
    if (nodes == Nodes::kSeveral) {
      rows_ = std::make_unique<AuditRows>(store_->backend());
      table_ = std::make_unique<audit::ChunkTable>(*rows_, seed);
      merged_ = std::make_unique<audit::MergedLog>(
          audit::MergedLog::Self{.folder = options.folder,
                                 .node = kOwnNode,
                                 .name = "host-a",
                                 .last_seq = [this] { return audit_->position().seq; }},
          *table_, clock_);
      service.background.merged = merged_.get();
    }
    service_ = std::make_unique<Service>(std::move(service));
  }

  // As root on the socket.
  Answer ask(std::string_view method, std::string_view target, std::string_view body = {}) {
    return ask_as(0, method, target, body);
  }
  Answer ask_as(std::int64_t uid, std::string_view method, std::string_view target,
                std::string_view body = {}) {
    http::Request request = request_of(method, target, body);
    request.remote = "unix";
    request.peer_uid = uid;
    request.fields = kJsonField;
    return answer(request);
  }
  // With header fields, as root on the socket.
  Answer ask_with(std::vector<http::Field> fields, std::string_view method, std::string_view target,
                  std::string_view body = {}) {
    http::Request request = request_of(method, target, body);
    request.remote = "unix";
    request.peer_uid = 0;
    request.fields = fields;
    return answer(request);
  }
  Answer ask_tcp(std::string_view authorization, std::string_view method, std::string_view target,
                 std::string_view body = {}, std::string_view host = "localhost:8081") {
    const http::Field fields[] = {{"HOST", host}, {"Content-Type", "application/json"}};
    http::Request request = request_of(method, target, body);
    request.remote = "192.0.2.7";
    request.fields = fields;
    request.authorization = authorization;
    request.has_authorization = !authorization.empty();
    return answer(request);
  }

  // By TCP with these fields beside Host.
  Answer ask_fields(std::vector<http::Field> fields, std::string_view method,
                    std::string_view target, std::string_view body = {}) {
    // Who sends fields at all, and does not say which type, sends JSON.
    const auto is_type = [](const http::Field& field) { return field.name == "Content-Type"; };
    if (!body.empty() && !fields.empty() && std::ranges::none_of(fields, is_type)) {
      fields.push_back({"Content-Type", "application/json"});
    }
    fields.push_back({"Host", "localhost:8081"});
    http::Request request = request_of(method, target, body);
    request.remote = "192.0.2.7";
    request.fields = fields;
    return answer(request);
  }
  Answer ask_with_cookie_and_token(std::string_view cookie, std::string_view authorization,
                                   std::string_view target) {
    const http::Field fields[] = {{"Host", "localhost"}, {"Cookie", cookie}};
    http::Request request = request_of("GET", target, {});
    request.remote = "192.0.2.7";
    request.fields = fields;
    request.authorization = authorization;
    request.has_authorization = true;
    return answer(request);
  }
  // As root on the socket who shows a token.
  Answer ask_socket_with(std::string_view authorization, std::string_view method,
                         std::string_view target) {
    http::Request request = request_of(method, target, {});
    request.remote = "unix";
    request.peer_uid = 0;
    request.authorization = authorization;
    request.has_authorization = true;
    return answer(request);
  }
  // On the socket of the proxy, where the group `platform` is an owner's.
  Answer ask_proxy(std::int64_t uid, std::vector<http::Field> fields, std::string_view method,
                   std::string_view target, std::string_view body = {}) {
    http::Request request = request_of(method, target, body);
    request.remote = "unix";
    request.peer_uid = uid;
    if (!body.empty()) fields.push_back({"Content-Type", "application/json"});
    request.fields = fields;
    return answer(request, Door::kProxy);
  }

  // For what must succeed.
  json::value done(std::string_view method, std::string_view target, std::string_view body = {}) {
    const Answer got = ask(method, target, body);
    EXPECT_TRUE(got.status == 200 || got.status == 201) << got.status << ' ' << got.text;
    return got.body();
  }

  // The audit's records, without checkpoints and what the log says of itself.
  [[nodiscard]] std::vector<json::value> records() const {
    std::vector<json::value> found;
    std::ifstream file(audit_->current_file());
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || line.front() != '{') continue;
      json::value record = json::parse(line);
      const auto event = json::value_to<std::string>(record.at("event"));
      // What is about to happen is no happening.
      if (json::value_to<std::string>(record.at("outcome")) == "intent") continue;
      if (event != "checkpoint" && !event.starts_with("audit.")) found.push_back(std::move(record));
    }
    return found;
  }
  [[nodiscard]] std::string audit_text() const {
    std::ifstream file(audit_->current_file());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::uint64_t revision() const { return store_->snapshot()->revision; }

  base::ManualClock& clock() { return clock_; }
  Service& service() { return *service_; }
  store::Store& store() { return *store_; }
  audit::ChunkTable& table() { return *table_; }  // where there are several nodes
  registry::Registry& registry() { return registry_; }
  [[nodiscard]] const resolve::Catalog& catalog() const { return catalog_; }
  void make_unready() { ready_ = false; }
  void fail_audit() { calls_.full = true; }
  void heal_audit() { calls_.full = false; }
  void fail_commits(std::optional<base::Error> error) { apply_error_ = std::move(error); }
  // Called when a commit is planned and not yet made.
  std::function<void()> before_commit;
  // The store as another node has it.
  [[nodiscard]] std::unique_ptr<store::Store> other_node() const {
    return must(store::Store::open(std::make_unique<store::test::Meddler>(backend_), keys_));
  }

 private:
  static http::Request request_of(std::string_view method, std::string_view target,
                                  std::string_view body) {
    http::Request request;
    const std::size_t mark = target.find('?');
    request.method = method;
    request.path = target.substr(0, mark);
    if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
    request.body = body;
    request.id = "0123456789abcdef";
    return request;
  }
  Answer answer(const http::Request& request, Door door = Door::kAdmin) {
    const http::Response response = service_->answer(request, door);
    return {response.status, std::string(response.content_type), response.extra_fields,
            std::string(response.body.expose())};
  }

  base::ManualClock clock_{base::UnixTime::from_seconds(1'800'000'000)};
  TempFolder folder_;
  FaultyCalls calls_;
  std::shared_ptr<const crypto::MasterKeys> keys_;
  std::shared_ptr<store::Backend> backend_;
  std::optional<base::Error> apply_error_;
  bool ready_ = true;
  resolve::Catalog catalog_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> audit_;
  registry::Registry registry_{{}, "a key for digests of 32 bytes..."};
  std::unique_ptr<AuditRows> rows_;
  std::unique_ptr<audit::ChunkTable> table_;
  std::unique_ptr<audit::MergedLog> merged_;
  std::unique_ptr<Service> service_;
};

}  // namespace sutler::admin::test
