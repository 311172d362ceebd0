// UPDATE: computes every new row first, then ends the old versions and adds the new ones.
#include "query/change_operator.h"

namespace mneme::query {
namespace {

class UpdateOperator final : public ChangeOperator {  // One thread at a time.
 public:
  UpdateOperator(const Plan& plan, Input input, EndedRows ended, ExecutionContext& context)
      : ChangeOperator(node(plan).table, &node(plan).checks, node(plan).returning, context),
        update_(node(plan)),
        input_types_(types_of(plan.inputs.front()->columns)),
        input_(std::move(input)),
        ended_(std::move(ended)) {}

 private:
  static const Update& node(const Plan& plan) { return std::get<Update>(plan.node); }
  [[nodiscard]] std::size_t width() const noexcept { return table().columns.size(); }
  [[nodiscard]] std::size_t others_at() const noexcept { return width() + 1; }  // Behind the columns and the RowId.

  Result<void> change() override {
    TRY(drain());
    TRY(context().transaction.remove(table().id, ended_.rows()));
    BufferReader reader(held_, held_->types().size());
    for (std::optional<Batch> batch = reader.next(); batch; batch = reader.next()) {
      TRY(check_stop(context()));
      TRY(store(*std::move(batch)));
    }
    return {};
  }

  // Holds of each row to change the new row, then, for RETURNING, the input's other columns.
  Result<void> drain() {
    std::vector<Type> types = types_of(update_.new_row);
    if (returns()) {
      types.insert(types.end(), input_types_.begin() + static_cast<std::ptrdiff_t>(others_at()), input_types_.end());
    }
    held_ = TRY(RowBuffer::make(types, context().budget, "UPDATE"));
    for (;;) {
      const std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return {};
      const Selection fresh = TRY(ended_.add(batch->columns[width()]));
      if (fresh.empty()) continue;
      const Batch some = fresh.size() == batch->rows() ? Batch() : chosen(*batch, fresh);
      const Batch& rows = fresh.size() == batch->rows() ? *batch : some;
      const auto new_row = TRY(compute_all(update_.new_row, over(rows, context())));
      auto columns = pointers_to(new_row);
      if (returns()) {
        for (std::size_t i = others_at(); i < input_types_.size(); ++i) columns.push_back(&rows.columns[i]);
      }
      TRY(held_->append(columns, rows.rows()));
    }
  }

  static Batch chosen(const Batch& batch, const Selection& rows) {
    Batch out;
    for (const Column& column : batch.columns) out.columns.push_back(gather(column, rows));
    return out;
  }

  Result<void> store(Batch rows) {
    const auto others = rows.columns.begin() + static_cast<std::ptrdiff_t>(width());
    std::vector<Column> behind(std::make_move_iterator(others), std::make_move_iterator(rows.columns.end()));
    rows.columns.erase(others, rows.columns.end());
    TRY(insert(rows));
    for (Column& column : behind) rows.columns.push_back(std::move(column));
    return changed(rows);
  }

  const Update& update_;
  const std::vector<Type> input_types_;
  Input input_;
  EndedRows ended_;
  std::shared_ptr<RowBuffer> held_;
};

}  // namespace

Result<OperatorPtr> make_update(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  EndedRows ended = TRY(EndedRows::make(context));
  return OperatorPtr(std::make_unique<UpdateOperator>(plan, std::move(inputs.front()), std::move(ended), context));
}

}  // namespace mneme::query
