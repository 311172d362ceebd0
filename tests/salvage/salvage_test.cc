// Damage to every sector of every file of a store, and what a salvage makes of it.
//
// Whatever was done: a salvage never fails, writes nothing to its source, gives no row that was never there, every row
// that the damage did not touch, and counts what is missing as it says. What may be missing is told by where the rows
// lie (sample.h), not by the code under test. SECTORS=1 damages every sector; otherwise each second one is made
// garbage, and each sixth unreadable.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>

#include "salvage/bad_sectors.h"
#include "salvage/salvage_store.h"
#include "salvage/sample.h"
#include "sim/environment.h"
#include "sim/model.h"
#include "storage/table_scan.h"
#include "table/index_check.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kSector = 512;
using Rows = std::map<std::string, std::map<std::int64_t, std::string>>;  // By table and id.

struct Outcome {
  Result<SalvageReport> report = Error(Code::closed, "nothing was salvaged");
  Rows rows;
  std::string trouble;  // With the source, or the new database.
};

Rows read_rows(Store& store) {
  Rows rows;
  const Snapshot snapshot = store.snapshot().value();
  for (const auto& [id, table] : snapshot.version->tables) {
    auto& found = rows[table.schema->name];
    std::vector<ColumnId> columns;
    for (const ColumnSchema& column : table.schema->columns) columns.push_back(column.id);
    auto scan = TableScan::open(snapshot, id, columns).value();
    std::vector<RowId> ids;
    while (auto batch = scan.next(ids).value()) {
      load_blobs(store, *batch).value();
      for (std::size_t row = 0; row < batch->rows(); ++row) {
        found.emplace(batch->columns[0].values<std::int64_t>()[row], row_text(*batch, row));
      }
    }
  }
  return rows;
}

std::uint64_t source_hash(const SimFileSystem& files) {
  DurableImage image = files.cut(CutPolicy::p1, 0);
  std::erase_if(image.files, [](const auto& file) { return !file.first.starts_with("db/"); });
  image.directories.clear();
  return image.hash();
}

// `bad`: cannot be read.
Outcome salvage(const DurableImage& image, bool check, const BadPiece& bad = {}) {
  Outcome outcome;
  SimWorld sim(1, image);
  const World whole = sim.world();
  BadSectors files(whole.files, bad);
  const World world{files, whole.clock, whole.scheduler, whole.random};
  const auto kinds = Sample::kinds();
  const std::uint64_t before = source_hash(sim.files());
  auto store = Store::open(sim.world(), "out", Sample::options(), kinds.get()).value();
  outcome.report = salvage_store(world, "db", *store, *kinds, {.memory_budget = 16 << 20, .progress = {}});
  if (source_hash(sim.files()) != before) outcome.trouble = "the source was written to";
  if (!outcome.report) return outcome;
  outcome.rows = read_rows(*store);
  if (!check) return outcome;
  std::vector<std::string> problems = store->check().value().problems;
  check_indexes(store->snapshot().value(), *kinds, store->budget(), problems).value();
  if (!problems.empty()) outcome.trouble = "the new database: " + problems[0];
  return outcome;
}

struct Tally {
  std::uint64_t cases = 0, complete = 0, missing = 0, back = 0, violations = 0;
  std::string first_violation;
};

class Judge {  // One thread at a time.
 public:
  Judge(const Sample& sample, Tally& tally) : sample_(sample), tally_(tally) {
    for (const auto& [row, version] : sample.versions()) {
      if (version.ended == 0) live_[version.table].emplace(version.id, &version);
      by_text_[version.table].insert({version.id, version.text});
    }
  }

  void judge(const DurableImage& image, const Touched& touched, const std::string& what, const BadPiece& bad = {}) {
    ++tally_.cases;
    altered_ = touched.altered;
    what_ = what;
    const Outcome outcome = salvage(image, tally_.cases % 8 == 0, bad);
    if (!outcome.trouble.empty()) violation(outcome.trouble);
    if (!outcome.report) return violation(outcome.report.error().to_string());
    const SalvageReport& report = *outcome.report;
    std::map<std::string, std::uint64_t> missing;
    bool back = false;
    for (const auto& [table, rows] : live_) find_missing(table, rows, outcome.rows, touched, missing[table]);
    for (const auto& [table, rows] : outcome.rows) {
      for (const auto& [id, text] : rows) back |= is_back(table, id, text, touched);
    }
    bool any = back;
    for (const auto& [table, count] : missing) {
      any |= count > 0;
      check_count(report, table, count);
    }
    if (any && report.complete()) violation("rows are missing or back, and it was called complete");
    tally_.complete += report.complete() ? 1 : 0;
    tally_.back += back ? 1 : 0;
  }

