// The oracle of the crash tests: what a database must hold after each commit, kept outside the simulated disk.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"

namespace mneme::sim {

// The rows of a table by RowId, so that a reused id shows; a row is its columns as text. Millions of them are read and
// compared, so all their text is one string.
class TableRows {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  // The text of the next row is appended to the string that this gives; add() then ends it.
  [[nodiscard]] std::string& next_text() noexcept { return text_; }
  void add(std::uint64_t id);
  // To be called once all rows were added. False: an id is there twice.
  [[nodiscard]] bool sort();

  [[nodiscard]] std::size_t size() const noexcept { return ids_.size(); }
  [[nodiscard]] std::uint64_t id(std::size_t place) const { return ids_[place]; }  // Ascending.
  [[nodiscard]] std::string_view text(std::size_t place) const {
    const std::size_t begin = place == 0 ? 0 : ends_[place - 1];
    return std::string_view(text_).substr(begin, ends_[place] - begin);
  }
  [[nodiscard]] std::size_t find(std::uint64_t id) const;  // Its place, or kNone.
  bool operator==(const TableRows&) const = default;

 private:
  std::vector<std::uint64_t> ids_;
  std::vector<std::size_t> ends_;  // Of the rows in text_.
  std::string text_;
};

using State = std::map<std::string, TableRows>;  // By name and version.

std::string state_name(const TableSchema& schema);  // Of a table in a State.
std::uint64_t hash_of(const State& state);
void append_row_text(const Batch& batch, std::size_t row, std::string& text);
std::string row_text(const Batch& batch, std::size_t row);
// Puts the values that lie in blob files in place of the references to them.
Result<void> load_blobs(Store& store, Batch& batch);
// Every row a snapshot sees, by scanning, blobs loaded. Fails where the store does.
Result<State> read_state(Store& store, const Snapshot& snapshot);

// Makes random transactions and knows the state after each. One thread at a time.
class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), states_(1), given_(1), tables_after_(1) {}

  // A transaction of 1 to 3 random changes that must succeed on the latest state.
  WriteSet next(Store& store);
  enum class Change : std::uint8_t { insert, update, end, carry, create_table, drop_table, add_column, change_indexes };
  // A transaction of one change, of that kind; rows are inserted where there is nothing else to do.
  WriteSet next(Store& store, Change change);
  // A transaction of one row of the first table; its record has one of two lengths as long as that table's columns stay
  // as they are: less than a sector, or more.
  WriteSet next_alike(Store& store, bool is_long);
  // The store has taken the transaction that next() made last: learns the RowIds it gave from the store itself, checks
  // everything else against what was predicted, and remembers the state. Returns what is wrong, or nothing.
  std::string committed(Store& store);

  // Power was cut, and `state` is what came back: what was committed since never was. False: it is not the state after
  // any commit from number `least` on.
  bool rewind(const State& state, std::size_t least);
  // Whether it is the state after a commit that rewind() has taken.
  [[nodiscard]] bool was_cut(const State& state) const;

  [[nodiscard]] std::size_t commits() const noexcept { return states_.size() - 1; }
  [[nodiscard]] const State& after(std::size_t commits) const { return states_[commits]; }
  // Whether `state` is that after some commit from number `least` on: nothing acknowledged missing, nothing half there.
  [[nodiscard]] bool explains(const State& state, std::size_t least) const;
  struct Given {  // The highest ids that commits up to one have used, of versions and tables gone since, too.
    std::uint64_t row_max = 0;
    std::uint64_t table_max = 0;
  };
  [[nodiscard]] const Given& given(std::size_t commits) const { return given_[commits]; }
  [[nodiscard]] std::uint64_t carried() const noexcept { return carried_; }  // Rows whose blob only came along.
  std::mt19937_64& random() noexcept { return random_; }

 private:
  struct Table {
    TableSchema schema;
    std::map<std::uint64_t, std::string> rows;
    bool distinct_text = false;  // No two rows have the same text: a UNIQUE index may come and go.
  };
  using Tables = std::map<std::string, Table>;
  void create_table(Store& store, WriteSet& writes);
  void change_rows(Table& table, WriteSet& writes);
  // False: there is no such row, or it cannot be read now.
  bool carry_row(Store& store, Table& table, WriteSet& writes);
  void add_column(Table& table, WriteSet& writes);
  void change_indexes(Table& table, WriteSet& writes);
  static void add_index(Table& table, std::vector<ColumnId> columns, bool unique);
  void insert_rows(Table& table, WriteSet& writes, std::size_t count);
  void append_value(const Table& table, std::size_t ordinal, Column& column, std::set<std::string>& taken);
  void end_rows(Table& table, WriteSet& writes, std::size_t count);
  static bool is_same(const std::map<std::uint64_t, std::string>& known, const TableRows& found);

  std::mt19937_64 random_;
  Tables tables_;
  std::map<std::string, std::vector<std::string>> inserted_;  // By this transaction, in order; no RowIds yet.
  std::uint64_t row_max_ = 0;                                 // The highest RowId ever seen: later ones are above it.
  std::uint64_t names_ = 0;
  std::uint64_t carried_ = 0;
  std::vector<State> states_;  // After each commit, and before the first; so are those below.
  std::vector<Given> given_;
  std::vector<Tables> tables_after_;
  std::vector<State> cut_;
};

}  // namespace mneme::sim
