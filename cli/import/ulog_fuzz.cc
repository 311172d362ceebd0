// Feeds arbitrary bytes to the ULog reader, as a file and, in part of the inputs, as messages behind a header and
// definitions that make sense of more of them. Whatever it delivers must be whole: every column of a batch has the
// batch's rows, and no batch is larger than promised.
#include <cstdlib>

#include "import/ulog_builder.h"
#include "import/ulog_reader.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

class CheckingSink final : public TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable& table) override {
    if (table.name.empty() || table.columns.empty() || table.columns.size() > 902) std::abort();
    tables_.push_back(table);
    return tables_.size() - 1;
  }
  Result<void> append(std::size_t number, const TableBatch& batch) override {
    const ImportTable& table = tables_.at(number);
    if (batch.rows() == 0 || batch.rows() > kBatchRows || batch.columns.size() != table.columns.size()) std::abort();
    for (const ColumnBatch& column : batch.columns) {
      if (column.rows() != batch.rows()) std::abort();
      if (column.has_nulls() && column.valid().size() != batch.rows()) std::abort();
      if (column.type().is_variable()) {
        for (std::size_t row = 0; row < batch.rows(); ++row) bytes_ += column.text_at(row).size();
      } else if (column.fixed().size() != batch.rows() * column.type().width()) {
        std::abort();
      }
    }
    return {};
  }

 private:
  std::vector<ImportTable> tables_;
  std::size_t bytes_ = 0;
};

std::string with_definitions(std::string_view messages) {
  UlogBuilder log(1'000);
  log.flags(1, 0)
      .format("in:uint32_t x;uint8_t _padding0;")
      .format("t:uint16_t timestamp;in[2] n;char[3] c;uint64_t u;uint8_t[2] _padding0;")
      .format("sensor_gps:uint64_t timestamp;uint64_t time_utc_usec;uint8_t fix_type;")
      .subscribe(0, "t")
      .subscribe(1, "sensor_gps");
  return log.raw(messages).bytes();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string file(bytes);
  if (data[0] % 3 == 1) file = UlogBuilder(5).bytes() + file;
  if (data[0] % 3 == 2) file = with_definitions(bytes);
  CheckingSink sink;
  const auto input = memory_input(file);
  const auto summary = read_ulog(*input, sink);
  if (summary && summary->bytes != file.size()) std::abort();
  return 0;
}
