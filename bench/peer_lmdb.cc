#include "peer_lmdb.h"

#include <cstring>

namespace mneme::bench {
namespace {

void check(int code) {
  if (code != MDB_SUCCESS) fail(std::string("LMDB: ") + mdb_strerror(code));
}

MDB_val bytes_of(auto& value) { return {sizeof value, &value}; }

}  // namespace

Lmdb::Lmdb(const std::string& directory) {
  check(mdb_env_create(&env_));
  check(mdb_env_set_mapsize(env_, std::size_t{4} << 30));
  check(mdb_env_open(env_, directory.c_str(), MDB_NORDAHEAD, 0644));
  MDB_txn* transaction = nullptr;
  check(mdb_txn_begin(env_, nullptr, 0, &transaction));
  check(mdb_dbi_open(transaction, nullptr, MDB_INTEGERKEY | MDB_CREATE, &table_));
  check(mdb_txn_commit(transaction));
}

void Lmdb::insert(std::span<const Reading> rows) {
  MDB_txn* transaction = nullptr;
  check(mdb_txn_begin(env_, nullptr, 0, &transaction));
  for (Reading row : rows) {
    MDB_val key = bytes_of(row.id);
    MDB_val value = bytes_of(row);
    check(mdb_put(transaction, table_, &key, &value, MDB_APPEND));
  }
  check(mdb_txn_commit(transaction));
}

void Lmdb::update(std::int64_t every, std::int64_t count) {
  MDB_txn* transaction = nullptr;
  check(mdb_txn_begin(env_, nullptr, 0, &transaction));
  for (std::int64_t id = 0; id < count; id += every) {
    Reading row = reading(id);
    ++row.v;
    MDB_val key = bytes_of(row.id);
    MDB_val value = bytes_of(row);
    check(mdb_put(transaction, table_, &key, &value, 0));
  }
  check(mdb_txn_commit(transaction));
}

Lmdb::Reader::Reader(const Lmdb& lmdb) : table_(lmdb.table_) {
  check(mdb_txn_begin(lmdb.env_, nullptr, MDB_RDONLY, &transaction_));
}

Reading Lmdb::Reader::get(std::int64_t id) const {
  MDB_val key = bytes_of(id);
  MDB_val value{};
  check(mdb_get(transaction_, table_, &key, &value));
  Reading row;
  std::memcpy(&row, value.mv_data, sizeof row);
  return row;
}

}  // namespace mneme::bench
