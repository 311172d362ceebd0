// The C library's heap, as far as we have a say in it.
#pragma once

namespace mneme {

// Gives the operating system what lies free in it. Takes the heap's locks for some milliseconds: not for where anybody
// counts them.
void return_free_memory() noexcept;

}  // namespace mneme
