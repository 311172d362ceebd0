#include "table/blob_values.h"

#include <algorithm>

namespace mneme {
namespace {

struct LoadedBlob {
  Reservation memory;
  std::unique_ptr<char[]> bytes;
};

Result<Reservation> reserve_for(Store& store, const BlobRef& ref) {
  auto memory = store.budget().reserve(ref.bytes, MemoryShare::queries, "blob");
  if (memory) return memory;
  return Error(Code::full, "a blob of " + std::to_string(ref.bytes) + " bytes is more than memory_budget leaves for it")
      .with_hint("open the database with a larger memory_budget");
}

Result<void> load(Store& store, const BlobRef& ref, Column& out) {
  const auto file = TRY(store.blob_file(ref));
  const auto reader = TRY(file->open());
  TRY(reader->check_extent(ref));
  auto blob = std::make_shared<LoadedBlob>();
  blob->memory = TRY(reserve_for(store, ref));
  blob->bytes = std::make_unique_for_overwrite<char[]>(ref.bytes);
  TRY(reader->read(ref, 0, std::as_writable_bytes(std::span(blob->bytes.get(), ref.bytes))));
  out.append_borrowed({blob->bytes.get(), ref.bytes});
  out.keep_alive(std::move(blob));
  return {};
}

bool has_references(const Column& column) noexcept {
  if (column.type().kind != TypeKind::blob) return false;
  for (std::size_t row = 0; row < column.rows(); ++row) {
    if (!column.is_null(row) && column.values<StringRef>()[row].is_reference()) return true;
  }
  return false;
}

Result<void> load_column(Store& store, Column& column) {
  Column loaded(column.type());
  const auto* values = column.values<StringRef>();
  for (std::size_t row = 0; row < column.rows(); ++row) {
    if (column.is_null(row)) {
      loaded.append_null();
    } else if (values[row].is_reference()) {
      TRY(load(store, blob_ref(values[row]), loaded));
    } else {
      loaded.append_copy(values[row]);
    }
  }
  column = std::move(loaded);
  return {};
}

class LoadingReader final : public PlacedReader {
 public:
  LoadingReader(Store& store, std::shared_ptr<const TableSchema> schema, std::vector<ColumnId> columns,
                std::vector<std::size_t> loaded, std::unique_ptr<TableReader> reader, PlacedReader* placed)
      : store_(store),
        schema_(std::move(schema)),
        columns_(std::move(columns)),
        loaded_(std::move(loaded)),
        reader_(std::move(reader)),
        placed_(placed) {}

  Result<std::optional<Batch>> next(std::vector<RowId>& rows) override {
    if (loaded_.empty()) return reader_->next(rows);
    if (end_ == batch_.rows() && !TRY(next_stored())) return std::optional<Batch>();
    first_ = end_;
    end_ += fitting(first_);
    rows.assign(rows_.begin() + static_cast<std::ptrdiff_t>(first_), rows_.begin() + static_cast<std::ptrdiff_t>(end_));
    Batch out;
    if (first_ == 0 && end_ == batch_.rows()) {
      out = std::move(batch_);
      batch_ = {};
      end_ = 0;
      last_ = rows.size();
    } else {
      last_ = end_ - first_;
      for (const Column& column : batch_.columns) {
        out.columns.emplace_back(column.type()).append_run(column, first_, last_);
      }
    }
    TRY(load_some(out));
    return std::optional(std::move(out));
  }

  void places(std::vector<Place>& out) const override {
    if (loaded_.empty()) return placed_->places(out);
    const auto from = places_.begin() + static_cast<std::ptrdiff_t>(first_);
    out.assign(from, from + static_cast<std::ptrdiff_t>(last_));
  }
  Result<std::optional<ValueRun>> next_run() override { return placed_->next_run(); }
  Result<ValueRun> run_at(Place place, ColumnId column) const override { return placed_->run_at(place, column); }
  Result<bool> is_there(Place place) const override { return placed_->is_there(place); }
  Result<Batch> fetch(std::span<const Place> places, std::span<const ColumnId> columns) const override {
    Batch found = TRY(placed_->fetch(places, columns));
    TRY(load_blobs(store_, *schema_, columns, found));
    return found;
  }

