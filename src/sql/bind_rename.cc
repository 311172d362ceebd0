// Renames the columns of a stored CHECK. Recursion is bounded by the height of the parsed tree.
#include "sql/bind_schema.h"

namespace mneme::sql::binding {
namespace {

struct Renamer {
  const std::string* from;
  const std::string& to;

  void visit(const ExpressionPtr& child) const {
    if (child != nullptr) rename_references(*child, from, to);
  }
  void visit(const std::vector<ExpressionPtr>& children) const {
    for (const auto& child : children) visit(child);
  }

  void operator()(ColumnRef& n) const {
    n.schema.clear();
    n.table.clear();
    if (from != nullptr && n.column == *from) n.column = to;
  }
  void operator()(Unary& n) const { visit(n.operand); }
  void operator()(Binary& n) const {
    visit(n.left);
    visit(n.right);
  }
  void operator()(Logical& n) const { visit(n.operands); }
  void operator()(IsTest& n) const { visit(n.operand); }
  void operator()(IsDistinct& n) const {
    visit(n.left);
    visit(n.right);
  }
  void operator()(Between& n) const {
    visit(n.operand);
    visit(n.low);
    visit(n.high);
  }
  void operator()(InList& n) const {
    visit(n.operand);
    visit(n.items);
  }
  void operator()(Like& n) const {
    visit(n.operand);
    visit(n.pattern);
    visit(n.escape);
  }
  void operator()(Case& n) const {
    visit(n.operand);
    for (const Case::When& when : n.whens) {
      visit(when.condition);
      visit(when.result);
    }
    visit(n.otherwise);
  }
  void operator()(Cast& n) const { visit(n.operand); }
  void operator()(Extract& n) const { visit(n.operand); }
  void operator()(AtTimeZone& n) const {
    visit(n.operand);
    visit(n.zone);
  }
  void operator()(Call& n) const { visit(n.arguments); }
  void operator()(auto&) const {}  // Without columns, or (subqueries) never in a CHECK.
};

}  // namespace

void rename_references(Expression& expression, const std::string* from, const std::string& to) {
  std::visit(Renamer{from, to}, expression.node);
}

}  // namespace mneme::sql::binding
