// Included into every file of the program that holds all mutants of lengths and syncs (tests/mutate/mutants.py): the
// environment's MUTANT says which of them this run is, MUTANT_OFF by how much it errs.
#pragma once

#include <cstdlib>
#include <type_traits>
#include <utility>

#include "mneme/result.h"

namespace mneme::mutants {

inline int number_of(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}
inline const int wanted = number_of("MUTANT");
inline const int error = number_of("MUTANT_OFF");

inline bool dropped(int number) { return number == wanted; }

template <class T>
decltype(auto) off(int number, T&& value) {
  using Value = std::remove_cvref_t<T>;
  if constexpr (std::is_enum_v<Value>) {
    return static_cast<Value>(off(number, static_cast<std::underlying_type_t<Value>>(value)));
  } else if constexpr (std::is_integral_v<Value>) {
    return static_cast<Value>(value + static_cast<Value>(number == wanted ? error : 0));
  } else {
    return std::forward<T>(value);
  }
}

}  // namespace mneme::mutants
