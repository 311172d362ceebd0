// Reads rows one by one out of a stream of batches.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "import/try.h"
#include "mneme/database.h"

namespace mneme::demo {

using Row = std::vector<Value>;

class RowReader {  // One thread at a time. Must not outlive the stream's connection.
 public:
  explicit RowReader(RowStream stream) : stream_(std::move(stream)) {}
  // Null: the end.
  Result<std::optional<Row>> next() {
    while (!batch_ || row_ == batch_->rows()) {
      batch_ = TRY(stream_.next());
      row_ = 0;
      if (!batch_) return std::optional<Row>();
    }
    Row values;
    for (std::size_t column = 0; column < batch_->columns(); ++column) values.push_back(batch_->value(column, row_));
    ++row_;
    return std::optional<Row>(std::move(values));
  }

 private:
  RowStream stream_;
  std::optional<BatchView> batch_;
  std::size_t row_ = 0;
};

}  // namespace mneme::demo
