#include "api/point_read.h"

#include "table/blob_values.h"
#include "types/key.h"
#include "types/value_column.h"

namespace mneme {

// ---- ResultHome ------------------------------------------------------------------------------------------------

ResultHome::~ResultHome() { delete idle_.load(std::memory_order_acquire); }

std::unique_ptr<ResultData> ResultHome::take() noexcept {
  return std::unique_ptr<ResultData>(idle_.exchange(nullptr, std::memory_order_acquire));
}

void ResultHome::give_back(std::unique_ptr<ResultData> data) noexcept {
  const std::shared_ptr<ResultHome> home = std::move(data->home);
  if (home == nullptr || data->memory.bytes() > kBytesMax) return;
  ResultData* none = nullptr;
  if (home->idle_.compare_exchange_strong(none, data.get(), std::memory_order_release, std::memory_order_relaxed)) {
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
      home_(std::make_shared<ResultHome>()) {
  for (const std::size_t parameter : access_.key) values_.emplace_back(plan_->plan.parameter_types[parameter]);
}

bool PointRead::takes(std::span<const Value> parameters) const noexcept {
  const auto& types = plan_->plan.parameter_types;
  if (parameters.size() != types.size()) return false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (parameters[i].is_null() || parameters[i].is_reference() || parameters[i].type() != types[i]) return false;
  }
  return true;
}

Bytes PointRead::key_of(std::span<const Value> parameters) {
  key_.clear();
  for (std::size_t i = 0; i < values_.size(); ++i) {
    values_[i].clear();
    append_value(values_[i], parameters[access_.key[i]]);
    encode_key_column(values_[i], 0, key_);
  }
  return key_;
}

// With a batch of no rows to be filled, from the last result if that came back.
Result<std::unique_ptr<ResultData>> PointRead::empty_result() {
  auto data = home_->take();
  if (data == nullptr) {
    data = std::make_unique<ResultData>();
    data->memory = TRY(store_.budget().reserve(0, MemoryShare::queries, "result"));
    data->plan = plan_;
    data->columns = &plan_->columns;
    data->batches.emplace_back();
    for (const ColumnInfo& column : plan_->columns) data->batches.front().columns.emplace_back(column.type);
    data->first_rows.push_back(0);
  } else {
    for (Column& column : data->batches.front().columns) column.clear();
  }
  return data;
}

Result<std::unique_ptr<ResultData>> PointRead::run(const std::shared_ptr<const Version>& version,
                                                   std::uint64_t sequence, std::span<const Value> parameters) {
  const bool fits = TRY(lookup_.fits(version));
  if (!fits) return std::unique_ptr<ResultData>();
  auto data = TRY(empty_result());
  auto& columns = data->batches.front().columns;
  const bool found = TRY(lookup_.find(sequence, key_of(parameters), columns));
  if (!found) {
    data->home = home_;
    ResultHome::give_back(std::move(data));
    data = std::make_unique<ResultData>();
    data->plan = plan_;
    data->columns = &plan_->columns;
    return data;
  }
  std::size_t bytes = 0;
  for (const Column& column : columns) bytes += column.memory_bytes();
  if (bytes > data->memory.bytes()) {
    if (auto room = data->memory.grow_to(bytes); !room) {
      return std::move(room).error().with_hint("query() yields the rows batch by batch");
    }
  }
  data->rows = 1;
  // A result that comes back keeps its memory for the next one: that of long values is not for keeping.
  if (has_references(data->batches.front())) {
    TRY(load_blobs(store_, *access_.table, access_.columns, data->batches.front()));
  } else {
    data->home = home_;
  }
  return data;
}

}  // namespace mneme
