#include "sim/model.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iterator>
#include <numeric>

#include "storage/table_scan.h"

namespace mneme::sim {
namespace {

void append_text(const Column& column, std::size_t row, std::string& text) {
  if (column.is_null(row)) {
    text += "NULL";
  } else if (column.type().kind == TypeKind::integer) {
    std::array<char, 20> digits{};
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), column.values<std::int64_t>()[row]).ptr;
    text.append(digits.data(), end);
  } else {
    text += '\'';
    text += as_text(column.bytes_at(row));
    text += '\'';
  }
}

std::string value_text(const Column& column, std::size_t row) {
  std::string text;
  append_text(column, row, text);
  return text;
}

constexpr TypeKind kKinds[] = {TypeKind::integer, TypeKind::text, TypeKind::blob, TypeKind::blob};
constexpr std::size_t kInteger = 0, kText = 1, kBlob = 2, kClip = 3;  // Ordinals of the first columns.

// The value that a row, as text, has in a column.
std::string field(const std::string& row, std::size_t ordinal) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < ordinal; ++i) begin = row.find('|', begin) + 1;
  return row.substr(begin, row.find('|', begin) - begin);
}

bool refers(const Column& column, std::size_t row) {
  return !column.is_null(row) && column.values<StringRef>()[row].is_reference();
}

Result<void> load_column(Store& store, Column& column) {
  if (column.type().kind != TypeKind::blob) return {};
  std::size_t first = 0;
  while (first < column.rows() && !refers(column, first)) ++first;
  if (first == column.rows()) return {};
  Column loaded(column.type());
  loaded.append_run(column, 0, first);
  for (std::size_t row = first; row < column.rows(); ++row) {
    if (!refers(column, row)) {
      loaded.append_run(column, row, 1);
      continue;
    }
    const BlobRef ref = blob_ref(column.values<StringRef>()[row]);
    const auto file = TRY(store.blob_file(FileNumber{ref.file}));
    const auto reader = TRY(file->open());
    TRY(reader->verify(ref));
    ByteBuffer bytes(ref.bytes);
    TRY(reader->read(ref, 0, bytes));
    loaded.append_bytes(bytes);
  }
  column = std::move(loaded);
  return {};
}
}  // namespace

Result<void> load_blobs(Store& store, Batch& batch) {
  for (Column& column : batch.columns) TRY(load_column(store, column));
  return {};
}

void append_row_text(const Batch& batch, std::size_t row, std::string& text) {
  for (const Column& column : batch.columns) {
    append_text(column, row, text);
    text += '|';
  }
}

std::string row_text(const Batch& batch, std::size_t row) {
  std::string text;
  append_row_text(batch, row, text);
  return text;
}

void TableRows::add(std::uint64_t id) {
  ids_.push_back(id);
  ends_.push_back(text_.size());
}

bool TableRows::sort() {
  if (!std::ranges::is_sorted(ids_)) {
    std::vector<std::size_t> places(size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    std::ranges::sort(places, {}, [&](std::size_t place) { return ids_[place]; });
    TableRows sorted;
    for (const std::size_t place : places) {
      sorted.text_ += text(place);
      sorted.add(ids_[place]);
    }
    *this = std::move(sorted);
  }
  return std::ranges::adjacent_find(ids_) == ids_.end();
}

std::size_t TableRows::find(std::uint64_t id) const {
  const auto found = std::ranges::lower_bound(ids_, id);
  return found == ids_.end() || *found != id ? kNone : static_cast<std::size_t>(found - ids_.begin());
}

std::uint64_t hash_of(const State& state) {
  std::uint64_t hash = state.size();
  const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 0x9e3779b97f4a7c15U ^ hash >> 29; };
  for (const auto& [name, rows] : state) {
    mix(std::hash<std::string_view>()(name));
    for (std::size_t place = 0; place < rows.size(); ++place) {
      mix(rows.id(place));
      mix(std::hash<std::string_view>()(rows.text(place)));
    }
  }
  return hash;
}

// With the version, so that commits which change nothing but columns or indexes are told apart, too.
std::string state_name(const TableSchema& schema) {
  return schema.name + ", version " + std::to_string(schema.version);
}

Result<State> read_state(Store& store, const Snapshot& snapshot) {
  State state;
  for (const auto& [id, table] : snapshot.version->tables) {
    auto& rows = state[state_name(*table.schema)];
    std::vector<ColumnId> columns;
    for (const ColumnSchema& column : table.schema->columns) columns.push_back(column.id);
    auto scan = TRY(TableScan::open(snapshot, id, columns));
    std::vector<RowId> ids;
    while (auto batch = TRY(scan.next(ids))) {
      TRY(load_blobs(store, *batch));
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        append_row_text(*batch, row, rows.next_text());
        rows.add(static_cast<std::uint64_t>(ids[row]));
      }
    }
    if (!rows.sort()) return Error(Code::corrupt, "a row version is there twice");
  }
  return state;
}

