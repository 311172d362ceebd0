// Choosing among the signatures of one name.
#pragma once

#include <optional>

#include "query/functions.h"

namespace mneme::query {

// Nothing when none takes the arguments; 42725 when several do equally well.
std::optional<Result<Overload>> choose_signature(std::string_view name, std::span<const Argument> arguments,
                                                 SourcePosition at);

}  // namespace mneme::query
