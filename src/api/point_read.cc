#include "api/point_read.h"

#include <algorithm>

#include "table/blob_values.h"
#include "types/key.h"
#include "types/value_column.h"

namespace mneme {

// ---- ResultHome ------------------------------------------------------------------------------------------------

std::unique_ptr<ResultData> ResultHome::take() noexcept {
  ResultData* idle = idle_.load(std::memory_order_acquire);
  if (idle == nullptr) return nullptr;
  idle_.store(nullptr, std::memory_order_relaxed);  // Whoever gives back finds it empty or leaves it alone.
  return std::unique_ptr<ResultData>(idle);
}

void ResultHome::close() noexcept { delete idle_.exchange(closed(), std::memory_order_acquire); }

void ResultHome::give_back(std::unique_ptr<ResultData> data) noexcept {
  if (data->home == nullptr || data->memory.bytes() > kBytesMax) return;
  ResultData* none = nullptr;
  std::atomic<ResultData*>& idle = data->home->idle_;
  if (idle.compare_exchange_strong(none, data.get(), std::memory_order_release, std::memory_order_relaxed)) {
    static_cast<void>(data.release());  // The home's.
  }
}

// ---- PointRead -------------------------------------------------------------------------------------------------

std::unique_ptr<PointRead> PointRead::of(const std::shared_ptr<const PlannedStatement>& plan, const IndexKinds& kinds,
                                         Store& store) {
  auto access = query::point_access(plan->plan);
  if (!access) return nullptr;
  return std::unique_ptr<PointRead>(new PointRead(plan, *std::move(access), kinds, store));
}

PointRead::PointRead(std::shared_ptr<const PlannedStatement> plan, query::PointAccess access, const IndexKinds& kinds,
                     Store& store)
    : plan_(std::move(plan)),
      access_(std::move(access)),
      store_(store),
      lookup_(kinds, store.budget(), access_.table, access_.index, access_.columns),
      has_blobs_(std::ranges::any_of(plan_->columns,
                                     [](const ColumnInfo& column) { return column.type.kind == TypeKind::blob; })),
      home_(std::make_shared<ResultHome>()) {
  for (const std::size_t parameter : access_.key) values_.emplace_back(plan_->plan.parameter_types[parameter]);
  const TypeKind kind = values_.front().type().kind;
  by_word_ =
      values_.size() == 1 && (kind == TypeKind::integer || kind == TypeKind::timestamp || kind == TypeKind::decimal);
}

PointRead::~PointRead() { home_->close(); }

bool PointRead::takes(std::span<const Value> parameters) const noexcept {
  const auto& types = plan_->plan.parameter_types;
  if (parameters.size() != types.size()) return false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (parameters[i].is_null() || parameters[i].is_reference() || parameters[i].type() != types[i]) return false;
  }
  return true;
}

Bytes PointRead::key_of(std::span<const Value> parameters) {
  if (by_word_) {
    word_ = key_word_bytes(integer_key_word(parameters[access_.key.front()].as_int()));
    return word_;
  }
  key_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i].clear();
    append_value(values_[i], parameters[access_.key[i]]);
    encode_key_column(values_[i], 0, key_);
  }
  return key_;
}

// With columns to be filled, from the last result if that came back.
Result<std::unique_ptr<ResultData>> PointRead::empty_result() {
  auto data = home_->take();
  if (data != nullptr) return data;
  data = std::make_unique<ResultData>();
  data->memory = TRY(store_.budget().reserve(0, MemoryShare::queries, "result"));
  data->plan = plan_;
  data->columns = &plan_->columns;
  data->batches.emplace_back();
  for (const ColumnInfo& column : plan_->columns) data->batches.front().columns.emplace_back(column.type);
  data->first_rows.push_back(0);
  data->rows = 1;
  data->home = home_;
  return data;
}

std::unique_ptr<ResultData> PointRead::no_row(std::unique_ptr<ResultData> unused) {
  ResultHome::give_back(std::move(unused));
  auto data = std::make_unique<ResultData>();
  data->plan = plan_;
  data->columns = &plan_->columns;
  return data;
}

Result<std::unique_ptr<ResultData>> PointRead::run(const std::shared_ptr<const Version>& version,
                                                   std::uint64_t sequence, std::span<const Value> parameters) {
  const bool fits = TRY(lookup_.fits(version));
  if (!fits) return std::unique_ptr<ResultData>();
  auto data = TRY(empty_result());
  auto& columns = data->batches.front().columns;
  const bool found = TRY(lookup_.find(sequence, key_of(parameters), columns));
  if (!found) return no_row(std::move(data));
  std::size_t bytes = 0;
  for (const Column& column : columns) bytes += column.memory_bytes();
  if (bytes > data->memory.bytes()) {
    if (auto room = data->memory.grow_to(bytes); !room) {
      return std::move(room).error().with_hint("query() yields the rows batch by batch");
    }
  }
  // A result that comes back keeps its memory for the next one: that of long values is not for keeping.
  if (has_blobs_ && has_references(data->batches.front())) {
    data->home = nullptr;
    TRY(load_blobs(store_, *access_.table, access_.columns, data->batches.front()));
  }
  return data;
}

}  // namespace mneme