void Model::create_table(Store& store, WriteSet& writes) {
  Table table;
  table.schema.id = store.next_table_id().value();
  table.schema.name = "t" + std::to_string(names_++);
  for (const TypeKind kind : kKinds) {
    ColumnSchema& column = table.schema.columns.emplace_back();
    column.id = ColumnId{table.schema.next_column_id++};
    column.name = "c" + std::to_string(static_cast<std::uint32_t>(column.id));
    column.type.kind = kind;
  }
  table.distinct_text = random_() % 2 == 0;
  if (random_() % 3 != 0) {
    add_index(table, {table.schema.columns[kInteger].id}, true);
    table.schema.indexes.back().primary = true;
    table.schema.primary_key = table.schema.indexes.back().columns;
    table.schema.columns[kInteger].not_null = true;
  }
  writes.changes.emplace_back(CreateTable{table.schema});
  tables_.emplace(table.schema.name, std::move(table));
}

void Model::add_index(Table& table, std::vector<ColumnId> columns, bool unique) {
  IndexSchema& index = table.schema.indexes.emplace_back();
  index.id = IndexId{table.schema.next_index_id++};
  index.name = "i" + std::to_string(static_cast<std::uint32_t>(index.id));
  index.columns = std::move(columns);
  index.unique = unique;
}

// A UNIQUE index, one of two columns and one of blobs; those that are there may go again, but for the primary key.
void Model::change_indexes(Table& table, WriteSet& writes) {
  auto& indexes = table.schema.indexes;
  const auto& columns = table.schema.columns;
  const auto dropped = std::ranges::find(indexes, false, &IndexSchema::primary);
  if (dropped != indexes.end() && random_() % 3 == 0) {
    indexes.erase(dropped);
  } else if (const auto what = random_() % 3; what == 0 && table.distinct_text) {
    add_index(table, {columns[kText].id}, true);
  } else if (what == 1) {
    add_index(table, {columns[kText].id, columns[kInteger].id}, false);
  } else {
    add_index(table, {columns[kBlob].id}, false);
  }
  ++table.schema.version;
  writes.changes.emplace_back(AlterTable{table.schema});
}

// Rows there already read the new column as 7, or as NULL.
void Model::add_column(Table& table, WriteSet& writes) {
  ColumnSchema& column = table.schema.columns.emplace_back();
  column.id = ColumnId{table.schema.next_column_id++};
  column.name = "c" + std::to_string(static_cast<std::uint32_t>(column.id));
  const bool with_default = random_() % 2 == 0;
  if (with_default) {
    Column seven(column.type);
    seven.append(std::int64_t{7});
    encode_column(seven, 0, 1, column.missing_value);
  }
  for (auto& [id, text] : table.rows) text += with_default ? "7|" : "NULL|";
  for (std::string& text : inserted_[table.schema.name]) text += with_default ? "7|" : "NULL|";
  ++table.schema.version;
  writes.changes.emplace_back(AlterTable{table.schema});
}

// `taken` (by live rows, in this column) grows; it is looked at where the column must be distinct.
void Model::append_value(const Table& table, std::size_t ordinal, Column& column, std::set<std::string>& taken) {
  const bool is_key = ordinal == kInteger && !table.schema.primary_key.empty();
  const bool distinct = is_key || (ordinal == kText && table.distinct_text);
  for (;;) {
    Column value(column.type());
    if (random_() % 6 == 0 && !is_key) {
      value.append_null();
    } else if (column.type().is_variable()) {
      std::size_t size = random_() % (random_() % 16 == 0 ? 600 : 60);
      if (ordinal == kClip && random_() % 4 == 0) size = 600 + random_() % 2'000;  // Some lie in blob files.
      value.append_bytes(as_bytes(std::string(size, static_cast<char>('a' + random_() % 26))));
    } else {  // Of few keys, so that they come again after their rows ended.
      value.append(static_cast<std::int64_t>(random_() % 2 == 0 ? random_() : random_() % 200));
    }
    if (distinct && !value.is_null(0) && !taken.insert(value_text(value, 0)).second) continue;
    return column.append_run(value, 0, 1);
  }
}

