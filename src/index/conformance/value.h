// Value: what a test knows a value to be, without any bytes of the engine; and the order SQL gives values.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "os/sim/dice.h"
#include "types/column.h"

namespace mneme::conformance {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // NULL; whole numbers; floats; text.
using Row = std::vector<Value>;

// < 0, 0 or > 0: NULL above everything, NaN above all numbers, -0 as 0, text by its bytes.
int compare(const Value& left, const Value& right);
int compare(const Row& left, const Row& right);
[[nodiscard]] std::string describe(const Value& value);

// Out of few, so that values repeat; with the least, the greatest and the odd ones of the type among them.
Value random_value(const Type& type, bool nullable, sim::Dice& dice);
void append(const Value& value, Column& out);

}  // namespace mneme::conformance
