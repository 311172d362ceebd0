// JSON as text: checked when it is stored, kept as it was written, taken apart by walking it once.
//
// A part of a document is a view into its text, so that `->` copies nothing. The walk is iterative and refuses more
// than 1,000 levels of nesting; of equal keys the last one counts, as in PostgreSQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mneme {

constexpr std::size_t kJsonDepthMax = 1'000;

Result<void> validate_json(std::string_view text);  // 22P02; 54001 for too deep.

// REQUIRES for all below: valid JSON. Nothing where the member is not there or the value is of another kind.
std::optional<std::string_view> json_member(std::string_view json, std::string_view key);
std::optional<std::string_view> json_element(std::string_view json, std::int64_t index);  // Negative: from the end.
std::optional<std::size_t> json_array_length(std::string_view json);
std::string_view json_kind(std::string_view json) noexcept;  // object, array, string, number, boolean, null
// What ->> yields: a string without its quotes, anything else as it is written; nothing for null.
std::optional<std::string> json_as_text(std::string_view json);
// "text" with its escapes.
void print_json_string(std::string_view text, std::string& out);

}  // namespace mneme
