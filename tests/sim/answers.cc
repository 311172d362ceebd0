#include "sim/answers.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"
#include "table/point_lookup.h"
#include "table/transaction.h"
#include "types/key.h"

namespace mneme::sim {
namespace {

constexpr std::size_t kKeysAskedMax = 3;  // Of each index.

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ (hash >> 29);
}

std::uint64_t row_digest(const Batch& batch, std::size_t row) {
  std::uint64_t digest = 0;
  for (const Column& column : batch.columns) {
    if (column.is_null(row)) {
      digest = mix(digest, 1);
      continue;
    }
    const Bytes bytes = column.bytes_at(row);
    digest = mix(mix(digest, bytes.size() << 1), crc32c(bytes));
  }
  return digest;
}

std::vector<ColumnId> ids_of(const TableSchema& schema) {
  std::vector<ColumnId> ids;
  for (const ColumnSchema& column : schema.columns) ids.push_back(column.id);
  return ids;
}

// Rows in any order, that of their keys where `in_order`.
Result<std::uint64_t> digest_of(Transaction& transaction, ScanRequest request, bool in_order) {
  const auto reader = TRY(transaction.scan(std::move(request)));
  std::vector<RowId> ids;
  std::uint64_t rows = 0, order = 0, count = 0;
  while (const auto batch = TRY(reader->next(ids))) {
    for (std::size_t row = 0; row < batch->rows(); ++row) {
      const std::uint64_t digest = row_digest(*batch, row);
      rows += mix(digest, static_cast<std::uint64_t>(ids[row]));
      if (in_order) order = mix(order, digest);
      ++count;
    }
  }
  return mix(mix(rows, order), count);
}

// Rows of a table from its begin, its middle and its end.
Result<Batch> some_rows(Transaction& transaction, const TableSchema& schema) {
  ScanRequest request;
  request.table = schema.id;
  request.columns = ids_of(schema);
  const auto reader = TRY(transaction.scan(std::move(request)));
  std::vector<RowId> ids;
  Batch all, some;
  for (const ColumnSchema& column : schema.columns)
    all.columns.emplace_back(column.type), some.columns.emplace_back(column.type);
  while (const auto batch = TRY(reader->next(ids))) {
    for (std::size_t c = 0; c < all.columns.size(); ++c) all.columns[c].append_run(batch->columns[c], 0, batch->rows());
  }
  for (std::size_t i = 0; i < kKeysAskedMax && all.rows() != 0; ++i) {
    const std::size_t row = i * (all.rows() - 1) / (kKeysAskedMax - 1);
    for (std::size_t c = 0; c < all.columns.size(); ++c) some.columns[c].append_run(all.columns[c], row, 1);
  }
  return some;
}

Batch one_row(const TableSchema& schema, const IndexSchema& index, const Batch& rows, std::size_t row) {
  Batch key;
  for (const ColumnId id : index.columns) {
    const Column& column = rows.columns[*schema.ordinal_of(id)];
    key.columns.emplace_back(column.type()).append_run(column, row, 1);
  }
  return key;
}

}  // namespace

struct Inquiry::Table {
  std::shared_ptr<const TableSchema> schema;
  Batch some;  // Rows that are there.

  void ask(Store& store, const IndexKinds& kinds, Transaction& transaction, std::vector<Answer>& answers) const {
    const auto put = [&](std::string question, Result<std::uint64_t> digest) {
      Answer& answer = answers.emplace_back(Answer{std::move(question), schema->name, 0, std::nullopt});
      if (digest) {
        answer.digest = *digest;
      } else {
        answer.error = std::move(digest).error();
      }
    };
    ScanRequest request;
    request.table = schema->id;
    request.columns = ids_of(*schema);
    put("all rows", digest_of(transaction, std::move(request), false));
    for (const IndexSchema& index : schema->indexes) {
      for (const bool descending : {false, true}) {
        put("index " + index.name + (descending ? " backwards" : ""), walk(transaction, index, descending));
      }
      for (std::size_t row = 0; row < some.rows(); ++row) {
        put("key " + std::to_string(row) + " of " + index.name, find(transaction, index, row));
      }
      if (!index.unique) continue;
      put("conflicts with " + index.name, conflicts(transaction, index));
      put("points of " + index.name, points(store, kinds, transaction, index));
    }
  }

 private:
  // Which rows have which keys, in their order.
  Result<std::uint64_t> walk(Transaction& transaction, const IndexSchema& index, bool descending) const {
    ScanRequest request;
    request.table = schema->id;
    request.columns = index.columns;
    request.key.emplace();
    request.key->index = index.id;
    request.key->descending = descending;
    return digest_of(transaction, std::move(request), true);
  }

  Result<std::uint64_t> find(Transaction& transaction, const IndexSchema& index, std::size_t row) const {
    ScanRequest request;
    request.table = schema->id;
    request.columns = ids_of(*schema);
    request.key.emplace();
    request.key->index = index.id;
    request.key->equal = one_row(*schema, index, some, row);
    return digest_of(transaction, std::move(request), false);
  }

  Result<std::uint64_t> conflicts(Transaction& transaction, const IndexSchema& index) const {
    std::uint64_t digest = 0;
    for (const RowId id : TRY(transaction.find_conflicts(schema->id, index, some))) {
      digest = mix(digest, static_cast<std::uint64_t>(id));
    }
    return digest;
  }

  // As prepared reads of one row find it; blobs by reference.
  Result<std::uint64_t> points(Store& store, const IndexKinds& kinds, Transaction& transaction,
                               const IndexSchema& index) const {
    const Snapshot& snapshot = transaction.snapshot();
    const auto now = transaction.find_table(schema->id);
    if (now == nullptr) return Error(Code::not_found, "no such table");
    const auto columns = ids_of(*schema);
    PointLookup lookup(kinds, store.budget(), now, index.id, columns);
    if (!TRY(lookup.fits(snapshot.version))) return Error(Code::corrupt, "another schema");
    Batch found;
    for (const ColumnSchema& column : schema->columns) found.columns.emplace_back(column.type);
    std::uint64_t digest = 0;
    for (std::size_t row = 0; row < some.rows(); ++row) {
      ByteBuffer key;
      encode_key(one_row(*schema, index, some, row).columns, 0, key);
      const bool there = TRY(lookup.find(snapshot.sequence, key, found.columns));
      digest = mix(digest, there ? row_digest(found, 0) : 1);
    }
    return digest;
  }
};

Inquiry::Inquiry(Store& store, const IndexKinds& kinds) {
  const auto transaction = Transaction::begin(store, kinds, 0).value();
  for (const auto& schema : transaction->tables()) {
    auto table = std::make_unique<Table>();
    table->schema = schema;
    table->some = some_rows(*transaction, *schema).value();
    tables_.push_back(std::move(table));
  }
}

Inquiry::~Inquiry() = default;

Result<std::vector<Answer>> Inquiry::ask(Store& store, const IndexKinds& kinds) const {
  const auto transaction = TRY(Transaction::begin(store, kinds, 0));
  std::vector<Answer> answers(1);
  answers[0].question = "which tables there are";
  for (const auto& schema : transaction->tables()) {
    answers[0].digest = mix(answers[0].digest, crc32c(as_bytes(schema->name)) + schema->version);
  }
  for (const auto& table : tables_) table->ask(store, kinds, *transaction, answers);
  return answers;
}

}  // namespace mneme::sim
