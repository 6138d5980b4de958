#include "server/init.h"

#include "server/data_dir.h"
#include "server/prepare.h"

namespace sutler::server {

base::Result<InitPaths> init(const Options& options) {
  auto dir = DataDir::open(options.data_dir);
  if (!dir) return pass(dir);
  const auto holding = look_for_store(*dir, options);
  if (!holding) return base::Unexpected(holding.error());
  if (*holding == Holding::kStore && options.database) return join_store(*dir, options);
  if (*holding == Holding::kStore) {
    return base::fail(base::Code::kConflict,
                      "there is a store in " + options.data_dir.string() + " already",
                      "`sutler serve` runs it; nothing was changed");
  }
  return create_store(*dir, options);
}

}  // namespace sutler::server
