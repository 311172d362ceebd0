// Names, types and expressions.
#include "sql/print.h"

#include <algorithm>
#include <string>

#include "sql/printer.h"

namespace mneme::sql {
namespace {

using grammar::Level;

// Words that name anything, but that our grammar reads otherwise where a name may begin.
constexpr std::string_view kReadOtherwise[] = {"cube", "current",   "filter",  "groups",    "local",
                                               "over", "partition", "range",   "recursive", "rollup",
                                               "rows", "savepoint", "session", "set",       "unbounded"};
constexpr std::string_view kCallable[] = {"coalesce", "greatest", "grouping", "least",
                                          "nullif",   "overlay",  "row",      "substring"};
constexpr std::string_view kWithoutParentheses[] = {"current_date", "current_time", "current_timestamp", "localtime",
                                                    "localtimestamp"};
constexpr std::string_view kTwoWordTypes[] = {"double precision", "character varying", "char varying", "nchar varying",
                                              "bit varying"};

bool is_in(const auto& list, std::string_view word) { return std::ranges::find(list, word) != std::end(list); }
constexpr Level tighter(Level level) { return static_cast<Level>(static_cast<int>(level) + 1); }

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out.push_back(c);
    out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

struct LevelOf {
  Level operator()(const Unary& n) const { return n.op == UnaryOperator::logical_not ? Level::negation : Level::sign; }
  Level operator()(const Binary& n) const { return grammar::level_of(n.op); }
  Level operator()(const Quantified& n) const { return grammar::level_of(n.op); }
  Level operator()(const Logical& n) const {
    return n.op == LogicalOperator::conjunction ? Level::conjunction : Level::disjunction;
  }
  Level operator()(const IsTest&) const { return Level::is_test; }
  Level operator()(const IsDistinct&) const { return Level::is_test; }
  Level operator()(const Between&) const { return Level::membership; }
  Level operator()(const InList&) const { return Level::membership; }
  Level operator()(const InSubquery&) const { return Level::membership; }
  Level operator()(const Like&) const { return Level::membership; }
  Level operator()(const Cast&) const { return Level::cast; }
  Level operator()(const AtTimeZone&) const { return Level::at_time_zone; }
  Level operator()(const auto&) const { return Level::primary; }
};

Level level_of(const ExpressionNode& node) { return std::visit(LevelOf{}, node); }

class NodePrinter {  // One thread at a time.
 public:
  explicit NodePrinter(Printer& printer) : p_(printer) {}

