#include "source/aws/profile.h"

#include <algorithm>

namespace sutler::source {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

// The profile that `[…]` begins; empty: another kind of section.
std::string_view section_profile(std::string_view line, ProfileFile kind) {
  const auto end = line.find(']');
  if (end == std::string_view::npos) return {};
  const std::string_view name = trimmed(line.substr(1, end - 1));
  if (kind == ProfileFile::kCredentials || name == "default") return name;
  constexpr std::string_view word = "profile";
  if (!name.starts_with(word) || name.size() == word.size()) return {};
  const std::string_view rest = name.substr(word.size());
  if (rest.front() != ' ' && rest.front() != '\t') return {};
  std::string_view profile = trimmed(rest);
  if (profile.size() >= 2 && profile.front() == '"' && profile.back() == '"') {
    profile = profile.substr(1, profile.size() - 2);
  }
  return profile;
}

}  // namespace

std::optional<ProfileSettings> read_profile(std::string_view text, ProfileFile kind,
                                            std::string_view profile) {
  std::optional<ProfileSettings> settings;
  bool inside = false;
  while (!text.empty()) {
    const auto newline = text.find('\n');
    const std::string_view whole = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      inside = !profile.empty() && section_profile(line, kind) == profile;
      if (inside && !settings) settings.emplace();
      continue;
    }
    const bool indented = whole.front() == ' ' || whole.front() == '\t';
    const auto equals = line.find('=');
    if (!inside || indented || equals == std::string_view::npos) continue;
    std::string name(trimmed(line.substr(0, equals)));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    settings->insert_or_assign(std::move(name), base::Secret(trimmed(line.substr(equals + 1))));
  }
  return settings;
}

}  // namespace sutler::source
