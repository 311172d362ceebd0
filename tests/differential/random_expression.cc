#include "differential/random_expression.h"

#include <array>
#include <utility>

namespace mneme::differential {
namespace {

const ScopeColumn* pick_column(Draw& draw, const Scope& scope, Sort sort, bool wide) {
  std::vector<const ScopeColumn*> fitting;
  for (const ScopeColumn& column : scope.columns) {
    if (column.sort == sort && column.wide == wide) fitting.push_back(&column);
  }
  return fitting.empty() ? nullptr : fitting[draw.below(fitting.size())];
}

// Builds expressions of one query. One thread at a time.
class Builder {
 public:
  Builder(Draw& draw, const Scope& scope) : draw_(draw), scope_(scope) {}

  Tree expression(Sort sort, int depth) {
    if (depth <= 0 || draw_.one_in(4)) return leaf(sort);
    if (sort == Sort::boolean) return predicate(depth - 1);
    if (draw_.one_in(4)) return any_sort(sort, depth - 1);
    switch (sort) {
      case Sort::integer: return integer(depth - 1);
      case Sort::floating: return floating(depth - 1);
      case Sort::decimal: return decimal(depth - 1);
      case Sort::text: return text(depth - 1);
      case Sort::timestamp:
      case Sort::date: return time(sort, depth - 1);
      default: return leaf(sort);
    }
  }

  Tree leaf(Sort sort) {
    if (!draw_.one_in(3)) {
      if (const ScopeColumn* column = pick_column(draw_, scope_, sort, false)) return column->name;
    }
    return draw_.one_in(10) ? null_of(sort) : literal(draw_, sort);
  }

 private:
  Tree two(Sort sort, std::string form, Sort of, int depth) {
    return node(sort, std::move(form), {expression(of, depth), expression(of, depth)});
  }

  Tree any_sort(Sort sort, int depth) {
    switch (draw_.below(scope_.free ? 5 : 3)) {
      case 0: return two(sort, "COALESCE(@, @)", sort, depth);
      case 1: return two(sort, "NULLIF(@, @)", sort, depth);
      case 2: return case_of(sort, depth);
      case 3: return two(sort, "GREATEST(@, @)", sort, depth);
      default: return two(sort, "LEAST(@, @)", sort, depth);
    }
  }

  Tree case_of(Sort sort, int depth) {
    const Tree other = draw_.one_in(3) ? optional_clause("") : optional_clause(" ELSE @", {expression(sort, depth)});
    if (draw_.one_in(3)) {
      return node(sort, "CASE @ WHEN @ THEN @@ END",
                  {expression(Sort::integer, depth), leaf(Sort::integer), expression(sort, depth), other});
    }
    return node(sort, "CASE WHEN @ THEN @@ END", {expression(Sort::boolean, depth), expression(sort, depth), other});
  }

  Tree predicate(int depth) {
    switch (draw_.below(scope_.free ? 17 : 15)) {
      case 0: return two(Sort::boolean, "(@ AND @)", Sort::boolean, depth);
      case 1: return two(Sort::boolean, "(@ OR @)", Sort::boolean, depth);
      case 2: return node(Sort::boolean, "(NOT @)", {expression(Sort::boolean, depth)});
      case 3:
        return node(Sort::boolean, draw_.one_in(2) ? "(@ IS NULL)" : "(@ IS NOT NULL)",
                    {expression(random_sort(draw_), depth)});
      case 4: return truth_test(depth);
      case 5: return in_list(depth);
      case 6: return between(depth);
      case 7: return draw_.one_in(3) ? any_sort(Sort::boolean, depth) : comparison(depth);
      case 8:
        return scope_.schema != nullptr && draw_.one_in(6) ? subquery_condition(draw_, scope_) : comparison(depth);
      case 9: return wide_comparison();
      case 10:
      case 11: return column_comparison();
      case 15:
        return node(Sort::boolean, draw_.one_in(2) ? "(@ LIKE @)" : "(@ NOT LIKE @)",
                    {expression(Sort::text, depth), pattern()});
      case 16: return node(Sort::boolean, "(@ ILIKE @)", {expression(Sort::text, depth), pattern()});
      default: return comparison(depth);
    }
  }

  std::string operator_form() {
    static const std::vector<std::string> kForms{"(@ = @)",
                                                 "(@ <> @)",
                                                 "(@ < @)",
                                                 "(@ <= @)",
                                                 "(@ > @)",
                                                 "(@ >= @)",
                                                 "(@ = @)",
                                                 "(@ IS DISTINCT FROM @)",
                                                 "(@ IS NOT DISTINCT FROM @)"};
    return draw_.of(kForms);
  }

