#include "differential/player.h"

#include <algorithm>

#include "differential/self_check.h"

namespace mneme::differential {
namespace {

constexpr std::size_t kRememberedMax = 4;

class Player {  // One thread at a time.
 public:
  Player(const OtherSides& others, Counts& counts, const Tamper& tamper)
      : others_(others), counts_(counts), mneme_(tamper) {
    for (const auto& other : others_) other->restart();
  }

  // False: a difference was found.
  bool step(const Step& step) {
    switch (step.act) {
      case Act::create: return change(step);
      case Act::index: return index(step);
      case Act::change: return change(step);
      case Act::ask: return ask(step);
      case Act::flush: return !mneme_.in_transaction() ? (mneme_.flush(), again("after a flush")) : true;
      case Act::compact: return !mneme_.in_transaction() ? (mneme_.compact(), again("after a merge")) : true;
      case Act::reopen: return !mneme_.in_transaction() ? (mneme_.reopen(), again("after reopening")) : true;
      case Act::begin: return mneme_.in_transaction() || everywhere("BEGIN");
      case Act::commit: return !mneme_.in_transaction() || (everywhere("COMMIT") && again("committed"));
      case Act::rollback: remembered_.clear(); return !mneme_.in_transaction() || everywhere("ROLLBACK");
    }
    return true;
  }

  bool ends_well() {
    const std::string problems = mneme_.check();
    return problems.empty() || differ("mneme's own check", problems);
  }

  Difference take_difference() { return std::move(difference_); }

 private:
  bool differ(std::string between, std::string detail) {
    difference_.between = std::move(between);
    difference_.detail = std::move(detail);
    return false;
  }

  bool everywhere(const std::string& sql) {
    for (const auto& other : others_) other->execute(sql);
    const Outcome outcome = mneme_.execute(sql);
    return outcome.ok || differ(sql, outcome.message);
  }

  bool index(const Step& step) {
    if (mneme_.in_transaction()) return true;
    const Outcome outcome = mneme_.execute(print(step.tree, Dialect::mneme));
    return (outcome.ok || differ("an index", outcome.message)) && again("with another index");
  }

  // Where a subquery may stand has limits, which the engine names (0A000): no answer, so nothing to compare.
  static bool is_unsupported(const Outcome& outcome) { return !outcome.ok && outcome.sqlstate == "0A000"; }

  static Comparison comparison(const OtherSide& other, bool ordered) {
    const bool postgres = other.dialect() == Dialect::postgres;
    return {.ordered = ordered, .decimals_by_value = true, .states = postgres};
  }

  bool change(const Step& step) {
    ++counts_.changes;
    remembered_.clear();
    const bool in_transaction = mneme_.in_transaction();
    const Outcome outcome = mneme_.execute(print(step.tree, Dialect::mneme));
    if (is_unsupported(outcome)) {
      ++counts_.unsupported;
      return end_if_failed(false);
    }
    if (!outcome.ok) ++counts_.errors;
    for (const auto& other : others_) {
      const Outcome theirs = other->execute(print(step.tree, other->dialect()));
      const std::string differs = difference(outcome, theirs, comparison(*other, false));
      if (!differs.empty()) return differ("a change / " + std::string(other->name()), differs);
    }
    if (!in_transaction || outcome.ok) {
      const Outcome plain = mneme_.execute(print(step.tree, Dialect::plain));
      const std::string differs = difference(outcome, plain, {});
      if (!differs.empty()) return differ("a change / without indexes", differs);
    }
    return outcome.ok || !in_transaction || everywhere("ROLLBACK");
  }

  // An error ends a transaction of PostgreSQL's and of mneme's.
  bool end_if_failed(bool ok) {
    if (ok || !mneme_.in_transaction()) return true;
    remembered_.clear();
    return everywhere("ROLLBACK");
  }

