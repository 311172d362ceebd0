// ASSERT is for our own bugs: on in every build. It is never reachable from user input or file bytes.
// DEBUG_ASSERT is the same for hot loops: gone in release.
#pragma once

namespace mneme {
[[noreturn]] void assert_failed(const char* condition, const char* file, int line) noexcept;
}

#define ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::mneme::assert_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DEBUG_ASSERT(condition) static_cast<void>(sizeof(condition))
#else
#define DEBUG_ASSERT(condition) ASSERT(condition)
#endif
