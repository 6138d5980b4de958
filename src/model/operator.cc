#include "model/operator.h"

#include <algorithm>

#include "base/limits.h"
#include "base/utf8.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
namespace limits = base::limits;

constexpr std::string_view kRoleWords[] = {"owner", "editor", "viewer", "auditor"};
constexpr std::string_view kReserved[] = {"owner-token", "system", "sutler", "me"};

constexpr std::string_view kTokenStart = "sut_";

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-' || c == '@';
}

bool is_pattern(std::string_view text) {
  return !text.empty() && text.size() <= limits::kNameBytesMax && base::is_utf8(text) &&
         std::ranges::none_of(
             text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

base::Result<void> check_patterns(const std::vector<std::string>& patterns,
                                  const std::string& where) {
  if (patterns.size() > limits::kRestrictionPatternsMax) {
    return fail(Code::kTooLarge, where + " has more than " +
                                     std::to_string(limits::kRestrictionPatternsMax) + " patterns");
  }
  if (std::ranges::all_of(patterns, is_pattern)) return {};
  return fail(Code::kInvalid, where + " has a pattern that is no name or glob",
              "1 to 256 bytes of UTF-8 without control characters; `*` and `?` stand for others");
}

base::Result<void> check_text(const std::string& text, const std::string& where) {
  if (text.size() <= limits::kDescriptionBytesMax && (text.empty() || is_pattern(text))) return {};
  return fail(Code::kInvalid, where + " must be at most " +
                                  std::to_string(limits::kDescriptionBytesMax) +
                                  " bytes of UTF-8 without control characters");
}

}  // namespace

std::string_view to_word(Role role) { return kRoleWords[static_cast<std::size_t>(role)]; }

std::optional<Role> role_from(std::string_view word) {
  const auto at = std::ranges::find(kRoleWords, word);
  if (at == std::end(kRoleWords)) return std::nullopt;
  return static_cast<Role>(at - std::begin(kRoleWords));
}

bool is_operator_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::kOperatorNameBytesMax && name.front() != '.' &&
         name.front() != '-' && std::ranges::all_of(name, is_name_character) &&
         !name.starts_with(kTokenStart) &&
         std::ranges::find(kReserved, name) == std::end(kReserved);
}

base::Result<void> validate(const std::vector<Scope>& scopes, std::string_view where) {
  const std::string start(where);
  if (scopes.size() > limits::kScopesPerOperatorMax) {
    return fail(Code::kTooLarge,
                start + ": more than " + std::to_string(limits::kScopesPerOperatorMax) + " scopes");
  }
  for (const Scope& scope : scopes) {
    auto checked = check_patterns(scope.teams, start + ": scope member teams");
    if (checked) checked = check_patterns(scope.projects, start + ": scope member projects");
    if (checked) checked = check_patterns(scope.groups, start + ": scope member groups");
    if (!checked) return base::pass(checked);
    if (scope.priority_max < 0 || scope.priority_max > limits::kPriorityMax) {
      return fail(Code::kInvalid, start + ": scope member priority_max must be 0 to " +
                                      std::to_string(limits::kPriorityMax));
    }
  }
  return {};
}

base::Result<void> validate(const Operator& who) {
  if (who.name.starts_with(kTokenStart)) {
    return fail(Code::kInvalid, "a name that starts with sut_ is a token's, and no operator's",
                "if it is a token, it was shown where it does not belong: revoke it");
  }
  if (!is_operator_name(who.name)) {
    return fail(Code::kInvalid, base::quote_name(who.name) + " is not the name of an operator",
                "1 to " + std::to_string(limits::kOperatorNameBytesMax) +
                    " letters, digits, dots, underscores, dashes and @; no dot or dash in front");
  }
  const std::string where = "operator " + who.name;
  if (auto text = check_text(who.description, where + ": description"); !text) return text;
  if (auto scopes = validate(who.scopes, where); !scopes) return scopes;
  if (who.role == Role::kOwner && !who.scopes.empty()) {
    return fail(Code::kInvalid, where + ": an owner has no scopes, since owners make operators",
                "an editor with the same scopes can do what you mean");
  }
  if (who.tokens.size() > limits::kTokensPerOperatorMax) {
    return fail(Code::kTooLarge,
                where + ": more than " + std::to_string(limits::kTokensPerOperatorMax) + " tokens",
                "revoke one that is not used any more");
  }
  for (const OperatorToken& token : who.tokens) {
    if (auto label = check_text(token.label, where + ": label of a token"); !label) return label;
  }
  return {};
}

}  // namespace sutler::model
