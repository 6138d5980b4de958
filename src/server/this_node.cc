#include "server/this_node.h"

#include <unistd.h>

#include "store/nodes.h"
#include "store/notes.h"

namespace sutler::server {

ThisNode this_node(store::Store& store, const base::Secret& seed,
                   const std::filesystem::path& data_dir) {
  char name[256] = {};
  ThisNode node;
  node.host = ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
  const store::Notes notes(store.backend(), seed);
  node.id = store::Nodes::id_of(notes, node.host, data_dir.string());
  if (!store.backend().one_process()) node.telemetry = node.id;
  return node;
}

}  // namespace sutler::server
