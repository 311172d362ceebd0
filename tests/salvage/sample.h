// A store to damage: every type, several segments with deletes, blobs, a changed table and a log behind, and where each
// row of it lies on the disk, by what wrote it and by the formats alone.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "index/index_kinds.h"
#include "os/sim/sim_world.h"
#include "storage/store.h"

namespace mneme::sim {

struct RowVersion {
  std::string table;
  std::int64_t id = 0;
  std::string text;  // In the table's latest columns.
  std::uint64_t inserted = 0;
  std::uint64_t ended = 0;  // By the record of this LSN; 0: it lives.
};

// What damage to a place may cost, and what else it may do.
struct Touched {
  std::set<std::uint64_t> lost;  // RowIds.
  std::set<std::uint64_t> back;
  bool altered = false;  // The change of table "wide": its rows have no last column then, and later ones do not fit.
};

class Sample {  // One thread at a time while it is made; then immutable.
 public:
  // `closed`: by the book; else its process was killed.
  Sample(std::uint64_t seed, bool closed);

  [[nodiscard]] const DurableImage& image() const noexcept { return image_; }
  [[nodiscard]] const std::map<std::uint64_t, RowVersion>& versions() const noexcept { return versions_; }
  // The rows that bytes [offset, offset + count) of a file hold, or hold the key to.
  [[nodiscard]] Touched touched_by(const std::string& path, std::uint64_t offset, std::uint64_t count) const;
  // Of the log: where each record of a group lies.
  struct Record {
    std::string path;
    std::uint64_t offset = 0, bytes = 0, lsn = 0;
  };
  [[nodiscard]] std::uint64_t altered_at() const noexcept { return altered_at_; }
  [[nodiscard]] const std::vector<Record>& records() const noexcept { return records_; }

  static StoreOptions options();
  static std::unique_ptr<IndexKinds> kinds();

 private:
  struct Range {
    std::string path;
    std::uint64_t first = 0, end = 0;
    std::set<std::uint64_t> rows;
    bool deletes = false;
  };
  void create_tables(Store& store);
  void insert(Store& store, const std::string& table, std::vector<std::int64_t> ids);
  void end(Store& store, const std::string& table, std::size_t every);
  void replace(Store& store, std::size_t every);
  void add_column(Store& store);
  std::uint64_t commit(Store& store, WriteSet writes);
  InsertRows rows_of(const std::string& table, const std::vector<std::int64_t>& ids);
  void append_value(Column& column, std::int64_t id);
  void place_segments();
  void place_log();
  void place_blobs(SimWorld& sim);

  std::mt19937_64 random_;
  std::map<std::string, TableSchema> schemas_;
  std::map<std::uint64_t, RowVersion> versions_;  // By RowId.
  std::uint64_t next_row_ = 1;
  std::uint64_t altered_at_ = 0;  // LSN.
  DurableImage image_;
  std::vector<Range> ranges_;
  std::vector<Record> records_;
};

}  // namespace mneme::sim
