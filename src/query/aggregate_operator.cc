// Aggregate: groups its whole input by keys, in the order in which groups first appear, and folds each call's
// arguments per group.
//
// A call with DISTINCT first drops rows whose (group, arguments) it has met. One with ORDER BY holds its rows and folds
// them sorted at the end.
#include <algorithm>

#include "query/accumulator.h"
#include "query/operators.h"
#include "query/sort_keys.h"

namespace mneme::query {
namespace {

const Type kGroupType{.kind = TypeKind::integer};

// One call's state: its accumulator and what stands before it. One thread at a time.
class CallState {
 public:
  static Result<std::unique_ptr<CallState>> make(const AggregateCall& call, ExecutionContext& context) {
    auto state = std::unique_ptr<CallState>(new CallState(call));
    state->growth_ = TRY(context.budget.reserve(0, MemoryShare::queries, "aggregate"));
    const auto types = types_of(call.arguments);
    state->accumulator_ = make_accumulator(call.kind, types, call.type);
    if (state->accumulator_ == nullptr) {
      return Error(Code::unsupported, "an aggregate does not take arguments of these types").with_sqlstate("42883");
    }
    if (!call.order_by.empty()) {
      std::vector<Type> held{kGroupType};
      held.insert(held.end(), types.begin(), types.end());
      if (state->keys_.has_rest()) held.push_back(Type{.kind = TypeKind::blob});
      state->held_ = TRY(RowBuffer::make(std::move(held), context.budget, "aggregate ORDER BY"));
    }
    return state;
  }

  Result<void> add(const EvaluationInput& input, std::span<const GroupNumber> groups, std::size_t group_count) {
    accumulator_->resize(group_count);
    if (call_.filter == nullptr && !call_.distinct) return add_selected(input, groups, nullptr);
    Selection kept = every_row(input.rows);
    if (call_.filter != nullptr) kept = TRY(filter(*call_.filter, input));
    if (call_.distinct) TRY(drop_met(input, groups, kept));
    std::vector<GroupNumber> of_kept(kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) of_kept[i] = groups[kept[i]];
    return add_selected(input, of_kept, &kept);
  }

  Result<void> close() {
    if (held_ == nullptr) return {};
    sort_entries(entries_, keys_, *held_, held_->types().size() - 1);
    const BufferReader reader(held_, 1 + call_.arguments.size());
    std::vector<RowNumber> rows;
    std::vector<GroupNumber> groups;
    for (std::size_t first = 0; first < entries_.size(); first += rows.size()) {
      rows.resize(std::min(held_->rows_per_batch(), entries_.size() - first));
      for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = entries_[first + i].row;
      const Batch batch = reader.read(rows);
      groups.resize(rows.size());
      const auto* numbers = batch.columns.front().values<std::int64_t>();
      for (std::size_t i = 0; i < rows.size(); ++i) groups[i] = static_cast<GroupNumber>(numbers[i]);
      const auto columns = pointers_to(batch);
      TRY(add_to_states(std::span(columns).subspan(1), groups));
    }
    held_ = nullptr;
    return {};
  }

  Result<void> finish(std::size_t first, std::size_t count, std::size_t group_count, Column& out) {
    accumulator_->resize(group_count);  // A group all of whose rows are held or left out.
    const std::size_t copied = out.type().is_variable() ? accumulator_->memory_bytes() / group_count * count : 0;
    TRY(hold(growth_, copied > kBatchBytesMax ? copied : 0));
    return accumulator_->finish(first, count, out);
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept { return accumulator_->memory_bytes() + met_.memory_bytes(); }
  [[nodiscard]] std::size_t memory_bytes_after(std::size_t rows, std::size_t input_bytes) const noexcept {
    const std::size_t states = accumulator_->memory_bytes() * 2 + rows * accumulator_->state_bytes() + input_bytes;
    return states + (call_.distinct ? met_.memory_bytes_after(rows, input_bytes + rows * 10) : 0);
  }

 private:
  explicit CallState(const AggregateCall& call) : call_(call), keys_(call.order_by), met_({kGroupType, kGroupType}) {}

  // Keeps of `kept` the rows whose group and arguments were not met before.
  Result<void> drop_met(const EvaluationInput& input, std::span<const GroupNumber> groups, Selection& kept) {
    const auto arguments = TRY(compute_all(call_.arguments, input, &kept));
    Column numbers(kGroupType);
    for (const RowIndex row : kept) numbers.append(std::int64_t{groups[row]});
    std::vector<const Column*> keys{&numbers};
    for (const Computed& argument : arguments) keys.push_back(&*argument);
    std::size_t next = met_.groups();
    std::vector<GroupNumber> met;
    met_.find_or_add(keys, kept.size(), met);
    Selection fresh;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (met[i] != next) continue;
      fresh.push_back(kept[i]);
      ++next;
    }
    kept = std::move(fresh);
    return {};
  }

