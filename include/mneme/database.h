// The database: open a directory, connect, ask in SQL, or hand over rows directly.
//
//     auto db = mneme::Database::open("robot.mneme").value();
//     auto connection = db.connect();
//     connection.execute("CREATE TABLE imu (ts TIMESTAMP, ax FLOAT, ay FLOAT, az FLOAT)").value();
//     connection.execute("INSERT INTO imu VALUES ($1, $2, $3, $4)", {mneme::Value::timestamp(t), 0.1,
//     0.0, 9.8}).value(); for (auto row : connection.execute("SELECT ts, az FROM imu WHERE az > 9").value())
//     use(row[0], row[1]);
//
// Every call that can fail returns a Result. No exception leaves the library. All text is UTF-8.
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mneme/blob.h"
#include "mneme/durability.h"
#include "mneme/export.h"
#include "mneme/result.h"
#include "mneme/value.h"

namespace mneme {

struct Options {
  std::size_t memory_budget = std::size_t{64} << 20;       // Bytes that everything together may use; at least 4 MiB.
  std::uint64_t log_file_bytes = std::uint64_t{16} << 20;  // From 64 KiB to 4 GiB.
  int threads = 1;                // 1: a maintenance thread. 0: the host calls run_maintenance().
  bool create_if_missing = true;  // Else opening what is not there is not_found.
  // Reads beside the process that writes, or where none does: each statement outside of a transaction, and each
  // transaction, sees all that was durable when it began, and nothing that was not. Several processes may.
  // With threads = 0 run_maintenance() lets go of what keeps the writer's old files from going.
  bool read_only = false;
  // What now() follows, in ns since the Unix epoch (a replayed flight has its own time). None: the system's clock.
  // Called by any thread; must not throw.
  std::function<std::int64_t()> wall_clock_ns = {};
};

struct ColumnInfo {
  std::string name;
  Type type;
};

// Some rows of a result, column by column, in the engine's own layout (mneme/type.h). Borrowed: valid as long as the
// result it came from, or until the next batch is asked of a RowStream.
class MNEME_API BatchView {  // Immutable.
 public:
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::size_t columns() const noexcept { return columns_; }
  [[nodiscard]] bool is_null(std::size_t column, std::size_t row) const noexcept;
  // Fixed-width columns: rows() values of T one after another. REQUIRES: sizeof(T) divides the type's width.
  template <class T>
  [[nodiscard]] const T* values(std::size_t column) const noexcept {
    return static_cast<const T*>(data(column));
  }
  [[nodiscard]] std::string_view text(std::size_t column, std::size_t row) const noexcept;  // TEXT, BLOB, JSON.
  [[nodiscard]] Value value(std::size_t column, std::size_t row) const;

 private:
  friend class ResultSet;
  friend class RowStream;
  [[nodiscard]] const void* data(std::size_t column) const noexcept;
  const void* batch_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;
};

struct ResultData;

// All rows of a statement, in memory (reserved from the memory budget).
class MNEME_API ResultSet {  // One thread at a time. Must not outlive its database.
 public:
  ResultSet(ResultSet&&) noexcept;
  ResultSet& operator=(ResultSet&&) noexcept;
  ~ResultSet();

  [[nodiscard]] const std::vector<ColumnInfo>& columns() const noexcept;
  [[nodiscard]] std::size_t rows() const noexcept;
  [[nodiscard]] std::uint64_t changed_rows() const noexcept;  // By INSERT, UPDATE, DELETE.
  [[nodiscard]] std::size_t batches() const noexcept;
  [[nodiscard]] BatchView batch(std::size_t index) const noexcept;
  [[nodiscard]] Value value(std::size_t row, std::size_t column) const;

  class Row {  // Borrows the result.
   public:
    [[nodiscard]] Value operator[](std::size_t column) const { return result_->value(row_, column); }
    [[nodiscard]] std::size_t size() const noexcept { return result_->columns().size(); }

   private:
    friend class ResultSet;
    Row(const ResultSet& result, std::size_t row) : result_(&result), row_(row) {}
    const ResultSet* result_;
    std::size_t row_;
  };
  class Iterator {
   public:
    Row operator*() const { return {*result_, row_}; }
    Iterator& operator++() noexcept { return ++row_, *this; }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept { return a.row_ == b.row_; }

   private:
    friend class ResultSet;
    Iterator(const ResultSet& result, std::size_t row) : result_(&result), row_(row) {}
    const ResultSet* result_;
    std::size_t row_;
  };
  [[nodiscard]] Iterator begin() const noexcept { return {*this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {*this, rows()}; }

 private:
  friend class Connection;
  friend class Statement;
  friend class RowStream;
  explicit ResultSet(std::unique_ptr<ResultData> data);
  std::unique_ptr<ResultData> data_;
};

// The rows of a query batch by batch, as they are computed; holds one batch. While it is open its connection answers
// other statements with invalid_argument. Must not outlive its connection.
class MNEME_API RowStream {  // One thread at a time.
 public:
  RowStream(RowStream&&) noexcept;
  RowStream& operator=(RowStream&&) noexcept;
  ~RowStream();
  [[nodiscard]] const std::vector<ColumnInfo>& columns() const noexcept;
  // The next rows; null at the end. After an error every further call gives it again.
  Result<std::optional<BatchView>> next();

