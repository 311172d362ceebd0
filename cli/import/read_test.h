// For tests: what a reader makes of bytes in memory, with its rows as text.
#pragma once

#include "import/input.h"
#include "import/memory_sink.h"

namespace mneme::cli {

using Texts = std::vector<std::string>;
using Rows = std::vector<Texts>;

template <class Summary>
struct MemoryRead {        // One thread at a time.
  template <class Reader>  // (Input&, TableSink&) -> Result<Summary>
  MemoryRead(std::string_view bytes, Reader reader) : summary(Summary{}) {
    const auto input = memory_input(bytes);
    summary = reader(*input, sink);
  }
  [[nodiscard]] std::string error() const { return summary ? "none" : summary.error().message(); }
  // Of the one table, "t".
  [[nodiscard]] const Rows& rows() const { return sink.table("t").rows; }
  [[nodiscard]] std::string columns() const { return sink.columns("t"); }

  MemorySink sink;
  Result<Summary> summary;
};

}  // namespace mneme::cli
