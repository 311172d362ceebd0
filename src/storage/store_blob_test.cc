// Values that lie in blob files: what of them survives, what goes, and what is told when they are damaged.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

constexpr ColumnId kKey{1}, kClip{2};
using Clips = std::map<std::int64_t, std::string>;  // By key.

std::string value_of(Store& store, const StringRef& value) {
  if (!value.is_reference()) return std::string(value.view());
  const BlobRef ref = blob_ref(value);
  std::string bytes(ref.bytes, '\0');
  const auto reader = store.blob_file(FileNumber{ref.file}).value()->open().value();
  reader->read(ref, 0, std::as_writable_bytes(std::span(bytes))).value();
  return bytes;
}

struct Simulated {  // Without a maintenance thread: the test takes every step.
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  StoreOptions options{.memory_budget = MemoryBudget::kBytesMin,
                       .log_file_bytes = 64 << 10,
                       .blob_inline_max = 100,
                       .blob_file_bytes = 40'000,
                       .threads = 0};
  std::unique_ptr<Store> store = Store::open(world, "db", options).value();
  TableId table{};
  Clips want;
  std::mt19937_64 random{3};

  Simulated() {
    TableSchema schema;
    schema.id = table = store->next_table_id().value();
    schema.name = "t";
    for (const char* name : {"key", "clip"}) {
      schema.columns.emplace_back();
      schema.columns.back().id = ColumnId{schema.next_column_id++};
      schema.columns.back().name = name;
    }
    schema.columns[1].type.kind = TypeKind::blob;
    commit(CreateTable{schema}).value();
  }
  Result<CommitResult> commit(Change change, Durability durability = Durability::commit) {
    WriteSet writes;
    writes.changes.push_back(std::move(change));
    return store->commit(std::move(writes), durability);
  }
  std::string clip(std::size_t bytes) {
    std::string value(bytes, '\0');
    for (char& c : value) c = static_cast<char>(random());
    return value;
  }
  InsertRows row(std::int64_t key, const std::string& value) const {
    InsertRows rows;
    rows.table = table;
    rows.batch.columns.emplace_back(Type{}).append(key);
    rows.batch.columns.emplace_back(Type{.kind = TypeKind::blob}).append_bytes(as_bytes(value));
    return rows;
  }
  void add(std::int64_t key, std::size_t bytes) {
    const std::string value = clip(bytes);
    commit(row(key, value)).value();
    want[key] = value;
  }
  void remove(std::int64_t key) {
    const Snapshot snapshot = store->snapshot().value();
    auto scan = TableScan::open(snapshot, table, {kKey}).value();
    std::vector<RowId> ids;
    std::optional<RowId> found;
    while (const auto batch = scan.next(ids).value()) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        if (batch->columns[0].values<std::int64_t>()[i] == key) found = ids[i];
      }
    }
    commit(EndRows{table, {found.value()}}).value();
    want.erase(key);
  }
  BlobRef ref_of(std::int64_t key) {
    const Snapshot snapshot = store->snapshot().value();
    auto scan = TableScan::open(snapshot, table, {kKey, kClip}).value();
    while (const auto batch = scan.next().value()) {
      for (std::size_t i = 0; i < batch->rows(); ++i) {
        const StringRef value = batch->columns[1].values<StringRef>()[i];
        if (batch->columns[0].values<std::int64_t>()[i] == key && value.is_reference()) return blob_ref(value);
      }
    }
    return {};
  }
  Clips clips(const Snapshot& snapshot) {
    Clips all;
    auto scan = TableScan::open(snapshot, table, {kKey, kClip}).value();
    std::vector<RowId> ids;
    while (const auto batch = scan.next(ids).value()) {
      for (std::size_t i = 0; i < ids.size(); ++i) {
        all[batch->columns[0].values<std::int64_t>()[i]] = value_of(*store, batch->columns[1].values<StringRef>()[i]);
      }
    }
    return all;
  }
  Clips clips() { return clips(store->snapshot().value()); }
  void reopen() {
    store.reset();
    store = Store::open(world, "db", options).value();
  }
  void settle() {
    store->flush().value();
    while (store->step(world.clock.monotonic_ns() + 1'000'000'000).value()) {
    }
  }
  std::vector<std::string> blob_files() { return disk.list("db/blob").value(); }
  std::uint64_t used_bytes() {
    std::uint64_t bytes = 0;
    for (const std::string directory : {"db/", "db/wal/", "db/seg/", "db/blob/"}) {
      for (const std::string& name : disk.list(directory.substr(0, directory.size() - 1)).value()) {
        const auto file = disk.open(directory + name, FileSystem::Open::read_only);
        if (file) bytes += (*file)->size().value();
      }
    }
    return bytes;
  }
  std::string problems() {
    std::string all;
    for (const std::string& problem : store->check().value().problems) all += problem + "; ";
    return all;
  }
};

