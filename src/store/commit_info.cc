#include "store/commit_info.h"

#include "base/utf8.h"

namespace sutler::store {

base::Result<void> check_message(std::string_view message) {
  if (message.size() > kMessageBytesMax) {
    return base::fail(base::Code::kTooLarge,
                      "the message is longer than " + std::to_string(kMessageBytesMax) + " bytes");
  }
  if (base::is_utf8(message) && !base::has_control(message)) return {};
  return base::fail(base::Code::kInvalid,
                    "the message must be one line of text without control characters");
}

void write_info(ByteWriter& out, const CommitInfo& info) {
  out.text(info.who);
  out.signed_number(info.when.microseconds);
  out.text(info.message);
}

CommitInfo read_info(ByteReader& in) {
  CommitInfo info;
  info.who = in.text();
  info.when.microseconds = in.signed_number();
  info.message = in.text();
  if (info.message.size() > kMessageBytesMax) in.refuse();
  return info;
}

}  // namespace sutler::store
