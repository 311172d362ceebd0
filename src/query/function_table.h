// All signatures of scalar functions and operators, gathered from the files of kernels.
#pragma once

#include <functional>
#include <string_view>

#include "query/signature.h"

namespace mneme::query {

void for_each_signature(const std::function<void(const Signature&)>& visit);
// Every name a call may have, those without a signature (now, greatest ...) and aggregates included.
void for_each_function_name(const std::function<void(std::string_view)>& visit);

}  // namespace mneme::query
