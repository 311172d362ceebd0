// The border of the library: out of memory becomes `full`; nothing is thrown past it.
#pragma once

#include <new>

#include "api/engine.h"

namespace mneme {

template <class Body>
auto guarded(Body body) noexcept -> decltype(body()) try {
  return body();
} catch (const std::bad_alloc&) {
  return Error(Code::full, "out of memory").with_sqlstate("53200");
}

// The same for calls that use an open database.
template <class Body>
auto guarded(const Engine& engine, Body body) noexcept -> decltype(body()) {
  if (engine.in_child()) [[unlikely]] {
    return guarded([&]() -> decltype(body()) { return engine.refuse_child(); });
  }
  return guarded(std::move(body));
}

}  // namespace mneme
