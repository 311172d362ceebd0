#include "index/ordered/builder.h"

#include <algorithm>

namespace mneme::ordered {
namespace {

constexpr std::size_t kSortsAtATime = 4;  // Share the memory of maintenance: indexes of one table.
constexpr int kRowsBetweenLooksAtTheClock = 512;

// Do rows come in the order of the index's keys? Clustering puts NULL first and compares intervals by field.
bool is_clustered_by(const TableSchema& schema, const IndexSchema& index) {
  if (schema.clustering() != index.columns) return false;
  return std::ranges::all_of(index.columns, [&](ColumnId id) {
    const ColumnSchema* column = schema.find(id);
    const bool never_null = column->not_null || std::ranges::count(schema.primary_key, id) != 0;
    return never_null && column->type.kind != TypeKind::interval;
  });
}

}  // namespace

Result<std::unique_ptr<OrderedBuilder>> OrderedBuilder::make(const TableSchema& schema, const IndexSchema& index,
                                                             MemoryBudget& budget, ScratchFiles* scratch) {
  std::vector<Type> types;
  for (const ColumnId id : index.columns) {
    const ColumnSchema* column = schema.find(id);
    if (column == nullptr) return Error(Code::corrupt, "index " + index.name + " names a column that is gone");
    types.push_back(column->type);
  }
  SectionName name{index.id, index.kind, index.columns};
  Reservation tree = TRY(budget.reserve(0, MemoryShare::maintenance, "ordered index"));
  Reservation sort = TRY(budget.reserve(0, MemoryShare::maintenance, "sort for an index"));
  return std::unique_ptr<OrderedBuilder>(
      new OrderedBuilder(std::move(name), std::move(types), is_clustered_by(schema, index), std::move(tree),
                         std::move(sort), budget.share_cap(MemoryShare::maintenance) / kSortsAtATime, scratch));
}

OrderedBuilder::OrderedBuilder(SectionName name, std::vector<Type> types, bool clustered, Reservation tree_memory,
                               Reservation sort_memory, std::size_t sort_bytes, ScratchFiles* scratch)
    : name_(std::move(name)),
      types_(std::move(types)),
      clustered_(clustered),
      tree_memory_(std::move(tree_memory)),
      tree_(Form::clustered, fingerprint(types_)),
      sorter_(is_word_key(types_), std::move(sort_memory), sort_bytes, scratch) {}

Result<void> OrderedBuilder::add(const Batch& rows, std::uint64_t first_ordinal) {
  if (first_ordinal + rows.rows() > ~std::uint32_t{0}) return Error(Code::full, "an ordered index holds 2^32 rows");
  return clustered_ ? pass_through(rows, first_ordinal) : sort(rows, first_ordinal);
}

Result<void> OrderedBuilder::pass_through(const Batch& rows, std::uint64_t first_ordinal) {
  TRY(tree_memory_.grow_to(tree_.memory_bytes() + held_.bytes.capacity() * 2));
  if (is_word_key(types_) && !rows.columns[0].has_nulls()) return pass_words_through(rows.columns[0], first_ordinal);
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    key_.clear();
    encode_key(rows.columns, row, key_);
    if (compare_keys(key_, last_key_) < 0) return Error(Code::corrupt, "rows are not in the order of their clustering");
    TRY(tree_.add(key_, static_cast<std::uint32_t>(first_ordinal + row), held_));
    last_key_.swap(key_);
  }
  return {};
}

Result<void> OrderedBuilder::pass_words_through(const Column& column, std::uint64_t first_ordinal) {
  const std::size_t count = column.rows();
  if (count == 0) return {};
  words_.resize(count);
  for (std::size_t row = 0; row < count; ++row) words_[row] = key_word(column, row);
  key_.clear();
  put_key_word(words_[0], key_);
  if (compare_keys(key_, last_key_) < 0 || !std::ranges::is_sorted(words_)) {
    return Error(Code::corrupt, "rows are not in the order of their clustering");
  }
  TRY(tree_.add_words(words_, static_cast<std::uint32_t>(first_ordinal), held_));
  last_key_.clear();
  put_key_word(words_.back(), last_key_);
  return {};
}

void OrderedBuilder::watch_order(const Batch& rows) {
  for (std::size_t row = 0; ascending_ && row < rows.rows(); ++row) {
    key_.clear();
    encode_key(rows.columns, row, key_);
    ascending_ = compare_keys(key_, last_key_) >= 0;
    last_key_.swap(key_);
  }
}

Result<void> OrderedBuilder::sort(const Batch& rows, std::uint64_t first_ordinal) {
  watch_order(rows);
  return sorter_.add(rows.columns, 0, rows.rows(), static_cast<std::uint32_t>(first_ordinal));
}

Result<void> OrderedBuilder::begin_writing(SectionSink& sink) {
  if (clustered_) {
    TRY(sink.append(held_.bytes));
    held_.bytes = decltype(held_.bytes)();  // Braces alone would keep its room.
  } else if (!ascending_) {
    tree_ = TreeWriter(Form::entries, fingerprint(types_));
  }
  stage_ = Stage::sorting;
  return {};
}

Result<bool> OrderedBuilder::step(SectionSink& sink, Clock& clock, std::int64_t deadline_ns) {
  if (stage_ == Stage::adding) TRY(begin_writing(sink));
  while (stage_ == Stage::sorting) {
    const bool ready = TRY(sorter_.prepare_reading());
    if (ready) stage_ = Stage::merging;
    if (!ready && clock.monotonic_ns() >= deadline_ns) return false;
  }
  for (int rows = 1; stage_ == Stage::merging && !sorter_.at_end(); ++rows) {
    TRY(tree_.add(sorter_.key(), sorter_.ordinal(), sink));
    TRY(sorter_.advance());
    if (rows % kRowsBetweenLooksAtTheClock != 0) continue;
    TRY(tree_memory_.grow_to(tree_.memory_bytes()));
    if (clock.monotonic_ns() >= deadline_ns) return false;
  }
  if (stage_ == Stage::merging) TRY(tree_.finish(sink));
  stage_ = Stage::done;
  return true;
}

}  // namespace mneme::ordered
