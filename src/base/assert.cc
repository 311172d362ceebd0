#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace mneme {

void assert_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "mneme: bug: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace mneme
