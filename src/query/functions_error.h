// How the resolver says that it found nothing.
#pragma once

#include "query/functions.h"

namespace mneme::query {

std::string argument_list(std::span<const Argument> arguments);  // "INT, unknown"
Error no_such_function(std::string_view name, std::span<const Argument> arguments, SourcePosition at);
Error no_such_operator(std::string_view symbol, std::span<const Argument> operands, SourcePosition at);
Error ambiguous(std::string_view what, SourcePosition at);  // what: function f(INT), operator INT + unknown

}  // namespace mneme::query
