// Overwriting memory that held something secret.
#pragma once

#include <cstddef>
#include <string>

namespace sutler::base {

// Sets the bytes to zero in a way the compiler may not drop.
void wipe(void* data, std::size_t bytes) noexcept;

// Wipes the whole capacity of the string and empties it.
void wipe(std::string& text) noexcept;

// Clears the vector registers of this thread: copying and encrypting leave pieces of what they
// worked on there, and a thread that then waits for work would show them in a core dump. Costs a
// few nanoseconds.
void wipe_registers() noexcept;

// The program replaces the global operator delete by one that wipes what it frees
// (wiping_heap.cc), so that no value outlives its last owner on the heap, in whatever container
// of whatever library it lay. True when that replacement is linked in and works.
[[nodiscard]] bool heap_is_wiped() noexcept;

// Wipes what deeper calls of this thread have left on its stack, 128 KiB of it: for a thread that
// goes back to waiting, and has no other calls that would overwrite it.
void wipe_stack();

}  // namespace sutler::base