 private:
  void find_missing(const std::string& table, const std::map<std::int64_t, const RowVersion*>& rows, const Rows& found,
                    const Touched& touched, std::uint64_t& missing) {
    const auto there = found.find(table);
    for (const auto& [id, version] : rows) {
      if (there != found.end()) {
        const auto row = there->second.find(id);
        if (row != there->second.end() && row->second == text_of(*version)) continue;
      }
      ++missing;
      ++tally_.missing;
      if (!touched_row(touched.lost, *version))
        violation(table + " " + std::to_string(id) + " is missing, and was not touched");
    }
  }

  bool touched_row(const std::set<std::uint64_t>& rows, const RowVersion& version) const {
    return std::ranges::any_of(rows, [&](std::uint64_t row) { return &sample_.versions().at(row) == &version; });
  }

  bool is_back(const std::string& table, std::int64_t id, const std::string& text, const Touched& touched) {
    const auto& live = live_[table];
    const auto row = live.find(id);
    if (row != live.end() && text_of(*row->second) == text) return false;
    if (!altered_ && !by_text_[table].contains({id, text})) {
      violation(table + " " + std::to_string(id) + " was never like that");
    } else if (std::ranges::none_of(touched.back, [&](std::uint64_t at) {
                 const RowVersion& version = sample_.versions().at(at);
                 return version.table == table && version.id == id && text_of(version) == text;
               })) {
      violation(table + " " + std::to_string(id) + " is back, and what deleted it was not touched");
    }
    return true;
  }

  // Losses of the log are of no table: what they cost is not counted.
  void check_count(const SalvageReport& report, const std::string& table, std::uint64_t missing) {
    const bool log = std::ranges::any_of(report.losses, [](const SalvageLoss& loss) {
      return loss.kind == LossKind::commits || loss.kind == LossKind::files;
    });
    for (const SalvagedTable& salvaged : report.tables) {
      if (salvaged.name != table || log) continue;
      const bool right = salvaged.count == LossCount::exact ? salvaged.lost == missing : salvaged.lost >= missing;
      if (!right) {
        violation(table + ": " + std::to_string(missing) + " rows are missing, " + std::to_string(salvaged.lost) +
                  " are told of");
      }
    }
  }

  // Without the change of its table a row has no last column.
  std::string text_of(const RowVersion& version) const {
    if (!altered_ || version.table != "wide") return version.text;
    return version.text.substr(0, version.text.rfind('|', version.text.size() - 2) + 1);
  }

  void violation(const std::string& what) {
    if (tally_.violations++ == 0) tally_.first_violation = what_ + ": " + what;
  }

  const Sample& sample_;
  Tally& tally_;
  std::map<std::string, std::map<std::int64_t, const RowVersion*>> live_;
  std::map<std::string, std::set<std::pair<std::int64_t, std::string>>> by_text_;
  std::string what_;
  bool altered_ = false;
};

void report(const char* what, const Tally& tally) {
  std::printf("salvage, %s: %llu cases, %llu complete, %llu rows lost, %llu with rows back, %llu violations\n", what,
              static_cast<unsigned long long>(tally.cases), static_cast<unsigned long long>(tally.complete),
              static_cast<unsigned long long>(tally.missing), static_cast<unsigned long long>(tally.back),
              static_cast<unsigned long long>(tally.violations));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
}

std::shared_ptr<ByteBuffer> copy_of(const DurableImage& image, const std::string& path) {
  return std::make_shared<ByteBuffer>(*image.files.at(path));
}

void garble(ByteBuffer& bytes, std::uint64_t from, std::uint64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::uint64_t at = from; at < std::min<std::uint64_t>(bytes.size(), from + count); ++at) {
    bytes[static_cast<std::size_t>(at)] = static_cast<std::byte>(random());
  }
}

