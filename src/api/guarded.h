// The border of the library: out of memory, or of threads, becomes `full`; nothing is thrown past it.
#pragma once

#include <new>
#include <system_error>
#include <type_traits>

#include "api/engine.h"

namespace mneme {

// What a body yields; of one that yields nothing, that it came to its end.
template <class Body>
using Guarded =
    std::conditional_t<std::is_void_v<std::invoke_result_t<Body&>>, Result<void>, std::invoke_result_t<Body&>>;

template <class Body>
Guarded<Body> with_threads(Body& body) try {
  if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
    body();
    return {};
  } else {
    return body();
  }
} catch (const std::system_error& error) {  // Of std::thread: the system's limit of threads, or no room for a stack.
  return Error(Code::full, std::string("no thread could be started: ") + error.what()).with_sqlstate("53000");
}

template <class Body>
Guarded<Body> guarded(Body body) noexcept try {
  return with_threads(body);
} catch (const std::bad_alloc&) {
  return Error(Code::full, "out of memory").with_sqlstate("53200");
}

// The same for calls that use an open database.
template <class Body>
Guarded<Body> guarded(const Engine& engine, Body body) noexcept {
  if (engine.in_child()) [[unlikely]] {
    return guarded([&]() -> Guarded<Body> { return engine.refuse_child(); });
  }
  return guarded(std::move(body));
}

}  // namespace mneme