  Tree comparison(int depth) {
    const Sort sort = random_sort(draw_);
    if (sort == Sort::integer && draw_.one_in(5)) {
      return node(Sort::boolean, operator_form(), {expression(sort, depth), expression(Sort::decimal, depth)});
    }
    if (sort == Sort::integer && draw_.one_in(5)) {
      return node(Sort::boolean, operator_form(), {expression(sort, depth), expression(Sort::floating, depth)});
    }
    return two(Sort::boolean, operator_form(), sort, depth);
  }

  // The shape that indexes and zone maps answer: a bare column beside a constant.
  Tree column_comparison() {
    if (scope_.columns.empty()) return literal(draw_, Sort::boolean);
    const ScopeColumn& column = draw_.of(scope_.columns);
    Tree constant = column.wide ? wide_literal(draw_) : literal(draw_, column.sort);
    if (draw_.one_in(12)) constant = null_of(column.sort);
    if (draw_.one_in(4)) return node(Sort::boolean, operator_form(), {std::move(constant), column.name});
    return node(Sort::boolean, operator_form(), {column.name, std::move(constant)});
  }

  Tree wide_comparison() {
    const ScopeColumn* column = pick_column(draw_, scope_, Sort::integer, true);
    if (column == nullptr) return column_comparison();
    const ScopeColumn* other = pick_column(draw_, scope_, Sort::integer, true);
    if (draw_.one_in(3)) return node(Sort::boolean, operator_form(), {column->name, other->name});
    return node(Sort::boolean, "(@ BETWEEN @ AND @)", {column->name, wide_literal(draw_), wide_literal(draw_)});
  }

  Tree truth_test(int depth) {
    static const std::vector<std::string> kForms{"(@ IS TRUE)", "(@ IS NOT TRUE)", "(@ IS FALSE)", "(@ IS NOT FALSE)"};
    return node(Sort::boolean, draw_.of(kForms), {expression(Sort::boolean, depth)});
  }

  Tree in_list(int depth) {
    const Sort sort = random_sort(draw_);
    std::vector<Tree> values;
    for (std::size_t count = 1 + draw_.below(4); count > 0; --count) {
      values.push_back(draw_.one_in(10)  ? null_of(sort)
                       : draw_.one_in(6) ? expression(sort, depth - 1)
                                         : literal(draw_, sort));
    }
    return node(Sort::boolean, draw_.one_in(3) ? "(@ NOT IN (@))" : "(@ IN (@))",
                {expression(sort, depth), list("@", ", ", std::move(values))});
  }

  Tree between(int depth) {
    const Sort sort = random_sort(draw_);
    return node(Sort::boolean, draw_.one_in(4) ? "(@ NOT BETWEEN @ AND @)" : "(@ BETWEEN @ AND @)",
                {expression(sort, depth), expression(sort, depth - 1), expression(sort, depth - 1)});
  }

  Tree pattern() {
    static const std::vector<std::string> kPatterns{
        "'%'", "'a%'", "'%a'", "'_'", "'_b%'", "'%a%b'", "''", "'a'", "'%\xe2\x82\xac'", "'__'"};
    Tree tree = node(Sort::text, draw_.of(kPatterns));
    return tree;
  }

  Tree nonzero() {
    const auto number = draw_.between(1, 7);
    return integer_literal(draw_.one_in(3) ? -number : number);
  }

  Tree integer(int depth) {
    switch (draw_.below(scope_.free ? 13 : 8)) {
      case 0: return two(Sort::integer, "(@ + @)", Sort::integer, depth);
      case 1: return two(Sort::integer, "(@ - @)", Sort::integer, depth);
      case 2: return node(Sort::integer, "(@ * @)", {leaf(Sort::integer), leaf(Sort::integer)});
      case 3: return node(Sort::integer, "(- @)", {expression(Sort::integer, depth)});
      case 4: return node(Sort::integer, "ABS(@)", {expression(Sort::integer, depth)});
      case 5: return node(Sort::integer, "LENGTH(@)", {expression(Sort::text, depth)});
      case 6: return node(Sort::integer, "(@ / @)", {expression(Sort::integer, depth), nonzero()});
      case 7: return node(Sort::integer, "(@ % @)", {expression(Sort::integer, depth), nonzero()});
      case 8: return node(Sort::integer, "(@ - @)", {leaf(Sort::date), leaf(Sort::date)});
      case 9: return node(Sort::integer, "CAST(@ AS BIGINT)", {expression(Sort::floating, depth)});
      case 10: return node(Sort::integer, "CAST(@ AS BIGINT)", {expression(Sort::decimal, depth)});
      case 11: return node(Sort::integer, "STRPOS(@, @)", {expression(Sort::text, depth), leaf(Sort::text)});
      default: return node(Sort::integer, "MOD(@, @)", {expression(Sort::integer, depth), nonzero()});
    }
  }