bool is_empty(const ByteBuffer& bytes, std::uint64_t from) {
  const auto part = Bytes(bytes).subspan(static_cast<std::size_t>(from));
  return std::ranges::all_of(part.first(std::min<std::size_t>(part.size(), kSector)),
                             [](std::byte byte) { return byte == std::byte{0}; });
}

bool wanted(const std::string& path) { return path.starts_with("db/") && !path.ends_with("/LOCK"); }

enum class Damage : std::uint8_t { garbage, unreadable };

void damage_sectors(const Sample& sample, Tally& tally, const std::string& end, Damage how = Damage::garbage) {
  Judge judge(sample, tally);
  const std::uint64_t step = environment("SECTORS", how == Damage::garbage ? 2 : 6);
  for (const auto& [path, bytes] : sample.image().files) {
    const bool manifest =
        end == "MANIFEST" && (path.find("MANIFEST-") != std::string::npos || path.ends_with("CURRENT"));
    if (!wanted(path) || (!manifest && !path.ends_with(end))) continue;
    for (std::uint64_t at = 0; at < bytes->size(); at += kSector * step) {
      if (is_empty(*bytes, at)) continue;
      const Touched touched = sample.touched_by(path, at, kSector);
      if (how == Damage::unreadable) {
        judge.judge(sample.image(), touched, path + ", unreadable at " + std::to_string(at), {path, at, kSector});
        continue;
      }
      auto damaged = copy_of(sample.image(), path);
      garble(*damaged, at, kSector, at + 1);
      DurableImage image = sample.image();
      image.files[path] = std::move(damaged);
      judge.judge(image, touched, path + ", garbage at " + std::to_string(at));
    }
  }
}

const Sample& closed_sample() {
  static const Sample sample(5, true);
  return sample;
}

}  // namespace

TEST_CASE("salvage: an undamaged store comes over whole, closed or killed") {
  for (const bool closed : {true, false}) {
    const Sample sample(3, closed);
    Tally tally;
    Judge(sample, tally).judge(sample.image(), {}, "undamaged");
    report(closed ? "closed" : "killed", tally);
    CHECK(tally.complete == 1);
  }
}

TEST_CASE("salvage: of a damaged segment every row is there whose blocks are, and the others are counted exactly") {
  Tally tally;
  damage_sectors(closed_sample(), tally, ".seg");
  report("segments", tally);
  CHECK(tally.missing > 0);
  CHECK(tally.complete > 0);  // Indexes, and space between blocks.
}

TEST_CASE("salvage: around damage in the log every other record is taken") {
  Tally tally;
  damage_sectors(closed_sample(), tally, ".log");
  report("log", tally);
  CHECK(tally.missing > 0);
}

TEST_CASE("salvage: a damaged manifest costs no row") {
  Tally tally;
  damage_sectors(closed_sample(), tally, "MANIFEST");
  report("manifest", tally);
  CHECK(tally.missing == 0);
  CHECK(tally.back == 0);
}

TEST_CASE("salvage: where a delete file is damaged rows may be back, and it says so; the younger of a key stays") {
  Tally tally;
  damage_sectors(closed_sample(), tally, ".del");
  report("deletes", tally);
  CHECK(tally.missing == 0);
  CHECK(tally.back > 0);
}

TEST_CASE("salvage: a damaged blob costs its row and no other") {
  Tally tally;
  damage_sectors(closed_sample(), tally, ".blob");
  report("blobs", tally);
  CHECK(tally.missing > 0);
}

TEST_CASE("salvage: a sector that cannot be read costs no more than one that is garbage") {
  for (const char* end : {".seg", ".log", "MANIFEST", ".del", ".blob"}) {
    Tally tally;
    damage_sectors(closed_sample(), tally, end, Damage::unreadable);
    report((std::string("unreadable sectors of ") + end).c_str(), tally);
    CHECK(tally.cases > 0);
  }
}

