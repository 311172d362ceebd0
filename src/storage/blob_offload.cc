#include "storage/blob_offload.h"

#include <algorithm>

#include "storage/blob_tally.h"

namespace mneme {
namespace {

// The schema that rows of the set will meet.
const TableSchema* schema_of(const Version& version, const WriteSet& writes, TableId table) {
  const TableVersion* found = version.find(table);
  const TableSchema* schema = found == nullptr ? nullptr : found->schema.get();
  for (const Change& change : writes.changes) {
    if (const auto* create = std::get_if<CreateTable>(&change); create != nullptr && create->schema.id == table) {
      schema = &create->schema;
    }
    if (const auto* alter = std::get_if<AlterTable>(&change); alter != nullptr && alter->schema.id == table) {
      schema = &alter->schema;
    }
  }
  return schema;
}

bool has_blobs_in(const Column& column, std::size_t inline_max) {
  if (column.type().kind != TypeKind::blob) return false;
  const auto* values = column.values<StringRef>();
  for (std::size_t row = 0; row < column.rows(); ++row) {
    if (!column.is_null(row) && (values[row].is_reference() || values[row].bytes() > inline_max)) return true;
  }
  return false;
}

class Offload {  // One thread at a time; lives for one commit.
 public:
  explicit Offload(StoreCore& core) : core_(core) {}
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;
  ~Offload() { core_.blobs.abandon(std::move(open_)); }

  Result<void> put(Column& column) {
    Column moved(column.type());
    const auto* values = column.values<StringRef>();
    for (std::size_t row = 0; row < column.rows(); ++row) {
      if (column.is_null(row)) {
        moved.append_null();
        continue;
      }
      if (!values[row].is_reference() && values[row].bytes() > core_.options.blob_inline_max) {
        const BlobRef ref = TRY(write(column.bytes_at(row)));
        moved.append_copy(as_reference(ref));
        continue;
      }
      if (values[row].is_reference()) TRY(hold(blob_ref(values[row])));
      moved.append_copy(values[row]);
    }
    column = std::move(moved);
    return {};
  }

  Result<BlobUses> finish() {
    if (open_.writer) TRY(end_file());
    return std::move(held_);
  }

 private:
  Result<BlobRef> write(Bytes value) {
    if (!open_.writer) {
      open_ = TRY(core_.blobs.take());
      held_.push_back({open_.file});
    }
    TRY(open_.writer->begin(value.size()));
    TRY(open_.writer->append(value));
    const BlobRef ref = TRY(open_.writer->end());
    if (open_.writer->end_bytes() >= core_.options.blob_file_bytes) TRY(end_file());
    return ref;
  }

  Result<void> end_file() {
    TRY(core_.blobs.make_durable(open_));
    core_.blobs.give_back(std::exchange(open_, OpenBlobFile{}));
    return {};
  }

  Result<void> hold(const BlobRef& ref) {
    auto file = core_.blobs.find(FileNumber{ref.file});
    if (!file) return Error(Code::invalid_argument, "a value refers to a blob that has been let go of");
    held_.push_back({std::move(file)});
    return {};
  }

  StoreCore& core_;
  OpenBlobFile open_;
  BlobUses held_;
};

}  // namespace

bool is_indexed(const TableSchema& schema, ColumnId column) noexcept {
  return std::ranges::any_of(schema.indexes, [column](const IndexSchema& index) {
    return std::ranges::find(index.columns, column) != index.columns.end();
  });
}

bool has_blobs(const WriteSet& writes, std::size_t inline_max) {
  return std::ranges::any_of(writes.changes, [inline_max](const Change& change) {
    const auto* rows = std::get_if<InsertRows>(&change);
    return rows != nullptr && std::ranges::any_of(rows->batch.columns, [inline_max](const Column& column) {
             return has_blobs_in(column, inline_max);
           });
  });
}

Result<BlobUses> put_out_of_line(StoreCore& core, const Version& version, WriteSet& writes) {
  Offload offload(core);
  for (Change& change : writes.changes) {
    auto* rows = std::get_if<InsertRows>(&change);
    if (rows == nullptr) continue;
    const TableSchema* schema = schema_of(version, writes, rows->table);
    // A table that is not as the writer believes is refused by the commit.
    if (schema == nullptr || schema->columns.size() != rows->batch.columns.size()) continue;
    for (std::size_t i = 0; i < schema->columns.size(); ++i) {
      if (is_indexed(*schema, schema->columns[i].id)) continue;
      if (has_blobs_in(rows->batch.columns[i], core.options.blob_inline_max)) TRY(offload.put(rows->batch.columns[i]));
    }
  }
  return offload.finish();
}

}  // namespace mneme
