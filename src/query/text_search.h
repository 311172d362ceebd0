// Finding a part of a text in linear time, whatever both are: string_view::find compares anew at every place, and a
// megabyte of one letter against half a megabyte of it would take minutes.
#pragma once

#include <cstring>
#include <string_view>

namespace mneme::query {

// The first place at `from` or behind it, or npos. REQUIRES: from <= text.size().
inline std::size_t find_part(std::string_view text, std::string_view part, std::size_t from = 0) noexcept {
  if (part.empty()) return from;
  if (part.size() > text.size() - from) return std::string_view::npos;  // An empty text may have no address.
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

}  // namespace mneme::query