TEST_CASE("salvage: a delete file that is lost is told of with the tables it may be of, and their times") {
  const Sample& sample = closed_sample();
  std::size_t told = 0;
  for (const auto& [path, bytes] : sample.image().files) {
    if (!path.ends_with(".del")) continue;
    DurableImage image = sample.image();
    image.files.erase(path);
    const Outcome outcome = salvage(image, false);
    REQUIRE(outcome.report);
    for (const SalvageLoss& loss : outcome.report->losses) {
      if (loss.kind != LossKind::deletes) continue;
      ++told;
      CHECK("db/" + loss.file == path);
      CHECK(!loss.table.empty());
      CHECK(loss.time);  // Every table of the sample has a time column.
      CHECK(loss.last_row > loss.first_row);
    }
  }
  CHECK(told > 0);
}

TEST_CASE("salvage: any one file may be gone") {
  Tally tally;
  const Sample& sample = closed_sample();
  Judge judge(sample, tally);
  for (const auto& [path, bytes] : sample.image().files) {
    if (!wanted(path)) continue;
    DurableImage image = sample.image();
    image.files.erase(path);
    judge.judge(image, sample.touched_by(path, 0, bytes->size()), path + " gone");
  }
  report("files gone", tally);
}

TEST_CASE("salvage: without any manifest every row is there, and none that was deleted") {
  for (const bool closed : {true, false}) {
    const Sample sample(9, closed);
    Tally tally;
    DurableImage image = sample.image();
    std::erase_if(image.files, [](const auto& file) {
      return file.first.find("MANIFEST-") != std::string::npos || file.first.ends_with("CURRENT");
    });
    Judge(sample, tally).judge(image, {}, "no manifest");
    report("no manifest", tally);
    CHECK(tally.complete == 0);  // A file that only it named cannot be missed.
  }
}

TEST_CASE("salvage: a hole in the log costs its records, and is told of with their LSNs") {
  const Sample& sample = closed_sample();
  REQUIRE(sample.records().size() > 4);
  for (std::size_t i = 0; i + 1 < sample.records().size(); ++i) {
    const Sample::Record& record = sample.records()[i];
    auto damaged = copy_of(sample.image(), record.path);
    std::fill_n(damaged->begin() + static_cast<std::ptrdiff_t>(record.offset), record.bytes, std::byte{0});
    DurableImage image = sample.image();
    image.files[record.path] = std::move(damaged);
    Tally tally;
    Judge(sample, tally).judge(image, sample.touched_by(record.path, record.offset, record.bytes), "hole");
    INFO(tally.first_violation);
    CHECK(tally.violations == 0);
    const Outcome outcome = salvage(image, false);
    REQUIRE(outcome.report);
    const auto hole = std::ranges::find(outcome.report->losses, record.lsn, &SalvageLoss::first_lsn);
    REQUIRE(hole != outcome.report->losses.end());
    CHECK(hole->kind == LossKind::commits);
  }
}

