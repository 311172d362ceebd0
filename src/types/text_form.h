// Text forms: every type's values as PostgreSQL 15 prints and reads them.
//
// One file per kind has the two directions of that kind; here they are chosen by type. Values are the bytes of the
// type's layout (mneme/type.h). Reading skips white space around the value, as PostgreSQL does, and fails with its
// SQLSTATE: 22P02 and 22007 for what is no such value, 22003, 22008 and 22015 for what is out of range.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "mneme/type.h"

namespace mneme {

// Appends the value that `text` says. A VECTOR of dimension 0 takes any dimension: it is that of the appended bytes.
Result<void> parse_value(const Type& type, std::string_view text, ByteBuffer& out);
// Appends the text of a value. REQUIRES: bytes of the type's layout.
void print_value(const Type& type, Bytes value, std::string& out);

// What every reader of a text shares.
std::string_view trim_spaces(std::string_view text) noexcept;
bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept;  // ASCII. REQUIRES: lower is.
std::string quoted_for_message(std::string_view text);                              // "text", cut when it is long.
// invalid input syntax for type integer: "x"
Error invalid_syntax(std::string_view type, std::string_view text, const char* sqlstate = "22P02");

}  // namespace mneme