  Tree floating(int depth) {
    switch (draw_.below(scope_.free ? 10 : 6)) {
      case 0: return two(Sort::floating, "(@ + @)", Sort::floating, depth);
      case 1: return two(Sort::floating, "(@ - @)", Sort::floating, depth);
      case 2: return node(Sort::floating, "(@ * @)", {leaf(Sort::floating), leaf(Sort::floating)});
      case 3: return node(Sort::floating, "(- @)", {expression(Sort::floating, depth)});
      case 4: return node(Sort::floating, "ABS(@)", {expression(Sort::floating, depth)});
      case 5: return node(Sort::floating, "(@ + @)", {expression(Sort::floating, depth), leaf(Sort::integer)});
      case 6: return node(Sort::floating, "ROUND(@)", {expression(Sort::floating, depth)});
      case 7: return node(Sort::floating, "FLOOR(@)", {expression(Sort::floating, depth)});
      case 8: return node(Sort::floating, "CEIL(@)", {expression(Sort::floating, depth)});
      default: return node(Sort::floating, "CAST(@ AS DOUBLE PRECISION)", {expression(Sort::integer, depth)});
    }
  }

  Tree decimal(int depth) {
    switch (draw_.below(scope_.free ? 8 : 5)) {
      case 0: return two(Sort::decimal, "(@ + @)", Sort::decimal, depth);
      case 1: return two(Sort::decimal, "(@ - @)", Sort::decimal, depth);
      case 2: return node(Sort::decimal, "(- @)", {expression(Sort::decimal, depth)});
      case 3: return node(Sort::decimal, "(@ + @)", {expression(Sort::decimal, depth), leaf(Sort::integer)});
      case 4: return node(Sort::decimal, "(@ + 0.250)", {expression(Sort::decimal, depth)});  // Another scale.
      case 5: return node(Sort::decimal, "ABS(@)", {expression(Sort::decimal, depth)});
      case 6: return node(Sort::decimal, "ROUND(@, 1)", {expression(Sort::decimal, depth)});
      default: return node(Sort::decimal, "CAST(@ AS DECIMAL(10, 2))", {leaf(Sort::integer)});
    }
  }

  Tree text(int depth) {
    switch (draw_.below(scope_.free ? 13 : 6)) {
      case 0: return two(Sort::text, "(@ || @)", Sort::text, depth);
      case 1: return node(Sort::text, "UPPER(@)", {expression(Sort::text, depth)});
      case 2: return node(Sort::text, "LOWER(@)", {expression(Sort::text, depth)});
      case 3: return node(Sort::text, "TRIM(@)", {expression(Sort::text, depth)});
      case 4:
        return node(Sort::text,
                    "SUBSTR(@, " + std::to_string(1 + draw_.below(3)) + ", " + std::to_string(draw_.below(3)) + ")",
                    {expression(Sort::text, depth)});
      case 5:
        // An empty pattern beside a NULL is where SQLite differs.
        return node(Sort::text, "REPLACE(@, 'a', @)", {expression(Sort::text, depth), literal(draw_, Sort::text)});
      case 6: return node(Sort::text, "CAST(@ AS TEXT)", {expression(Sort::integer, depth)});
      case 7: return node(Sort::text, "CAST(@ AS TEXT)", {expression(Sort::floating, depth)});
      case 8: return node(Sort::text, "CAST(@ AS TEXT)", {expression(Sort::date, depth)});
      case 9: return node(Sort::text, "CAST(@ AS TEXT)", {expression(Sort::boolean, depth)});
      case 10:
        return node(Sort::text, "LEFT(@, " + std::to_string(draw_.between(-2, 3)) + ")",
                    {expression(Sort::text, depth)});
      case 11:
        return node(Sort::text, "RIGHT(@, " + std::to_string(draw_.between(-2, 3)) + ")",
                    {expression(Sort::text, depth)});
      default:
        return node(Sort::text,
                    "SUBSTR(@, " + std::to_string(draw_.between(-2, 3)) + ", " + std::to_string(draw_.below(5)) + ")",
                    {expression(Sort::text, depth)});
    }
  }

  Tree time(Sort sort, int depth) {
    if (!scope_.free) return leaf(sort);
    if (sort == Sort::date) {
      switch (draw_.below(2)) {
        case 0: return node(sort, "(@ + " + std::to_string(draw_.between(0, 400)) + ")", {expression(sort, depth)});
        default: return node(sort, "CAST(@ AS DATE)", {expression(Sort::timestamp, depth)});
      }
    }
    static const std::vector<std::string> kIntervals{"1 month", "1 day", "-2 hours", "90 minutes", "1 year 2 days"};
    switch (draw_.below(3)) {
      case 0: return node(sort, "(@ + INTERVAL '" + draw_.of(kIntervals) + "')", {expression(sort, depth)});
      case 1: return node(sort, "CAST(@ AS TIMESTAMP)", {expression(Sort::date, depth)});
      default:
        return node(sort, "DATE_TRUNC('" + std::string(draw_.one_in(2) ? "month" : "hour") + "', @)",
                    {expression(sort, depth)});
    }
  }