 private:
  friend class Connection;
  friend class Statement;
  struct State;
  explicit RowStream(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A prepared statement: parsed and planned once, run often with other values. Belongs to its connection.
class MNEME_API Statement {  // One thread at a time.
 public:
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;
  ~Statement();
  // $1 is parameters[0]. invalid_argument (08P01): too few or too many. Values of other types than before are planned
  // for anew; a bare NULL is of the type that its parameter last had, where that can be.
  Result<ResultSet> execute(std::span<const Value> parameters = {});
  Result<ResultSet> execute(std::initializer_list<Value> parameters) {
    return execute(std::span(parameters.begin(), parameters.size()));
  }
  Result<RowStream> query(std::span<const Value> parameters = {});
  [[nodiscard]] std::size_t parameters() const noexcept;
  [[nodiscard]] bool is_query() const noexcept;  // It yields rows and changes nothing: query() takes it.

 private:
  friend class Connection;
  struct State;
  explicit Statement(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One sequence of statements and at most one open transaction. Several connections may be used by several threads.
class MNEME_API Connection {  // Thread-safe, one statement at a time. Must not outlive its database.
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();  // Rolls an open transaction back.

  // Runs one statement. A single statement outside BEGIN is a transaction of its own, run again by the engine when it
  // loses a race. Inside BEGIN a lost race is conflict (40001), and after any error only ROLLBACK is taken (25P02).
  Result<ResultSet> execute(std::string_view sql, std::span<const Value> parameters = {});
  Result<ResultSet> execute(std::string_view sql, std::initializer_list<Value> parameters) {
    return execute(sql, std::span(parameters.begin(), parameters.size()));
  }
  // Runs all statements of a text, separated by ';', until the first error; `each` sees the results, may
  // use the connection, and must not throw.
  Result<void> execute_script(std::string_view sql, const std::function<void(const ResultSet&)>& each = {});
  Result<RowStream> query(std::string_view sql, std::span<const Value> parameters = {});
  Result<Statement> prepare(std::string_view sql);
  // The blob that a query of one BLOB column finds, to be read in parts; none: no row, or NULL. invalid_argument:
  // another kind of query, or (21000) more than one row.
  Result<std::optional<BlobReader>> read_blob(std::string_view sql, std::span<const Value> parameters = {});
  Result<std::optional<BlobReader>> read_blob(std::string_view sql, std::initializer_list<Value> parameters) {
    return read_blob(sql, std::span(parameters.begin(), parameters.size()));
  }
  [[nodiscard]] bool in_transaction() const noexcept;
  // Of the transactions that begin from now on; none: that of the tables they change.
  void set_durability(std::optional<Durability> durability) noexcept;

 private:
  friend class Database;
  friend class Statement;
  friend class RowStream;
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Adds rows to one table fast: collects them in columns and commits a batch at a time. What is not flushed is lost
// with the process.
class MNEME_API Appender {  // One thread at a time. Must not outlive its database.
 public:
  Appender(Appender&&) noexcept;
  Appender& operator=(Appender&&) noexcept;  // Flushes as the destructor does, before it becomes another.
  ~Appender();                               // Flushes; an error then is lost: call flush().

  // One row, a value per column of the table (or of those named when it was made), in order. Values are those of the
  // column's type, NULL, or convert as in INSERT, and the table's CHECKs are asked of each row (constraint, 23514;
  // now() is when the row ends; a number that the row is yet to get is NULL there). On an error the row is not added;
  // those before it stay, also where the error is that they could not be committed (conflict, constraint, full):
  // flush() or the next rows try again.
  Result<void> append(std::span<const Value> row);
  template <class... Values>
    requires(sizeof...(Values) > 1)
  Result<void> append(Values&&... values) {
    begin_row();
    (put(std::forward<Values>(values)), ...);
    return end_row();
  }
  // The same piece by piece, without building Values: begin_row, a put for each column, end_row. flush() between them
  // drops the row at hand.
  void begin_row() noexcept;
  void put(std::nullptr_t) noexcept;
  void put(bool value) noexcept;
  void put(std::int64_t value) noexcept;  // Also TIMESTAMP (ns), DECIMAL (unscaled) and DATE columns.
  void put(int value) noexcept { put(std::int64_t{value}); }
  void put(double value) noexcept;
  void put(std::string_view value) noexcept;
  void put(const char* value) noexcept { put(std::string_view(value)); }
  void put(const std::string& value) noexcept { put(std::string_view(value)); }
  void put(std::span<const float> value) noexcept;
  void put(const Value& value) noexcept;
  Result<void> end_row();  // The first thing that was wrong with the row's values, if anything was.

  // Commits what was collected, as durable as the table says (or `durability`).
  Result<void> flush(std::optional<Durability> durability = std::nullopt);

 private:
  friend class Database;
  struct State;
  explicit Appender(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One table, for programs that would rather not write SQL. Every call is a transaction of its own.
class MNEME_API Table {  // Thread-safe. Must not outlive its database.
 public:
  using NamedValue = std::pair<std::string_view, Value>;
  Table(Table&&) noexcept;
  Table& operator=(Table&&) noexcept;
  ~Table();
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] Result<std::vector<ColumnInfo>> columns() const;
  // Returns the new row's key: the primary key's first column, or the hidden _id (__id beside a column of that name).
  Result<Value> insert(std::initializer_list<NamedValue> row);
  Result<Value> insert(std::span<const NamedValue> row);
  // The row whose primary key (or hidden _id) is `key`, all columns; none: null. A key of several columns has a value
  // for each, in the order it was declared; invalid_argument (22023): these are not as many.
  Result<std::optional<std::vector<Value>>> get(std::span<const Value> key);
  Result<std::optional<std::vector<Value>>> get(const Value& key) { return get(std::span(&key, 1)); }
  Result<std::uint64_t> erase(std::span<const Value> key);  // How many rows went; the key and errors as get().
  Result<std::uint64_t> erase(const Value& key) { return erase(std::span(&key, 1)); }
  Result<std::uint64_t> count();

 private:
  friend class Database;
  struct State;
  explicit Table(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// For a shell that reads lines: whether `text` is a run of whole statements, each ended by ';' outside of quotes and
// comments (or nothing but blanks and comments). False: read another line.
MNEME_API bool is_complete_sql(std::string_view text);

// How many statements the text has; empty ones do not count. invalid_argument, 42601: one is malformed.
MNEME_API Result<std::size_t> count_statements(std::string_view text);

struct CheckReport {
  std::uint64_t files = 0;
  std::uint64_t rows = 0;
  std::vector<std::string> problems;  // Empty: everything fits.
};

struct DatabaseInfo {
  struct TableInfo {
    std::string name;
    std::string sql;         // The CREATE TABLE statement that makes one like it.
    std::uint64_t rows = 0;  // Live ones.
    std::uint64_t segments = 0;
    std::uint64_t bytes = 0;  // On disk.
  };
  // Another process (or opening) that reads the database.
  struct ReaderInfo {
    std::uint32_t pid = 0;
    bool alive = true;           // False: it has ended, and a child that it forked has its files; or another container.
    std::int64_t since_ns = 0;   // When it opened the database: ns since the Unix epoch.
    bool keeps_files = false;    // Files that were dropped since it read the newest manifest stay on the disk,
    bool keeps_log = false;      // and all of the log.
    std::uint64_t manifest = 0;  // Of keeps_files: what edits behind this one dropped.
    std::uint64_t edit = 0;
  };
  std::vector<TableInfo> tables;
  std::vector<ReaderInfo> readers;
  bool read_only = false;  // As it was opened.
  std::uint64_t log_bytes = 0;
  std::size_t memory_used = 0;
  std::size_t memory_peak = 0;
  std::size_t memory_budget = 0;
  std::uint64_t recovered_groups = 0;  // When it was opened.
  std::uint64_t recovered_tail_cut = 0;
};

// Belongs to the process that opened it: in a child made by fork() every call on it, or on what came from it, fails
// with busy, and nothing is written.
class MNEME_API Database {  // Thread-safe.
 public:
  // Opens the database in `directory`, creating it when there is none. busy: another process writes to it, or another
  // opening of this one; the message names it. corrupt: names file and offset.
  static Result<Database> open(std::string_view directory, const Options& options = {});
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();  // Closes; an error then is lost.

  [[nodiscard]] Connection connect();
  Result<Table> table(std::string_view name);
  Result<Appender> appender(std::string_view table, std::span<const std::string> columns = {});

  Result<BlobWriter> write_blob();  // Several may write at once.

  Result<void> sync();  // Makes every commit so far durable.
  // Does maintenance (flush, compaction) until there is none to do (false) or the time is over (true: there is more).
  Result<bool> run_maintenance(std::int64_t for_ns);
  // Reads everything: each file's bytes, each index beside its rows, the rows beside what their tables ask of them
  // (UNIQUE, NOT NULL, CHECK).
  Result<CheckReport> check();
  Result<DatabaseInfo> info();
  // A copy that opens as a database, made beside running writers. already_exists: `destination` is not empty.
  Result<void> backup(std::string_view destination);
  // Ends it: flushes, syncs. Later calls fail with closed; closing again does nothing.
  Result<void> close();

 private:
  struct State;
  explicit Database(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace mneme