  void operator()(const Literal& n) {
    switch (n.kind) {
      case LiteralKind::null: return p_.put("NULL");
      case LiteralKind::boolean: return p_.put(n.text == "true" ? "TRUE" : "FALSE");
      case LiteralKind::integer:
      case LiteralKind::decimal: return p_.put(n.text);
      case LiteralKind::text: return p_.put(quote_text(n.text));
      case LiteralKind::blob: return blob(n.text);
    }
  }
  void operator()(const TypedLiteral& n) {
    p_.type(n.type);
    p_.put(" " + quote_text(n.text));
    if (!n.interval_fields.empty()) p_.put(" " + n.interval_fields);
  }
  void operator()(const Parameter& n) { p_.put("$" + std::to_string(n.number)); }
  void operator()(const ColumnRef& n) {
    path(n.schema);
    path(n.table);
    p_.name(n.column);
  }
  void operator()(const Star& n) {
    path(n.schema);
    path(n.table);
    p_.put("*");
  }
  void operator()(const DefaultMarker&) { p_.put("DEFAULT"); }
  void operator()(const Unary& n) {
    const bool negation = n.op == UnaryOperator::logical_not;
    p_.put(negation ? "NOT " : n.op == UnaryOperator::minus ? "-" : "+");
    const auto* inner = std::get_if<Unary>(&n.operand->node);
    if (!negation && inner != nullptr) p_.put(" ");  // Two minus signs would begin a comment.
    p_.expression(*n.operand, negation ? Level::negation : Level::sign);
  }
  void operator()(const Binary& n) {
    const Level level = grammar::level_of(n.op);
    p_.expression(*n.left, level == Level::comparison ? tighter(level) : level);
    p_.put(" " + std::string(grammar::spelling(n.op)) + " ");
    p_.expression(*n.right, tighter(level));
  }
  void operator()(const Logical& n) {
    const bool both = n.op == LogicalOperator::conjunction;
    bool first = true;
    for (const auto& operand : n.operands) {
      if (!first) p_.put(both ? " AND " : " OR ");
      first = false;
      p_.expression(*operand, tighter(both ? Level::conjunction : Level::disjunction));
    }
  }
  void operator()(const IsTest& n) {
    constexpr std::string_view kNames[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
    p_.expression(*n.operand, Level::is_test);
    p_.put(n.negated ? " IS NOT " : " IS ");
    p_.put(kNames[static_cast<std::size_t>(n.test)]);
  }
  void operator()(const IsDistinct& n) {
    p_.expression(*n.left, Level::is_test);
    p_.put(n.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
    p_.expression(*n.right, tighter(Level::is_test));
  }
  void operator()(const Between& n) {
    tested(*n.operand, n.negated);
    p_.put(n.symmetric ? "BETWEEN SYMMETRIC " : "BETWEEN ");
    p_.expression(*n.low, Level::other);
    p_.put(" AND ");
    p_.expression(*n.high, Level::other);
  }
  void operator()(const InList& n) {
    tested(*n.operand, n.negated);
    p_.put("IN (");
    p_.expressions(n.items);
    p_.put(")");
  }
  void operator()(const InSubquery& n) {
    tested(*n.operand, n.negated);
    p_.put("IN ");
    p_.subquery(*n.query);
  }
  void operator()(const Quantified& n) {
    const Level level = grammar::level_of(n.op);
    p_.expression(*n.left, level == Level::comparison ? tighter(level) : level);
    p_.put(" " + std::string(grammar::spelling(n.op)) + (n.all ? " ALL " : " ANY "));
    if (n.query) return p_.subquery(*n.query);
    p_.put("(");
    p_.expression(*n.array);
    p_.put(")");
  }
  void operator()(const Like& n) {
    tested(*n.operand, n.negated);
    p_.put(n.insensitive ? "ILIKE " : "LIKE ");
    p_.expression(*n.pattern, Level::other);
    if (!n.escape) return;
    p_.put(" ESCAPE ");
    p_.expression(*n.escape, Level::other);
  }
  void operator()(const Case& n) {
    p_.put("CASE");
    p_.clause(" ", n.operand);
    for (const auto& when : n.whens) {
      p_.clause(" WHEN ", when.condition);
      p_.clause(" THEN ", when.result);
    }
    p_.clause(" ELSE ", n.otherwise);
    p_.put(" END");
  }
  void operator()(const Cast& n) {
    p_.expression(*n.operand, Level::cast);
    p_.put("::");
    p_.type(n.type);
  }
  void operator()(const Extract& n) {
    p_.put("EXTRACT(" + (grammar::is_plain_word(n.field) ? n.field : quote_text(n.field)) + " FROM ");
    p_.expression(*n.operand);
    p_.put(")");
  }
  void operator()(const AtTimeZone& n) {
    p_.expression(*n.operand, Level::at_time_zone);
    p_.put(" AT TIME ZONE ");
    p_.expression(*n.zone, tighter(Level::at_time_zone));
  }
  void operator()(const Exists& n) {
    p_.put("EXISTS ");
    p_.subquery(*n.query);
  }
  void operator()(const ScalarSubquery& n) { p_.subquery(*n.query); }
  void operator()(const Call& n) {
    path(n.schema);
    const bool plain = n.schema.empty() && !n.star && !n.distinct && n.order_by.empty() && !n.filter && !n.over;
    if (plain && is_in(kWithoutParentheses, n.name)) {
      p_.put(n.name);
      if (n.arguments.empty()) return;
    } else if (n.schema.empty() && is_callable(n.name)) {
      p_.put(n.name);
    } else {
      p_.name(n.name);
    }
    p_.put(n.distinct ? "(DISTINCT " : "(");
    if (n.star) p_.put("*");
    p_.expressions(n.arguments);
    p_.order_by(n.order_by);
    p_.put(")");
    if (n.filter) {
      p_.clause(" FILTER (WHERE ", n.filter);
      p_.put(")");
    }
    if (!n.over) return;
    p_.put(" OVER ");
    p_.window(*n.over);
  }

 private:
  static bool is_callable(std::string_view name) {
    return is_in(kCallable, name) || (grammar::is_plain_word(name) && classify(name) == WordClass::type_or_function);
  }
  void path(const std::string& part) {
    if (part.empty()) return;
    p_.name(part);
    p_.put(".");
  }
  void tested(const Expression& operand, bool negated) {
    p_.expression(operand, tighter(Level::membership));
    p_.put(negated ? " NOT " : " ");
  }
  void blob(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    p_.put("x'");
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      p_.out.push_back(kDigits[byte >> 4]);
      p_.out.push_back(kDigits[byte & 15]);
    }
    p_.put("'");
  }

  Printer& p_;
};

}  // namespace

std::string quote_identifier(std::string_view name) {
  const bool plain =
      grammar::is_plain_word(name) && classify(name) == WordClass::ordinary && !is_in(kReadOtherwise, name);
  return plain ? std::string(name) : quoted(name, '"');
}

std::string quote_text(std::string_view text) { return quoted(text, '\''); }

void Printer::name(std::string_view text) { out += quote_identifier(text); }

void Printer::names(const std::vector<Name>& list) {
  if (list.empty()) return;
  put(" (");
  commas(list, [&](const Name& item) { name(item.text); });
  put(")");
}

void Printer::table(const TableName& table) {
  if (!table.schema.empty()) {
    name(table.schema);
    put(".");
  }
  name(table.name);
}

void Printer::tables(const std::vector<TableName>& list) {
  commas(list, [&](const TableName& item) { table(item); });
}

void Printer::type(const TypeName& type) {
  const std::size_t zone = type.name.ends_with(" with time zone")      ? type.name.size() - 15
                           : type.name.ends_with(" without time zone") ? type.name.size() - 18
                                                                       : type.name.size();
  const std::string stem = type.name.substr(0, zone);
  const bool zoned = zone < type.name.size() && (stem == "timestamp" || stem == "time");
  const std::string& word = zoned ? stem : type.name;
  const bool plain =
      is_in(kTwoWordTypes, word) || (grammar::is_plain_word(word) && classify(word) != WordClass::reserved);
  put(plain ? word : quoted(word, '"'));
  if (!type.arguments.empty()) {
    put("(");
    commas(type.arguments, [&](const std::string& argument) { put(argument); });
    put(")");
  }
  if (zoned) put(std::string_view(type.name).substr(zone));
}

void Printer::expression(const Expression& expression, Level loosest) {
  const bool parentheses = level_of(expression.node) < loosest;
  if (parentheses) put("(");
  std::visit(NodePrinter(*this), expression.node);
  if (parentheses) put(")");
}

void Printer::expressions(const std::vector<ExpressionPtr>& list) {
  commas(list, [&](const ExpressionPtr& item) { expression(*item); });
}

void Printer::clause(std::string_view words, const ExpressionPtr& item) {
  if (!item) return;
  put(words);
  expression(*item);
}

std::string print(const Expression& expression) {
  Printer printer;
  printer.expression(expression);
  return std::move(printer.out);
}

std::string print(const TypeName& type) {
  Printer printer;
  printer.type(type);
  return std::move(printer.out);
}

}  // namespace mneme::sql
