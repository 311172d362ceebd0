// Printer: what the files of the printer share. Internal to src/sql; see print.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/ast.h"
#include "sql/grammar.h"

namespace mneme::sql {

struct Printer {  // One thread at a time.
  std::string out;

  void put(std::string_view text) { out += text; }
  void name(std::string_view text);
  void names(const std::vector<Name>& list);  // (a, b); nothing when empty.
  void table(const TableName& table);
  void tables(const std::vector<TableName>& list);
  void type(const TypeName& type);

  // In parentheses when it binds looser than its place needs.
  void expression(const Expression& expression, grammar::Level loosest = grammar::Level::any);
  void expressions(const std::vector<ExpressionPtr>& list);
  void clause(std::string_view words, const ExpressionPtr& expression);  // Nothing when null.
  void order_by(const std::vector<SortItem>& items);                     // " ORDER BY ..."; nothing when empty.
  void window(const Window& window);

  void query(const Query& query);
  void subquery(const Query& query);  // ( ... )
  void with(bool recursive, const std::vector<CommonTable>& tables);
  void select_items(const std::vector<SelectItem>& items);
  void from(std::string_view word, const std::vector<TableRefPtr>& refs);  // Nothing when empty.
  void statement(const Statement& statement);

  template <class List, class Put>
  void commas(const List& list, Put put_item) {
    bool first = true;
    for (const auto& item : list) {
      if (!first) out += ", ";
      first = false;
      put_item(item);
    }
  }
};

}  // namespace mneme::sql