TEST_CASE_FIXTURE(Simulated, "blobs: a value at the limit stays in its row, one byte more lies in a blob file") {
  add(1, 100);
  CHECK(blob_files().empty());
  add(2, 101);
  CHECK(blob_files().size() == 1);
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(Simulated, "blobs: they are there after a reopen, a flush, a merge, and each again") {
  for (int round = 0; round < 6; ++round) {
    for (std::int64_t i = 0; i < 5; ++i) add(round * 10 + i, random() % 3'000);
    if (round % 2 == 0) remove(round * 10 + 1);
    if (round % 3 == 1) reopen();
    if (round != 4) settle();
    CHECK(clips() == want);
  }
  reopen();
  CHECK(clips() == want);
  CHECK(problems() == "");
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: their bytes and their file's name are durable before the record that refers to them") {
  for (const Durability durability : {Durability::os, Durability::commit}) {
    const std::uint64_t data = disk.syncs_at(SyncSite::blob_data), log = disk.syncs_at(SyncSite::log_data);
    commit(row(1, clip(5'000)), durability).value();
    CHECK(disk.syncs_at(SyncSite::blob_data) == data + 1);
    CHECK((disk.syncs_at(SyncSite::log_data) > log) == (durability == Durability::commit));
    CHECK(disk.syncs_at(SyncSite::blob_directory) == 1);  // Of the one file that both are in.
  }
}

TEST_CASE_FIXTURE(Simulated, "blobs: a file that no row refers to any more is unlinked, but not under a reader") {
  add(1, 50'000);  // Fills its file.
  settle();
  REQUIRE(blob_files().size() == 1);
  std::optional<Snapshot> before = store->snapshot().value();
  const Clips seen = want;
  remove(1);
  settle();
  CHECK(clips(*before) == seen);
  CHECK(blob_files().size() == 1);
  before.reset();
  add(2, 10);  // A merge is considered after a flush.
  settle();
  settle();
  CHECK(blob_files().empty());
  CHECK(clips() == want);
  CHECK(problems() == "");
}

TEST_CASE_FIXTURE(Simulated, "blobs: a file less than half of which is referred to is emptied into another and goes") {
  for (std::int64_t key = 1; key <= 8; ++key) add(key, 4'000);  // In a page each: the file has room yet.
  add(9, 40'000);
  settle();
  REQUIRE(blob_files() == std::vector<std::string>{"1.blob"});
  const Snapshot before = store->snapshot().value();
  const Clips seen = want;
  for (std::int64_t key = 3; key <= 9; ++key) remove(key);
  for (int round = 0; round < 4; ++round) settle();
  CHECK(clips() == want);
  CHECK(clips(before) == seen);
  CHECK(std::ranges::count(blob_files(), "1.blob") == 1);  // A reader is there.
  store->step(0).value();
}

// A file of nine values, among so many other rows that their deaths are no reason to rewrite the segment.
struct FewAmongMany : Simulated {
  FewAmongMany() {
    for (std::int64_t key = 1; key <= 9; ++key) add(key, 4'000);
    for (std::int64_t key = 10; key <= 60; ++key) add(key, 10);
    settle();
    REQUIRE(blob_files() == std::vector<std::string>{"1.blob"});
    full_bytes = blob_bytes();
  }
  std::uint64_t blob_bytes() {
    std::uint64_t bytes = 0;
    for (const std::string& name : blob_files()) {
      bytes += disk.open("db/blob/" + name, FileSystem::Open::read_only).value()->size().value();
    }
    return bytes;
  }
  void remove(std::int64_t first, std::int64_t last) {
    for (std::int64_t key = first; key <= last; ++key) Simulated::remove(key);
  }
  void vacuum() {  // Files go two syncs after nobody wants them.
    for (int round = 0; round < 3; ++round) store->vacuum().value();
  }
  std::uint64_t full_bytes = 0;
};

TEST_CASE_FIXTURE(FewAmongMany,
                  "blobs: what only dead rows refer to is garbage, though their segment is mostly alive") {
  remove(1, 8);
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"2.blob"});
  CHECK(blob_bytes() * 4 < full_bytes);
  CHECK(clips() == want);
  CHECK(problems() == "");
  reopen();
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(FewAmongMany,
                  "blobs: the garbage of a file is counted again when more rows die, also after a reopen") {
  remove(1, 4);
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"1.blob"});  // More than half of it lives.
  reopen();
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"1.blob"});
  remove(5, 6);
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"2.blob"});
  CHECK(clips() == want);
  CHECK(problems() == "");
}

TEST_CASE_FIXTURE(FewAmongMany, "blobs: a row that replaces another and carries its value on keeps it alive") {
  for (std::int64_t key = 1; key <= 9; ++key) {
    InsertRows again = row(key + 100, "");
    again.batch.columns[1] = Column(Type{.kind = TypeKind::blob});
    again.batch.columns[1].append_copy(as_reference(ref_of(key)));
    commit(std::move(again)).value();
    want[key + 100] = want[key];
    Simulated::remove(key);
  }
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"1.blob"});
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(FewAmongMany, "blobs: rows that a snapshot still sees are no garbage") {
  std::optional<Snapshot> before = store->snapshot().value();
  const Clips seen = want;
  remove(1, 8);
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"1.blob"});
  CHECK(clips(*before) == seen);
  before.reset();
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"2.blob"});
}

