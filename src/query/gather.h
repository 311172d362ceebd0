// Gathering values by row number, specialised by width: a copy of known size is one instruction, of unknown a call.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>

namespace mneme::query {

// Calls copy(width) with a constant where the width is a common one.
template <class Copy>
void with_width(std::size_t width, Copy copy) {
  switch (width) {
    case 1: return copy(std::integral_constant<std::size_t, 1>{});
    case 4: return copy(std::integral_constant<std::size_t, 4>{});
    case 8: return copy(std::integral_constant<std::size_t, 8>{});
    case 16: return copy(std::integral_constant<std::size_t, 16>{});
    default: return copy(width);
  }
}

}  // namespace mneme::query
