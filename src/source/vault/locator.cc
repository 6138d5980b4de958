#include "source/vault/locator.h"

#include <charconv>

#include "base/encoding.h"
#include "base/utf8.h"

namespace sutler::source {
namespace {

constexpr std::size_t kLocatorBytesMax = 1024;

base::Unexpected refuse(const std::string& why) {
  return base::fail(base::Code::kInvalid, "a reference into Vault " + why,
                    "write it as MOUNT/PATH#KEY, as in secret/payments#db_password; a pinned "
                    "version as secret/payments?version=3#db_password");
}

}  // namespace

base::Result<VaultLocator> parse_vault_locator(std::string_view locator) {
  if (locator.size() > kLocatorBytesMax) return refuse("is longer than 1024 bytes");
  if (!base::is_utf8(locator) || base::has_control(locator)) {
    return refuse("holds a control character or is not UTF-8");
  }
  VaultLocator out;
  const auto question = locator.find('?');
  out.path = locator.substr(0, question);
  if (question != std::string_view::npos) {
    std::string_view text = locator.substr(question + 1);
    constexpr std::string_view name = "version=";
    if (!text.starts_with(name)) return refuse("takes nothing but ?version=N");
    text.remove_prefix(name.size());
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc() || end != text.data() + text.size() || version == 0) {
      return refuse("has a version that is no number from 1 up");
    }
    out.version = version;
  }
  std::size_t segments = 0;
  std::string_view rest = out.path;
  for (bool more = true; more; ++segments) {
    const auto slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment.empty()) return refuse("has an empty segment or a slash at an end");
    if (segment == "." || segment == "..") return refuse("has a relative segment");
    more = slash != std::string_view::npos;
    if (more) rest.remove_prefix(slash + 1);
  }
  if (segments < 2) return refuse("names only a mount, or nothing");
  return out;
}

std::string encode_path(std::string_view path) {
  std::string out;
  for (;;) {
    const auto slash = path.find('/');
    base::append_percent_encoded(out, path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

}  // namespace sutler::source
