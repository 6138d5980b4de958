#include "audit/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstdlib>

namespace sutler::audit {
namespace {

constexpr std::size_t kStepBytes = 64 * 1024;

// zlib wants bytes that it may write, and writes none of them.
Bytef* input_of(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
}

class Inflater {
 public:
  explicit Inflater(std::string_view packed) {
    stream_.next_in = input_of(packed);
    stream_.avail_in = static_cast<uInt>(packed.size());
    if (::inflateInit(&stream_) != Z_OK) std::abort();  // there is no memory
  }
  ~Inflater() { ::inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Appends up to a step; Z_OK: there is more.
  int next(std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + kStepBytes);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream_.avail_out = kStepBytes;
    const int state = ::inflate(&stream_, Z_NO_FLUSH);
    out.resize(out.size() - stream_.avail_out);
    return state;
  }
  [[nodiscard]] bool is_used_up() const { return stream_.avail_in == 0; }

 private:
  z_stream stream_{};
};

}  // namespace

std::string deflated(std::string_view plain) {
  std::string out(::compressBound(plain.size()), '\0');
  uLongf size = out.size();
  if (::compress2(reinterpret_cast<Bytef*>(out.data()), &size, input_of(plain), plain.size(),
                  Z_DEFAULT_COMPRESSION) != Z_OK) {
    std::abort();  // there is no memory: the room is large enough
  }
  out.resize(size);
  return out;
}

std::optional<std::string> inflated(std::string_view packed, std::size_t bytes_max) {
  Inflater inflater(packed);
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= bytes_max) state = inflater.next(out);
  if (state != Z_STREAM_END || !inflater.is_used_up() || out.size() > bytes_max) return {};
  return out;
}

}  // namespace sutler::audit
