// The border of the library: out of memory becomes `full`; nothing is thrown past it.
#pragma once

#include <new>

#include "mneme/result.h"

namespace mneme {

template <class Body>
auto guarded(Body body) noexcept -> decltype(body()) try {
  return body();
} catch (const std::bad_alloc&) {
  return Error(Code::full, "out of memory").with_sqlstate("53200");
}

}  // namespace mneme
