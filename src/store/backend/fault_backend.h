// Decorators that make a backend fail or answer late, for tests (after OpenBao's ErrorInjector and
// LatencyInjector).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "store/backend/backend.h"

namespace sutler::store {

// Before each call, `decide` is asked with the operation's name ("apply", "load_all", …): an Error
// is returned instead of calling.
[[nodiscard]] std::unique_ptr<Backend> with_errors(
    std::unique_ptr<Backend> inner,
    std::function<std::optional<base::Error>(std::string_view operation)> decide);

// `wait_for` is called before each operation and blocks as long as it wants.
[[nodiscard]] std::unique_ptr<Backend> with_latency(
    std::unique_ptr<Backend> inner, std::function<void(std::string_view operation)> wait_for);

}  // namespace sutler::store