 private:
  Result<bool> next_stored() {
    auto batch = TRY(reader_->next(rows_));
    first_ = end_ = 0;
    if (!batch) {
      batch_ = {};
      return false;
    }
    batch_ = *std::move(batch);
    if (placed_ != nullptr) placed_->places(places_);
    return true;
  }

  [[nodiscard]] std::size_t fitting(std::size_t first) const {
    std::uint64_t bytes = 0;
    for (std::size_t row = first; row < batch_.rows(); ++row) {
      for (const std::size_t column : loaded_) {
        if (batch_.columns[column].is_null(row)) continue;
        const StringRef value = batch_.columns[column].values<StringRef>()[row];
        if (value.is_reference()) bytes += blob_ref(value).bytes;
      }
      if (bytes > kBatchBytesMax && row > first) return row - first;
    }
    return batch_.rows() - first;
  }

  Result<void> load_some(Batch& batch) {
    for (const std::size_t i : loaded_) {
      if (!has_references(batch.columns[i])) continue;
      auto done = load_column(store_, batch.columns[i]);
      if (!done) return std::move(done).error().during(place_of(*schema_, columns_[i]));
    }
    return {};
  }

 public:
  static std::string place_of(const TableSchema& schema, ColumnId column) {
    return "table '" + schema.name + "', column '" + schema.find(column)->name + "'";
  }

 private:
  Store& store_;
  const std::shared_ptr<const TableSchema> schema_;
  const std::vector<ColumnId> columns_;
  const std::vector<std::size_t> loaded_;  // Positions in columns_.
  const std::unique_ptr<TableReader> reader_;
  PlacedReader* const placed_;  // The reader, if it is one.
  Batch batch_;                 // Read and not yet handed on, from end_ on.
  std::vector<RowId> rows_;
  std::vector<Place> places_;
  std::size_t first_ = 0, end_ = 0;
  std::size_t last_ = 0;  // Rows of the last batch, which began at first_.
};

std::vector<std::size_t> columns_to_load(const TableSchema& schema, std::span<const ColumnId> columns,
                                         std::span<const ColumnId> by_reference) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (schema.find(columns[i])->type.kind != TypeKind::blob) continue;
    if (std::ranges::find(by_reference, columns[i]) == by_reference.end()) found.push_back(i);
  }
  return found;
}

}  // namespace

bool has_references(const Batch& batch) noexcept {
  return std::ranges::any_of(batch.columns, [](const Column& column) { return has_references(column); });
}

Result<void> load_blobs(Store& store, const TableSchema& schema, std::span<const ColumnId> columns, Batch& batch) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!has_references(batch.columns[i])) continue;
    auto done = load_column(store, batch.columns[i]);
    if (!done) return std::move(done).error().during(LoadingReader::place_of(schema, columns[i]));
  }
  return {};
}

Result<std::unique_ptr<TableReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                std::vector<ColumnId> columns, std::span<const ColumnId> by_reference,
                                                std::unique_ptr<TableReader> reader) {
  auto loaded = columns_to_load(*schema, columns, by_reference);
  if (loaded.empty()) return reader;
  return std::unique_ptr<TableReader>(std::make_unique<LoadingReader>(store, std::move(schema), std::move(columns),
                                                                      std::move(loaded), std::move(reader), nullptr));
}

Result<std::unique_ptr<PlacedReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                 std::vector<ColumnId> columns, std::span<const ColumnId> by_reference,
                                                 std::unique_ptr<PlacedReader> reader) {
  // Rows may be fetched with other columns than are scanned.
  const bool some = std::ranges::any_of(schema->columns,
                                        [](const ColumnSchema& column) { return column.type.kind == TypeKind::blob; });
  if (!some) return reader;
  auto loaded = columns_to_load(*schema, columns, by_reference);
  PlacedReader* placed = reader.get();
  return std::unique_ptr<PlacedReader>(std::make_unique<LoadingReader>(store, std::move(schema), std::move(columns),
                                                                       std::move(loaded), std::move(reader), placed));
}

}  // namespace mneme
