#include "differential/outcome.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace mneme::differential {
namespace {

constexpr std::size_t kShownRowsMax = 6;

// Exact: 17 digits tell any two doubles apart. Zero has no sign, which SQLite does not keep.
std::string number_text(const std::string& text) {
  const double number = std::strtod(text.c_str(), nullptr);
  char out[40];
  std::snprintf(out, sizeof out, "%.17g", number == 0 ? 0.0 : number);
  return out;
}

std::string canonical(const std::string& text, TypeKind kind, const Comparison& how) {
  switch (kind) {
    case TypeKind::boolean: return text == "1" ? "t" : text == "0" ? "f" : text;
    case TypeKind::floating:
    case TypeKind::real: return number_text(text);
    case TypeKind::timestamp: return text.ends_with("+00") ? text.substr(0, text.size() - 3) : text;
    case TypeKind::decimal: return how.decimals_by_value ? number_text(text) : text;
    default: return text;
  }
}

std::string shown(const std::vector<std::string>& rows) {
  std::string out;
  for (std::size_t i = 0; i < rows.size() && i < kShownRowsMax; ++i) out += "\n    " + rows[i];
  return rows.size() > kShownRowsMax ? out + "\n    ... " + std::to_string(rows.size()) + " rows" : out;
}

// Those of `a` that are not in `b`, as multisets. REQUIRES: sorted.
std::vector<std::string> beyond(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  std::ranges::set_difference(a, b, std::back_inserter(out));
  return out;
}

std::string error_difference(const Outcome& got, const Outcome& want, const Comparison& how) {
  if (!got.ok && !want.ok) {
    if (!how.states || got.sqlstate == want.sqlstate) return "";
    return "errors differ: " + got.sqlstate + " " + got.message + " / " + want.sqlstate + " " + want.message;
  }
  const std::string error = got.ok ? want.sqlstate + " " + want.message : got.sqlstate + " " + got.message;
  return got.ok ? "only the other failed: " + error : "only mneme failed: " + error;
}

}  // namespace

std::string kind_of(const std::string& difference) {
  const std::size_t colon = difference.find(':');
  const std::size_t state = difference.find("failed: ");
  return difference.substr(0, state == std::string::npos ? colon : state + 13);
}

std::string text_of(const Row& row) {
  std::string out;
  for (const auto& value : row) out += (out.empty() ? "" : " | ") + (value ? "'" + *value + "'" : std::string("NULL"));
  return out;
}

std::vector<std::string> canonical_rows(const Outcome& outcome, const std::vector<TypeKind>& kinds,
                                        const Comparison& how) {
  std::vector<std::string> rows;
  rows.reserve(outcome.rows.size());
  for (Row row : outcome.rows) {
    for (std::size_t i = 0; i < row.size() && i < kinds.size(); ++i) {
      if (row[i]) row[i] = canonical(*row[i], kinds[i], how);
    }
    rows.push_back(text_of(row));
  }
  if (!how.ordered) std::ranges::sort(rows);
  return rows;
}

std::string difference(const Outcome& got, const Outcome& want, const Comparison& how) {
  if (!got.ok || !want.ok) return error_difference(got, want, how);
  if (got.changed != want.changed) {
    return "changed rows differ: " + std::to_string(got.changed) + " / " + std::to_string(want.changed);
  }
  const auto ours = canonical_rows(got, got.kinds, how);
  const auto theirs = canonical_rows(want, got.kinds, how);
  if (ours == theirs) return "";
  if (how.ordered) return "rows differ: mneme" + shown(ours) + "\n  the other" + shown(theirs);
  return "rows differ: only in mneme" + shown(beyond(ours, theirs)) + "\n  only in the other" +
         shown(beyond(theirs, ours));
}

}  // namespace mneme::differential
