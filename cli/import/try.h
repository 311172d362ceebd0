// TRY outside the engine: the value of an expression, or return its error from this function. Use it as a whole
// statement or a whole initializer only: `new T{TRY(f())}` leaks when f fails.
#pragma once

#include "mneme/result.h"  // IWYU pragma: export

#ifndef TRY
#define TRY(expression)                                                  \
  __extension__({                                                        \
    auto&& try_result_ = (expression);                                   \
    if (!try_result_.has_value()) return std::move(try_result_).error(); \
    std::move(try_result_).value();                                      \
  })
#endif
