// Functions that fit no signature: those of any number or kind of arguments, and those whose value is not a function of
// their arguments.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "query/functions.h"

namespace mneme::query {

std::span<const std::string_view> special_names() noexcept;
// Nothing when the name is none of them.
std::optional<Result<Overload>> resolve_special(std::string_view name, std::span<const Argument> arguments,
                                                SourcePosition at);

}  // namespace mneme::query
