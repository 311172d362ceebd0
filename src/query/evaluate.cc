#include "query/evaluate.h"

#include <algorithm>
#include <numeric>

#include "query/gather.h"
#include "table/blob_values.h"

namespace mneme::query {

std::vector<std::uint64_t> strict_validity(Operands operands, std::size_t rows) {
  std::vector<std::uint64_t> words;
  for (const Operand& operand : operands) {
    if (!operand.column->has_nulls()) continue;
    if (words.empty()) words.assign((rows + 63) / 64, ~std::uint64_t{0});
    if (operand.constant) {
      if (operand.column->is_null(0)) words.assign(words.size(), 0);
      continue;
    }
    for (std::size_t i = 0; i < words.size(); ++i) words[i] &= operand.column->validity()[i];
  }
  return words;
}

Column gather(const Column& from, const Selection& rows) {
  Column out(from.type());
  ByteBuffer bytes(rows.size() * from.type().width());
  with_width(from.type().width(), [&](auto width) {
    std::byte* to = bytes.data();
    for (const RowIndex row : rows) {
      std::memcpy(to, from.data() + row * width, width);
      to += width;
    }
  });
  std::vector<std::uint64_t> validity;
  if (from.has_nulls()) {
    validity.assign((rows.size() + 63) / 64, 0);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!from.is_null(rows[i])) validity[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  out.adopt(std::move(bytes), rows.size(), std::move(validity));
  return out;
}

namespace {

// Memory of what an expression makes. One thread at a time.
class Payment {
 public:
  explicit Payment(MemoryBudget* budget) : budget_(budget) {}
  // Holds as many bytes in all; a batch's worth is free.
  Result<void> hold(std::size_t bytes) {
    if (bytes <= kBatchBytesMax) {
      memory_.release();
      return {};
    }
    if (bytes <= memory_.bytes()) {
      memory_.shrink(memory_.bytes() - bytes);
      return {};
    }
    if (budget_ == nullptr && bytes <= kUnchargedBytesMax) return {};
    auto held = grow(bytes);
    if (held) return {};
    return std::move(held).error().with_sqlstate("53200").with_hint("raise memory_budget or make less at a time");
  }
  void stay_with(Column& column) {
    if (memory_.bytes() > 0) column.keep_alive(std::make_shared<const Reservation>(std::move(memory_)));
  }

 private:
  Result<void> grow(std::size_t bytes) {
    if (budget_ == nullptr) return Error(Code::full, "a constant of " + std::to_string(bytes) + " bytes");
    if (memory_.bytes() > 0) return memory_.grow_to(bytes);
    memory_ = TRY(budget_->reserve(bytes, MemoryShare::queries, "expression"));
    return {};
  }
  MemoryBudget* const budget_;
  Reservation memory_;
};

// BOOL under three-valued logic. `unknown` is NULL.
enum class Truth : std::uint8_t { no, yes, unknown };

Truth truth_at(const Column& column, std::size_t row) noexcept {
  if (column.is_null(row)) return Truth::unknown;
  return column.values<std::uint8_t>()[row] != 0 ? Truth::yes : Truth::no;
}

Column truths_to_column(const std::vector<Truth>& truths) {
  Column out(Type{.kind = TypeKind::boolean});
  ByteBuffer bytes(truths.size());
  std::vector<std::uint64_t> validity;
  for (std::size_t row = 0; row < truths.size(); ++row) {
    bytes[row] = static_cast<std::byte>(truths[row] == Truth::yes);
    if (truths[row] != Truth::unknown) continue;
    if (validity.empty()) {
      validity.assign((truths.size() + 63) / 64, ~std::uint64_t{0});
    }
    validity[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  }
  out.adopt(std::move(bytes), truths.size(), std::move(validity));
  return out;
}

class Evaluation {  // One thread at a time; lives for one evaluate().
 public:
  Evaluation(const EvaluationInput& input) : input_(input) {}  // NOLINT(google-explicit-constructor)

  Result<Column> run(const Expression& e, const Selection* selection) { return placed(e, dispatch(e, selection)); }

 private:
  static Result<Column> placed(const Expression& e, Result<Column> computed) {
    if (computed || e.position.line == 0) return computed;
    return std::move(computed).error().at(e.position);
  }
  [[nodiscard]] std::size_t count(const Selection* selection) const {
    return selection != nullptr ? selection->size() : input_.rows;
  }

  Result<Column> dispatch(const Expression& e, const Selection* selection) {
    switch (e.kind) {
      case ExpressionKind::constant: return repeat(*e.value, count(selection));
      case ExpressionKind::parameter: return repeat(TRY(parameter(e)), count(selection));
      case ExpressionKind::column: return column(e, selection);
      case ExpressionKind::call: return call(e, selection, nullptr);
      case ExpressionKind::conjunction: return decide(e, selection, Truth::no);
      case ExpressionKind::disjunction: return decide(e, selection, Truth::yes);
      case ExpressionKind::negation: return negate(e, selection);
      case ExpressionKind::is_null: return is_null(e, selection);
      case ExpressionKind::case_when: return case_when(e, selection);
      case ExpressionKind::coalesce: return coalesce(e, selection);
    }
    ASSERT(false);
    return Column(e.type);
  }

  Result<std::reference_wrapper<const Column>> parameter(const Expression& e) const {
    if (e.index < input_.parameters.size()) return std::cref(input_.parameters[e.index]);
    return Error(Code::invalid_argument, "parameter $" + std::to_string(e.index + 1) + " has no value")
        .with_sqlstate("08P01");
  }

  Result<void> hold(Payment& memory, std::size_t rows, std::size_t bytes) const {
    if (input_.too_much != nullptr && rows > 1 && bytes > kMadeBytesMax) {
      *input_.too_much = true;
      return Error(Code::full, "values of " + std::to_string(bytes) + " bytes at a time");
    }
    return memory.hold(bytes);
  }

  Result<Column> repeat(const Column& one, std::size_t rows) const {
    Payment memory(input_.budget);
    TRY(hold(memory, rows, rows * one.type().width()));
    Column out = gather(one, Selection(rows, 0));
    memory.stay_with(out);
    return out;
  }

  Result<Column> column(const Expression& e, const Selection* selection) const {
    const Column& from = input_.batch.columns[e.index];
    if (selection != nullptr) return gather(from, *selection);
    Column copy(from.type());  // Text stays the batch's.
    copy.adopt({from.data(), from.data() + input_.rows * from.type().width()}, input_.rows, from.validity());
    return copy;
  }

  // An operand by reference where its column stands already, else computed into `storage`.
  Result<Operand> operand(const Expression& e, const Selection* selection, Column& storage) {
    if (e.kind == ExpressionKind::constant) return Operand{e.value.get(), true};
    if (e.kind == ExpressionKind::parameter) return Operand{&TRY(parameter(e)).get(), true};
    if (e.kind == ExpressionKind::column && selection == nullptr) return Operand{&input_.batch.columns[e.index], false};
    bool constant = false;
    if (e.kind == ExpressionKind::call) {
      auto called = call(e, selection, &constant);
      storage = TRY(placed(e, std::move(called)));
    } else {
      storage = TRY(run(e, selection));
    }
    return Operand{&storage, constant};
  }

  // Of constants alone one value is made, however many rows want it: it is repeated, or `constant` says so.
  Result<Column> call(const Expression& e, const Selection* selection, bool* constant) {
    const std::size_t arguments = e.children.size();
    std::vector<Column> storage;
    storage.reserve(arguments);
    for (std::size_t i = 0; i < arguments; ++i) storage.emplace_back(Type{});
    std::vector<Operand> operands(arguments);
    for (std::size_t i = 0; i < arguments; ++i) {
      operands[i] = TRY(operand(*e.children[i], selection, storage[i]));
    }
    const bool once = count(selection) > 0 && std::ranges::all_of(operands, &Operand::constant);
    Column out = TRY(compute(e, operands, once ? 1 : count(selection)));
    for (Column& column : storage) {
      if (column.type().is_variable()) out.keep_alive(std::make_shared<const Column>(std::move(column)));
    }
    if (constant != nullptr) *constant = once;
    if (!once || constant != nullptr || count(selection) == 1) return out;
    Column repeated = TRY(repeat(out, count(selection)));
    if (e.type.is_variable()) repeated.keep_alive(std::make_shared<const Column>(std::move(out)));
    return repeated;
  }

  Result<Column> compute(const Expression& e, Operands operands, std::size_t rows) const {
    Column out(e.type);
    Payment memory(input_.budget);
    if (std::ranges::any_of(operands, [](const Operand& operand) { return has_references(*operand.column); })) {
      ASSERT(e.function->by_reference != nullptr && input_.transaction != nullptr);  // The rules see to it.
      TRY(e.function->by_reference(operands, rows, input_.transaction->store(), out));
      return out;
    }
    const MadeBytes made = e.function->made != nullptr ? e.function->made(operands, rows) : MadeBytes();
    TRY(hold(memory, rows, rows * e.type.width() + made.total + made.longest));
    TRY(e.function->kernel(operands, rows, out));
    if (out.memory_bytes() > kBatchBytesMax || made.total > 0) TRY(memory.hold(out.memory_bytes()));
    memory.stay_with(out);
    return out;
  }

  // AND and OR are one function: `deciding` ends a row (false for AND, true for OR), NULL is remembered.
  Result<Column> decide(const Expression& e, const Selection* selection, Truth deciding) {
    const std::size_t rows = count(selection);
    std::vector<Truth> truths(rows, deciding == Truth::no ? Truth::yes : Truth::no);
    Positions open(rows);  // Positions in the result that are not decided.
    std::iota(open.begin(), open.end(), RowIndex{0});
    for (const auto& child : e.children) {
      if (open.empty()) break;
      const bool all = open.size() == rows;  // Then nothing need be gathered.
      const Selection asked = all ? Selection() : batch_rows(open, selection);
      const Column answers = TRY(run(*child, all ? selection : &asked));
      std::size_t still_open = 0;
      for (std::size_t i = 0; i < open.size(); ++i) {
        const Truth answer = truth_at(answers, i);
        if (answer == deciding || answer == Truth::unknown) truths[open[i]] = answer;
        open[still_open] = open[i];
        still_open += static_cast<std::size_t>(answer != deciding);
      }
      open.resize(still_open);
    }
    return truths_to_column(truths);
  }

  using Positions = std::vector<RowIndex>;  // Within a result, where a selection's are within the batch.

  [[nodiscard]] static Selection batch_rows(const Positions& positions, const Selection* selection) {
    if (selection == nullptr) return positions;
    Selection rows(positions.size());
    for (std::size_t i = 0; i < positions.size(); ++i) rows[i] = (*selection)[positions[i]];
    return rows;
  }

  Result<Column> negate(const Expression& e, const Selection* selection) {
    const Column answers = TRY(run(*e.children.front(), selection));
    std::vector<Truth> truths(answers.rows());
    for (std::size_t row = 0; row < truths.size(); ++row) {
      const Truth answer = truth_at(answers, row);
      truths[row] = answer == Truth::unknown ? answer : answer == Truth::yes ? Truth::no : Truth::yes;
    }
    return truths_to_column(truths);
  }

  Result<Column> is_null(const Expression& e, const Selection* selection) {
    Column storage(Type{});
    const Operand asked = TRY(operand(*e.children.front(), selection, storage));
    std::vector<Truth> truths(count(selection));
    for (std::size_t row = 0; row < truths.size(); ++row) truths[row] = asked.is_null(row) ? Truth::yes : Truth::no;
    return truths_to_column(truths);
  }

  // Parts of a result computed for some of its rows each, put in order at the end.
  struct Parts {
    explicit Parts(std::size_t rows) : part_of(rows, kNone), row_in_part(rows, 0) {}
    static constexpr std::size_t kNone = ~std::size_t{0};
    std::vector<Column> columns;
    std::vector<std::size_t> part_of;
    std::vector<std::size_t> row_in_part;

    [[nodiscard]] Column assemble(Type type) && {
      Column out(type);
      for (std::size_t row = 0; row < part_of.size(); ++row) {
        if (part_of[row] == kNone || columns[part_of[row]].is_null(row_in_part[row])) {
          out.append_null();
        } else if (type.is_variable()) {
          out.append_borrowed(columns[part_of[row]].values<StringRef>()[row_in_part[row]]);
        } else {
          out.append_fixed(columns[part_of[row]].bytes_at(row_in_part[row]));
        }
      }
      if (type.is_variable()) out.keep_alive(std::make_shared<const std::vector<Column>>(std::move(columns)));
      return out;
    }
  };

  Result<void> add_part(const Expression& value, const Positions& positions, const Selection* selection, Parts& parts) {
    if (positions.empty()) return {};
    const Selection asked = batch_rows(positions, selection);
    parts.columns.push_back(TRY(run(value, &asked)));
    for (std::size_t i = 0; i < positions.size(); ++i) {
      parts.part_of[positions[i]] = parts.columns.size() - 1;
      parts.row_in_part[positions[i]] = i;
    }
    return {};
  }

  Result<Column> case_when(const Expression& e, const Selection* selection) {
    const std::size_t rows = count(selection);
    Parts parts(rows);
    Positions open(rows);
    std::iota(open.begin(), open.end(), RowIndex{0});
    std::size_t i = 0;
    for (; i + 1 < e.children.size() && !open.empty(); i += 2) {
      const Selection asked = batch_rows(open, selection);
      const Column answers = TRY(run(*e.children[i], &asked));
      Positions taken;
      Positions still_open;
      for (std::size_t k = 0; k < open.size(); ++k) {
        (truth_at(answers, k) == Truth::yes ? taken : still_open).push_back(open[k]);
      }
      TRY(add_part(*e.children[i + 1], taken, selection, parts));
      open = std::move(still_open);
    }
    if (e.children.size() % 2 == 1) TRY(add_part(*e.children.back(), open, selection, parts));
    return std::move(parts).assemble(e.type);
  }

  Result<Column> coalesce(const Expression& e, const Selection* selection) {
    const std::size_t rows = count(selection);
    Parts parts(rows);
    Positions open(rows);
    std::iota(open.begin(), open.end(), RowIndex{0});
    for (const auto& child : e.children) {
      if (open.empty()) break;
      TRY(add_part(*child, open, selection, parts));
      const Column& last = parts.columns.back();
      Positions still_open;
      for (std::size_t k = 0; k < open.size(); ++k) {
        if (last.is_null(k)) still_open.push_back(open[k]);
      }
      open = std::move(still_open);
    }
    return std::move(parts).assemble(e.type);
  }

  const EvaluationInput& input_;
};

// Without a branch: every row is written, few are kept.
template <class Name, class Truth>
void keep(Selection& kept, const Name& name, const Truth& truth) {
  std::size_t count = 0;
  for (std::size_t row = 0; row < kept.size(); ++row) {
    kept[count] = name(row);
    count += static_cast<std::size_t>(truth(row));
  }
  kept.resize(count);
}

// The rows of which the answer is true, by their names in the batch.
Selection true_rows(const Column& answers, const Selection* selection) {
  Selection kept(answers.rows());
  const auto* truths = answers.values<std::uint8_t>();
  const auto is_true = [truths](std::size_t row) { return truths[row] != 0; };
  const auto own = [](std::size_t row) { return static_cast<RowIndex>(row); };
  const auto selected = [&](std::size_t row) { return selection != nullptr ? (*selection)[row] : own(row); };
  if (answers.has_nulls()) {
    keep(kept, selected, [&](std::size_t row) { return is_true(row) && !answers.is_null(row); });
  } else if (selection == nullptr) {
    keep(kept, own, is_true);
  } else {
    keep(kept, selected, is_true);
  }
  return kept;
}

}  // namespace

Result<Column> evaluate(const Expression& expression, const EvaluationInput& input, const Selection* selection) {
  return Evaluation(input).run(expression, selection);
}

Result<Selection> filter(const Expression& predicate, const EvaluationInput& input, const Selection* selection) {
  if (predicate.kind == ExpressionKind::conjunction) {  // What one condition drops the next is not asked of.
    Selection kept;
    for (const auto& child : predicate.children) {
      kept = TRY(filter(*child, input, selection));
      if (kept.empty()) break;
      selection = &kept;
    }
    return kept;
  }
  return true_rows(TRY(evaluate(predicate, input, selection)), selection);
}

}  // namespace mneme::query
