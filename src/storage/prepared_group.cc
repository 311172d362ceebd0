#include "storage/prepared_group.h"

#include <algorithm>

#include "base/crc32c.h"
#include "storage/blob_offload.h"
#include "storage/blob_tally.h"
#include "storage/memtable_flush.h"
#include "storage/row_finder.h"

namespace mneme {
namespace {

constexpr std::size_t kSearchRowsMax = 65'536;
constexpr std::size_t kSmallSearchRows = 2'048;  // Not worth a reservation.

// The last few are asked first: neighbours end together.
template <typename Held>
void remember(std::vector<std::shared_ptr<Held>>& all, const std::shared_ptr<Held>& one) {
  if (std::find(all.rbegin(), all.rend(), one) == all.rend()) all.push_back(one);
}

Error no_such_table(TableId table) {
  return Error(Code::not_found, "table " + std::to_string(static_cast<std::uint64_t>(table)) + " does not exist");
}

Error name_taken(const std::string& name) { return Error(Code::already_exists, "table '" + name + "' exists"); }

bool has_name(const Version& version, const std::string& name, TableId except) {
  return std::ranges::any_of(
      version.tables, [&](const auto& entry) { return entry.first != except && entry.second.schema->name == name; });
}

Result<void> check_batch(const InsertRows& change, const TableSchema& schema) {
  const auto fail = [&](const std::string& what) {
    return Error(Code::invalid_argument, "rows for table '" + schema.name + "': " + what);
  };
  if (change.batch.columns.size() != schema.columns.size()) return fail("the columns are not those of the table");
  for (std::size_t i = 0; i < schema.columns.size(); ++i) {
    const Column& column = change.batch.columns[i];
    if (column.type() != schema.columns[i].type)
      return fail("column '" + schema.columns[i].name + "' has another type");
    if (column.rows() != change.batch.rows()) return fail("columns of different lengths");
    if (column.type().kind != TypeKind::blob || !is_indexed(schema, schema.columns[i].id)) continue;
    BlobTally references;
    references.add(schema.columns[i].id, column, 0, column.rows());
    if (!references.bytes().empty()) {
      return fail("column '" + schema.columns[i].name + "' has an index: its values cannot lie in blob files");
    }
  }
  return {};
}

// A key needs the bytes of its values at hand.
Result<void> check_new_indexes(const TableVersion& table, const TableSchema& next) {
  const auto refers = [&](ColumnId column) {
    const auto is_it = [column](const BlobUse& use) { return use.column == column; };
    return std::ranges::any_of(table.segments,
                               [&](const TableSegment& segment) {
                                 return segment.blobs != nullptr && std::ranges::any_of(*segment.blobs, is_it);
                               }) ||
           std::ranges::any_of(table.memtables,
                               [&](const auto& memtable) { return std::ranges::any_of(memtable->blobs(), is_it); });
  };
  for (const ColumnSchema& column : next.columns) {
    if (column.type.kind != TypeKind::blob || !is_indexed(next, column.id)) continue;
    if (is_indexed(*table.schema, column.id) || !refers(column.id)) continue;
    return Error(Code::unsupported, "BLOB column '" + column.name + "' of table '" + next.name +
                                        "' has values in blob files: it cannot get an index")
        .with_sqlstate("0A000")
        .with_hint("an index holds its keys whole: index a column of fingerprints, such as md5(" + column.name + ")");
  }
  return {};
}

Error row_changed(const TableSchema& schema) {
  return Error(Code::conflict,
               "a row of table '" + schema.name + "' was changed by another transaction: run this one again")
      .with_sqlstate("40001");
}

}  // namespace

PreparedGroup::~PreparedGroup() {
  if (published_) return;
  for (const auto& memtable : appended_) memtable->discard();
  for (const auto& memtable : ending_) memtable->cancel_prepared();
  for (const auto& deletes : ending_deletes_) deletes->cancel_prepared();
}

Version& PreparedGroup::change_version() {
  if (!next_) next_ = std::make_shared<Version>(*base_);
  return *next_;
}

Result<void> PreparedGroup::add(const Change& change) {
  if (const auto* rows = std::get_if<InsertRows>(&change)) return insert(*rows);
  if (const auto* rows = std::get_if<EndRows>(&change)) return end(*rows);
  if (const auto* table = std::get_if<CreateTable>(&change)) return create(*table);
  if (const auto* table = std::get_if<AlterTable>(&change)) return alter(*table);
  const TableId dropped = std::get<DropTable>(change).table;
  if (change_version().tables.erase(dropped) == 0) return no_such_table(dropped);
  return {};
}

Result<void> PreparedGroup::create(const CreateTable& change) {
  const TableSchema& schema = change.schema;
  if (has_name(now(), schema.name, TableId{0})) return name_taken(schema.name);
  TableVersion table;
  table.schema = std::make_shared<const TableSchema>(schema);
  if (!change_version().tables.emplace(schema.id, std::move(table)).second) return name_taken(schema.name);
  return {};
}

Result<void> PreparedGroup::alter(const AlterTable& change) {
  const TableSchema& schema = change.schema;
  const TableVersion* found = now().find(schema.id);
  if (found == nullptr) return no_such_table(schema.id);
  if (schema.version != found->schema->version + 1) {
    return Error(Code::conflict, "table '" + schema.name + "' was changed by another transaction")
        .with_sqlstate("40001");
  }
  if (has_name(now(), schema.name, schema.id)) return name_taken(schema.name);
  if (!context_.recovering) TRY(check_new_indexes(*found, schema));
  change_version().tables.at(schema.id).schema = std::make_shared<const TableSchema>(schema);
  return {};
}

// Of a batch that is split over memtables.
std::uint32_t PreparedGroup::crc_of_rows(const Batch& batch, std::size_t first, std::size_t count) {
  std::uint32_t crc = 0;
  for (const Column& column : batch.columns) {
    ByteBuffer bytes;
    encode_column(column, first, count, bytes);
    crc = crc32c(bytes, crc);
  }
  return crc;
}

// A memtable holds rows of one schema version, and no more than a flush can sort.
Result<PreparedGroup::Room> PreparedGroup::memtable_with_room(TableId id, std::size_t rows_max) {
  const TableVersion& table = *now().find(id);
  if (!table.memtables.empty()) {
    const auto& last = table.memtables.back();
    const std::size_t rows = last->rows();
    if (!last->frozen() && last->schema().version == table.schema->version && rows < rows_max) {
      return Room{last, rows_max - rows};
    }
  }
  auto memtable = std::make_shared<Memtable>(context_.scheduler, context_.budget, table.schema);
  if (context_.indexes != nullptr) TRY(memtable->add_indexes(*context_.indexes, context_.scheduler));
  change_version().tables.at(id).memtables.push_back(memtable);
  return Room{std::move(memtable), rows_max};
}

Result<void> PreparedGroup::insert(const InsertRows& change) {
  const TableVersion* table = now().find(change.table);
  if (table == nullptr) return no_such_table(change.table);
  TRY(check_batch(change, *table->schema));
  table->keys->pass(*table->schema, change.batch);
  const std::size_t rows_max = MemtableFlush::rows_max(*table->schema, context_.budget);
  for (std::size_t done = 0; done < change.batch.rows();) {
    Room room = TRY(memtable_with_room(change.table, rows_max));
    Memtable& memtable = *room.memtable;
    if (std::ranges::find(appended_, room.memtable) == appended_.end()) appended_.push_back(std::move(room.memtable));
    const std::size_t count = std::min(change.batch.rows() - done, room.rows);
    TRY(memtable.append(change.batch, done, count, RowId{static_cast<std::uint64_t>(change.first_row) + done}));
    TRY(hold_blobs(change.batch, done, count, memtable));
    memtable.stamp_rows(count == change.batch.rows() ? change.crc : crc_of_rows(change.batch, done, count));
    done += count;
  }
  return {};
}

// Rows that turn out not to be published leave their holds behind until the memtable goes.
Result<void> PreparedGroup::hold_blobs(const Batch& batch, std::size_t first, std::size_t count, Memtable& memtable) {
  BlobTally tally;
  for (std::size_t i = 0; i < batch.columns.size(); ++i) {
    tally.add(memtable.schema().columns[i].id, batch.columns[i], first, count);
  }
  for (const auto& [key, bytes] : tally.bytes()) {
    const auto [number, column] = key;
    std::shared_ptr<BlobFile> file;
    if (context_.blobs != nullptr) {
      file = context_.recovering ? context_.blobs->adopt(number) : context_.blobs->find(number);
    }
    if (!file) return Error(Code::invalid_argument, "a row refers to a blob that has been let go of");
    memtable.hold_blobs({std::move(file), column, bytes});
  }
  return {};
}

Result<void> PreparedGroup::end(const EndRows& change) {
  const TableVersion* table = now().find(change.table);
  if (table == nullptr) return no_such_table(change.table);
  // What is found of all rows at once would take more than they do.
  const std::size_t slice = std::min(change.rows.size(), kSearchRowsMax);
  Reservation memory;
  if (slice > kSmallSearchRows) {
    memory = TRY(context_.budget.reserve(slice * (sizeof(RowId) + sizeof(FoundRow)), MemoryShare::queries,
                                         "search for rows that end"));
  }
  std::vector<RowId> elsewhere;
  for (const RowId row : change.rows) {
    if (TRY(end_in_memtables(*table, row))) continue;
    if (context_.deferred != nullptr) {
      context_.deferred->push_back({change.table, row, 0});
      continue;
    }
    if (elsewhere.empty()) elsewhere.reserve(slice);
    elsewhere.push_back(row);
    if (elsewhere.size() == slice) TRY(end_in_segments(*table, elsewhere));
  }
  return end_in_segments(*table, elsewhere);
}

// False: it is in none of them.
Result<bool> PreparedGroup::end_in_memtables(const TableVersion& table, RowId row) {
  for (const auto& memtable : table.memtables) {
    const auto at = memtable->find(row);
    if (!at) continue;
    remember(ending_, memtable);
    if (!memtable->prepare_end(*at)) return row_changed(*table.schema);
    return true;
  }
  return false;
}

// Takes the rows out of `rows`, which ascend.
Result<void> PreparedGroup::end_in_segments(const TableVersion& table, std::vector<RowId>& rows) {
  if (rows.empty()) return {};
  const auto found = TRY(find_rows(table, rows));
  if (found.size() != rows.size()) {
    return Error(Code::invalid_argument, "table '" + table.schema->name + "' has not all of the row versions " +
                                             std::to_string(static_cast<std::uint64_t>(rows.front())) + " ... " +
                                             std::to_string(static_cast<std::uint64_t>(rows.back())));
  }
  for (const FoundRow& row : found) TRY(end_in_segment(table, table.segments[row.segment], row.ordinal));
  rows.clear();
  return {};
}

Result<void> PreparedGroup::end_in_segment(const TableVersion& table, const TableSegment& segment,
                                           std::uint32_t ordinal) {
  remember(ending_deletes_, segment.deletes);
  return TRY(segment.deletes->prepare(ordinal)) ? Result<void>{} : row_changed(*table.schema);
}

std::shared_ptr<const Version> PreparedGroup::publish(std::uint64_t sequence) noexcept {
  published_ = true;
  for (const auto& memtable : ending_) memtable->end_prepared(sequence);
  for (const auto& deletes : ending_deletes_) deletes->end_prepared(sequence);
  for (const auto& memtable : appended_) memtable->publish(sequence);
  return next_;
}

}  // namespace mneme
