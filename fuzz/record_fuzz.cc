// The plaintext of a group's record: whatever the readers take, the writers must make again, byte
// for byte. Input: the length of the header in two bytes, the low one first; the header; the body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/group_codec.h"
#include "store/head.h"
#include "store/team_codec.h"

using namespace sutler;

namespace {

void check_header_and_body(std::string_view header, std::string_view body) {
  const auto parts = store::decode_group_header(header);
  if (!parts) return;
  if (store::encode_group_header(parts->header, parts->packed_keys, parts->info) != header) {
    std::abort();
  }
  model::Group group;
  if (!store::decode_group_body(body, parts->packed_keys, group)) return;
  if (store::encode_group_body(group).expose() != body) std::abort();
  if (store::pack_keys(group) != parts->packed_keys) std::abort();
}

void check_others(std::string_view bytes) {
  if (const auto head = store::decode_head(bytes); head && store::encode_head(*head) != bytes) {
    std::abort();
  }
  if (const auto tombstone = store::decode_tombstone(bytes);
      tombstone && store::encode_tombstone(*tombstone) != bytes) {
    std::abort();
  }
  if (const auto team = store::decode_team_body(bytes);
      team && store::encode_team_body(*team).expose() != bytes) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (input.size() < 2) return 0;
  const std::size_t split = data[0] + std::size_t{256} * data[1];
  const std::string_view rest = input.substr(2);
  const std::string_view header = rest.substr(0, split);
  check_header_and_body(header, rest.substr(header.size()));
  check_others(rest);
  return 0;
}
