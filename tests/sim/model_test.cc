// The oracle is itself tested: what a broken store could show, planted in a state that was right, must not be
// explained.
#include "sim/model.h"

#include <doctest/doctest.h>

#include "os/sim/sim_world.h"
#include "sim/environment.h"

namespace mneme::sim {
namespace {

struct History {  // Of one store and its model.
  explicit History(std::uint64_t seed) : sim(seed), model(seed) {
    store = Store::open(sim.world(), "db", small_options()).value();
    for (int i = 0; i < 12; ++i) {
      store->commit(model.next(*store), Durability::commit).value();
      REQUIRE(model.committed(*store) == "");
    }
  }
  SimWorld sim;
  Model model;
  std::unique_ptr<Store> store;
};

using Rows = std::map<std::uint64_t, std::string>;

Rows as_map(const TableRows& rows) {
  Rows map;
  for (std::size_t place = 0; place < rows.size(); ++place) map.emplace(rows.id(place), rows.text(place));
  return map;
}

TableRows as_read(const Rows& map) {
  TableRows rows;
  for (const auto& [id, text] : map) {
    rows.next_text() += text;
    rows.add(id);
  }
  REQUIRE(rows.sort());
  return rows;
}

// Every state that differs from the one after `commits` as a broken store's could.
std::vector<std::pair<std::string, State>> mutations(const Model& model, std::size_t commits) {
  std::vector<std::pair<std::string, State>> all;
  const State& right = model.after(commits);
  const auto with = [&](const std::string& what, const std::string& table, const Rows& rows) {
    State state = right;
    state[table] = as_read(rows);
    all.emplace_back(what + " in " + table, std::move(state));
  };
  for (const auto& [table, read] : right) {
    const Rows rows = as_map(read);
    State without = right;
    without.erase(table);
    all.emplace_back("lost: " + table, std::move(without));
    for (const auto& [id, text] : rows) {
      Rows lost = rows, changed = rows, renumbered = rows;
      lost.erase(id);
      changed[id] += "x";
      renumbered.erase(id);
      renumbered.emplace(id + 1'000'000, text);
      with("a lost row", table, lost);
      with("a changed row", table, changed);
      with("a row under another id", table, renumbered);
    }
    for (std::size_t before = 0; before < commits; ++before) {  // I4.
      const auto older = model.after(before).find(table);
      if (older == model.after(before).end()) continue;
      for (const auto& [id, text] : as_map(older->second)) {
        if (rows.contains(id)) continue;
        Rows risen = rows;
        risen.emplace(id, text);
        with("a row risen from the dead", table, risen);
      }
    }
  }
  all.emplace_back("a table of nobody", right);
  all.back().second["nobody's"];
  return all;
}

TableSchema nobodys_table(Store& store) {
  TableSchema schema;
  schema.id = store.next_table_id().value();
  schema.name = "nobody's";
  schema.columns.emplace_back().name = "c";
  schema.columns.back().id = ColumnId{schema.next_column_id++};
  return schema;
}

}  // namespace

TEST_CASE("model: of every state, whatever is lost, changed, raised or added is found out") {
  std::size_t planted = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History history(seed);
    for (std::size_t commits = 1; commits <= history.model.commits(); ++commits) {
      CHECK(history.model.explains(history.model.after(commits), commits));
      for (const auto& [what, state] : mutations(history.model, commits)) {
        INFO("seed ", seed, ", commit ", commits, ": ", what);
        // A later commit may have done just that; then it is explained, and rightly.
        const bool later = commits < history.model.commits() && history.model.explains(state, commits + 1);
        if (!later) CHECK_FALSE(history.model.explains(state, commits));
        planted += !later;
      }
    }
  }
  CHECK(planted > 10'000);
}

TEST_CASE("model: an acknowledged commit that is missing, a hole, and half a commit are found out") {
  std::size_t halves = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const History history(seed);
    const Model& model = history.model;
    for (std::size_t commits = 1; commits < model.commits(); ++commits) {
      const State &before = model.after(commits - 1), &after = model.after(commits);
      if (!model.explains(before, commits)) CHECK(model.explains(before, commits - 1));
      std::vector<std::string> touched;
      for (const auto& [table, rows] : after) {
        if (!before.contains(table) || before.at(table) != rows) touched.push_back(table);
      }
      if (touched.size() < 2) continue;
      for (const std::string& table : touched) {  // All of the commit but what it did to one table.
        State half = after;
        half.erase(table);
        if (before.contains(table)) half[table] = before.at(table);
        if (model.explains(half, commits + 1)) continue;  // Later commits did just that, as above.
        CHECK_FALSE(model.explains(half, 0));
        ++halves;
      }
    }
  }
  CHECK(halves > 20);
}

TEST_CASE("model: a store that did more, less or nothing of what was asked is found out") {
  int planted = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    for (int wrong = 0; wrong < 3; ++wrong) {
      History history(seed);
      WriteSet writes = history.model.next(*history.store);
      if (wrong == 0) writes.changes.clear();  // Acknowledged, and not done.
      if (wrong == 1) {                        // Done but for one change; a new column of no rows does not show.
        if (writes.changes.size() < 2 || std::holds_alternative<AlterTable>(writes.changes.back())) continue;
        writes.changes.pop_back();
      }
      if (wrong == 2) writes.changes.emplace_back(CreateTable{nobodys_table(*history.store)});
      if (!history.store->commit(std::move(writes), Durability::commit)) continue;  // The rest of it cannot be done.
      INFO("seed ", seed, ", wrong ", wrong);
      CHECK(history.model.committed(*history.store) != "");
      ++planted;
    }
  }
  CHECK(planted > 100);
}

}  // namespace mneme::sim
