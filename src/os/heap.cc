#include "os/heap.h"

#include <cstdlib>  // Defines __GLIBC__, where there is one.

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace mneme {

void return_free_memory() noexcept {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace mneme