void Model::insert_rows(Table& table, WriteSet& writes, std::size_t count) {
  InsertRows rows;
  rows.table = table.schema.id;
  std::vector<std::string>& inserted = inserted_[table.schema.name];
  for (std::size_t ordinal = 0; ordinal < table.schema.columns.size(); ++ordinal) {
    std::set<std::string> taken;
    for (const auto& [id, text] : table.rows) taken.insert(field(text, ordinal));
    for (const std::string& text : inserted) taken.insert(field(text, ordinal));
    Column& column = rows.batch.columns.emplace_back(table.schema.columns[ordinal].type);
    for (std::size_t i = 0; i < count; ++i) append_value(table, ordinal, column, taken);
  }
  for (std::size_t i = 0; i < count; ++i) inserted.push_back(row_text(rows.batch, i));
  writes.changes.emplace_back(std::move(rows));
}

void Model::end_rows(Table& table, WriteSet& writes, std::size_t count) {
  EndRows ended;
  ended.table = table.schema.id;
  for (auto row = table.rows.begin(); row != table.rows.end() && ended.rows.size() < count;) {
    const bool chosen = random_() % 3 == 0;
    if (chosen) ended.rows.insert(RowId{row->first});
    row = chosen ? table.rows.erase(row) : std::next(row);
  }
  if (!ended.rows.empty()) writes.changes.emplace_back(std::move(ended));
}

void Model::change_rows(Table& table, WriteSet& writes) {
  const std::uint64_t what = random_() % 3;
  if (what != 0) end_rows(table, writes, 1 + random_() % 4);  // A delete, or an update's old versions.
  if (what != 1) insert_rows(table, writes, 1 + random_() % (random_() % 8 == 0 ? 60 : 5));
}

// An update as a statement makes it that leaves long values alone: the new row refers to what the old one refers to.
bool Model::carry_row(Store& store, Table& table, WriteSet& writes) {
  const auto snapshot = store.snapshot();
  const TableVersion* stored = snapshot ? snapshot->version->find(table.schema.id) : nullptr;
  if (stored == nullptr || stored->schema->version != table.schema.version) return false;
  std::vector<ColumnId> columns;
  for (const ColumnSchema& column : table.schema.columns) columns.push_back(column.id);
  auto scan = TableScan::open(*snapshot, table.schema.id, columns);
  std::vector<RowId> ids;
  while (scan) {
    const auto batch = scan->next(ids);
    if (!batch || !*batch) return false;
    const Column& clips = (*batch)->columns[kClip];
    for (std::size_t row = 0; row < ids.size(); ++row) {
      const auto old = table.rows.find(static_cast<std::uint64_t>(ids[row]));  // None: it ends in this transaction.
      if (old == table.rows.end() || clips.is_null(row) || !clips.values<StringRef>()[row].is_reference()) continue;
      InsertRows carried;
      carried.table = table.schema.id;
      for (const Column& column : (*batch)->columns) {
        carried.batch.columns.emplace_back(column.type()).append_run(column, row, 1);
      }
      inserted_[table.schema.name].push_back(old->second);
      table.rows.erase(old);
      writes.changes.emplace_back(EndRows{table.schema.id, {ids[row]}});
      writes.changes.emplace_back(std::move(carried));
      ++carried_;
      return true;
    }
  }
  return false;
}

WriteSet Model::next(Store& store) {
  WriteSet writes;
  inserted_.clear();
  for (std::uint64_t i = 0, count = 1 + random_() % 3; i < count || writes.empty(); ++i) {
    if (tables_.empty() || (tables_.size() < 4 && random_() % 8 == 0)) {
      create_table(store, writes);
      continue;
    }
    auto table = std::next(tables_.begin(), static_cast<std::ptrdiff_t>(random_() % tables_.size()));
    const std::uint64_t what = random_() % 20;
    if (what == 0) {
      writes.changes.emplace_back(DropTable{table->second.schema.id});
      inserted_.erase(table->first);
      tables_.erase(table);
    } else if (what == 1 && table->second.schema.columns.size() < 6) {
      add_column(table->second, writes);
    } else if (what == 3 || what == 4) {
      if (!carry_row(store, table->second, writes)) change_rows(table->second, writes);
    } else if (what == 2 && table->second.schema.indexes.size() < 4) {
      change_indexes(table->second, writes);
    } else {
      change_rows(table->second, writes);
    }
  }
  return writes;
}

