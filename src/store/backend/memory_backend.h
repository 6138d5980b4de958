// A backend in memory, for tests of what stands on a backend; passes the same conformance suite.
#pragma once

#include <memory>

#include "store/backend/backend.h"

namespace sutler::store {

[[nodiscard]] std::unique_ptr<Backend> make_memory_backend();

}  // namespace sutler::store
