#include "query/row_buffer.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "query/gather.h"

namespace mneme::query {
namespace {

// Validity of the chosen rows; empty when none of them is NULL.
template <class Number>
std::vector<std::uint64_t> chosen_validity(const Column& from, std::span<const Number> rows) {
  std::vector<std::uint64_t> words;
  if (!from.has_nulls()) return words;
  words.assign((rows.size() + 63) / 64, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!from.is_null(rows[i])) words[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  return words;
}

void append_chosen(const Column& from, std::span<const RowIndex> rows, Column& to) {
  if (from.type().is_variable()) {
    for (const RowIndex row : rows)
      from.is_null(row) ? to.append_null() : to.append_copy(from.values<StringRef>()[row]);
    return;
  }
  const auto validity = chosen_validity(from, rows);
  std::byte* out = to.extend(rows.size(), validity.empty() ? nullptr : validity.data());
  with_width(from.type().width(), [&](auto width) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::memcpy(out + i * width, from.data() + rows[i] * std::size_t{width}, width);
    }
  });
}

std::size_t text_bytes(const Column& column, std::size_t rows, const Selection* selection) noexcept {
  std::size_t bytes = 0;
  const auto* refs = column.values<StringRef>();
  for (std::size_t i = 0; i < rows; ++i) bytes += refs[selection != nullptr ? (*selection)[i] : i].bytes();
  return bytes;
}

}  // namespace

RowBuffer::RowBuffer(std::vector<Type> types, Reservation reservation)
    : types_(std::move(types)), reservation_(std::move(reservation)) {
  std::size_t width = 1;
  for (const Type& type : types_) width += type.width();
  const std::size_t rows = std::bit_floor(std::clamp<std::size_t>(kBatchBytesMax / width, 1, kBatchRowsMax));
  shift_ = static_cast<unsigned>(std::countr_zero(rows));
  mask_ = static_cast<RowNumber>(rows - 1);
}

Result<std::shared_ptr<RowBuffer>> RowBuffer::make(std::vector<Type> types, MemoryBudget& budget,
                                                   std::string_view what) {
  Reservation reservation = TRY(budget.reserve(0, MemoryShare::queries, what));
  return std::shared_ptr<RowBuffer>(new RowBuffer(std::move(types), std::move(reservation)));
}

std::size_t RowBuffer::bytes_of(std::span<const Column* const> columns, std::size_t rows,
                                const Selection* selection) const noexcept {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    bytes += rows * types_[i].width();
    if (types_[i].is_variable()) bytes += text_bytes(*columns[i], rows, selection);
  }
  return bytes;
}

void RowBuffer::add_chunk() {
  if (!chunks_.empty()) {
    for (const Column& column : chunks_.back().columns) full_bytes_ += column.memory_bytes();
  }
  Batch& chunk = chunks_.emplace_back();
  for (const Type& type : types_) {
    chunk.columns.emplace_back(type);
    if (chunks_.size() > 1) chunk.columns.back().reserve(chunk_rows());  // A small buffer stays small.
  }
}

Result<void> RowBuffer::append(std::span<const Column* const> columns, std::size_t rows, const Selection* selection) {
  DEBUG_ASSERT(columns.size() >= types_.size());
  const std::size_t count = selection != nullptr ? selection->size() : rows;
  if (rows_ + count > ~RowNumber{0}) {
    return Error(Code::full, "an operator would hold more than 2^32 rows").with_sqlstate("53200");
  }
  const std::size_t more_bytes = bytes_of(columns, count, selection);
  TRY(hold(reservation_, reservation_.bytes() + more_bytes));
  value_bytes_ += more_bytes;
  for (std::size_t done = 0; done < count;) {
    if (room() == 0) add_chunk();
    const std::size_t part = std::min(count - done, room());
    for (std::size_t i = 0; i < types_.size(); ++i) {
      Column& to = chunks_.back().columns[i];
      selection != nullptr ? append_chosen(*columns[i], std::span(*selection).subspan(done, part), to)
                           : to.append_run(*columns[i], done, part);
    }
    rows_ += part;
    done += part;
  }
  return hold_beside(beside_bytes_);
}

Result<void> RowBuffer::hold_beside(std::size_t bytes) {
  std::size_t total_bytes = bytes + full_bytes_;
  if (!chunks_.empty()) {
    for (const Column& column : chunks_.back().columns) total_bytes += column.memory_bytes();
  }
  TRY(hold(reservation_, total_bytes));
  beside_bytes_ = bytes;
  return {};
}

void RowBuffer::gather(std::size_t column, std::span<const RowNumber> rows, Column& out) const {
  std::vector<std::uint64_t> validity((rows.size() + 63) / 64, ~std::uint64_t{0});
  bool nulls = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!this->column(rows[i], column).is_null(row_in_chunk(rows[i]))) continue;
    validity[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    nulls = true;
  }
  std::byte* to = out.extend(rows.size(), nulls ? validity.data() : nullptr);
  with_width(types_[column].width(), [&](auto width) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::byte* from = this->column(rows[i], column).data() + row_in_chunk(rows[i]) * width;
      std::memcpy(to + i * width, from, width);
    }
  });
}

void RowBuffer::gather_or_null(std::size_t column, std::span<const RowNumber> rows, Column& out) const {
  for (const RowNumber row : rows) {
    if (row == kNoRow || this->column(row, column).is_null(row_in_chunk(row))) {
      out.append_null();
    } else if (out.type().is_variable()) {
      out.append_borrowed(this->column(row, column).values<StringRef>()[row_in_chunk(row)]);
    } else {
      out.append_fixed(this->column(row, column).bytes_at(row_in_chunk(row)));
    }
  }
}

std::size_t RowBuffer::rows_per_batch() const noexcept {
  if (rows_ == 0) return kBatchRowsMax;
  return std::clamp<std::size_t>(kBatchBytesMax / (value_bytes_ / rows_ + 1), 1, kBatchRowsMax);
}

Batch BufferReader::read(std::span<const RowNumber> rows) const {
  Batch batch;
  batch.columns.reserve(columns_);
  for (std::size_t i = 0; i < columns_; ++i) {
    Column& column = batch.columns.emplace_back(buffer_->types()[i]);
    buffer_->gather(i, rows, column);
    if (column.type().is_variable()) column.keep_alive(buffer_);
  }
  if (columns_ == 0) batch.columns.push_back(placeholder(rows.size()));
  return batch;
}

std::optional<Batch> BufferReader::next() {
  const std::size_t count = std::min(buffer_->rows_per_batch(), buffer_->rows() - at_);
  if (count == 0) return std::nullopt;
  std::vector<RowNumber> rows(count);
  std::iota(rows.begin(), rows.end(), at_);
  at_ += static_cast<RowNumber>(count);
  return read(rows);
}

}  // namespace mneme::query
