// LevelDB with WriteOptions::sync. The tables are two ranges of its keys; a transaction is one WriteBatch.
#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include "powercut/engine.h"

namespace mneme::powercut {
namespace {

class LevelDb final : public Engine {
 public:
  explicit LevelDb(leveldb::DB* db) : db_(db) {}

  Result<void> commit(const std::vector<Change>& changes) override {
    leveldb::WriteBatch batch;
    for (const Change& change : changes) {
      const std::string key = (change.in_journal ? "j" : "s") + change.key;
      if (change.body) {
        batch.Put(key, *change.body);
      } else {
        batch.Delete(key);
      }
    }
    leveldb::WriteOptions options;
    options.sync = true;
    return ok(db_->Write(options, &batch));
  }

  Result<State> read() override {
    State state;
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    std::unique_ptr<leveldb::Iterator> row(db_->NewIterator(options));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      std::string key = row->key().ToString();
      (key[0] == 'j' ? state.journal : state.slots)[key.substr(1)] = row->value().ToString();
    }
    TRY(ok(row->status()));
    return state;
  }

  Result<void> check() override { return {}; }  // read() verifies every checksum.

  Result<void> close() override {
    db_.reset();
    return {};
  }

  static Result<void> ok(const leveldb::Status& status) {
    if (!status.ok()) return Error(Code::corrupt, "LevelDB: " + status.ToString());
    return {};
  }

 private:
  std::unique_ptr<leveldb::DB> db_;
};

}  // namespace

Opened open_leveldb(const std::string& directory, const std::string& /*setting*/) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 256 << 10;
  leveldb::DB* db = nullptr;
  TRY(LevelDb::ok(leveldb::DB::Open(options, directory + "/leveldb", &db)));
  return std::unique_ptr<Engine>(std::make_unique<LevelDb>(db));
}

}  // namespace mneme::powercut
