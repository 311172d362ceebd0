#include "differential/life.h"

#include <algorithm>
#include <array>

#include "differential/random_change.h"
#include "differential/random_query.h"

namespace mneme::differential {
namespace {

constexpr std::size_t kQuestions = 50;
constexpr std::size_t kRowsOfStatement = 40;
constexpr std::size_t kManyRows = 2'500;  // More than a block and a batch hold (2,048).

class LifeBuilder {  // One thread at a time.
 public:
  explicit LifeBuilder(std::uint64_t seed) : draw_(seed), schema_(random_schema(draw_)) {}

  Life build() {
    for (const Tree& statement : schema_.statements) add(Act::create, statement);
    if (draw_.one_in(2)) add_indexes();
    const bool large = draw_.one_in(25);
    for (Table& table : schema_.tables) fill(table, large && &table == &schema_.tables.front());
    add_indexes();
    for (std::size_t asked = 0; asked < kQuestions;) {
      if (draw_.one_in(7)) change();
      if (draw_.one_in(9)) move();
      const std::size_t together = std::min<std::size_t>(1 + draw_.below(3), kQuestions - asked);
      for (std::size_t i = 0; i < together; ++i) ask();
      asked += together;
    }
    end_transaction();
    return std::move(life_);
  }

 private:
  void add(Act act, Tree tree = clause("")) {
    life_.push_back({.act = act, .tree = std::move(tree), .check = Check::compare, .free = false, .ordered = false});
  }

  void add_indexes() {
    for (const std::string& statement : schema_.index_statements) add(Act::index, clause(statement));
    schema_.index_statements.clear();
  }

  void fill(Table& table, bool many) {
    const std::size_t rows = many ? kManyRows : draw_.one_in(12) ? 0 : 1 + draw_.below(45);
    while (table.rows < rows) {
      const std::size_t count = std::min(rows - table.rows, many ? 10 * kRowsOfStatement : kRowsOfStatement);
      add(Act::change, insert_rows(draw_, table, table.rows, count));
      table.rows += count;
      if (draw_.one_in(4)) add(Act::flush);
    }
  }

  void change() {
    if (!in_transaction_ && draw_.one_in(4)) {
      add(Act::begin);
      in_transaction_ = true;
    }
    for (std::size_t count = 1 + draw_.below(3); count > 0; --count) add(Act::change, random_change(draw_, schema_));
  }

  void move() {
    if (end_transaction()) return;
    constexpr std::array kMoves{Act::flush, Act::flush, Act::compact, Act::reopen};
    add(kMoves[draw_.below(kMoves.size())]);
  }

  bool end_transaction() {
    if (!in_transaction_) return false;
    in_transaction_ = false;
    add(draw_.one_in(3) ? Act::rollback : Act::commit);
    return true;
  }

  void ask() {
    const bool free = draw_.one_in(3);
    Step step{.act = Act::ask, .tree = {}, .check = Check::compare, .free = free, .ordered = false};
    switch (draw_.below(16)) {
      case 0:
      case 1:
      case 2: take(step, Check::norec, random_filtered(draw_, schema_, free)); break;
      case 3:
      case 4: take(step, Check::tlp_where, random_filtered(draw_, schema_, free)); break;
      case 5: take(step, Check::tlp_distinct, random_filtered(draw_, schema_, free)); break;
      case 6: take(step, Check::tlp_aggregate, random_filtered(draw_, schema_, free)); break;
      case 7: take(step, Check::tlp_having, random_grouped(draw_, schema_, free)); break;
      case 8: take(step, random_point_query(draw_, schema_), Check::prepared); break;
      case 9: take(step, random_query(draw_, schema_, free), Check::prepared); break;
      default: take(step, random_query(draw_, schema_, free), Check::compare); break;
    }
    life_.push_back(std::move(step));
  }
  static void take(Step& step, Check check, Tree tree) {
    step.check = check;
    step.tree = std::move(tree);
  }
  static void take(Step& step, Query query, Check check) {
    step.check = check;
    step.tree = std::move(query.tree);
    step.free = query.free;
    step.ordered = query.ordered;
  }

  Draw draw_;
  Schema schema_;
  Life life_;
  bool in_transaction_ = false;
};

std::string sql_of(const Step& step, Dialect dialect) {
  switch (step.act) {
    case Act::flush: return "CHECKPOINT";
    case Act::compact: return "VACUUM";
    case Act::reopen: return "-- reopen";
    case Act::begin: return "BEGIN";
    case Act::commit: return "COMMIT";
    case Act::rollback: return "ROLLBACK";
    default: return print(step.tree, dialect);
  }
}

}  // namespace

Life draw_life(std::uint64_t seed) { return LifeBuilder(seed).build(); }

std::size_t count_questions(const Life& life) {
  return static_cast<std::size_t>(std::ranges::count_if(life, [](const Step& step) { return step.act == Act::ask; }));
}

std::string script_of(const Life& life, Dialect dialect) {
  std::string script;
  for (const Step& step : life) script += sql_of(step, dialect) + ";\n";
  return script;
}

}  // namespace mneme::differential