WriteSet Model::next(Store& store, Change change) {
  WriteSet writes;
  inserted_.clear();
  if (tables_.empty() || change == Change::create_table) {
    create_table(store, writes);
    return writes;
  }
  const auto place = std::next(tables_.begin(), static_cast<std::ptrdiff_t>(random_() % tables_.size()));
  Table& table = place->second;
  switch (change) {
    case Change::drop_table:
      writes.changes.emplace_back(DropTable{table.schema.id});
      tables_.erase(place);
      return writes;
    case Change::update:
    case Change::end: end_rows(table, writes, 1 + random_() % 4); break;
    case Change::carry: static_cast<void>(carry_row(store, table, writes)); break;
    case Change::add_column: add_column(table, writes); break;
    case Change::change_indexes: change_indexes(table, writes); break;
    case Change::insert:
    case Change::create_table: break;
  }
  if (change == Change::update || writes.empty()) insert_rows(table, writes, 1 + random_() % 5);
  return writes;
}

WriteSet Model::next_alike(Store& store, bool is_long) {
  constexpr std::size_t kShort = 40, kLong = 700;
  WriteSet writes;
  inserted_.clear();
  if (tables_.empty()) {
    create_table(store, writes);
    return writes;
  }
  Table& table = tables_.begin()->second;
  InsertRows rows;
  rows.table = table.schema.id;
  const std::uint64_t different = random_() >> 2 | std::uint64_t{1} << 61;  // Of so many bytes; no other row has it.
  for (std::size_t ordinal = 0; ordinal < table.schema.columns.size(); ++ordinal) {
    Column& column = rows.batch.columns.emplace_back(table.schema.columns[ordinal].type);
    if (ordinal == kText) {
      std::string text = std::to_string(different);
      text.resize(is_long ? kLong : kShort, 'x');
      column.append_bytes(as_bytes(text));
    } else if (column.type().is_variable()) {
      column.append_null();
    } else {
      column.append(static_cast<std::int64_t>(different));
    }
  }
  inserted_[table.schema.name].push_back(row_text(rows.batch, 0));
  writes.changes.emplace_back(std::move(rows));
  return writes;
}

bool Model::explains(const State& state, std::size_t least) const {
  for (std::size_t commits = states_.size(); commits-- > least;) {
    if (states_[commits] == state) return true;
  }
  return false;
}

bool Model::was_cut(const State& state) const { return std::ranges::find(cut_, state) != cut_.end(); }

bool Model::rewind(const State& state, std::size_t least) {
  std::size_t commits = least;  // The first: what was inserted and ended again may have been lost, ids and all.
  while (commits < states_.size() && states_[commits] != state) ++commits;
  if (commits == states_.size()) return false;
  const auto kept = states_.begin() + static_cast<std::ptrdiff_t>(commits) + 1;
  cut_.insert(cut_.end(), std::move_iterator(kept), std::move_iterator(states_.end()));
  states_.resize(commits + 1);
  given_.resize(commits + 1);
  tables_after_.resize(commits + 1);
  tables_ = tables_after_.back();
  row_max_ = given_.back().row_max;
  return true;
}

bool Model::is_same(const std::map<std::uint64_t, std::string>& known, const TableRows& found) {
  if (known.size() != found.size()) return false;
  std::size_t place = 0;
  return std::ranges::all_of(known, [&](const auto& row) {
    const std::size_t at = place++;
    return found.id(at) == row.first && found.text(at) == row.second;
  });
}

std::string Model::committed(Store& store) {
  const auto found = read_state(store, store.snapshot().value());
  if (!found) return found.error().to_string();
  std::uint64_t row_max = row_max_;
  for (auto& [name, table] : tables_) {
    const auto rows = found->find(state_name(table.schema));
    if (rows == found->end()) return state_name(table.schema) + " is missing";
    std::vector<std::string> fresh;
    for (std::size_t place = 0; place < rows->second.size(); ++place) {
      const std::uint64_t id = rows->second.id(place);
      row_max = std::max(row_max, id);
      if (table.rows.contains(id)) continue;
      if (id <= row_max_) return "row id " + std::to_string(id) + " was given before";
      fresh.emplace_back(rows->second.text(place));
      table.rows.emplace(id, fresh.back());
    }
    if (fresh != inserted_[name]) return "the new rows of " + name + " are not those inserted";
    if (!is_same(table.rows, rows->second)) return "rows of " + name + " changed that nobody touched";
  }
  if (found->size() != tables_.size()) return "a dropped table is still there";
  row_max_ = row_max;
  states_.push_back(*found);
  Given given{.row_max = row_max_, .table_max = given_.back().table_max};
  for (const auto& [name, table] : tables_) {
    given.table_max = std::max(given.table_max, static_cast<std::uint64_t>(table.schema.id));
  }
  given_.push_back(given);
  tables_after_.push_back(tables_);
  return {};
}

}  // namespace mneme::sim