  Result<void> add_selected(const EvaluationInput& input, std::span<const GroupNumber> groups, const Selection* kept) {
    if (held_ == nullptr) {
      const auto arguments = TRY(compute_all(call_.arguments, input, kept));
      return add_to_states(pointers_to(arguments), groups);
    }
    if (kept == nullptr) return hold_rows(input, groups);
    // What the other rows would be ordered by, or their arguments, may fail.
    Batch chosen;
    for (const Column& column : input.batch.columns) chosen.columns.push_back(gather(column, *kept));
    return hold_rows({.batch = chosen,
                      .rows = kept->size(),
                      .parameters = input.parameters,
                      .transaction = input.transaction,
                      .budget = input.budget,
                      .too_much = input.too_much},
                     groups);
  }

  // Arguments may be longer than the rows they are computed from.
  Result<void> add_to_states(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) {
    const std::size_t added = value_bytes(arguments, groups.size()), states = accumulator_->memory_bytes();
    TRY(hold(growth_, added > kBatchBytesMax || held_ != nullptr ? 2 * states + added : 0));
    return accumulator_->add(arguments, groups);
  }

  Result<void> hold_rows(const EvaluationInput& input, std::span<const GroupNumber> groups) {
    const auto arguments = TRY(compute_all(call_.arguments, input));
    std::vector<SortEntry> entries;
    Column rest(Type{.kind = TypeKind::blob}), numbers(kGroupType);
    TRY(keys_.encode(input, entries, rest));
    for (const GroupNumber group : groups) numbers.append(std::int64_t{group});
    std::vector<const Column*> columns{&numbers};
    for (const Computed& argument : arguments) columns.push_back(&*argument);
    if (keys_.has_rest()) columns.push_back(&rest);
    const auto base = static_cast<RowNumber>(held_->rows());
    TRY(held_->hold_beside((entries_.size() + input.rows) * 2 * sizeof(SortEntry)));
    TRY(held_->append(columns, input.rows));
    for (std::size_t i = 0; i < input.rows; ++i) {
      entries_.push_back(entries[i]);
      entries_.back().row = base + static_cast<RowNumber>(i);
    }
    return {};
  }

  const AggregateCall& call_;
  AccumulatorPtr accumulator_;
  Reservation growth_;  // What the states may take more than was held for them before a batch.
  const SortKeys keys_;
  GroupTable met_;  // (group, arguments) of DISTINCT.
  std::shared_ptr<RowBuffer> held_;
  std::vector<SortEntry> entries_;
};

class AggregateOperator final : public Operator {  // One thread at a time.
 public:
  AggregateOperator(const Plan& plan, Input input, std::vector<std::unique_ptr<CallState>> calls, Reservation memory,
                    ExecutionContext& context)
      : groups_by_(std::get<Aggregate>(plan.node).groups),
        types_(types_of(plan.columns)),
        input_(std::move(input)),
        calls_(std::move(calls)),
        table_(types_of(groups_by_)),
        memory_(std::move(memory)),
        context_(context) {
    for (const ExpressionPtr& group : groups_by_) keys_.emplace_back(group->type);
    if (groups_by_.empty()) group_count_ = 1;
  }

