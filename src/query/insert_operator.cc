// INSERT. An input that reads the table itself is drained before the first row is added.
#include "query/change_operator.h"
#include "query/on_conflict.h"

namespace mneme::query {
namespace {

class InsertOperator final : public ChangeOperator {  // One thread at a time.
 public:
  InsertOperator(const Plan& plan, Input input, std::optional<OnConflict> on_conflict, ExecutionContext& context)
      : ChangeOperator(node(plan).table, &node(plan).checks, node(plan).returning, context),
        plan_(plan),
        input_(std::move(input)),
        on_conflict_(std::move(on_conflict)) {}

 private:
  static const Insert& node(const Plan& plan) { return std::get<Insert>(plan.node); }

  Result<void> change() override {
    if (reads_table(*plan_.inputs.front(), table().id)) return change_drained();
    for (;;) {
      std::optional<Batch> batch = TRY(input_.next());
      if (!batch) return {};
      TRY(add(std::move(*batch)));
    }
  }

  Result<void> change_drained() {
    const auto held = TRY(RowBuffer::make(types_of(plan_.inputs.front()->columns), context().budget, "INSERT"));
    for (;;) {
      const std::optional<Batch> batch = TRY(input_.next());
      if (!batch) break;
      TRY(held->append(pointers_to(*batch), batch->rows()));
    }
    BufferReader reader(held, held->types().size());
    for (std::optional<Batch> batch = reader.next(); batch; batch = reader.next()) {
      TRY(check_stop(context()));
      TRY(add(*std::move(batch)));
    }
    return {};
  }

  Result<void> add(Batch batch) {
    if (on_conflict_) {
      // What is proposed has to be a row, also one that a conflict leaves out.
      TRY(refuse_nulls(table(), batch));
      TRY(check(batch));
      batch = TRY(on_conflict_->resolve(std::move(batch)));
    }
    if (batch.rows() == 0) return {};
    TRY(insert(batch));
    return changed(batch);
  }

  const Plan& plan_;
  Input input_;
  std::optional<OnConflict> on_conflict_;
};

}  // namespace

Result<OperatorPtr> make_insert(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  const auto& insert = std::get<Insert>(plan.node);
  std::optional<OnConflict> on_conflict;
  if (insert.on_conflict) on_conflict.emplace(TRY(OnConflict::make(insert, context)));
  return OperatorPtr(
      std::make_unique<InsertOperator>(plan, std::move(inputs.front()), std::move(on_conflict), context));
}

}  // namespace mneme::query
