// What holds values to the length that a VARCHAR(n) column declares: a CHECK that fails in its own way.
#include "query/adapt.h"
#include "query/code_points.h"
#include "query/signature.h"

namespace mneme::query {
namespace {

// True, or the error that names the limit: a length is no condition to be false.
Result<bool> fits_length(std::string_view text, std::int64_t characters_max) {
  const auto characters = static_cast<std::int64_t>(count_code_points(text));
  if (characters <= characters_max) return true;
  return Error(Code::constraint, "value of " + std::to_string(characters) + " characters is too long for VARCHAR(" +
                                     std::to_string(characters_max) + ")")
      .with_sqlstate("22001");
}

constexpr Signature kSignatures[] = {
    signature("fits_length", adapt<fits_length>, returns<TypeKind::boolean>, TypeKind::text, TypeKind::integer),
};

}  // namespace

std::span<const Signature> limit_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
