#include "table/blob_values.h"

#include <algorithm>

namespace mneme {

bool has_references(const Column& column) noexcept {
  if (column.type().kind != TypeKind::blob) return false;
  for (std::size_t row = 0; row < column.rows(); ++row) {
    if (!column.is_null(row) && column.values<StringRef>()[row].is_reference()) return true;
  }
  return false;
}

bool has_references(const Batch& batch) noexcept {
  return std::ranges::any_of(batch.columns, [](const Column& column) { return has_references(column); });
}

namespace {

struct LoadedBlob {
  Reservation memory;
  std::unique_ptr<char[]> bytes;
};

Result<Reservation> reserve_for(Store& store, std::uint64_t bytes) {
  auto memory = store.budget().reserve(bytes, MemoryShare::queries, "blob");
  if (memory) return memory;
  return Error(Code::full, "a blob of " + std::to_string(bytes) + " bytes is more than memory_budget leaves for it")
      .with_sqlstate("53200")
      .with_hint("read it in parts: Connection::read_blob(), substr(); or open the database with a larger one");
}

std::string place_of(const TableSchema& schema, ColumnId column) {
  return "table '" + schema.name + "', column '" + schema.find(column)->name + "'";
}

// Loads the columns at `positions` of a batch, each of which is `columns` there.
Result<void> load_some(Store& store, const TableSchema& schema, std::span<const ColumnId> columns,
                       std::span<const std::size_t> positions, Batch& batch) {
  for (const std::size_t i : positions) {
    auto done = load_blobs(store, batch.columns[i]);
    if (!done) return std::move(done).error().during(place_of(schema, columns[i]));
  }
  return {};
}

}  // namespace

Result<void> append_blob(Store& store, const BlobRef& ref, std::uint64_t from, std::uint64_t count, Column& out) {
  const auto file = TRY(store.blob_file(FileNumber{ref.file}));
  const auto reader = TRY(file->open());
  TRY(reader->check_extent(ref));
  auto blob = std::make_shared<LoadedBlob>();
  blob->memory = TRY(reserve_for(store, count));
  blob->bytes = std::make_unique_for_overwrite<char[]>(count);
  TRY(reader->read(ref, from, std::as_writable_bytes(std::span(blob->bytes.get(), count))));
  out.append_borrowed({blob->bytes.get(), count});
  out.keep_alive(std::move(blob));
  return {};
}

Result<void> load_blobs(Store& store, Column& column) {
  if (!has_references(column)) return {};
  Column loaded(column.type());
  const auto* values = column.values<StringRef>();
  for (std::size_t row = 0; row < column.rows(); ++row) {
    if (column.is_null(row)) {
      loaded.append_null();
    } else if (values[row].is_reference()) {
      const BlobRef ref = blob_ref(values[row]);
      TRY(append_blob(store, ref, 0, ref.bytes, loaded));
    } else {
      loaded.append_copy(values[row]);
    }
  }
  column = std::move(loaded);
  return {};
}

Result<void> load_blobs(Store& store, const TableSchema& schema, std::span<const ColumnId> columns, Batch& batch) {
  for (std::size_t i = 0; i < columns.size(); ++i) TRY(load_some(store, schema, columns, {&i, 1}, batch));
  return {};
}

namespace {

constexpr std::uint64_t kPartOfValue = 16;  // What reading a value in part counts for: one 16th of it.

class LoadingReader final : public PlacedReader {
 public:
  LoadingReader(Store& store, std::shared_ptr<const TableSchema> schema, std::vector<ColumnId> columns,
                BlobColumns blobs, std::unique_ptr<TableReader> reader, PlacedReader* placed)
      : store_(store),
        schema_(std::move(schema)),
        columns_(std::move(columns)),
        blobs_(std::move(blobs)),
        reader_(std::move(reader)),
        placed_(placed) {
    wanted_ = wanted_of(columns_);
  }

  Result<std::optional<Batch>> next(std::vector<RowId>& rows) override {
    if (passes()) return reader_->next(rows);
    if (end_ == batch_.rows() && !TRY(next_stored())) return std::optional<Batch>();
    first_ = end_;
    end_ += fitting(batch_, wanted_, first_);
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
    TRY(load_some(store_, *schema_, columns_, wanted_.whole, out));
    return std::optional(std::move(out));
  }

