// What `sources` of the config file says of one kind of store: `connection`, `credentials` and
// what else a kind takes.
#pragma once

#include <memory>
#include <variant>

#include "base/clock.h"
#include "server/config_tree.h"
#include "source/aws/config.h"
#include "source/config.h"
#include "source/exec/config.h"
#include "source/file/config.h"
#include "source/vault/config.h"

namespace sutler::server {

// Of both kinds of AWS; which one, Common::kind tells.
using SourceKind = std::variant<std::monostate, source::VaultConfig, source::AwsConfig,
                                source::ExecConfig, source::FileConfig>;

// By `common.kind`. Mistakes go to the reader; std::monostate: the kind is unknown.
[[nodiscard]] SourceKind read_source_kind(MapReader& reader, const source::Common& common);

}  // namespace sutler::server
