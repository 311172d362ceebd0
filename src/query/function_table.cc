#include "query/function_table.h"

#include "query/functions.h"
#include "query/functions_special.h"
#include "query/kernels_vector.h"

namespace mneme::query {

void for_each_signature(const std::function<void(const Signature&)>& visit) {
  for (const auto signatures : {arithmetic_signatures(), decimal_signatures(), math_signatures(), text_signatures(),
                                time_signatures(), word_signatures(), blob_signatures(), json_signatures(),
                                vector_signatures(), geo_signatures(), limit_signatures()}) {
    for (const Signature& signature : signatures) visit(signature);
  }
}

void for_each_function_name(const std::function<void(std::string_view)>& visit) {
  for_each_signature([&](const Signature& signature) {
    const char first = signature.function.name.front();
    if (first >= 'a' && first <= 'z' && signature.function.name.find(' ') == std::string_view::npos) {
      visit(signature.function.name);
    }
  });
  for (const std::string_view name : special_names()) visit(name);
  for (const std::string_view name : vector_names()) visit(name);
  for (const std::string_view name : {"count", "sum", "avg", "min", "max", "first", "last", "stddev", "variance",
                                      "string_agg", "bool_and", "bool_or", "coalesce"}) {
    visit(name);
  }
}

bool is_function_name(std::string_view name) noexcept {
  bool found = false;
  for (const auto names : {special_names(), vector_names()}) {
    for (const std::string_view known : names) found = found || known == name;
  }
  for_each_signature([&](const Signature& signature) { found = found || signature.function.name == name; });
  return found;
}

}  // namespace mneme::query