  void places(std::vector<Place>& out) const override {
    if (passes()) return placed_->places(out);
    const auto from = places_.begin() + static_cast<std::ptrdiff_t>(first_);
    out.assign(from, from + static_cast<std::ptrdiff_t>(last_));
  }
  Result<std::optional<ValueRun>> next_run() override { return placed_->next_run(); }
  Result<ValueRun> run_at(Place place, ColumnId column) const override { return placed_->run_at(place, column); }
  Result<bool> is_there(Place place) const override { return placed_->is_there(place); }
  Result<Batch> fetch(std::span<const Place> places, std::span<const ColumnId> columns) const override {
    Batch found = TRY(placed_->fetch(places, columns));
    const Wanted wanted = wanted_of(columns);
    const std::size_t count = fitting(found, wanted, 0);
    for (Column& column : found.columns) column.truncate(count);
    TRY(load_some(store_, *schema_, columns, wanted.whole, found));
    return found;
  }

 private:
  struct Wanted {  // Positions of BLOB columns in a batch.
    std::vector<std::size_t> whole;
    std::vector<std::size_t> in_part;
  };
  [[nodiscard]] Wanted wanted_of(std::span<const ColumnId> columns) const {
    Wanted wanted;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (schema_->find(columns[i])->type.kind != TypeKind::blob) continue;
      if (std::ranges::find(blobs_.by_reference, columns[i]) != blobs_.by_reference.end()) continue;
      const bool in_part = std::ranges::find(blobs_.in_part, columns[i]) != blobs_.in_part.end();
      (in_part ? wanted.in_part : wanted.whole).push_back(i);
    }
    return wanted;
  }
  [[nodiscard]] bool passes() const noexcept { return wanted_.whole.empty() && wanted_.in_part.empty(); }

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

  // Bytes of blobs that the row's values in these columns stand for.
  static std::uint64_t blob_bytes(const Batch& batch, std::span<const std::size_t> columns, std::size_t row) {
    std::uint64_t bytes = 0;
    for (const std::size_t column : columns) {
      if (batch.columns[column].is_null(row)) continue;
      const StringRef value = batch.columns[column].values<StringRef>()[row];
      if (value.is_reference()) bytes += blob_ref(value).bytes;
    }
    return bytes;
  }

  // How many rows from `first` on stay near kBatchBytesMax, at least one.
  static std::size_t fitting(const Batch& batch, const Wanted& wanted, std::size_t first) {
    std::uint64_t bytes = 0;
    for (std::size_t row = first; row < batch.rows(); ++row) {
      bytes += blob_bytes(batch, wanted.whole, row) + blob_bytes(batch, wanted.in_part, row) / kPartOfValue;
      if (bytes > kBatchBytesMax && row > first) return row - first;
    }
    return batch.rows() - first;
  }

  Store& store_;
  const std::shared_ptr<const TableSchema> schema_;
  const std::vector<ColumnId> columns_;
  const BlobColumns blobs_;
  Wanted wanted_;  // In columns_.
  const std::unique_ptr<TableReader> reader_;
  PlacedReader* const placed_;  // The reader, if it is one.
  Batch batch_;                 // Read and not yet handed on, from end_ on.
  std::vector<RowId> rows_;
  std::vector<Place> places_;
  std::size_t first_ = 0, end_ = 0;
  std::size_t last_ = 0;  // Rows of the last batch, which began at first_.
};

bool has_blobs(const TableSchema& schema) {
  return std::ranges::any_of(schema.columns,
                             [](const ColumnSchema& column) { return column.type.kind == TypeKind::blob; });
}

}  // namespace

Result<std::unique_ptr<TableReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                std::vector<ColumnId> columns, const BlobColumns& blobs,
                                                std::unique_ptr<TableReader> reader) {
  if (!has_blobs(*schema)) return reader;
  return std::unique_ptr<TableReader>(
      std::make_unique<LoadingReader>(store, std::move(schema), std::move(columns), blobs, std::move(reader), nullptr));
}

// Also where no such column is scanned: rows may be fetched with others.
Result<std::unique_ptr<PlacedReader>> with_blobs(Store& store, std::shared_ptr<const TableSchema> schema,
                                                 std::vector<ColumnId> columns, const BlobColumns& blobs,
                                                 std::unique_ptr<PlacedReader> reader) {
  if (!has_blobs(*schema)) return reader;
  PlacedReader* placed = reader.get();
  return std::unique_ptr<PlacedReader>(
      std::make_unique<LoadingReader>(store, std::move(schema), std::move(columns), blobs, std::move(reader), placed));
}

}  // namespace mneme