  bool ask(const Step& step) {
    ++counts_.questions;
    if (step.check == Check::compare || step.check == Check::prepared) return compare(step);
    ++counts_.by_themselves;
    bool ok = true;
    bool supported = true;
    const std::string differs = self_difference(step, [&](const std::string& sql) {
      Outcome outcome = mneme_.execute(sql);
      ok = ok && outcome.ok;
      supported = supported && !is_unsupported(outcome);
      counts_.rows += outcome.rows.size();
      return outcome;
    });
    if (!supported) ++counts_.unsupported;
    if (!differs.empty() && supported) return differ("itself", differs);
    return end_if_failed(ok);
  }

  bool compare(const Step& step) {
    const std::string sql = print(step.tree, Dialect::mneme);
    Outcome outcome = mneme_.execute(sql);
    counts_.rows += outcome.rows.size();
    if (is_unsupported(outcome)) {
      ++counts_.unsupported;
      return end_if_failed(false);
    }
    if (!outcome.ok) ++counts_.errors;
    for (const auto& other : others_) {
      if (step.free && other->dialect() == Dialect::sqlite) continue;
      ++counts_.compared;
      const Outcome theirs = other->execute(print(step.tree, other->dialect()));
      const std::string differs = difference(outcome, theirs, comparison(*other, step.ordered));
      if (!differs.empty()) return differ(std::string(other->name()), differs);
    }
    if (!outcome.ok && mneme_.in_transaction()) return end_if_failed(false);
    return other_ways(step, sql, outcome);
  }

  bool other_ways(const Step& step, const std::string& sql, Outcome& outcome) {
    if (step.check == Check::prepared && !prepared(step, outcome)) return false;
    ++counts_.unindexed;
    const Outcome plain = mneme_.execute(print(step.tree, Dialect::plain));
    const std::string differs =
        difference(outcome, plain, {.ordered = step.ordered, .decimals_by_value = false, .states = true});
    if (!differs.empty()) return differ("without indexes", differs);
    if (outcome.ok && remembered_.size() < kRememberedMax)
      remembered_.push_back({sql, step.ordered, std::move(outcome)});
    return true;
  }

  // What is asked with parameters may have the scale of the parameter.
  bool prepared(const Step& step, const Outcome& outcome) {
    std::vector<Value> parameters;
    const std::string sql = print(step.tree, Dialect::mneme, &parameters);
    if (mneme_.in_transaction()) return true;  // One that cannot be prepared would end the transaction.
    const Comparison how{.ordered = step.ordered, .decimals_by_value = true, .states = true};
    for (const bool stream : {false, true}) {
      const auto other = stream ? mneme_.stream_prepared(sql, parameters) : mneme_.execute_prepared(sql, parameters);
      if (!other) continue;
      ++counts_.prepared;
      const std::string differs = difference(outcome, *other, how);
      if (!differs.empty()) return differ(stream ? "with parameters, as a stream" : "with parameters", differs);
    }
    return true;
  }

  bool again(const char* when) {
    for (const Remembered& remembered : remembered_) {
      ++counts_.again;
      const Outcome outcome = mneme_.execute(remembered.sql);
      const std::string differs = difference(
          remembered.outcome, outcome, {.ordered = remembered.ordered, .decimals_by_value = false, .states = true});
      if (!differs.empty()) return differ(when, remembered.sql + "\n  before / after: " + differs);
    }
    return true;
  }

  struct Remembered {
    std::string sql;
    bool ordered;
    Outcome outcome;
  };

  const OtherSides& others_;
  Counts& counts_;
  MnemeSide mneme_;
  std::vector<Remembered> remembered_;  // What was asked since the last change.
  Difference difference_;
};

}  // namespace

std::optional<Difference> play(const Life& life, const OtherSides& others, Counts& counts, const Tamper& tamper) {
  Player player(others, counts, tamper);
  for (std::size_t i = 0; i <= life.size(); ++i) {
    if (i < life.size() ? player.step(life[i]) : player.ends_well()) continue;
    Difference difference = player.take_difference();
    difference.step = i;
    return difference;
  }
  return std::nullopt;
}

}  // namespace mneme::differential
