// Feeds arbitrary text to the readers of every type. What a reader takes must print, and the printed text must read
// back to the same bytes and print the same: else a dump would not restore what was there.
#include <cstdlib>
#include <string>

#include "types/box.h"
#include "types/json.h"
#include "types/text_form.h"
#include "types/time_arithmetic.h"

namespace {
using namespace mneme;

constexpr std::size_t kTypes = 24;

Type type_number(unsigned number, unsigned detail) {
  constexpr TypeKind kKinds[] = {TypeKind::boolean, TypeKind::integer, TypeKind::floating,  TypeKind::real,
                                 TypeKind::text,    TypeKind::blob,    TypeKind::timestamp, TypeKind::interval,
                                 TypeKind::date,    TypeKind::uuid,    TypeKind::json,      TypeKind::point,
                                 TypeKind::point3};
  constexpr std::size_t kPlain = std::size(kKinds);
  if (number < kPlain) return {.kind = kKinds[number]};
  if (number < kPlain + 5) {
    return {.kind = TypeKind::vector, .element = static_cast<VectorElement>(number - kPlain), .dimension = 0};
  }
  const auto precision = static_cast<std::uint8_t>(1 + detail % kDecimalPrecisionMax);
  return {.kind = TypeKind::decimal,
          .precision = precision,
          .scale = static_cast<std::uint8_t>(detail / kDecimalPrecisionMax % (precision + 1U))};
}

// The type with the dimension that the bytes have.
Type sized(Type type, const ByteBuffer& bytes) {
  if (type.kind != TypeKind::vector) return type;
  type.dimension = 1;
  while (type.dimension < kVectorDimensionMax && type.width() < bytes.size()) ++type.dimension;
  if (type.width() != bytes.size()) std::abort();
  return type;
}

void check_round_trip(const Type& asked, std::string_view text) {
  ByteBuffer bytes;
  if (!parse_value(asked, text, bytes)) return;
  const Type type = sized(asked, bytes);
  if (!type.is_variable() && bytes.size() != type.width()) std::abort();
  std::string printed;
  print_value(type, bytes, printed);
  ByteBuffer again;
  if (!parse_value(type, printed, again)) std::abort();
  std::string reprinted;
  print_value(type, again, reprinted);
  if (reprinted != printed) std::abort();
  // -0 prints as it is, every NaN as one; the dimension of bits is rounded to bytes above.
  const bool floats = type.kind == TypeKind::floating || type.kind == TypeKind::real || type.kind == TypeKind::vector;
  if (!floats && again != bytes) std::abort();
}

void walk_json(std::string_view text) {
  if (!validate_json(text)) return;
  const std::string_view parts[] = {json_member(text, "a").value_or(text), json_element(text, -1).value_or(text),
                                    json_element(text, 1).value_or(text)};
  for (const std::string_view part : parts) {
    if (!validate_json(part)) std::abort();
    json_as_text(part);
  }
  json_array_length(text);
}

template <class Box, class Parse>
void check_box_text(std::string_view text, Parse parse) {
  const Result<Box> box = parse(text);
  if (!box) return;
  std::string printed;
  print_box(*box, printed);
  const Result<Box> again = parse(printed);
  if (!again || !(*again == *box)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const unsigned number = data[0] % kTypes;
  check_round_trip(type_number(number, data[1]), text);
  if (number == 10) walk_json(text);
  if (number == 11) check_box_text<Box<2>>(text, parse_box);
  if (number == 12) check_box_text<Box<3>>(text, parse_box3);
  return 0;
}
