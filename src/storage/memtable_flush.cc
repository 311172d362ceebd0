#include "storage/memtable_flush.h"

#include <algorithm>
#include <numeric>

#include "storage/clustering_order.h"
#include "storage/memtable_check.h"

namespace mneme {
namespace {

struct KeyAndOrdinal {
  std::int64_t key = 0;
  std::uint32_t ordinal = 0;
};

constexpr std::size_t kOrderBytes = 2 * sizeof(std::uint32_t);  // Of a row: where it goes, and where it came from.

// What sorting holds for each row beside both orders.
std::size_t key_bytes(const TableSchema& schema) {
  std::size_t bytes = sizeof(KeyAndOrdinal);
  for (const ColumnId id : schema.clustering()) {
    if (const auto ordinal = schema.ordinal_of(id)) bytes += schema.columns[*ordinal].type.width() + 1;
  }
  return bytes;
}

// Ties keep the order of arrival, so that equal inputs give equal files.
void sort_by_integers(const Column& keys, std::vector<std::uint32_t>& order) {
  std::vector<KeyAndOrdinal> pairs(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) pairs[i] = {keys.values<std::int64_t>()[i], order[i]};
  std::ranges::sort(pairs, [](const KeyAndOrdinal& a, const KeyAndOrdinal& b) {
    return a.key != b.key ? a.key < b.key : a.ordinal < b.ordinal;
  });
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = pairs[i].ordinal;
}

void sort_by_rows(const Batch& keys, std::vector<std::uint32_t>& order) {
  std::vector<std::size_t> all(keys.columns.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<std::uint32_t> permutation(order.size());
  std::iota(permutation.begin(), permutation.end(), std::uint32_t{0});
  std::ranges::sort(permutation, [&](std::uint32_t a, std::uint32_t b) {
    const auto less = compare_rows(keys, a, keys, b, all);
    return less != 0 ? less < 0 : a < b;
  });
  for (std::uint32_t& at : permutation) at = order[at];
  order = std::move(permutation);
}

bool are_integers(const Batch& keys) {
  if (keys.columns.size() != 1 || keys.columns[0].has_nulls()) return false;
  const TypeKind kind = keys.columns[0].type().kind;
  return kind == TypeKind::integer || kind == TypeKind::timestamp || kind == TypeKind::decimal;
}

}  // namespace

std::size_t MemtableFlush::rows_max(const TableSchema& schema, const MemoryBudget& budget) {
  const std::size_t bytes = budget.share_cap(MemoryShare::maintenance) / 4;
  return std::max(bytes / (kOrderBytes + key_bytes(schema)), kBatchRowsMax);
}

Result<std::unique_ptr<MemtableFlush>> MemtableFlush::begin(std::shared_ptr<const Memtable> memtable,
                                                            const Options& options, MemoryBudget& budget) {
  TRY(check_memtable(*memtable));
  const std::size_t all = memtable->visible_rows(kEnding - 1);
  Reservation memory = TRY(budget.reserve(all * kOrderBytes, MemoryShare::maintenance, "flush"));
  std::unique_ptr<MemtableFlush> flush(new MemtableFlush(std::move(memtable), options, std::move(memory)));
  const Lsn covered = options.covered_to == Lsn{} ? options.last_lsn : options.covered_to;
  flush->order_ = flush->source_.ending_after(std::min(options.oldest_snapshot, raw(covered)));
  TRY(flush->sort_by_clustering(budget));
  flush->rows_ = flush->order_.size();
  flush->place_.assign(all, kLeftOut);
  for (std::size_t i = 0; i < flush->order_.size(); ++i) {
    flush->place_[flush->order_[i]] = static_cast<std::uint32_t>(i);
  }
  return flush;
}

// Mostly the rows lie one after another, and are copied as they lie.
Result<void> MemtableFlush::read(const ColumnSchema& column, std::span<const std::uint32_t> ordinals,
                                 Column& out) const {
  const bool run = as_they_came_ && !ordinals.empty() && ordinals.back() - ordinals.front() + 1 == ordinals.size();
  return run ? source_.read(column, ordinals.front(), ordinals.size(), out) : source_.gather(column, ordinals, out);
}

Result<void> MemtableFlush::gather_keys(std::span<const std::size_t> columns, std::span<const std::uint32_t> ordinals,
                                        Batch& keys) const {
  for (const std::size_t column : columns) {
    const ColumnSchema& schema = memtable_->schema().columns[column];
    TRY(read(schema, ordinals, keys.columns.emplace_back(schema.type)));
  }
  return {};
}

// Rows mostly arrive in their order: then nothing is to be done, a batch of keys at a time.
Result<bool> MemtableFlush::is_sorted(std::span<const std::size_t> columns) const {
  std::vector<std::size_t> all(columns.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  for (std::size_t first = 0; first + 1 < order_.size(); first += kBatchRowsMax - 1) {  // One row is in both.
    const std::size_t count = std::min(kBatchRowsMax, order_.size() - first);
    Batch keys;
    TRY(gather_keys(columns, std::span(order_).subspan(first, count), keys));
    if (are_integers(keys)) {
      const auto* values = keys.columns[0].values<std::int64_t>();
      if (!std::is_sorted(values, values + count)) return false;
      continue;
    }
    for (std::size_t row = 1; row < count; ++row) {
      if (compare_rows(keys, row - 1, keys, row, all) > 0) return false;
    }
  }
  return true;
}

Result<void> MemtableFlush::sort_by_clustering(MemoryBudget& budget) {
  const auto columns = clustering_ordinals(memtable_->schema());
  if (columns.empty() || TRY(is_sorted(columns))) return {};
  as_they_came_ = false;
  const Reservation memory =
      TRY(budget.reserve(order_.size() * key_bytes(memtable_->schema()), MemoryShare::maintenance, "flush"));
  Batch keys;
  TRY(gather_keys(columns, order_, keys));
  are_integers(keys) ? sort_by_integers(keys.columns[0], order_) : sort_by_rows(keys, order_);
  return {};
}

SegmentPart MemtableFlush::part() const {
  const TableSchema& schema = memtable_->schema();
  SegmentPart part{schema.id, schema.version, raw(options_.first_lsn), raw(options_.last_lsn), {}};
  part.columns.push_back({kRowIdColumn, Type{.kind = TypeKind::integer}});
  for (const ColumnSchema& column : schema.columns) part.columns.push_back({column.id, column.type});
  encode_schema(schema, part.schema);
  return part;
}

Result<Batch> MemtableFlush::batch_of(std::span<const std::uint32_t> ordinals) const {
  Batch batch;
  Column& row_ids = batch.columns.emplace_back(Type{.kind = TypeKind::integer});
  std::byte* to = row_ids.extend(ordinals.size());
  for (std::size_t i = 0; i < ordinals.size();) {  // Whole runs of rows that lie one after another.
    std::size_t run = 1;
    while (i + run < ordinals.size() && ordinals[i + run] == ordinals[i] + run) ++run;
    source_.row_ids_from(ordinals[i], run, to + i * sizeof(RowId));
    i += run;
  }
  for (const ColumnSchema& column : memtable_->schema().columns) {
    TRY(read(column, ordinals, batch.columns.emplace_back(column.type)));
  }
  return batch;
}

Result<bool> MemtableFlush::step(SegmentWriter& writer, Clock& clock, std::int64_t deadline_ns, SectionJobs* sections) {
  if (!begun_) TRY(writer.begin_part(part()));
  begun_ = true;
  // Wide rows in few at a time: a batch stays near kBatchBytesMax.
  std::size_t row_bytes = sizeof(RowId);
  for (const ColumnSchema& column : memtable_->schema().columns) row_bytes += column.type.width();
  const std::size_t batch_rows = std::clamp<std::size_t>(kBatchBytesMax / row_bytes, 1, kBatchRowsMax);
  while (written_ < order_.size()) {
    const std::size_t count = std::min(batch_rows, order_.size() - written_);
    Batch batch = TRY(batch_of(std::span(order_).subspan(written_, count)));
    if (sections != nullptr) TRY(sections->add(batch, written_));
    TRY(writer.append(batch));
    written_ += count;
    if (written_ < order_.size() && clock.monotonic_ns() >= deadline_ns) return false;
  }
  TRY(writer.end_rows());
  order_ = std::vector<std::uint32_t>();  // Braces alone would keep its room.
  memory_.shrink(memory_.bytes() - place_.size() * sizeof(std::uint32_t));
  return true;
}

std::vector<DeleteSet::Pair> MemtableFlush::ended_after(std::uint64_t sequence) const {
  std::vector<DeleteSet::Pair> pairs = source_.ended_after(sequence);
  std::erase_if(pairs, [this](const DeleteSet::Pair& pair) { return place_[pair.ordinal] == kLeftOut; });
  for (DeleteSet::Pair& pair : pairs) pair.ordinal = place_[pair.ordinal];
  return pairs;
}

}  // namespace mneme