TEST_CASE("salvage: without a manifest a segment that was merged to another brings back no dead row") {
  SimWorld sim(4);
  const auto kinds = Sample::kinds();
  auto store = Store::open(sim.world(), "db", Sample::options(), kinds.get()).value();
  TableSchema schema;
  schema.id = store->next_table_id().value();
  schema.name = "t";
  ColumnSchema& column = schema.columns.emplace_back();
  column.id = ColumnId{1};
  column.name = "n";
  column.type.kind = TypeKind::integer;
  schema.next_column_id = 2;
  const auto commit = [&](Change change) {
    WriteSet writes;
    writes.changes.push_back(std::move(change));
    store->commit(std::move(writes), Durability::commit).value();
  };
  commit(CreateTable{schema});
  InsertRows rows;
  rows.table = schema.id;
  Column& numbers = rows.batch.columns.emplace_back(schema.columns[0].type);
  for (std::int64_t i = 0; i < 100; ++i) numbers.append(i);
  commit(std::move(rows));
  REQUIRE(store->flush());
  const DurableImage before = sim.files().cut(CutPolicy::p1, 0);
  EndRows ended;
  ended.table = schema.id;
  for (std::uint64_t row = 1; row <= 60; ++row) ended.rows.insert(RowId{row});  // More than half: it is written anew.
  commit(std::move(ended));
  REQUIRE(store->flush());
  while (store->step(sim.clock().monotonic_ns() + 1'000'000'000).value()) {
  }
  store->close().value();
  store.reset();
  DurableImage image = sim.files().cut(CutPolicy::p1, 0);
  std::size_t brought_back = 0, merges = 0;
  for (const auto& [path, bytes] : image.files)
    merges += path.ends_with(".seg") && !before.files.contains(path) ? 1 : 0;
  REQUIRE(merges == 1);
  for (const auto& [path, bytes] : before.files) {
    if (!path.ends_with(".seg")) continue;
    image.files[path] = bytes;  // Its unlink never reached the disk.
    ++brought_back;
  }
  REQUIRE(brought_back == 1);
  std::erase_if(image.files, [](const auto& file) {
    return file.first.find("MANIFEST-") != std::string::npos || file.first.ends_with("CURRENT") ||
           file.first.ends_with(".del") || file.first.ends_with(".log");
  });
  const Outcome outcome = salvage(image, true);
  REQUIRE(outcome.report);
  CHECK(outcome.trouble == "");
  REQUIRE(outcome.rows.contains("t"));
  CHECK(outcome.rows.at("t").size() == 40);
  CHECK(outcome.rows.at("t").begin()->first == 60);
}

TEST_CASE("salvage: a lost run of rows is told with its row ids and times") {
  const Sample& sample = closed_sample();
  DurableImage image = sample.image();
  for (const auto& [path, bytes] : sample.image().files) {
    if (path.ends_with(".seg")) image.files.erase(path);
  }
  const Outcome outcome = salvage(image, true);
  REQUIRE(outcome.report);
  bool narrow = false;
  for (const SalvageLoss& loss : outcome.report->losses) {
    if (loss.table != "narrow") continue;
    narrow = true;
    REQUIRE(loss.time);
    CHECK(loss.time->first_ns == 0);  // Row i has the time i ms.
    CHECK(loss.time->last_ns == 2'499 * std::int64_t{1'000'000});
    CHECK(loss.first_row == 1);
  }
  CHECK(narrow);
}

// One commit of `bytes` of text in rows of 2,000, in nothing but the log.
DurableImage one_great_commit(std::size_t bytes) {
  SimWorld sim(1);
  const auto kinds = Sample::kinds();
  auto store = Store::open(sim.world(), "db", {.memory_budget = 16 << 20, .threads = 0}, kinds.get()).value();
  TableSchema schema;
  schema.id = store->next_table_id().value();
  schema.name = "great";
  for (const TypeKind kind : {TypeKind::integer, TypeKind::text}) {
    ColumnSchema& column = schema.columns.emplace_back();
    column.id = ColumnId{schema.next_column_id++};
    column.name = "c" + std::to_string(schema.columns.size());
    column.type.kind = kind;
  }
  InsertRows rows;
  rows.table = schema.id;
  for (const ColumnSchema& column : schema.columns) rows.batch.columns.emplace_back(column.type);
  for (std::size_t row = 0; row < bytes / 2'000; ++row) {
    rows.batch.columns[0].append(static_cast<std::int64_t>(row));
    rows.batch.columns[1].append_bytes(as_bytes(std::string(2'000, 'z')));
  }
  WriteSet writes;
  writes.changes.emplace_back(CreateTable{std::move(schema)});
  writes.changes.emplace_back(std::move(rows));
  store->commit(std::move(writes), Durability::commit).value();
  return sim.files().cut(CutPolicy::p1, 0);
}

TEST_CASE("salvage: a commit as great as its memory can read comes over; a greater one is an error, not a loss") {
  const DurableImage image = one_great_commit(6'000'000);
  const Outcome outcome = salvage(image, true);
  REQUIRE_MESSAGE(outcome.report, outcome.report.error().to_string());
  CHECK(outcome.report->losses.empty());
  CHECK(outcome.rows.at("great").size() == 3'000);

  SimWorld sim(1, image);
  const auto kinds = Sample::kinds();
  auto store = Store::open(sim.world(), "out", Sample::options(), kinds.get()).value();
  const auto refused = salvage_store(sim.world(), "db", *store, *kinds, {.memory_budget = 8 << 20, .progress = {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == Code::full);
  CHECK(refused.error().hint().find("--memory") != std::string_view::npos);
}

}  // namespace mneme::sim
