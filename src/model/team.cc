#include "model/team.h"

#include <arpa/inet.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstring>

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
namespace limits = base::limits;

constexpr std::size_t kTeamIdBytesMax = 39;
constexpr std::size_t kDifferentBytesMin = 8;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// An address as bytes: 4 of them or 16. An IPv4-mapped one (::ffff:a.b.c.d) is 4.
struct Address {
  unsigned char bytes[16] = {};
  int family = 0;
  bool mapped = false;  // was written as IPv6
};

std::optional<Address> parse_address(std::string_view text) {
  const std::string zoneless(text.substr(0, text.find('%')));  // without the zone of fe80::1%eth0
  Address address;
  if (::inet_pton(AF_INET, zoneless.c_str(), address.bytes) == 1) {
    address.family = AF_INET;
    return address;
  }
  if (::inet_pton(AF_INET6, zoneless.c_str(), address.bytes) != 1) return std::nullopt;
  address.family = AF_INET6;
  constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(address.bytes, mapped, sizeof mapped) == 0) {
    std::memmove(address.bytes, address.bytes + sizeof mapped, 4);
    std::memset(address.bytes + 4, 0, 12);
    address.family = AF_INET;
    address.mapped = true;
  }
  return address;
}

bool bit(const unsigned char* bytes, int at) { return (bytes[at / 8] >> (7 - at % 8) & 1) != 0; }

base::Unexpected fail_cidr(std::string_view text, std::string_view why) {
  return fail(Code::kInvalid, "address range " + std::string(text) + ": " + std::string(why),
              "write it as 10.0.0.0/8, 2001:db8::/32 or one address");
}

}  // namespace

std::string_view to_word(KeyAlgorithm algorithm) {
  switch (algorithm) {
    case KeyAlgorithm::kHs256: return "HS256";
    case KeyAlgorithm::kHs384: return "HS384";
    case KeyAlgorithm::kHs512: return "HS512";
  }
  return "HS256";
}

std::optional<KeyAlgorithm> key_algorithm_from(std::string_view word) {
  for (const auto algorithm : {KeyAlgorithm::kHs256, KeyAlgorithm::kHs384, KeyAlgorithm::kHs512}) {
    if (to_word(algorithm) == word) return algorithm;
  }
  return std::nullopt;
}

base::Result<Cidr> Cidr::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address || text.find_first_of(std::string_view("%\0", 2)) != std::string_view::npos) {
    return fail_cidr(text, "not an IP address");
  }
  const int bits = address->family == AF_INET ? 32 : 128;
  int prefix = bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, prefix);
    const bool plain =
        !digits.empty() && is_digit(digits[0]) && (digits.size() == 1 || digits[0] != '0');
    if (error != std::errc() || stop != end || !plain) {
      return fail_cidr(text, "the length after / is not a number");
    }
    if (address->mapped) prefix -= 96;
    if (prefix < 0 || prefix > bits) return fail_cidr(text, "the length after / is out of range");
  }
  for (int i = prefix; i < bits; ++i) {
    if (bit(address->bytes, i)) return fail_cidr(text, "has bits set behind the prefix");
  }
  Cidr cidr;
  cidr.text_ = text;
  std::memcpy(cidr.bytes_, address->bytes, sizeof cidr.bytes_);
  cidr.family_ = address->family;
  cidr.prefix_bits_ = prefix;
  return cidr;
}

bool Cidr::contains(std::string_view address) const {
  const auto other = parse_address(address);
  if (!other || other->family != family_) return false;
  for (int i = 0; i < prefix_bits_; ++i) {
    if (bit(bytes_, i) != bit(other->bytes, i)) return false;
  }
  return true;
}

std::string_view to_word(ImpactPolicy policy) {
  return policy == ImpactPolicy::kRefuse ? "refuse" : "report";
}

std::optional<ImpactPolicy> impact_policy_from(std::string_view word) {
  if (word == "report") return ImpactPolicy::kReport;
  if (word == "refuse") return ImpactPolicy::kRefuse;
  return std::nullopt;
}

Team clone(const Team& team) {
  Team copy{team.id, team.path, team.options, {}};
  copy.keys.reserve(team.keys.size());
  for (const SigningKey& key : team.keys) {
    copy.keys.push_back({key.id, key.algorithm, key.secret.clone(), key.created, key.retire_at});
  }
  return copy;
}

base::Result<void> validate_team_id(std::string_view id) {
  const auto fits = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  if (id.empty() || id.size() > kTeamIdBytesMax || !std::ranges::all_of(id, fits) ||
      id.front() == '-' || id.back() == '-') {
    return fail(Code::kInvalid, "not a team id",
                "1 to 39 lower-case letters, digits and dashes, no dash at either end");
  }
  if (id == "healthz") {
    return fail(Code::kInvalid, "the team id healthz is reserved",
                "its path /healthz answers health checks; choose another id");
  }
  return {};
}

base::Result<void> validate_team_path(std::string_view path) {
  const std::string hint = "a path like /payments: letters, digits and - . _ ~ between slashes";
  const auto fits = [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || c == '-' || c == '.' || c == '_' ||
           c == '~' || c == '/';
  };
  if (path.empty() || path.front() != '/' || path.size() > limits::kNameBytesMax ||
      !std::ranges::all_of(path, fits)) {
    return fail(Code::kInvalid, "not a team's path", hint);
  }
  // Clients rewrite these before they send them, so such a path would never be asked for.
  const std::string ended = std::string(path) + "/";
  if (path.find("//") != std::string_view::npos || ended.find("/./") != std::string::npos ||
      ended.find("/../") != std::string::npos) {
    return fail(Code::kInvalid, "a team's path has no empty, . or .. part", hint);
  }
  if (path == "/healthz") {
    return fail(Code::kInvalid, "the path /healthz is reserved", "it answers health checks");
  }
  return {};
}

base::Result<void> check_signing_key(std::string_view key, WeakKeys weak) {
  if (key.empty()) return fail(Code::kInvalid, "the signing key is empty");
  if (key.size() > limits::kSigningKeyBytesMax) {
    return fail(Code::kTooLarge, "the signing key is longer than " +
                                     std::to_string(limits::kSigningKeyBytesMax) + " bytes");
  }
  if (weak == WeakKeys::kAllow) return {};
  const std::string hint =
      "let sutler make one (--generate), or run the server with --allow-weak-keys";
  const auto refuse = [&](std::string why) {
    return fail(Code::kInvalid, "the signing key " + std::move(why), hint, "weak_key");
  };
  if (key == "APP_SECRET") return refuse("is the reference's default, which everybody knows");
  if (key.find("-----BEGIN ") != std::string_view::npos) {
    return refuse("is a PEM; the protocol shares a plain secret string");
  }
  if (key.size() < limits::kSigningKeyBytesMin) {
    return refuse("is shorter than " + std::to_string(limits::kSigningKeyBytesMin) +
                  " bytes (RFC 7518 section 3.2)");
  }
  std::bitset<256> seen;
  for (const char c : key) seen.set(static_cast<unsigned char>(c));
  if (seen.count() < kDifferentBytesMin) {
    return refuse("has fewer than " + std::to_string(kDifferentBytesMin) + " different bytes");
  }
  return {};
}

}  // namespace sutler::model
