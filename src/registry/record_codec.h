// The plaintext of a workload and what is known of it (docs/formats/store.md).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "registry/record.h"
#include "store/wire.h"

namespace sutler::registry {

inline constexpr std::size_t kDigestBytes = 16;

void write_workload(store::ByteWriter& out, const model::Workload& workload);
[[nodiscard]] model::Workload read_workload(store::ByteReader& in);
void write_time(store::ByteWriter& out, base::UnixTime time);
[[nodiscard]] base::UnixTime read_time(store::ByteReader& in);

[[nodiscard]] std::string encode_record(const Record& record);
// `lists` finds a list by its digest; a version whose list is not there is left out. Nothing for
// what is not in this form.
using FindList = std::function<GroupKeysPointer(std::string_view digest)>;
[[nodiscard]] std::optional<Record> decode_record(std::string_view text, const FindList& lists);

}  // namespace sutler::registry
