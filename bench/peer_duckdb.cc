#include "peer_duckdb.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>

namespace mneme::bench {
namespace {

// Of DuckDB's stable C interface: handles are pointers, states are 0 for success.
struct DuckResult {
  std::uint64_t column_count;
  std::uint64_t row_count;
  std::uint64_t rows_changed;
  void* columns;
  char* error_message;
  void* internal_data;
};
enum TypeId : int { kBigint = 5, kDouble = 11, kVarchar = 17, kTimestampNs = 22 };

template <class Function>
void find(void* library, const char* name, Function*& function) {
  function = reinterpret_cast<Function*>(dlsym(library, name));
  if (function == nullptr) fail(std::string("DuckDB's library has no ") + name);
}

}  // namespace

struct DuckDb::Calls {
  int (*open)(const char*, void**);
  int (*connect)(void*, void**);
  int (*query)(void*, const char*, DuckResult*);
  const char* (*result_error)(DuckResult*);
  std::int64_t (*value_int64)(DuckResult*, std::uint64_t, std::uint64_t);
  void (*destroy_result)(DuckResult*);
  void (*disconnect)(void**);
  void (*close)(void**);
  void* (*create_logical_type)(int);
  void (*destroy_logical_type)(void**);
  void* (*create_data_chunk)(void**, std::uint64_t);
  void (*destroy_data_chunk)(void**);
  void (*data_chunk_reset)(void*);
  void (*data_chunk_set_size)(void*, std::uint64_t);
  void* (*data_chunk_get_vector)(void*, std::uint64_t);
  void* (*vector_get_data)(void*);
  void (*vector_assign_string)(void*, std::uint64_t, const char*, std::uint64_t);
  std::uint64_t (*vector_size)();
  int (*appender_create)(void*, const char*, const char*, void**);
  int (*append_data_chunk)(void*, void*);
  int (*appender_destroy)(void**);

  explicit Calls(void* library) {
    find(library, "duckdb_open", open);
    find(library, "duckdb_connect", connect);
    find(library, "duckdb_query", query);
    find(library, "duckdb_result_error", result_error);
    find(library, "duckdb_value_int64", value_int64);
    find(library, "duckdb_destroy_result", destroy_result);
    find(library, "duckdb_disconnect", disconnect);
    find(library, "duckdb_close", close);
    find(library, "duckdb_create_logical_type", create_logical_type);
    find(library, "duckdb_destroy_logical_type", destroy_logical_type);
    find(library, "duckdb_create_data_chunk", create_data_chunk);
    find(library, "duckdb_destroy_data_chunk", destroy_data_chunk);
    find(library, "duckdb_data_chunk_reset", data_chunk_reset);
    find(library, "duckdb_data_chunk_set_size", data_chunk_set_size);
    find(library, "duckdb_data_chunk_get_vector", data_chunk_get_vector);
    find(library, "duckdb_vector_get_data", vector_get_data);
    find(library, "duckdb_vector_assign_string_element_len", vector_assign_string);
    find(library, "duckdb_vector_size", vector_size);
    find(library, "duckdb_appender_create", appender_create);
    find(library, "duckdb_append_data_chunk", append_data_chunk);
    find(library, "duckdb_appender_destroy", appender_destroy);
  }

  void fill(void* chunk, std::span<const Reading> rows) const {
    const auto values = [&](std::uint64_t column) { return vector_get_data(data_chunk_get_vector(chunk, column)); };
    data_chunk_reset(chunk);
    auto* ids = static_cast<std::int64_t*>(values(0));
    auto* times = static_cast<std::int64_t*>(values(1));
    auto* numbers = static_cast<std::int64_t*>(values(2));
    auto* floats = static_cast<double*>(values(3));
    void* labels = data_chunk_get_vector(chunk, 4);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Reading& row = rows[i];
      ids[i] = row.id;
      times[i] = row.ts_ns;
      numbers[i] = row.v;
      floats[i] = row.x;
      vector_assign_string(labels, i, row.label.data(), row.label.size());
    }
    data_chunk_set_size(chunk, rows.size());
  }
};

DuckDb::DuckDb(const std::string& library, const std::string& directory) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) fail(std::string("DuckDB: ") + dlerror());
  calls_ = std::make_unique<Calls>(handle);
  if (calls_->open((directory + "/duck.db").c_str(), &database_) != 0) fail("DuckDB: cannot open");
  if (calls_->connect(database_, &connection_) != 0) fail("DuckDB: cannot connect");
}

DuckDb::~DuckDb() {
  calls_->disconnect(&connection_);
  calls_->close(&database_);
}

void DuckDb::execute(const char* sql) {
  DuckResult result{};
  if (calls_->query(connection_, sql, &result) != 0) fail(std::string("DuckDB: ") + calls_->result_error(&result));
  calls_->destroy_result(&result);
}

std::int64_t DuckDb::integer(const char* sql) {
  DuckResult result{};
  if (calls_->query(connection_, sql, &result) != 0) fail(std::string("DuckDB: ") + calls_->result_error(&result));
  const std::int64_t value = calls_->value_int64(&result, 0, 0);
  calls_->destroy_result(&result);
  return value;
}

void DuckDb::append(std::span<const Reading> rows) {
  constexpr std::array kTypes = {kBigint, kTimestampNs, kBigint, kDouble, kVarchar};
  std::array<void*, kTypes.size()> types{};
  std::ranges::transform(kTypes, types.begin(), [&](TypeId id) { return calls_->create_logical_type(id); });
  void* chunk = calls_->create_data_chunk(types.data(), types.size());
  void* appender = nullptr;
  if (calls_->appender_create(connection_, nullptr, "reading", &appender) != 0) fail("DuckDB: no appender");
  const std::size_t chunk_rows = calls_->vector_size();
  for (std::size_t at = 0; at < rows.size(); at += chunk_rows) {
    calls_->fill(chunk, rows.subspan(at, std::min(chunk_rows, rows.size() - at)));
    if (calls_->append_data_chunk(appender, chunk) != 0) fail("DuckDB: a chunk was refused");
  }
  if (calls_->appender_destroy(&appender) != 0) fail("DuckDB: the appender did not flush");
  calls_->destroy_data_chunk(&chunk);
  for (void*& type : types) calls_->destroy_logical_type(&type);
}

}  // namespace mneme::bench
