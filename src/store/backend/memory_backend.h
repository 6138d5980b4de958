// A backend in memory, for tests of what stands on a backend; passes the same conformance suite.
#pragma once

#include <functional>
#include <memory>

#include "store/backend/backend.h"

namespace sutler::store {

// `seconds` is the clock of its leases, one that never goes back; nothing: the machine's.
[[nodiscard]] std::unique_ptr<Backend> make_memory_backend(std::function<double()> seconds = {});

}  // namespace sutler::store
