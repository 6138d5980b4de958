#include "source/aws/locator.h"

#include <algorithm>

namespace sutler::source {
namespace {

constexpr std::size_t kNameBytesMax = 2048;  // of an ARN
constexpr std::size_t kOptionBytesMax = 256;

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// The characters that AWS allows in names, ARNs, stages, labels and versions.
bool is_plain_text(std::string_view text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [others](char c) {
    return is_alphanumeric(c) || others.contains(c);
  });
}

base::Unexpected refuse(const std::string& why, const std::string& hint) {
  return base::fail(base::Code::kInvalid, why, hint);
}

constexpr const char* kSecretHint =
    "write it as prod/payments#db_password or with an ARN; another version as "
    "prod/payments?stage=AWSPREVIOUS or prod/payments?version=ID";
constexpr const char* kParameterHint =
    "write it as /prod/payments/db_password; another version as NAME?version=3 or NAME?label=prod";

struct Parts {
  std::string_view name, option, value;
};

Parts cut(std::string_view locator) {
  const auto question = locator.find('?');
  if (question == std::string_view::npos) return {locator, {}, {}};
  const std::string_view rest = locator.substr(question + 1);
  const auto equals = rest.find('=');
  if (equals == std::string_view::npos) return {locator.substr(0, question), rest, {}};
  return {locator.substr(0, question), rest.substr(0, equals), rest.substr(equals + 1)};
}

}  // namespace

base::Result<SecretLocator> parse_secret_locator(std::string_view locator) {
  const Parts parts = cut(locator);
  if (parts.name.size() > kNameBytesMax || !is_plain_text(parts.name, "/_+=.@-:!")) {
    return refuse("the name of a secret holds letters, digits and /_+=.@-!", kSecretHint);
  }
  SecretLocator out{std::string(parts.name), {}, {}};
  if (locator.size() == parts.name.size()) return out;
  if (parts.value.size() > kOptionBytesMax || !is_plain_text(parts.value, "_+=,.@-:/")) {
    return refuse("the stage or version of a secret is missing or malformed", kSecretHint);
  }
  if (parts.option == "stage") {
    out.stage = parts.value;
  } else if (parts.option == "version") {
    out.version = parts.value;
  } else {
    return refuse("a reference to a secret takes ?stage= or ?version= only", kSecretHint);
  }
  return out;
}

base::Result<std::string> parse_parameter_locator(std::string_view locator) {
  const Parts parts = cut(locator);
  if (parts.name.size() > kNameBytesMax || !is_plain_text(parts.name, "/_.-:")) {
    return refuse("the name of a parameter holds letters, digits and /_.-", kParameterHint);
  }
  const bool is_arn = parts.name.starts_with("arn:");
  const auto colons = static_cast<std::size_t>(std::ranges::count(parts.name, ':'));
  const std::size_t colons_of_name = is_arn ? 5 : 0;
  if (colons > colons_of_name + 1 || colons < colons_of_name || parts.name.ends_with(':')) {
    return refuse("a parameter has one version or label behind its name", kParameterHint);
  }
  std::string out(parts.name);
  if (locator.size() == parts.name.size()) return out;
  if (colons > colons_of_name) return refuse("a version is given twice", kParameterHint);
  if (parts.value.size() > kOptionBytesMax || !is_plain_text(parts.value, "_.-")) {
    return refuse("the version or label of a parameter is missing or malformed", kParameterHint);
  }
  const bool digits = std::ranges::all_of(parts.value, [](char c) { return c >= '0' && c <= '9'; });
  if (parts.option == "version" ? !digits : parts.option != "label" || digits) {
    return refuse("a parameter takes ?version=NUMBER or ?label=NAME only", kParameterHint);
  }
  return out + ":" + std::string(parts.value);
}

std::string bare_parameter(std::string_view name) {
  // An ARN has five colons of its own.
  std::size_t at = std::string_view::npos;
  for (int colons = name.starts_with("arn:") ? 5 : 0; colons >= 0; --colons) {
    at = name.find(':', at == std::string_view::npos ? 0 : at + 1);
    if (at == std::string_view::npos) break;
  }
  return std::string(name.substr(0, at));
}

bool is_region(std::string_view text) {
  return text.size() <= 64 && !text.empty() && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace sutler::source
