// libcurl copies headers and bodies into memory of its own; this makes it wipe what it frees.
#pragma once

namespace sutler::client {

// Initialises libcurl once for the process, with allocators that wipe. Thread-safe.
void initialise_curl();

}  // namespace sutler::client
