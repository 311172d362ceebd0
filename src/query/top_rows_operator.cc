// TopRows: ORDER BY with a LIMIT over a table. Reads what the order and the conditions ask for of every row, and all
// the rest of the rows that are chosen.
#include <algorithm>

#include "query/late_rows.h"
#include "query/operators.h"
#include "query/sorter.h"

namespace mneme::query {
namespace {

constexpr std::size_t kWantedMax = 1'000;   // Beyond it, coming back for each row costs more than it saves.
constexpr std::size_t kSavedBytesMin = 16;  // Of a row.
const Type kPlaceType{.kind = TypeKind::integer};

// Which outputs of the Project the keys name, and which columns of the scan those and the filter need.
struct Needs {
  std::vector<bool> outputs;
  std::vector<bool> columns;
};
Needs needs_of(const TopPlan& top) {
  Needs needs{std::vector<bool>(top.project.expressions.size()), std::vector<bool>(top.scan.table_columns.size())};
  for (const SortKey& key : top.sort.keys) mark_columns(*key.expression, needs.outputs);
  for (std::size_t i = 0; i < needs.outputs.size(); ++i) {
    if (needs.outputs[i]) mark_columns(*top.project.expressions[i], needs.columns);
  }
  if (top.scan.filter != nullptr) mark_columns(*top.scan.filter, needs.columns);
  return needs;
}

bool saves_enough(const TopPlan& top, const Needs& needs) {
  std::size_t saved = 0;
  for (std::size_t i = 0; i < needs.columns.size(); ++i) {
    if (!needs.columns[i]) saved += top.scan.table->find(top.scan.table_columns[i])->type.width();
  }
  return saved >= kSavedBytesMin && std::ranges::find(needs.columns, true) != needs.columns.end();
}

std::int64_t packed(Place place) noexcept {
  return static_cast<std::int64_t>(std::uint64_t{place.source} << 32 | place.ordinal);
}
Place unpacked(std::int64_t place) noexcept {
  const auto bits = static_cast<std::uint64_t>(place);
  return {static_cast<std::uint32_t>(bits >> 32), static_cast<std::uint32_t>(bits)};
}

class TopRowsOperator final : public Operator {  // One thread at a time.
 public:
  TopRowsOperator(const TopPlan& top, Needs needs, std::size_t wanted, std::unique_ptr<PlacedReader> reader,
                  ExecutionContext& context)
      : top_(top),
        needs_(std::move(needs)),
        reader_(std::move(reader)),
        late_(top, *reader_, context),
        sorter_(top.sort.keys, {kPlaceType}, wanted, context),
        context_(context),
        sorted_(wanted == 0) {}

  Result<std::optional<Batch>> next() override {
    if (!sorted_) {
      TRY(choose_rows());
      sorted_ = true;
    }
    if (at_ == found_.size() && !next_found()) return std::optional<Batch>();
    const std::size_t count = std::min(late_.rows_per_batch(), found_.size() - at_);
    const auto places = std::span(found_).subspan(at_, count);
    Batch batch = TRY(late_.read(places));
    at_ += batch.rows();
    return std::optional<Batch>(std::move(batch));
  }

 private:
  bool next_found() {
    const std::optional<Batch> batch = sorter_.next();
    if (!batch) return false;
    found_.clear();
    at_ = 0;
    const auto* places = batch->columns.front().values<std::int64_t>();
    for (std::size_t i = 0; i < batch->rows(); ++i) found_.push_back(unpacked(places[i]));
    return true;
  }

  Result<void> choose_rows() {
    std::vector<RowId> row_ids;
    for (;;) {
      TRY(check_stop(context_));
      std::optional<Batch> batch = TRY(reader_->next(row_ids));
      if (!batch) return sorter_.finish();
      reader_->places(places_);
      TRY(look_at(spread(*std::move(batch), top_.scan, needs_.columns)));
    }
  }

  Result<void> look_at(const Batch& batch) {
    const EvaluationInput input = over(batch, places_.size(), context_);
    Selection kept;
    if (top_.scan.filter != nullptr) {
      kept = TRY(filter(*top_.scan.filter, input));
      if (kept.empty()) return {};
    }
    const Selection* const chosen = top_.scan.filter != nullptr ? &kept : nullptr;
    Batch outputs;
    for (std::size_t i = 0; i < needs_.outputs.size(); ++i) {
      const Expression& expression = *top_.project.expressions[i];
      outputs.columns.emplace_back(expression.type);
      if (needs_.outputs[i]) outputs.columns.back() = TRY(evaluate(expression, input, chosen));
    }
    const std::size_t rows = chosen != nullptr ? kept.size() : places_.size();
    Column places(kPlaceType);
    places.reserve(rows);
    for (std::size_t i = 0; i < rows; ++i) places.append(packed(places_[chosen != nullptr ? kept[i] : i]));
    return sorter_.add({.batch = outputs, .rows = rows, .parameters = context_.parameters}, {&places});
  }

  const TopPlan top_;
  const Needs needs_;
  const std::unique_ptr<PlacedReader> reader_;
  const LateRows late_;
  Sorter sorter_;
  ExecutionContext& context_;
  std::vector<Place> places_;  // Of the batch at hand.
  std::vector<Place> found_;   // Chosen, in order.
  std::size_t at_ = 0;
  bool sorted_;
};

}  // namespace

Result<OperatorPtr> make_top_rows(const Plan& plan, ExecutionContext& context) {
  const auto top = top_plan_of(plan);
  if (!top) return OperatorPtr();
  Needs needs = needs_of(*top);
  const RowWindow window = TRY(row_window(top->sort.limit, top->sort.offset, context));
  if (window.end() > kWantedMax || !saves_enough(*top, needs)) return OperatorPtr();
  auto reader = TRY(read_columns(top->scan, needs.columns, context));
  return OperatorPtr(
      std::make_unique<TopRowsOperator>(*top, std::move(needs), window.end(), std::move(reader), context));
}

}  // namespace mneme::query
