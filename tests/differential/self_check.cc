#include "differential/self_check.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "differential/random_query.h"

namespace mneme::differential {
namespace {

using Part = SelectPart;

std::string sql_of(const Tree& tree) { return print(tree, Dialect::mneme); }

bool is_filtered(const Tree& tree) {
  return tree.children.size() == 9 && tree.children[Part::where].children.size() == 1;
}

const std::array<std::string, 3> kThirds{"@", "(NOT @)", "(@ IS NULL)"};

// `tree` with the predicate of one part replaced by a form of it; without a form that part is empty.
Tree with_predicate(Tree tree, std::size_t part, const std::string* form) {
  if (form == nullptr) {
    tree.children[part] = clause("");
  } else {
    Tree& predicate = tree.children[part].children[0];
    predicate = node(Sort::boolean, *form, {std::move(predicate)});
  }
  return tree;
}

std::string both_failed_or_not(const Outcome& a, const Outcome& b) {
  return difference(a, b, {.ordered = false, .decimals_by_value = false, .states = true});
}

std::string norec(const Tree& tree, const Ask& ask) {
  Tree filtered = tree;
  filtered.children[Part::items] = clause("count(*)");
  Tree every = with_predicate(tree, Part::where, nullptr);
  every.children[Part::items] = clause("@ AS p", {tree.children[Part::where].children[0]});
  const Outcome counted = ask(sql_of(filtered));
  const Outcome all = ask(sql_of(every));
  if (!counted.ok || !all.ok) return both_failed_or_not(counted, all);
  if (counted.rows.size() != 1) return "NoREC: count(*) is not one row";
  const auto truths =
      static_cast<std::size_t>(std::ranges::count_if(all.rows, [](const Row& row) { return row[0] == "t"; }));
  if (std::to_string(truths) == counted.rows[0][0]) return "";
  return "NoREC: WHERE leaves " + counted.rows[0][0].value_or("NULL") + " rows, the predicate is true of " +
         std::to_string(truths);
}

// The rows of `tree` with its predicate's three parts put together; an error ends it.
Outcome of_thirds(const Tree& tree, std::size_t part, const Ask& ask) {
  Outcome together;
  for (const std::string& form : kThirds) {
    Outcome third = ask(sql_of(with_predicate(tree, part, &form)));
    if (!third.ok) return third;
    together.kinds = third.kinds;
    together.rows.insert(together.rows.end(), third.rows.begin(), third.rows.end());
  }
  return together;
}

std::string tlp_where(const Tree& tree, std::size_t part, const Ask& ask) {
  const Outcome whole = ask(sql_of(with_predicate(tree, part, nullptr)));
  const Outcome thirds = of_thirds(tree, part, ask);
  const std::string differs = difference(whole, thirds, {});
  return differs.empty() ? "" : "TLP: whole / thirds: " + differs;
}

// The three put together by UNION in the engine itself.
std::string tlp_distinct(const Tree& tree, const Ask& ask) {
  Tree whole = with_predicate(tree, Part::where, nullptr);
  whole.children[Part::distinct] = clause("DISTINCT ");
  std::vector<Tree> thirds;
  for (const std::string& form : kThirds) thirds.push_back(with_predicate(tree, Part::where, &form));
  const std::string differs =
      difference(ask(sql_of(whole)), ask(sql_of(clause("@ UNION @ UNION @", std::move(thirds)))), {});
  return differs.empty() ? "" : "TLP DISTINCT: whole / thirds: " + differs;
}

// count, sum, min and max of the first item: of the whole, and of the three partial answers put together in the engine.
std::string tlp_aggregate(const Tree& tree, const Ask& ask) {
  if (tree.children[Part::items].children.empty()) return "";
  const Tree& value = tree.children[Part::items].children[0].children.at(0);
  const bool sums = value.sort == Sort::integer || value.sort == Sort::floating || value.sort == Sort::decimal;
  const bool extremes = value.sort != Sort::boolean;
  std::vector<Tree> partial{clause("count(*) AS n"), clause("count(@) AS c", {value})};
  std::vector<Tree> total{clause("sum(n)"), clause("sum(c)")};
  const auto add = [&](const char* part, const char* whole) {
    partial.push_back(clause(part, {value}));
    total.push_back(clause(whole));
  };
  if (sums) add("sum(@) AS s", "sum(s)");
  if (extremes) add("min(@) AS l", "min(l)");
  if (extremes) add("max(@) AS m", "max(m)");
  Tree whole = with_predicate(tree, Part::where, nullptr);
  whole.children[Part::items] = list("@", ", ", partial);
  std::vector<Tree> thirds;
  for (const std::string& form : kThirds) {
    thirds.push_back(with_predicate(tree, Part::where, &form));
    thirds.back().children[Part::items] = list("@", ", ", partial);
  }
  const Tree together = clause("SELECT @ FROM (@ UNION ALL @ UNION ALL @) AS thirds",
                               {list("@", ", ", std::move(total)), thirds[0], thirds[1], thirds[2]});
  const Outcome one = ask(sql_of(whole));
  const Outcome three = ask(sql_of(together));
  // The sum of a part may leave the range that the sum of all is in.
  if (one.sqlstate == "22003" || three.sqlstate == "22003") return "";
  const std::string differs = difference(one, three, {});
  return differs.empty() ? "" : "TLP aggregate: whole / thirds: " + differs;
}

}  // namespace

std::string self_difference(const Step& step, const Ask& ask) {
  const Tree& tree = step.tree;
  if (step.check == Check::tlp_having) {
    const bool grouped = tree.children.size() == 9 && tree.children[Part::having].children.size() == 1;
    return grouped ? tlp_where(tree, Part::having, ask) : "";
  }
  if (!is_filtered(tree)) return "";
  switch (step.check) {
    case Check::norec: return norec(tree, ask);
    case Check::tlp_where: return tlp_where(tree, Part::where, ask);
    case Check::tlp_distinct: return tlp_distinct(tree, ask);
    case Check::tlp_aggregate: return tlp_aggregate(tree, ask);
    default: return "";
  }
}

}  // namespace mneme::differential
