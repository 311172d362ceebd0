// The narrowest type that holds every text seen: BOOL, INT, FLOAT, DATE, TIMESTAMP, else TEXT.
#pragma once

#include <string_view>

#include "import/table_sink.h"

namespace mneme::cli {

class TypeGuess {  // One thread at a time.
 public:
  void see(std::string_view text) noexcept;
  [[nodiscard]] Type type() const noexcept;  // TEXT before anything was seen.

 private:
  bool any_ = false;
  bool boolean_ = true;
  bool integer_ = true;
  bool floating_ = true;
  bool date_ = true;
  bool timestamp_ = true;
};

// The value `text` says, of the column's type; NULL if it says none.
void append_parsed(ColumnBatch& column, std::string_view text);

}  // namespace mneme::cli
