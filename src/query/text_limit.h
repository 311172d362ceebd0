// What one text built from others may reach: a mistake in repeat() or lpad() must not take the memory of the robot.
#pragma once

#include "base/result.h"

namespace mneme::query {

constexpr std::size_t kTextBytesMax = 64 * 1024 * 1024;

inline Error text_too_long() {
  return Error(Code::invalid_argument, "requested text is longer than 64 MiB").with_sqlstate("54000");
}

}  // namespace mneme::query
