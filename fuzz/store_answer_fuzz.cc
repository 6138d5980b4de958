// What stores answer: whatever bytes come, a document or a failure, and a field never says more
// than the answer held.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "source/aws/answers.h"
#include "source/aws/profile.h"
#include "source/json_document.h"
#include "source/vault/answers.h"

using namespace sutler;

namespace {

constexpr int kStatuses[] = {200, 307, 400, 403, 404, 405, 429, 500, 503};

void check(const source::Answer<source::Document>& answer, std::size_t size) {
  if (!answer) return;
  std::size_t bytes = 0;
  if (answer->fields) {
    for (const auto& field : *answer->fields) bytes += field.value.size();
  }
  if (answer->bytes.size() > size || bytes > size) std::abort();
}

void vault(const source::VaultReply& reply) {
  check(source::read_kv(reply, 1, "w"), reply.body.size());
  check(source::read_kv(reply, 2, "w"), reply.body.size());
  (void)source::read_login(reply, "w");
  (void)source::read_renewal(reply, "w");
  (void)source::read_lookup(reply, "w");
  const auto mount = source::read_mount(reply, "w");
  if (mount && (mount->path.empty() || mount->kv_version < 1 || mount->kv_version > 2)) {
    std::abort();
  }
}

void aws(const source::AwsReply& reply) {
  check(source::read_secret_value(reply, "w"), reply.body.size());
  if (auto entries = source::read_secret_batch(reply, "w")) {
    for (const auto& entry : *entries) check(entry.answer, reply.body.size());
  }
  if (auto entries = source::read_parameters(reply, "w")) {
    for (const auto& entry : *entries) check(entry.answer, reply.body.size());
  }
  const auto check_keys = [](const source::Answer<source::AwsKeys>& keys) {
    if (keys && (keys->id.empty() || keys->secret.size() == 0)) std::abort();
  };
  check_keys(source::read_endpoint_keys(reply, "w"));
  check_keys(source::read_assumed_role(reply, "w"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const int status : kStatuses) {
    vault({status, text});
    aws({status, text});
  }
  (void)source::raw_members(text);
  (void)source::read_profile(text, source::ProfileFile::kCredentials, "default");
  (void)source::read_profile(text, source::ProfileFile::kConfig, "p");
  return 0;
}
