#include "query/join_lookup.h"

#include <algorithm>

#include "query/group_table.h"
#include "query/operators.h"

namespace mneme::query {
namespace {

constexpr std::size_t kRowsPerLookup = 64;  // Reading so many in a row costs about as much as finding one.

// An index all of whose columns the join's keys name, and which key names each.
struct Access {
  const IndexSchema* index = nullptr;
  std::vector<std::size_t> keys;
};

std::optional<std::size_t> key_of_column(const Join& join, const Scan& scan, ColumnId column) {
  for (std::size_t i = 0; i < join.right_keys.size(); ++i) {
    const Expression& key = *join.right_keys[i];
    if (key.kind == ExpressionKind::column && key.index < scan.table_columns.size() &&
        scan.table_columns[key.index] == column) {
      return i;
    }
  }
  return std::nullopt;
}

std::optional<Access> access_of(const Join& join, const Scan& scan) {
  for (const IndexSchema& index : scan.table->indexes) {
    if (index.kind != "ordered") continue;
    Access access{&index, {}};
    for (const ColumnId column : index.columns) {
      if (const auto key = key_of_column(join, scan, column)) access.keys.push_back(*key);
    }
    if (access.keys.size() == index.columns.size()) return access;
  }
  return std::nullopt;
}

std::size_t rows_of(const Snapshot& snapshot, TableId table) {
  const TableVersion* version = snapshot.version->find(table);
  std::size_t rows = 0;
  if (version == nullptr) return rows;
  for (const auto& memtable : version->memtables) rows += memtable->visible_rows(snapshot.sequence);
  for (const TableSegment& segment : version->segments) rows += segment.part.rows;
  return rows;
}

// The distinct keys of the left rows, a column per column of the index; keys with a NULL match nothing.
Result<Batch> distinct_keys(const Join& join, const Access& access, std::span<const std::shared_ptr<const Batch>> left,
                            ExecutionContext& context) {
  Batch out;
  std::vector<Type> types;
  for (const std::size_t key : access.keys) {
    types.push_back(join.left_keys[key]->type);
    out.columns.emplace_back(types.back());
  }
  GroupTable met(types);
  std::vector<GroupNumber> numbers;
  for (const auto& batch : left) {
    const auto computed = TRY(compute_all(join.left_keys, over(*batch, context)));
    std::vector<const Column*> keys;
    for (const std::size_t key : access.keys) keys.push_back(&*computed[key]);
    std::size_t next = met.groups();
    met.find_or_add(keys, batch->rows(), numbers);
    for (std::size_t row = 0; row < numbers.size(); ++row) {
      if (numbers[row] != next) continue;
      ++next;
      if (std::ranges::any_of(keys, [&](const Column* key) { return key->is_null(row); })) continue;
      for (std::size_t i = 0; i < keys.size(); ++i) out.columns[i].append_run(*keys[i], row, 1);
    }
  }
  return out;
}

class LookupOperator final : public Operator {  // One thread at a time.
 public:
  LookupOperator(const Scan& scan, IndexId index, Batch keys, ExecutionContext& context)
      : scan_(scan), index_(index), keys_(std::move(keys)), context_(context) {}

  Result<std::optional<Batch>> next() override {
    for (;;) {
      if (current_ != nullptr) {
        std::optional<Batch> batch = TRY(current_->next());
        if (batch) return batch;
        current_ = nullptr;
      }
      if (at_ == keys_.rows()) return std::optional<Batch>();
      TRY(look_up(at_++));
    }
  }

 private:
  Result<void> look_up(std::size_t row) {
    std::optional<ScanRequest> request = TRY(scan_request(scan_, context_));
    request->key.emplace();
    request->key->index = index_;
    for (const Column& column : keys_.columns) {
      request->key->equal.columns.emplace_back(column.type()).append_run(column, row, 1);
    }
    auto reader = TRY(context_.transaction.scan(*std::move(request)));
    current_ = make_reading(scan_, std::move(reader), context_);
    return {};
  }

  const Scan& scan_;
  const IndexId index_;
  const Batch keys_;
  ExecutionContext& context_;
  OperatorPtr current_;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_lookup(const Join& join, const Plan& right, std::span<const std::shared_ptr<const Batch>> left,
                                ExecutionContext& context) {
  const auto* scan = std::get_if<Scan>(&right.node);
  const bool whole = join.kind == JoinKind::right || join.kind == JoinKind::full || join.null_aware;
  if (scan == nullptr || scan->index || whole) return OperatorPtr();
  const auto access = access_of(join, *scan);
  if (!access) return OperatorPtr();
  Batch keys = TRY(distinct_keys(join, *access, left, context));
  if (keys.rows() * kRowsPerLookup > rows_of(context.transaction.snapshot(), scan->table->id)) return OperatorPtr();
  return OperatorPtr(std::make_unique<LookupOperator>(*scan, access->index->id, std::move(keys), context));
}

}  // namespace mneme::query
