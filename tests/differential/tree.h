// Tree: a piece of SQL that knows its parts, so that it can be said in the dialect of each side and made smaller while
// what is wrong with it stays wrong.
//
// A form is text with '@' where the children go, in order; a list joins its children. Literals carry their value, so
// that the same tree can also be printed with parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mneme/value.h"

namespace mneme::differential {

// What an expression is; `clause` is everything that is not one.
enum class Sort : std::uint8_t { boolean, integer, floating, text, timestamp, date, decimal, clause };

// plain: mneme's tables without secondary indexes.
enum class Dialect : std::uint8_t { mneme, plain, sqlite, postgres };

struct Tree {  // One thread at a time.
  std::string form;
  std::string sqlite;  // Each of these where it differs from `form`.
  std::string postgres;
  std::string plain;
  std::vector<Tree> children;
  std::string separator;  // Not empty: a list, whose children are joined; `form` has one '@' for all of them.
  Sort sort = Sort::clause;
  bool optional = false;       // May be left out.
  std::optional<Value> value;  // Of a literal.
};

// `parameters`: literals are printed as $1, $2 ... and collected there.
std::string print(const Tree& tree, Dialect dialect, std::vector<Value>* parameters = nullptr);

// Calls `visit` with every tree that is one step smaller than this one, the boldest steps first, until it says true:
// the tree is then left as it was at that moment. False: no smaller tree was taken.
bool reduce(Tree& tree, const std::function<bool()>& visit);

std::size_t count_nodes(const Tree& tree);

inline Tree node(Sort sort, std::string form, std::vector<Tree> children = {}) {
  Tree tree;
  tree.form = std::move(form);
  tree.children = std::move(children);
  tree.sort = sort;
  return tree;
}
inline Tree clause(std::string form, std::vector<Tree> children = {}) {
  return node(Sort::clause, std::move(form), std::move(children));
}
inline Tree optional_clause(std::string form, std::vector<Tree> children = {}) {
  Tree tree = clause(std::move(form), std::move(children));
  tree.optional = true;
  return tree;
}
inline Tree list(std::string form, std::string separator, std::vector<Tree> children) {
  Tree tree = clause(std::move(form), std::move(children));
  tree.separator = std::move(separator);
  return tree;
}

}  // namespace mneme::differential
