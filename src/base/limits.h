// Every limit of the product, with its unit in its name. Inputs over a limit are refused with an
// error that names the limit; nothing is ever cut off in silence.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sutler::base::limits {

// The wire.
inline constexpr std::size_t kRequestHeaderBytesMax = 16 * 1024;
inline constexpr std::size_t kRequestHeaderFieldsMax = 100;
inline constexpr std::size_t kTargetBytesMax = 2 * 1024;
inline constexpr std::size_t kTokenBytesMax = 8 * 1024;
inline constexpr std::size_t kAdminBodyBytesMax = 16 * 1024 * 1024;

// The model.
inline constexpr std::size_t kNameBytesMax = 256;  // groups, variables, ids of a workload
inline constexpr std::size_t kDescriptionBytesMax = 200;
inline constexpr std::size_t kPathBytesMax = 4096;  // of a secret file: Linux's PATH_MAX
// `NAME=value` with its NUL, as Linux limits one environment string (MAX_ARG_STRLEN).
inline constexpr std::size_t kEnvironmentStringBytesMax = 131'072;
inline constexpr std::size_t kFileBytesMax = 1024 * 1024;
inline constexpr std::size_t kGroupBytesMax = 4 * 1024 * 1024;
inline constexpr std::size_t kBundleBytesMax = 8 * 1024 * 1024;
// Names and paths of all entries. Each fetch and each change is recorded in one line of the audit
// with its names, so that they must fit one line (audit/line.h).
inline constexpr std::size_t kGroupNamesBytesMax = 1024 * 1024;
inline constexpr std::size_t kBundleNamesBytesMax = 3 * 1024 * 1024;  // and its groups, as JSON
inline constexpr std::size_t kGroupEntriesMax = 10'000;
inline constexpr std::size_t kSecretsFromMax = 64;           // items of one group
inline constexpr std::size_t kSecretsFromNamesMax = 1000;    // fields that one item names
inline constexpr std::size_t kRestrictionPatternsMax = 256;  // of each kind in one group
inline constexpr std::size_t kFreeGlobsPerTeamMax = 1'000;  // patterns that are not exact or prefix
inline constexpr int kPriorityMax = 100;
inline constexpr int kPriorityDefault = 10;
inline constexpr std::size_t kSigningKeysPerTeamMax = 16;
// Of all teams together. Each costs up to about 5 KiB of locked memory.
inline constexpr std::size_t kSigningKeysMax = 20'000;
inline constexpr std::size_t kSigningKeyBytesMin = 32;  // RFC 7518 section 3.2
inline constexpr std::size_t kSigningKeyBytesMax = 4096;
inline constexpr int kLeewaySecondsDefault = 30;
inline constexpr int kLeewaySecondsMax = 60;

// Operators.
inline constexpr std::size_t kOperatorsMax = 10'000;
inline constexpr std::size_t kOperatorNameBytesMax = 128;
inline constexpr std::size_t kScopesPerOperatorMax = 64;
inline constexpr std::size_t kTokensPerOperatorMax = 100;
inline constexpr std::size_t kSessionsMax = 10'000;  // of browsers, in one process

// Readers.
inline constexpr std::size_t kJsonDepthMax = 32;
inline constexpr std::size_t kTemplateDepthMax = 32;

}  // namespace sutler::base::limits
