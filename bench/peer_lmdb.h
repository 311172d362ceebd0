// LMDB: readings under their number, which MDB_INTEGERKEY orders.
#pragma once

#include <lmdb.h>

#include <span>
#include <string>

#include "workload.h"

namespace mneme::bench {

class Lmdb {  // One thread at a time.
 public:
  explicit Lmdb(const std::string& directory);  // Every commit is synced.
  Lmdb(const Lmdb&) = delete;
  Lmdb& operator=(const Lmdb&) = delete;
  ~Lmdb() { mdb_env_close(env_); }

  void insert(std::span<const Reading> rows);           // One transaction, keys ascending.
  void update(std::int64_t every, std::int64_t count);  // Adds one to v of each such key below count.
  // A reader keeps its transaction open over many reads, as documented for speed.
  class Reader {  // One thread at a time.
   public:
    explicit Reader(const Lmdb& lmdb);
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
    ~Reader() { mdb_txn_abort(transaction_); }
    [[nodiscard]] Reading get(std::int64_t id) const;

   private:
    MDB_txn* transaction_ = nullptr;
    MDB_dbi table_;
  };

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi table_ = 0;
};

}  // namespace mneme::bench
