// Environment variables that hold a secret.
#pragma once

#include <string>

namespace sutler::base {

// Overwrites the value where the kernel put it (/proc/PID/environ shows that place) and takes the
// variable out of the environment. Nothing happens when it is not set. Not thread-safe: before
// threads are started.
void wipe_environment(const std::string& name) noexcept;

}  // namespace sutler::base
