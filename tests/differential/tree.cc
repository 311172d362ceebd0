#include "differential/tree.h"

#include <utility>

namespace mneme::differential {
namespace {

const std::string& form_in(const Tree& tree, Dialect dialect) {
  const std::string& special = dialect == Dialect::sqlite     ? tree.sqlite
                               : dialect == Dialect::postgres ? tree.postgres
                               : dialect == Dialect::plain    ? tree.plain
                                                              : tree.form;
  return special.empty() ? tree.form : special;
}

struct Printer {
  Dialect dialect;
  std::vector<Value>* parameters;
  std::string out;

  void print(const Tree& tree) {
    if (parameters != nullptr && tree.value) {
      parameters->push_back(*tree.value);
      out += "$" + std::to_string(parameters->size());
      return;
    }
    std::size_t next = 0;
    for (const char c : form_in(tree, dialect)) {
      if (c != '@') {
        out += c;
      } else if (tree.separator.empty()) {
        print(tree.children[next++]);
      } else {
        print_list(tree);
      }
    }
  }

  void print_list(const Tree& tree) {
    bool first = true;
    for (const Tree& child : tree.children) {
      if (!std::exchange(first, false)) out += tree.separator;
      print(child);
    }
  }
};

// Puts `smaller` in the place of `tree`; back again when it is not taken.
bool try_instead(Tree& tree, Tree smaller, const std::function<bool()>& visit) {
  std::swap(tree, smaller);
  if (visit()) return true;
  std::swap(tree, smaller);
  return false;
}

// Every node below `tree` that says the same sort of thing.
void collect_alike(const Tree& tree, Sort sort, std::vector<Tree>& out) {
  for (const Tree& child : tree.children) {
    if (child.sort == sort) out.push_back(child);
    collect_alike(child, sort, out);
  }
}

bool reduce_list(Tree& tree, const std::function<bool()>& visit) {
  for (std::size_t part = tree.children.size() / 2; part > 0; part /= 2) {
    for (std::size_t begin = 0; begin + part <= tree.children.size(); begin += part) {
      Tree smaller = tree;
      smaller.children.erase(smaller.children.begin() + static_cast<std::ptrdiff_t>(begin),
                             smaller.children.begin() + static_cast<std::ptrdiff_t>(begin + part));
      if (try_instead(tree, std::move(smaller), visit)) return true;
    }
  }
  return false;
}

Tree simple(Sort sort) {
  switch (sort) {
    case Sort::boolean: return node(sort, "TRUE");
    case Sort::integer: return node(sort, "1");
    case Sort::text: return node(sort, "'a'");
    default: return node(sort, "NULL");
  }
}

bool reduce_expression(Tree& tree, const std::function<bool()>& visit) {
  std::vector<Tree> parts;
  collect_alike(tree, tree.sort, parts);
  for (Tree& part : parts) {
    if (try_instead(tree, std::move(part), visit)) return true;
  }
  return !tree.children.empty() && try_instead(tree, simple(tree.sort), visit);
}

}  // namespace

std::string print(const Tree& tree, Dialect dialect, std::vector<Value>* parameters) {
  Printer printer{.dialect = dialect, .parameters = parameters, .out = {}};
  printer.print(tree);
  return std::move(printer.out);
}

bool reduce(Tree& tree, const std::function<bool()>& visit) {
  if (tree.optional && try_instead(tree, clause(""), visit)) return true;
  if (!tree.separator.empty() && tree.children.size() > 1 && reduce_list(tree, visit)) return true;
  if (tree.sort != Sort::clause && reduce_expression(tree, visit)) return true;
  for (Tree& child : tree.children) {
    if (reduce(child, visit)) return true;
  }
  return false;
}

std::size_t count_nodes(const Tree& tree) {
  std::size_t nodes = 1;
  for (const Tree& child : tree.children) nodes += count_nodes(child);
  return nodes;
}

}  // namespace mneme::differential
