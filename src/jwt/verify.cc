#include "jwt/verify.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <vector>

#include "base/limits.h"
#include "model/workload.h"

namespace sutler::jwt {

namespace json = boost::json;

// Reads a payload without building a tree: keeps the six claims that matter, checks the rest for
// form. A member twice in one object, at whatever depth, is refused.
class ClaimsReader {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Ec = json::error_code;

  static std::optional<Claims> read(std::string_view payload, std::size_t key) {
    json::parse_options options;
    options.max_depth = base::limits::kJsonDepthMax;
    json::basic_parser<ClaimsReader> parser(options);
    json::error_code ec;
    const std::size_t used = parser.write_some(false, payload.data(), payload.size(), ec);
    ClaimsReader& reader = parser.handler();
    if (ec || used != payload.size() || !reader.is_complete()) return std::nullopt;
    reader.claims_.key_ = key;
    return std::move(reader.claims_);
  }

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec& ec) { return open(Kind::kObject, ec); }
  bool on_object_end(std::size_t, Ec&) { return close(); }
  bool on_array_begin(Ec& ec) { return open(Kind::kArray, ec); }
  bool on_array_end(std::size_t, Ec&) { return close(); }
  bool on_key_part(json::string_view part, std::size_t, Ec&) { return take(part); }
  bool on_key(json::string_view part, std::size_t, Ec& ec) {
    take(part);
    const auto known = names_.begin() + static_cast<std::ptrdiff_t>(scopes_.back());
    if (std::find(known, names_.end(), text_) != names_.end()) return stop(ec);
    names_.push_back(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, Ec&) { return take(part); }
  bool on_string(json::string_view part, std::size_t, Ec& ec) {
    take(part);
    bool ok = true;
    if (depth_ == 1) {
      if (names_.back() == "projectId") ok = keep(claims_.project_id_);
      if (names_.back() == "nfObjectId") ok = keep(claims_.object_id_);
      if (names_.back() == "nfObjectType") ok = keep(claims_.object_type_);
      ok = ok && time_claim() == nullptr;
    }
    text_.clear();
    return ok || stop(ec);
  }
  bool on_number_part(json::string_view, Ec&) { return true; }
  bool on_int64(std::int64_t n, json::string_view, Ec& ec) {
    return number(static_cast<double>(n), ec);
  }
  bool on_uint64(std::uint64_t n, json::string_view, Ec& ec) {
    return number(static_cast<double>(n), ec);
  }
  bool on_double(double n, json::string_view, Ec& ec) { return number(n, ec); }
  bool on_bool(bool, Ec& ec) { return other(ec); }
  bool on_null(Ec& ec) { return other(ec); }
  bool on_comment_part(json::string_view, Ec&) { return true; }
  bool on_comment(json::string_view, Ec&) { return true; }

 private:
  enum class Kind { kObject, kArray };

  static bool stop(Ec& ec) {
    ec = json::error::syntax;
    return false;
  }
  bool take(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool keep(std::string& claim) const {
    if (!model::is_valid_claim(text_)) return false;
    claim = text_;
    return true;
  }
  // The payload must be an object, and no claim that we read may be one.
  bool open(Kind kind, Ec& ec) {
    if (depth_ == 0 && kind != Kind::kObject) return stop(ec);
    if (depth_ == 1 && !other(ec)) return false;
    ++depth_;
    scopes_.push_back(names_.size());
    return true;
  }
  bool close() {
    --depth_;
    names_.resize(scopes_.back());
    scopes_.pop_back();
    return true;
  }
  [[nodiscard]] std::optional<double>* time_claim() {
    if (names_.back() == "exp") return &claims_.expires_at_;
    if (names_.back() == "nbf") return &claims_.not_before_;
    if (names_.back() == "iat") return &claims_.issued_at_;
    return nullptr;
  }
  [[nodiscard]] bool names_an_id() const {
    return names_.back() == "projectId" || names_.back() == "nfObjectId" ||
           names_.back() == "nfObjectType";
  }
  bool number(double n, Ec& ec) {
    if (!std::isfinite(n) || depth_ == 0) return stop(ec);
    if (depth_ != 1) return true;
    if (names_an_id()) return stop(ec);
    if (auto* claim = time_claim()) *claim = n;
    return true;
  }
  bool other(Ec& ec) {
    if (depth_ == 0) return stop(ec);
    return depth_ != 1 || (!names_an_id() && time_claim() == nullptr) || stop(ec);
  }
  [[nodiscard]] bool is_complete() const {
    return !claims_.project_id_.empty() && !claims_.object_id_.empty() &&
           !claims_.object_type_.empty();
  }

  Claims claims_;
  std::size_t depth_ = 0;
  std::vector<std::string> names_;   // of the open objects, innermost last
  std::vector<std::size_t> scopes_;  // where in names_ each open object or array starts
  std::string text_;
};

std::expected<Claims, Refusal> verify(std::string_view token, std::span<const Key> keys,
                                      const Policy& policy, base::UnixTime now) {
  auto signed_payload = verify_jws(token, keys, now);
  if (!signed_payload) return std::unexpected(signed_payload.error());
  auto claims = ClaimsReader::read(signed_payload->payload(), signed_payload->key());
  if (!claims) return std::unexpected(Refusal::kBadClaims);

  const double seconds = static_cast<double>(now.microseconds) / 1e6;
  const double leeway = policy.leeway_seconds;
  if (!claims->expires_at() && policy.exp == ExpiryDemand::kAlways) {
    return std::unexpected(Refusal::kExpRequired);
  }
  if (claims->expires_at() && seconds >= *claims->expires_at() + leeway) {
    return std::unexpected(Refusal::kExpired);
  }
  if (claims->not_before() && seconds < *claims->not_before() - leeway) {
    return std::unexpected(Refusal::kNotYetValid);
  }
  return std::move(*claims);
}

}  // namespace sutler::jwt
