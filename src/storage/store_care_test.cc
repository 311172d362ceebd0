// Checking and backing up a store beside its writers.
#include <doctest/doctest.h>

#include "os/sim/forwarding_files.h"
#include "storage/log_reader.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

std::string problems_of(Store& store) {
  std::string all;
  for (const std::string& problem : store.check().value().problems) all += problem + "; ";
  return all;
}

struct Simulated : test::SimulatedStore {
  TableId table{};
  std::int64_t next = 1;

  Simulated() {
    TableSchema schema;
    schema.name = "t";
    schema.primary_key = {test::add_column(schema, "key").id};
    table = make_table(std::move(schema));
  }
  void add(std::int64_t count) {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{});
    for (std::int64_t i = 0; i < count; ++i) rows.batch.columns[0].append(next++);
    commit(std::move(rows));
  }
  static std::vector<RowId> rows_of(Store& from, TableId table) {
    std::vector<RowId> rows, ids;
    const Snapshot snapshot = from.snapshot().value();
    auto scan = TableScan::open(snapshot, table, {ColumnId{1}}).value();
    while (scan.next(ids).value()) rows.insert(rows.end(), ids.begin(), ids.end());
    std::ranges::sort(rows);
    return rows;
  }
  // Where the last record of the log ends.
  std::uint64_t log_end() {
    const auto reader =
        LogReader::open(disk, "db/wal/1.log", FileNumber{1}, {.epoch_max = 9, .origin = origin()}).value();
    std::uint64_t offset = kFileBodyOffset;
    std::uint32_t epoch = 0;
    for (Lsn lsn{1};; lsn = mneme::next(lsn)) {
      const auto record = reader->successor(offset, lsn, epoch).value();
      if (!record) return offset;
      epoch = record->epoch;
      offset += LogReader::bytes(*record);
    }
  }
  std::uint64_t origin() {
    return decode_header(kLogMagic, Bytes(disk.medium("db/wal/1.log")).first(kFileHeaderBytes), "1.log").value().origin;
  }
  // Segments, deletes in a .del file and in the log, and rows in the log alone.
  void fill() {
    add(5'000);
    store->flush().value();
    commit(EndRows{table, {RowId{1}, RowId{2}}});
    store->flush().value();
    commit(EndRows{table, {RowId{3}}});
    add(1'000);
  }
};

TEST_CASE_FIXTURE(Simulated, "check: a sound store has no problems, and everything in it was looked at") {
  fill();
  const StoreCheck found = store->check().value();
  CHECK(problems_of(*store) == "");
  CHECK(found.rows == 5'000);
  CHECK(store->snapshot().value().version->find(table)->segments.at(0).file_bytes ==
        disk.medium("db/seg/1.seg").size());
  CHECK(found.files >= 4);  // Manifest, segment, deletes, log.
}

TEST_CASE_FIXTURE(Simulated, "check: a flipped byte in any file is reported with the name of the file") {
  fill();
  REQUIRE(store->sync());
  for (const std::string path : {"db/seg/1.seg", "db/seg/1-1.del", "db/MANIFEST-1", "db/wal/1.log"}) {
    std::size_t found = 0;
    for (const std::size_t at : {std::size_t{10}, std::size_t{100}, std::size_t{4'100}, std::size_t{4'140}}) {
      auto& bytes = disk.medium(path);
      if (at >= bytes.size() - 20) continue;
      bytes[at] ^= std::byte{0x10};
      const StoreCheck check = store->check().value();
      for (const std::string& problem : check.problems) {
        INFO(path, " at ", at, ": ", problem);
        const auto directory = path.substr(0, path.rfind('-') == std::string::npos ? path.size() : path.rfind('-'));
        CHECK(problem.find(directory) != std::string::npos);
        ++found;
      }
      disk.medium(path)[at] ^= std::byte{0x10};
    }
    INFO(path);
    CHECK(found > 0);
  }
  CHECK(problems_of(*store) == "");
}

// A power cut takes the head of a long record and leaves the one behind it; the next life's record is as long.
TEST_CASE_FIXTURE(Simulated, "check: what a cut tail left right behind a later life's record is no damage") {
  add(1);
  REQUIRE(store->sync());
  const std::uint64_t lost_at = log_end();
  add(2'000);
  const std::uint64_t left_at = log_end();
  add(1);
  std::fill_n(disk.medium("db/wal/1.log").begin() + static_cast<std::ptrdiff_t>(align_to_sector(lost_at)), 512,
              std::byte{0});
  kill();
  REQUIRE(rows_of(*store, table).size() == 1);
  next = 2;
  add(2'000);
  REQUIRE(store->sync());
  REQUIRE(log_end() == left_at);
  add(5);
  REQUIRE(store->sync());
  CHECK(problems_of(*store) == "");
  kill();
  CHECK(rows_of(*store, table).size() == 2'006);
}

TEST_CASE_FIXTURE(Simulated,
                  "backup: opens by ordinary recovery with every commit before it, and the two go their own ways") {
  fill();
  const auto want = rows_of(*store, table);
  store->backup("copy").value();
  add(10);
  store->flush().value();
  auto copy = Store::open(world, "copy", options).value();
  CHECK(rows_of(*copy, table) == want);
  CHECK(problems_of(*copy) == "");
  copy->commit(test::change(EndRows{table, {RowId{10}}}), Durability::commit).value();
  copy->flush().value();
  copy.reset();
  copy = Store::open(world, "copy", options).value();
  CHECK(rows_of(*copy, table).size() == want.size() - 1);
  CHECK(rows_of(*store, table).size() == want.size() + 10);
  CHECK(problems_of(*store) == "");
  CHECK(store->backup("copy").error().code() == Code::already_exists);
}

TEST_CASE("backup: beside a writer it holds a prefix of the commits, whatever maintenance does meanwhile") {
  Simulated s;
  s.fill();
  s.store.reset();
  s.options.threads = 1;
  s.store = Store::open(s.world, "db", s.options).value();
  std::atomic<bool> done{false};
  Thread writer(s.world.scheduler, "writer", [&] {
    for (int i = 0; i < 300 && !done; ++i) s.add(200);
  });
  for (int i = 0; i < 4; ++i) {
    const std::string to = "copy" + std::to_string(i);
    s.store->backup(to).value();
    auto copy = Store::open(s.world, to, s.options).value();
    const auto rows = Simulated::rows_of(*copy, s.table);
    CHECK(rows.size() >= 5'997);
    CHECK((rows.size() - 5'997) % 200 == 0);
    CHECK(static_cast<std::uint64_t>(rows.back()) == rows.size() + 3);  // No row before the last is missing.
    CHECK(problems_of(*copy) == "");
  }
  done = true;
  writer.join();
  CHECK(problems_of(*s.store) == "");
}

// A record that no sync came before lies right behind the last one, in its sector: so does the one that names the next
// file. The copy must end where the log did when it was looked at.
TEST_CASE("backup: a log that goes on in another file while it is copied ends in the copy where it did") {
  for (int more = 0; more < 16; ++more) {
    Simulated s;
    s.add(6'000 + more * 3);  // Most of a log file.
    std::vector<RowId> want;
    enum class Stage : std::uint8_t { begins, syncs, copies, over } stage = Stage::begins;
    s.disk.after_operation([&] {
      const Stage now = stage;
      stage = Stage::over;  // What is done here makes operations, too.
      if (now == Stage::begins && !s.disk.list("copy/blob")) stage = now;
      if (now == Stage::begins && stage == Stage::over) stage = Stage::syncs;
      if (now == Stage::syncs) {
        s.add(1);
        want = Simulated::rows_of(*s.store, s.table);
        stage = Stage::copies;
      }
      if (now == Stage::copies) {
        const bool begun = !s.disk.list("copy/wal").value().empty();
        if (begun) s.add(6'000);  // Does not go into the same file.
        if (!begun) stage = now;
      }
    });
    s.store->backup("copy").value();
    s.disk.after_operation({});
    REQUIRE(stage == Stage::over);
    auto copy = Store::open(s.world, "copy", s.options);
    REQUIRE_MESSAGE(copy, (copy ? "" : copy.error().to_string()));
    CHECK(Simulated::rows_of(**copy, s.table) == want);
  }
}

TEST_CASE_FIXTURE(Simulated,
                  "backup: power cut at any operation leaves a whole backup or none, and the store as it was") {
  fill();
  REQUIRE(store->sync());
  const auto want = rows_of(*store, table);
  std::vector<sim::DurableImage> images;
  disk.after_operation([&] { images.push_back(disk.cut(sim::CutPolicy::p4, images.size())); });
  store->backup("copy").value();
  images.push_back(disk.cut(sim::CutPolicy::p0, 1));
  disk.after_operation({});
  std::size_t whole = 0;
  for (const auto& image : images) {
    sim::SimFileSystem after(image);
    const World later{after, world.clock, world.scheduler, world.random};
    CHECK(rows_of(*Store::open(later, "db", options).value(), table) == want);
    if (!after.has("copy/CURRENT")) continue;
    CHECK(rows_of(*Store::open(later, "copy", options).value(), table) == want);
    ++whole;
  }
  CHECK(whole > 0);
}

// Refuses to remove one file, as one that is marked immutable.
class KeptFile final : public sim::ForwardingFiles {
 public:
  KeptFile(FileSystem& files, std::string path) : ForwardingFiles(files), path_(std::move(path)) {}
  Result<void> unlink(const std::string& path) override {
    if (path == path_) return Error(Code::io, "unlink '" + path + "': Operation not permitted");
    return ForwardingFiles::unlink(path);
  }

 private:
  const std::string path_;
};

TEST_CASE("clean-up: a file that cannot be removed keeps back no other, and no log") {
  Simulated own;
  own.fill();
  own.settle();
  own.store.reset();
  KeptFile files(own.disk, "db/seg/1.seg");
  const World world{files, own.world.clock, own.world.scheduler, own.world.random};
  own.store = Store::open(world, "db", own.options).value();
  for (int round = 0; round < 12; ++round) {  // More than a log file each.
    own.add(9'000);
    own.store->vacuum().value();
  }
  CHECK(own.disk.has("db/seg/1.seg"));
  CHECK(own.files("seg", ".seg") <= 3);
  CHECK(own.files("wal", ".log") <= 4);
  CHECK(problems_of(*own.store) == "");
}

TEST_CASE_FIXTURE(Simulated, "clean-up: what a stranger put beside the files is left there") {
  fill();
  const std::vector<std::string> strange = {"db/seg/notes",    "db/seg/7.seg.old",   "db/seg/-3.del",
                                            "db/seg/x7-1.del", "db/blob/lost+found", "db/blob/.blob"};
  for (const std::string& path : strange) disk.open(path, FileSystem::Open::create).value()->write(0, {}).value();
  const std::string stray = "db/seg/900.seg";  // As a flush that was cut short leaves one.
  disk.open(stray, FileSystem::Open::create).value();
  reopen();
  settle();
  store->vacuum().value();
  for (const std::string& path : strange) CHECK_MESSAGE(disk.has(path), path);
  CHECK_FALSE(disk.has(stray));
}

}  // namespace
}  // namespace mneme
