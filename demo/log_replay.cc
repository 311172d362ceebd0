#include "log_replay.h"

#include <algorithm>

#include "import/input.h"
#include "import/table_sql.h"
#include "import/try.h"
#include "import/ulog_reader.h"
#include "row_reader.h"

namespace mneme::demo {
namespace {

using cli::ColumnBatch;
using cli::ImportTable;
using cli::TableBatch;

Value cell(const ColumnBatch& column, std::size_t row) {
  const Type& type = column.type();
  if (column.is_null(row)) return Value::null(type);
  if (type.is_variable()) return Value::of_bytes(type, column.text_at(row));
  const auto* bytes = reinterpret_cast<const char*>(column.fixed().data());
  return Value::of_bytes(type, {bytes + row * type.width(), type.width()});
}

Row row_of(const TableBatch& batch, std::size_t row) {
  Row values;
  for (const ColumnBatch& column : batch.columns) values.push_back(cell(column, row));
  return values;
}

// Cuts batches into chunks. A chunk's rows are [begin, end) of the batch; its table already took `before` rows.
class ChunkSink : public cli::TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable& table) override {
    TRY(begin(table));
    before_.push_back(0);
    return before_.size() - 1;
  }
  Result<void> append(std::size_t table, const TableBatch& batch) override {
    for (std::size_t begin = 0; begin < batch.rows(); begin += kChunkRows) {
      const std::size_t end = std::min(begin + kChunkRows, batch.rows());
      TRY(chunk(table, batch, begin, end, before_[table]));
      before_[table] += end - begin;
      ++chunks_;
    }
    return {};
  }

 protected:
  [[nodiscard]] std::uint64_t chunks() const { return chunks_; }  // Before the one at hand.

 private:
  virtual Result<void> begin(const ImportTable& table) = 0;
  virtual Result<void> chunk(std::size_t table, const TableBatch& batch, std::size_t begin, std::size_t end,
                             std::uint64_t before) = 0;
  std::vector<std::uint64_t> before_;
  std::uint64_t chunks_ = 0;
};

class WritingSink final : public ChunkSink {
 public:
  WritingSink(Database& database, const Acknowledge& acknowledge)
      : database_(database), connection_(database.connect()), acknowledge_(acknowledge) {}

 private:
  struct Table {
    std::string name;
    std::uint64_t present;  // Rows that were there when we came.
  };
  Result<void> begin(const ImportTable& table) override {
    const DatabaseInfo info = TRY(database_.info());
    if (std::ranges::find(info.tables, table.name, &DatabaseInfo::TableInfo::name) == info.tables.end()) {
      TRY(connection_.execute(cli::create_table_sql(table.name, table)));
    }
    Table& opened = tables_.emplace_back(Table{table.name, 0});
    auto handle = TRY(database_.table(table.name));
    opened.present = TRY(handle.count());
    return {};
  }
  Result<void> chunk(std::size_t number, const TableBatch& batch, std::size_t begin, std::size_t end,
                     std::uint64_t before) override {
    const Table& table = tables_[number];
    if (before + (end - begin) > table.present) {  // Chunks are atomic: there whole, or not at all.
      Appender appender = TRY(database_.appender(table.name));
      for (std::size_t row = begin; row < end; ++row) TRY(appender.append(row_of(batch, row)));
      TRY(appender.flush(Durability::commit));
    }
    acknowledge_(chunks());
    return {};
  }
  Database& database_;
  Connection connection_;
  const Acknowledge& acknowledge_;
  std::vector<Table> tables_;
};

class CountingSink final : public ChunkSink {
 public:
  [[nodiscard]] std::uint64_t count() const { return chunks(); }

 private:
  Result<void> begin(const ImportTable&) override { return {}; }
  Result<void> chunk(std::size_t, const TableBatch&, std::size_t, std::size_t, std::uint64_t) override { return {}; }
};

class SurveySink final : public ChunkSink {
 public:
  explicit SurveySink(Database& database) : database_(database) {}
  LogSurvey finish() {
    survey_.chunks = chunks();
    return std::move(survey_);
  }

 private:
  struct Table {
    std::string name;
    std::unique_ptr<Connection> connection;  // A stream occupies its own.
    std::unique_ptr<RowReader> rows;         // Null: the table is not there.
  };
  Result<void> begin(const ImportTable& table) override {
    Table& opened = tables_.emplace_back(Table{table.name, std::make_unique<Connection>(database_.connect()), nullptr});
    auto stream = opened.connection->query("SELECT * FROM " + cli::quoted_name(table.name) + " ORDER BY _id");
    if (stream) opened.rows = std::make_unique<RowReader>(std::move(stream).value());
    if (!stream && stream.error().code() != Code::not_found) return std::move(stream).error();
    return {};
  }
  Result<void> chunk(std::size_t number, const TableBatch& batch, std::size_t begin, std::size_t end,
                     std::uint64_t) override {
    Table& table = tables_[number];
    for (std::size_t row = begin; row < end; ++row) {
      const auto found = table.rows ? TRY(table.rows->next()) : std::optional<Row>();
      if (!found && row == begin) return {};
      if (!found || *found != row_of(batch, row)) {
        survey_.mismatches.push_back("table '" + table.name + "', chunk " + std::to_string(chunks()) +
                                     (found ? ": a row is not what was written" : ": a commit is there in part"));
        return {};
      }
      ++survey_.rows;
    }
    if (survey_.present == chunks()) ++survey_.present;
    return {};
  }
  Database& database_;
  std::vector<Table> tables_;
  LogSurvey survey_;
};

}  // namespace

Result<void> replay_log(Database& database, const std::string& path, const Acknowledge& acknowledge) {
  const auto input = TRY(cli::open_input(path));
  WritingSink sink(database, acknowledge);
  TRY(cli::read_ulog(*input, sink));
  return {};
}

Result<std::uint64_t> chunks_of_log(const std::string& path) {
  const auto input = TRY(cli::open_input(path));
  CountingSink sink;
  TRY(cli::read_ulog(*input, sink));
  return sink.count();
}

Result<LogSurvey> survey_log(Database& database, const std::string& path) {
  const auto input = TRY(cli::open_input(path));
  SurveySink sink(database);
  TRY(cli::read_ulog(*input, sink));
  return sink.finish();
}

}  // namespace mneme::demo
