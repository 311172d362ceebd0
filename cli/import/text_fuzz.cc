// Feeds arbitrary bytes to the readers of CSV, JSON lines and vectors. What the first byte chooses reads the rest;
// every batch must be whole, and both passes of a reader must see the same file.
#include <cstdlib>

#include "import/csv_reader.h"
#include "import/jsonl_reader.h"
#include "import/utf8.h"
#include "import/vectors_reader.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

class CheckingSink final : public TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable& table) override {
    columns_ = table.columns.size();
    return std::size_t{0};
  }
  Result<void> append(std::size_t, const TableBatch& batch) override {
    if (batch.rows() == 0 || batch.rows() > kBatchRows || batch.columns.size() != columns_) std::abort();
    rows_ += batch.rows();
    for (const ColumnBatch& column : batch.columns) {
      if (column.rows() != batch.rows()) std::abort();
      for (std::size_t row = 0; row < batch.rows() && column.type().is_variable(); ++row) {
        if (!is_utf8(column.text_at(row)) && column.type().kind == TypeKind::text) std::abort();
      }
    }
    return {};
  }
  std::size_t columns_ = 0;
  std::uint64_t rows_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto input = memory_input({reinterpret_cast<const char*>(data) + 1, size - 1});
  CheckingSink sink;
  Result<ImportSummary> summary = ImportSummary{};
  switch (data[0] % 5) {
    case 0: summary = read_csv(*input, {.table = "t"}, sink); break;
    case 1: summary = read_csv(*input, {.table = "t", .delimiter = ';'}, sink); break;
    case 2: summary = read_jsonl(*input, "t", sink); break;
    case 3: summary = read_vectors(*input, {VectorElement::f32, true}, "t", sink); break;
    default: summary = read_vectors(*input, {VectorElement::u8, false}, "t", sink); break;
  }
  if (summary && summary->rows != sink.rows_) std::abort();
  return 0;
}
