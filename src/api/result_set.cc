#include <algorithm>

#include "api/result_data.h"
#include "types/value_column.h"

namespace mneme {

// ---- BatchView -------------------------------------------------------------------------------------------------

namespace {
const Column& column_of(const void* batch, std::size_t column) {
  return static_cast<const Batch*>(batch)->columns[column];
}
}  // namespace

bool BatchView::is_null(std::size_t column, std::size_t row) const noexcept {
  return column_of(batch_, column).is_null(row);
}

std::string_view BatchView::text(std::size_t column, std::size_t row) const noexcept {
  return column_of(batch_, column).values<StringRef>()[row].view();
}

Value BatchView::value(std::size_t column, std::size_t row) const { return value_at(column_of(batch_, column), row); }

const void* BatchView::data(std::size_t column) const noexcept { return column_of(batch_, column).data(); }

// ---- ResultSet -------------------------------------------------------------------------------------------------

ResultSet::ResultSet(std::unique_ptr<ResultData> data) : data_(std::move(data)) {}
ResultSet::ResultSet(ResultSet&&) noexcept = default;
ResultSet& ResultSet::operator=(ResultSet&&) noexcept = default;
ResultSet::~ResultSet() {
  if (data_ != nullptr && data_->home != nullptr) ResultHome::give_back(std::move(data_));
}

const std::vector<ColumnInfo>& ResultSet::columns() const noexcept { return *data_->columns; }
std::size_t ResultSet::rows() const noexcept { return data_->rows; }
std::uint64_t ResultSet::changed_rows() const noexcept { return data_->changed_rows; }
std::size_t ResultSet::batches() const noexcept { return data_->batches.size(); }

BatchView ResultSet::batch(std::size_t index) const noexcept {
  const Batch& batch = data_->batches[index];
  BatchView view;
  view.batch_ = &batch;
  view.rows_ = batch.rows();
  view.columns_ = data_->columns->size();  // Rows without columns are counted by a column of no one's.
  return view;
}

Value ResultSet::value(std::size_t row, std::size_t column) const { return data_->value(row, column); }

Value ResultData::value(std::size_t row, std::size_t column) const {
  const auto after = std::ranges::upper_bound(first_rows, row);
  const auto index = static_cast<std::size_t>(after - first_rows.begin()) - 1;
  return value_at(batches[index].columns[column], row - first_rows[index]);
}

}  // namespace mneme