TEST_CASE_FIXTURE(FewAmongMany,
                  "blobs: where references cannot be read nothing counts as garbage, and the rest goes on") {
  remove(1, 8);
  store->flush().value();
  const std::string path = store->snapshot().value().version->find(table)->segments[0].file->path();
  store.reset();
  disk.medium(path).back() ^= std::byte{1};
  store = Store::open(world, "db", options).value();
  add(200, 50'000);
  vacuum();
  CHECK(blob_files() == std::vector<std::string>{"1.blob", "2.blob"});
  disk.medium(path).back() ^= std::byte{1};
  vacuum();
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(Simulated, "blobs: what a file is emptied into is durable before the merge is named") {
  for (std::int64_t key = 1; key <= 8; ++key) add(key, 4'000);
  add(9, 40'000);
  settle();
  for (std::int64_t key = 3; key <= 9; ++key) remove(key);
  for (int round = 0; round < 4; ++round) settle();
  REQUIRE(blob_files() != std::vector<std::string>{"1.blob"});
  disk.reset(disk.cut(sim::CutPolicy::p0, 1));  // Nothing but what was synced.
  test::kill_store(std::move(store));
  store = Store::open(world, "db", options).value();
  CHECK(clips() == want);
  CHECK(problems() == "");
}

TEST_CASE_FIXTURE(Simulated, "blobs: emptying a file keeps what lives in it, and what is damaged in it stays told") {
  for (const bool damaged : {false, true}) {
    const std::int64_t base = damaged ? 100 : 0;
    for (std::int64_t key = 1; key <= 9; ++key) add(base + key, 4'000);  // As many as fill a file.
    settle();
    const BlobRef first = ref_of(base + 1);
    const std::string file = std::to_string(first.file) + ".blob";
    if (damaged) disk.medium("db/blob/" + file)[first.offset + 900] ^= std::byte{1};
    for (std::int64_t key = 2; key <= 9; ++key) remove(base + key);
    for (int round = 0; round < 4; ++round) {
      add(base + 50 + round, 1);
      settle();
    }
    if (!damaged) {
      CHECK(clips() == want);
      CHECK(problems() == "");
      CHECK(std::ranges::count(blob_files(), file) == 0);
      reopen();
      CHECK(clips() == want);
    } else {
      CHECK(problems().find("column 'clip'") != std::string::npos);
      CHECK(std::ranges::count(blob_files(), file) == 1);
    }
  }
}

TEST_CASE_FIXTURE(Simulated, "blobs: a dropped table takes its blob files along") {
  add(1, 50'000);
  settle();
  add(2, 50'000);
  commit(DropTable{table}).value();
  settle();
  settle();
  CHECK(blob_files().empty());
}

TEST_CASE_FIXTURE(Simulated, "blobs: what no row refers to after a crash is removed, and its number not given again") {
  add(1, 500);
  const std::string stray = "db/blob/9.blob";
  disk.open(stray, FileSystem::Open::create).value()->write(0, as_bytes("left behind")).value();
  reopen();
  settle();
  CHECK(blob_files() == std::vector<std::string>{"1.blob"});
  add(2, 500);
  CHECK(blob_files() == std::vector<std::string>{"1.blob", "10.blob"});
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: a commit that fails leaves no file behind, and none that its values were in is torn") {
  add(1, 500);
  WriteSet lost;
  lost.changes.emplace_back(row(2, clip(50'000)));
  lost.changes.emplace_back(EndRows{table, {RowId{77}}});  // No such row.
  CHECK_FALSE(store->commit(std::move(lost), Durability::commit).has_value());
  settle();
  CHECK(clips() == want);
  CHECK(problems() == "");
  reopen();
  settle();
  CHECK(blob_files().size() == 1);
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(Simulated, "blobs: check names the table, the row and the column of a damaged one, and of no other") {
  add(1, 2'000);
  add(2, 2'000);
  for (const bool flushed : {false, true}) {
    if (flushed) settle();
    CHECK(problems() == "");
    const std::size_t at = 4096 + 4096 + 1'000;  // In the second value of the file.
    disk.medium("db/blob/1.blob")[at] ^= std::byte{1};
    const std::string found = problems();
    CHECK(found.find("table 't', row 2, column 'clip'") != std::string::npos);
    CHECK(found.find("1.blob' ") == std::string::npos);
    CHECK(found.find("db/blob/1.blob") != std::string::npos);
    CHECK(found.find("row 1,") == std::string::npos);
    disk.medium("db/blob/1.blob")[at] ^= std::byte{1};
  }
}

TEST_CASE_FIXTURE(Simulated, "blobs: a backup made beside the writer has them all") {
  add(1, 3'000);
  settle();
  add(2, 3'000);
  store->backup("copy").value();
  add(3, 3'000);
  remove(1);
  const Clips now = std::exchange(want, {});
  store.reset();
  store = Store::open(world, "copy", options).value();
  const Clips copied = clips();
  REQUIRE(copied.size() == 2);
  CHECK(copied.at(2) == now.at(2));
  CHECK(copied.at(1).size() == 3'000);
  CHECK(problems() == "");
}

TEST_CASE_FIXTURE(Simulated, "blobs: a backup is refused where a blob file is missing") {
  add(1, 3'000);
  reopen();  // Nobody appends to the file any more.
  disk.unlink("db/blob/1.blob").value();
  const auto refused = store->backup("copy");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message().find("db/blob/1.blob' is missing, but rows refer to it") != std::string::npos);
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: a backup to another disk takes no harm when a writer beside it gives up or ends its value") {
  disk.refuse_links();
  add(1, 3'000);
  for (std::uint64_t moment = 0; moment < 60; ++moment) {
    OpenBlobFile file = store->blobs().take().value();
    REQUIRE(file.writer->begin(0));
    REQUIRE(file.writer->append(as_bytes(clip(200'000))));
    std::uint64_t operations = 0;
    disk.after_operation([&] {
      if (operations++ != moment) return;
      if (moment % 2 == 0) return store->blobs().abandon(std::move(file));
      CHECK(file.writer->end());
    });
    const std::string to = "copy" + std::to_string(moment);
    const auto done = store->backup(to);
    disk.after_operation({});
    INFO((done ? std::string() : done.error().to_string()));
    REQUIRE(done);
    auto copy = Store::open(world, to, options).value();
    std::swap(store, copy);
    CHECK(clips() == want);
    CHECK(problems() == "");
    std::swap(store, copy);
    if (moment % 7 == 0) add(static_cast<std::int64_t>(moment) + 2, 2'000);
  }
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: columns of an index keep their values, and get no index once values lie elsewhere") {
  TableSchema schema = *store->snapshot().value().version->find(table)->schema;
  schema.version = 2;
  schema.indexes.push_back({IndexId{1}, "by_clip", "ordered", {kClip}, false, false});
  add(1, 5'000);
  const auto refused = commit(AlterTable{schema});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Code::unsupported);
  CHECK(refused.error().message().find("'clip'") != std::string::npos);
  TableSchema other = schema;
  other.id = store->next_table_id().value();
  other.name = "other";
  commit(CreateTable{other}).value();
  const auto files = blob_files();
  InsertRows rows = row(1, clip(5'000));
  rows.table = other.id;
  commit(std::move(rows)).value();
  CHECK(blob_files() == files);
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: after a failed sync of a blob file the commit fails and the next one goes elsewhere") {
  add(1, 500);
  const std::string value = clip(500);
  bool failed = false;
  for (std::uint64_t passing = 0; !failed; ++passing) {
    disk.fail_after(passing);
    const auto outcome = commit(row(2, value));
    disk.fail(std::nullopt);
    REQUIRE(passing < 50);
    if (outcome) break;
    CHECK(outcome.error().code() == Code::io);
    failed = disk.syncs_at(SyncSite::blob_data) == 1 && passing > 1;
  }
  CHECK(disk.retried_syncs() == 0);
}

TEST_CASE_FIXTURE(
    Simulated,
    "blobs: power cut at any moment of commits, flushes and merges: each row has its value or is not there") {
  const auto check_image = [&](std::uint64_t seed, const Clips& acknowledged, const Clips& in_flight) {
    for (std::size_t policy = 0; policy < sim::kCutPolicies - 1; ++policy) {  // p7 takes acknowledged rows, too.
      sim::SimFileSystem cut(disk.cut(static_cast<sim::CutPolicy>(policy), seed));
      World there{cut, real.world().clock, real.world().scheduler, real.world().random};
      auto opened = Store::open(there, "db", options);
      REQUIRE_MESSAGE(opened.has_value(), opened.error().message());
      Clips found;
      const Snapshot snapshot = (*opened)->snapshot().value();
      auto scan = TableScan::open(snapshot, table, {kKey, kClip}).value();
      while (const auto batch = scan.next().value()) {
        for (std::size_t i = 0; i < batch->rows(); ++i) {
          found[batch->columns[0].values<std::int64_t>()[i]] =
              value_of(**opened, batch->columns[1].values<StringRef>()[i]);
        }
      }
      CHECK((found == acknowledged || found == in_flight));
      CHECK((*opened)->check().value().problems.empty());
    }
  };
  Clips in_flight;
  std::uint64_t operation = 0;
  bool watching = false;
  disk.after_operation([&] {
    if (watching && ++operation % 3 == 0) check_image(operation, want, in_flight);
  });
  for (std::int64_t key = 1; key <= 8; ++key) {
    const std::string value = clip(200 + random() % 20'000);
    in_flight = want;
    in_flight[key] = value;
    watching = true;
    commit(row(key, value)).value();
    want = in_flight;
    if (key % 3 == 0) store->flush().value();
    watching = false;
    if (key % 4 == 0) remove(key - 2);
  }
  disk.after_operation({});
}

TEST_CASE_FIXTURE(Simulated,
                  "blobs: power cut while one is written piece by piece: no row has it, and its file is collected") {
  add(1, 500);
  const auto check_images = [&](bool stored) {
    for (std::size_t policy = 0; policy < sim::kCutPolicies - 1; ++policy) {
      sim::SimFileSystem cut(disk.cut(static_cast<sim::CutPolicy>(policy), disk.operations()));
      World there{cut, real.world().clock, real.world().scheduler, real.world().random};
      auto opened = Store::open(there, "db", options).value();
      std::swap(store, opened);
      CHECK(clips() == want);
      CHECK(problems() == "");
      settle();
      settle();
      CHECK(cut.list("db/blob").value().size() <= (stored ? 2 : 1));  // The first row's file, and the stored one's.
      std::swap(store, opened);
    }
  };
  const std::string value = clip(300'000);
  OpenBlobFile first = store->blobs().take().value(), file = store->blobs().take().value();
  REQUIRE(file.writer->begin(0));
  for (std::size_t at = 0; at < value.size(); at += 30'000) {
    REQUIRE(file.writer->append(as_bytes(value.substr(at, 30'000))));
    check_images(false);
  }
  const BlobRef ref = file.writer->end().value();
  check_images(false);
  REQUIRE(store->blobs().make_durable(file));
  check_images(false);
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{}).append(std::int64_t{2});
  rows.batch.columns.emplace_back(Type{.kind = TypeKind::blob}).append_copy(as_reference(ref));
  commit(std::move(rows)).value();
  want[2] = value;
  check_images(true);
}

TEST_CASE_FIXTURE(Simulated, "blobs: a disk that is full in the middle of one gets its space back at once") {
  add(1, 500);
  const std::uint64_t room = used_bytes() + 3'000'000;  // Writers allocate a megabyte ahead.
  disk.set_capacity(room);
  for (int round = 0; round < 5; ++round) {
    const auto refused = commit(row(2, clip(5'000'000)));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == Code::full);
    OpenBlobFile file = store->blobs().take().value();
    REQUIRE(file.writer->begin(0));
    Result<void> appended;
    while (appended) appended = file.writer->append(as_bytes(clip(60'000)));
    CHECK(appended.error().code() == Code::full);
    store->blobs().abandon(std::move(file));
    CHECK(used_bytes() < room - 2'500'000);
    add(10 + round, 300);  // What is shorter is taken meanwhile.
  }
  CHECK(clips() == want);
  disk.set_capacity(~std::uint64_t{0});
  add(3, 5'000'000);
  CHECK(clips() == want);
  CHECK(problems() == "");
  reopen();
  CHECK(clips() == want);
}

TEST_CASE_FIXTURE(Simulated, "blobs: a commit for whose log record there is no room on the disk keeps none of them") {
  add(1, 60);
  const auto with_clip = [&] {  // What the first file of the log has no room for.
    InsertRows rows = row(2, clip(50'000));
    for (std::int64_t key = 100; key < 700; ++key) {
      rows.batch.columns[0].append(key);
      rows.batch.columns[1].append_bytes(as_bytes(clip(99)));
    }
    return rows;
  };
  const std::uint64_t synced = disk.syncs_at(SyncSite::blob_data);
  disk.after_operation([&] {
    if (disk.syncs_at(SyncSite::blob_data) > synced) disk.set_capacity(0);
  });
  const auto refused = commit(with_clip());
  disk.after_operation({});
  disk.set_capacity(~std::uint64_t{0});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == Code::full);
  REQUIRE(disk.syncs_at(SyncSite::blob_data) > synced);
  settle();
  CHECK(blob_files().empty());
  commit(with_clip()).value();
  settle();
  CHECK(blob_files().size() == 1);
  CHECK(problems() == "");
}

}  // namespace
}  // namespace mneme