  Result<std::optional<Batch>> next() override {
    if (!drained_) {
      TRY(drain());
      drained_ = true;
    }
    const std::size_t count = std::min(rows_per_batch(), group_count_ - at_);
    if (count == 0) return std::optional<Batch>();
    Batch batch;
    for (const Column& key : keys_) batch.columns.emplace_back(key.type()).append_run(key, at_, count);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      Column& out = batch.columns.emplace_back(types_[keys_.size() + i]);
      TRY(calls_[i]->finish(at_, count, group_count_, out));
    }
    at_ += count;
    if (types_.empty()) batch.columns.push_back(placeholder(count));
    return std::optional<Batch>(std::move(batch));
  }

 private:
  Result<void> drain() {
    for (;;) {
      const std::optional<Batch> batch = TRY(input_.next());
      if (!batch) break;
      TRY(add(*batch));
    }
    for (const auto& call : calls_) {
      TRY(call->close());
    }
    return hold(memory_, memory_bytes());
  }

  Result<void> add(const Batch& batch) {
    const EvaluationInput input = over(batch, context_);
    const auto keys = TRY(compute_all(groups_by_, input));
    TRY(hold(memory_, memory_bytes_after(batch, pointers_to(keys))));
    if (groups_by_.empty()) {
      groups_.assign(input.rows, 0);
    } else {
      find_groups(pointers_to(keys), input.rows);
    }
    for (const auto& call : calls_) {
      TRY(call->add(input, groups_, group_count_));
    }
    return hold(memory_, memory_bytes());
  }

  void find_groups(std::span<const Column* const> keys, std::size_t rows) {
    table_.find_or_add(keys, rows, groups_);
    if (table_.groups() == group_count_) return;
    for (std::size_t row = 0; row < rows; ++row) {
      if (groups_[row] != group_count_) continue;  // Numbers grow with first appearance.
      ++group_count_;
      for (std::size_t i = 0; i < keys.size(); ++i) keys_[i].append_run(*keys[i], row, 1);
    }
  }

  [[nodiscard]] std::size_t memory_bytes() const noexcept {
    std::size_t bytes = table_.memory_bytes();
    for (const Column& key : keys_) bytes += key.memory_bytes();
    for (const auto& call : calls_) bytes += call->memory_bytes();
    return bytes;
  }
  // At most, with every row of the batch a new group, arrays doubling.
  [[nodiscard]] std::size_t memory_bytes_after(const Batch& batch, std::span<const Column* const> keys) const {
    const std::size_t rows = batch.rows(), key_bytes = value_bytes(keys, rows);
    std::size_t bytes = table_.memory_bytes_after(groups_by_.empty() ? 0 : rows, key_bytes) + key_bytes;
    for (const Column& key : keys_) bytes += 2 * key.memory_bytes();
    const std::size_t input_bytes = value_bytes(pointers_to(batch), rows);
    for (const auto& call : calls_) bytes += call->memory_bytes_after(rows, input_bytes);
    return bytes;
  }
  [[nodiscard]] std::size_t rows_per_batch() const noexcept {
    std::size_t bytes = calls_.size() * 16 + 1;
    if (group_count_ > 0) bytes += memory_bytes() / group_count_;
    return std::clamp<std::size_t>(kBatchBytesMax / bytes, 1, kBatchRowsMax);
  }

  const std::vector<ExpressionPtr>& groups_by_;
  const std::vector<Type> types_;
  Input input_;
  std::vector<std::unique_ptr<CallState>> calls_;
  GroupTable table_;
  std::vector<Column> keys_;  // By group number.
  std::size_t group_count_ = 0;
  std::vector<GroupNumber> groups_;  // Of the batch at hand.
  Reservation memory_;
  ExecutionContext& context_;
  bool drained_ = false;
  std::size_t at_ = 0;
};

}  // namespace

Result<OperatorPtr> make_aggregate(const Plan& plan, Inputs inputs, ExecutionContext& context) {
  std::vector<std::unique_ptr<CallState>> calls;
  for (const AggregateCall& call : std::get<Aggregate>(plan.node).calls) {
    calls.push_back(TRY(CallState::make(call, context)));
  }
  Reservation memory = TRY(context.budget.reserve(0, MemoryShare::queries, "aggregate"));
  return OperatorPtr(std::make_unique<AggregateOperator>(plan, std::move(inputs.front()), std::move(calls),
                                                         std::move(memory), context));
}

}  // namespace mneme::query
