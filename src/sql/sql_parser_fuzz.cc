// Fuzzer of the parser and the printer: any bytes parse or are refused, and what is printed parses to the same print.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "sql/parser.h"
#include "sql/print.h"

namespace {

std::string print_all(const std::vector<mneme::sql::Statement>& statements) {
  std::string out;
  for (const auto& statement : statements) out += mneme::sql::print(statement) + ";\n";
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)mneme::sql::is_complete(text);
  const auto statements = mneme::sql::parse(text);
  if (!statements) return 0;
  const std::string printed = print_all(*statements);
  if (printed.size() > mneme::sql::kStatementBytesMax) return 0;
  const auto again = mneme::sql::parse(printed);
  if (!again || print_all(*again) != printed) std::abort();
  return 0;
}
