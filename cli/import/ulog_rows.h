// The rows of one topic: messages are kept as they came, one after another, and turned into columns a batch at a time.
//
// Columns: t_us INT, ts TIMESTAMP, then one per leaf of the layout. Turning a batch column by column is one tight
// loop per column, which is what makes the reader fast.
#pragma once

#include <optional>

#include "import/table_sink.h"
#include "import/ulog_format.h"

namespace mneme::cli {

// The columns t_us, ts and those of the layout.
ImportTable ulog_table(const UlogLayout& layout, std::string name);

// Nanoseconds since the Unix epoch of a moment of the boot clock; nothing outside of what TIMESTAMP holds.
std::optional<std::int64_t> ulog_wall_ns(std::int64_t t_us, std::int64_t utc_offset_us) noexcept;

class UlogRows {  // One thread at a time.
 public:
  // utc_offset_us: what to add to the boot clock to get UTC; without it, ts is NULL. REQUIRES: layout outlives this.
  UlogRows(const UlogLayout& layout, std::optional<std::int64_t> utc_offset_us);

  // REQUIRES: data.size() >= layout.bytes_min, not full().
  void add(std::int64_t t_us, std::string_view data);
  [[nodiscard]] bool full() const noexcept { return rows_ == rows_max_; }
  [[nodiscard]] bool empty() const noexcept { return rows_ == 0; }
  [[nodiscard]] std::size_t bytes() const noexcept { return raw_.size(); }
  // Moves the rows into `batch`, made for ulog_table(layout); returns how many uint64 values did not fit INT.
  std::size_t take(TableBatch& batch);

 private:
  void take_times(TableBatch& batch) const;
  const UlogLayout& layout_;
  const std::optional<std::int64_t> utc_offset_us_;
  const std::size_t stride_;  // Bytes of a row in raw_: i64 t_us, then the message's data.
  const std::size_t rows_max_;
  std::size_t rows_ = 0;
  std::vector<char> raw_;
};

}  // namespace mneme::cli
