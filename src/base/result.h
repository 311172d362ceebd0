// Result inside the engine: the public type and TRY.
#pragma once

#include "mneme/result.h"  // IWYU pragma: export

// TRY(f()): the value of f(), or return its error from this function. Use it as a whole statement or a whole
// initializer only: `new T{TRY(f())}` leaks when f fails.
#define TRY(expression)                                                        \
  __extension__({                                                              \
    auto&& try_result_ = (expression);                                         \
    if (!try_result_.has_value()) return std::move(try_result_).known_error(); \
    std::move(try_result_).known_value();                                      \
  })