  Draw& draw_;
  const Scope& scope_;
};

Tree inner_condition(Draw& draw, const Scope& scope, const Scope& inner) {
  Tree own = random_predicate(draw, inner, 1);
  const ScopeColumn& around = draw.of(scope.columns);
  const ScopeColumn* column = pick_column(draw, inner, around.sort, around.wide);
  if (column == nullptr || draw.one_in(3)) return own;
  Tree equal = node(Sort::boolean, "(@ = @)", {column->name, around.name});
  if (draw.one_in(2)) return equal;
  return node(Sort::boolean, "(@ AND @)", {std::move(equal), std::move(own)});
}

}  // namespace

Tree random_expression(Draw& draw, const Scope& scope, Sort sort, int depth) {
  return Builder(draw, scope).expression(sort, depth);
}

Tree subquery_condition(Draw& draw, const Scope& scope) {
  const Table& table = draw.of(scope.schema->tables);
  Tree name = clause(table.name + " AS q");
  name.plain = "p" + table.name + " AS q";
  Scope inner{.columns = {}, .free = scope.free, .schema = nullptr};
  for (const Column& column : table.columns) {
    inner.columns.push_back({node(column.sort, "q." + column.name), column.sort, column.wide});
  }
  const Sort sort = random_sort(draw);
  Tree value = random_expression(draw, inner, sort, 1);
  Tree left = random_expression(draw, {.columns = scope.columns, .free = scope.free, .schema = nullptr}, sort, 1);
  Tree where = optional_clause(" WHERE @", {inner_condition(draw, scope, inner)});
  switch (draw.below(5)) {
    case 0: return node(Sort::boolean, "EXISTS (SELECT 1 FROM @@)", {std::move(name), std::move(where)});
    case 1: return node(Sort::boolean, "(NOT EXISTS (SELECT 1 FROM @@))", {std::move(name), std::move(where)});
    case 2:
      return node(Sort::boolean, "(@ NOT IN (SELECT @ FROM @@))",
                  {std::move(left), std::move(value), std::move(name), std::move(where)});
    case 3:
      return node(
          Sort::boolean, "(@ <= (SELECT count(*) FROM @@))",
          {random_expression(draw, {.columns = scope.columns, .free = scope.free, .schema = nullptr}, Sort::integer, 1),
           std::move(name), std::move(where)});
    default:
      return node(Sort::boolean, "(@ IN (SELECT @ FROM @@))",
                  {std::move(left), std::move(value), std::move(name), std::move(where)});
  }
}

// Each has a column in it: PostgreSQL computes constants also where there is no row.
Tree risky_expression(Draw& draw, const Scope& scope) {
  Builder builder(draw, scope);
  const ScopeColumn* wide = pick_column(draw, scope, Sort::integer, true);
  const ScopeColumn* text = pick_column(draw, scope, Sort::text, false);
  Tree key = scope.columns.front().name;  // Every table's first column is an INT.
  Tree number = wide != nullptr ? wide->name : key;
  switch (draw.below(7)) {
    case 0: return node(Sort::integer, "(@ + @)", {std::move(number), builder.leaf(Sort::integer)});
    case 1: return node(Sort::integer, "(@ * @)", {std::move(number), builder.leaf(Sort::integer)});
    case 2: return node(Sort::integer, "(@ / @)", {std::move(key), builder.leaf(Sort::integer)});
    case 3: return node(Sort::integer, "(@ % @)", {std::move(key), builder.leaf(Sort::integer)});
    case 4:
      if (text != nullptr) return node(Sort::integer, "CAST(@ AS BIGINT)", {text->name});
      [[fallthrough]];
    case 5:
      return node(Sort::floating, "((@ + @) / @)",
                  {builder.leaf(Sort::floating), std::move(key), builder.leaf(Sort::floating)});
    default: return node(Sort::integer, "(@ / @)", {std::move(number), builder.leaf(Sort::integer)});
  }
}

Sort random_sort(Draw& draw) {
  constexpr std::array kSorts{Sort::integer,  Sort::integer,   Sort::text, Sort::boolean,
                              Sort::floating, Sort::timestamp, Sort::date, Sort::decimal};
  return kSorts[draw.below(kSorts.size())];
}

}  // namespace mneme::differential
