// Reads files of vectors, as benchmarks publish them, into a table (id INT, v VECTOR(n)), id from 0.
//
//     .fvecs .bvecs            every vector: i32 n, then n of f32 or u8
//     .fbin .u8bin .i8bin      u32 count, u32 n, then count * n of f32, u8 or i8        all little-endian
#pragma once

#include <optional>

#include "import/import_summary.h"
#include "import/input.h"
#include "import/table_sink.h"

namespace mneme::cli {

struct VectorFormat {
  VectorElement element = VectorElement::f32;
  bool dimension_each = false;  // Of .fvecs and .bvecs.
};
std::optional<VectorFormat> vector_format(std::string_view path) noexcept;  // By the name's end.

// corrupt names the offset: a size that does not fit the header, a dimension that changes or is beyond VECTOR's.
Result<ImportSummary> read_vectors(Input& input, VectorFormat format, const std::string& table, TableSink& sink,
                                   const ImportProgress& progress = {});

}  // namespace mneme::cli
