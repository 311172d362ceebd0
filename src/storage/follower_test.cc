// Readers beside a writer, on a simulated disk: whatever the writer is in the midst of, a reader sees all commits up to
// some point, which never goes back and is not before what was durable.
//   LIVES=<n>  so many random lives      SEED=<n>  the first of them
#include <doctest/doctest.h>

#include <cstdlib>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "os/sim/forwarding_files.h"
#include "os/sim/sim_scheduler.h"
#include "storage/store_test.h"
#include "storage/table_scan.h"

namespace mneme {
namespace {

using test::change;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

TableSchema schema_of(const std::string& name) {
  TableSchema schema;
  schema.name = name;
  test::add_column(schema, "number").identity = true;
  test::add_column(schema, "text", Type{.kind = TypeKind::text});
  return schema;
}

InsertRows rows_from(TableId table, std::int64_t first, std::int64_t count, std::size_t text_bytes) {
  InsertRows rows;
  rows.table = table;
  rows.batch.columns.emplace_back(Type{});
  rows.batch.columns.emplace_back(Type{.kind = TypeKind::text});
  for (std::int64_t i = first; i < first + count; ++i) {
    rows.batch.columns[0].append(i);
    rows.batch.columns[1].append_bytes(as_bytes(std::string(text_bytes, static_cast<char>('a' + i % 26))));
  }
  return rows;
}

using Numbers = std::map<std::int64_t, std::size_t>;  // And how long the row's text is.
using State = std::map<TableId, Numbers>;

std::map<RowId, std::int64_t> ids_of(const Snapshot& snapshot, TableId table, Numbers* numbers = nullptr) {
  std::map<RowId, std::int64_t> found;
  auto scan = TableScan::open(snapshot, table, {ColumnId{1}, ColumnId{2}}).value();
  std::vector<RowId> ids;
  for (;;) {
    auto batch = scan.next(ids);
    REQUIRE_MESSAGE(batch.has_value(), batch.error().to_string());
    if (!*batch) break;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::int64_t number = (*batch)->columns[0].values<std::int64_t>()[i];
      CHECK(found.emplace(ids[i], number).second);
      if (numbers != nullptr) CHECK(numbers->emplace(number, (*batch)->columns[1].bytes_at(i).size()).second);
    }
  }
  return found;
}

State state_of(const Snapshot& snapshot) {
  State state;
  for (const auto& [id, table] : snapshot.version->tables) ids_of(snapshot, id, &state[id]);
  return state;
}

// The reader's view of the disk, through which somebody may act between any two of its steps.
class WatchedFiles final : public sim::ForwardingFiles {  // One thread at a time.
 public:
  WatchedFiles(FileSystem& files, const std::function<void()>& act) : ForwardingFiles(files), act_(act) {}
  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override {
    act_();
    return ForwardingFiles::open(path, mode);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    act_();
    auto names = ForwardingFiles::list(directory);
    act_();
    return names;
  }

 private:
  const std::function<void()>& act_;
};

class Life {  // One thread at a time. One writer, some readers, and what the truth was after each commit.
 public:
  explicit Life(std::uint64_t seed) : random_(seed) {
    for (const char* name : {"a", "b"}) create(name);
    writer_.disk.after_operation([this] { look_in(); });
    act_ = [this] { act(); };
  }
  ~Life() {
    writer_.disk.after_operation({});
    busy_ = false;
    acting_ = true;
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (auto& reader : readers_) look(reader);
  }
  std::uint64_t looked = 0, looked_within = 0, acted_within = 0, killed = 0, held = 0;

 private:
  struct Reader {
    std::unique_ptr<WatchedFiles> files;
    std::unique_ptr<Store> store;
    std::uint64_t seen = 0;
    std::deque<std::pair<Snapshot, State>> held{};
  };

  void step() {
    switch (random_() % 24) {
      case 0: return void(writer_.store->flush());
      case 1: return writer_.settle();
      case 2:
        if (random_() % 4 != 0) return;
        writer_.reopen();
        return;
      case 3: return random_() % 3 == 0 ? kill() : void();
      case 4: return random_() % 3 == 0 ? replace_table() : void();
      case 5: return open_reader();
      case 6:
        busy_ = true;
        if (!readers_.empty() && random_() % 4 == 0) readers_.pop_front();
        busy_ = false;
        return;
      case 7:
      case 8:
      case 9:
        if (!readers_.empty()) look(any_reader());
        return;
      case 10:
        busy_ = true;
        if (!readers_.empty()) any_reader().store->step(0).value();
        busy_ = false;
        return;
      default: return write();
    }
  }

  // ---- The writer

  void create(const std::string& name) {
    TableSchema schema = schema_of(name);
    const TableId id = schema.id = writer_.store->next_table_id().value();
    expected_ = latest_.second;
    (*expected_)[id] = {};
    commit(change(CreateTable{std::move(schema)}), true);
  }

  void replace_table() {
    const TableId old = latest_.second.begin()->first;
    TableSchema schema = schema_of("t" + std::to_string(++names_));
    const TableId id = schema.id = writer_.store->next_table_id().value();
    expected_ = latest_.second;
    expected_->erase(old);
    (*expected_)[id] = {};
    WriteSet writes = change(DropTable{old});
    writes.changes.emplace_back(CreateTable{std::move(schema)});
    commit(std::move(writes), random_() % 2 == 0);
  }

  // The same number of new rows in every table, and some old rows less: a torn commit would show.
  void write() {
    WriteSet writes;
    expected_ = latest_.second;
    const auto snapshot = writer_.store->snapshot().value();
    const auto count = static_cast<std::int64_t>(1 + random_() % 5);
    const std::size_t text = random_() % 10 == 0 ? 3'000 : random_() % 40;
    for (auto& [table, numbers] : *expected_) {
      writes.changes.emplace_back(rows_from(table, number_, count, text));
      for (std::int64_t i = number_; i < number_ + count; ++i) numbers.emplace(i, text);
      std::vector<RowId> ended;
      for (const auto& [row, number] : ids_of(snapshot, table)) {
        if (random_() % (numbers.size() > 100 ? 3 : 20) != 0) continue;
        ended.push_back(row);
        numbers.erase(number);
      }
      if (!ended.empty()) writes.changes.emplace_back(EndRows{table, RowSet(ended)});
    }
    number_ += count;
    commit(std::move(writes), random_() % 2 == 0);
  }

  void commit(WriteSet writes, bool durable) {
    const auto done = writer_.store->commit(std::move(writes), durable ? Durability::commit : Durability::os);
    REQUIRE_MESSAGE(done.has_value(), done.error().to_string());
    history_.emplace_back(done->sequence, *expected_);
    latest_ = history_.back();
    expected_.reset();
    if (durable) durable_ = done->sequence;
  }

  void kill() {
    ++killed;
    test::kill_store(std::move(writer_.store));
    writer_.disk.kill_owner("db/LOCK");
    if (!readers_.empty()) look(any_reader());  // Nobody writes now.
    writer_.store = Store::open(writer_.world, "db", writer_.options).value();
  }

  // ---- Readers

  Reader& any_reader() {
    return *std::next(readers_.begin(), static_cast<std::ptrdiff_t>(random_() % readers_.size()));
  }

  void open_reader() {
    if (readers_.size() >= 3) return;
    Reader reader;
    reader.files = std::make_unique<WatchedFiles>(writer_.disk, act_);
    World world{*reader.files, writer_.world.clock, readers_scheduler_, writer_.world.random};
    const std::uint64_t durable = durable_;
    busy_ = true;
    auto opened = Store::open_read_only(world, "db", writer_.options);
    busy_ = false;
    REQUIRE_MESSAGE(opened.has_value(), opened.error().to_string());
    reader.store = *std::move(opened);
    reader.seen = durable;
    look(reader);
    readers_.push_back(std::move(reader));
  }

  void look(Reader& reader) {
    ++looked;
    const std::uint64_t at_least = std::max(reader.seen, durable_);
    busy_ = true;
    auto snapshot = reader.store->snapshot();
    REQUIRE_MESSAGE(snapshot.has_value(), snapshot.error().to_string());
    // Sequences of marks lie between those of commits.
    CHECK(snapshot->sequence >= at_least);
    reader.seen = snapshot->sequence;
    const State state = state_of(*snapshot);
    busy_ = false;
    check(snapshot->sequence, state);
    for (const auto& [old, was] : reader.held) CHECK(state_of(old) == was);
    if (random_() % 4 == 0) {
      ++held;
      reader.held.emplace_back(*std::move(snapshot), state);
    }
    if (reader.held.size() > 2 || (random_() % 3 == 0 && !reader.held.empty())) reader.held.pop_front();
  }

  void check(std::uint64_t sequence, const State& state) {
    if (sequence > latest_.first && expected_ && state == *expected_) return;  // The commit under way.
    const auto after = std::ranges::upper_bound(history_, sequence, {}, &std::pair<std::uint64_t, State>::first);
    REQUIRE(after != history_.begin());
    CHECK(state == std::prev(after)->second);
  }

  // In the midst of whatever the writer does.
  void look_in() {
    if (busy_ || readers_.empty() || random_() % 16 != 0) return;
    ++looked_within;
    acting_ = true;  // The writer is at it already.
    look(any_reader());
    acting_ = false;
  }

  // In the midst of whatever a reader does.
  void act() {
    if (!busy_ || acting_ || !writer_.store || random_() % 8 != 0) return;
    acting_ = true;
    ++acted_within;
    if (expected_) {  // The reader came by in the midst of a commit or a round.
    } else if (random_() % 3 == 0) {
      REQUIRE(writer_.store->flush().has_value());
      writer_.settle();
    } else {
      write();
    }
    acting_ = false;
  }

  std::mt19937_64 random_;
  test::SimulatedStore writer_;
  // Another process: its locks have no order with the writer's. Here each is at times in the midst of the other.
  sim::SimClock readers_clock_;
  sim::SimScheduler readers_scheduler_{1, readers_clock_};
  std::function<void()> act_;
  std::list<Reader> readers_;
  std::vector<std::pair<std::uint64_t, State>> history_{{0, {}}};
  std::pair<std::uint64_t, State> latest_;
  std::optional<State> expected_;  // After the commit under way.
  std::uint64_t durable_ = 0;
  std::int64_t number_ = 1;
  int names_ = 0;
  bool busy_ = false;  // A reader is at it.
  bool acting_ = false;
};

struct Pair : test::SimulatedStore {  // A writer, and what a test needs to see of readers.
  TableId table = make_table(schema_of("numbers"));

  void add(std::int64_t first, std::int64_t count, Durability durability = Durability::commit) {
    store->commit(change(rows_from(table, first, count, 10)), durability).value();
  }
  std::unique_ptr<Store> reader() { return Store::open_read_only(world, "db", options).value(); }
  [[nodiscard]] std::size_t rows(Store& from) const { return rows(from.snapshot().value()); }
  [[nodiscard]] std::size_t rows(const Snapshot& snapshot) const { return ids_of(snapshot, table).size(); }
};

}  // namespace

TEST_CASE(
    "follower: in every life a reader sees a prefix of the commits, never going back, never behind what is durable") {
  const std::uint64_t lives = environment("LIVES", 30), first = environment("SEED", 1);
  std::uint64_t looked = 0, within = 0, acted = 0, killed = 0, held = 0;
  for (std::uint64_t seed = first; seed < first + lives; ++seed) {
    CAPTURE(seed);
    Life life(seed);
    life.run(300);
    looked += life.looked, within += life.looked_within, acted += life.acted_within;
    killed += life.killed, held += life.held;
  }
  MESSAGE("looks: ", looked, ", within the writer's operations: ", within, ", writer acted within a reader's: ", acted,
          ", writers killed: ", killed, ", snapshots held: ", held);
  if (lives < 30) return;
  CHECK(within > 100);
  CHECK(acted > 100);
  CHECK(killed > 10);
  CHECK(held > 100);
}

TEST_CASE_FIXTURE(Pair, "follower: what is not durable is not shown, and the moment it is, it is") {
  add(1, 3);
  const auto reading = reader();
  CHECK(rows(*reading) == 3);
  add(10, 5, Durability::os);
  CHECK(rows(*store) == 8);
  CHECK(rows(*reading) == 3);
  store->sync().value();
  CHECK(rows(*reading) == 8);
}

TEST_CASE_FIXTURE(Pair, "follower: a database that nobody has open is read up to its last commit") {
  add(1, 3);
  add(10, 4, Durability::os);
  store->close().value();
  CHECK(rows(*reader()) == 7);
  store.reset();
  disk.unlink("db/READERS").value();  // As a copy of the files has none.
  CHECK(rows(*reader()) == 7);
}

TEST_CASE_FIXTURE(Pair, "follower: on a full disk a database that nobody writes to is read, with no room for a slot") {
  add(1, 3);
  store->close().value();
  store.reset();
  disk.unlink("db/READERS").value();
  disk.set_capacity(0);
  CHECK(rows(*reader()) == 3);
  disk.set_capacity(~std::uint64_t{0});
  store = Store::open(world, "db", options).value();
  add(10, 4);
  disk.set_capacity(0);
  const auto reading = reader();  // The writer has made room for some.
  CHECK(reading->readers().value().empty());
  CHECK(store->readers().value().size() == 1);
  CHECK(rows(*reading) == 7);
}

TEST_CASE_FIXTURE(Pair, "follower: a writer that was killed leaves what it had acknowledged, and no more than it may") {
  add(1, 3);
  add(10, 4, Durability::os);
  test::kill_store(std::move(store));
  disk.kill_owner("db/LOCK");
  const auto reading = reader();
  CHECK(rows(*reading) == 3);
  store = Store::open(world, "db", options).value();  // Recovers all four, and makes them durable.
  CHECK(rows(*reading) == 7);
}

TEST_CASE_FIXTURE(Pair, "follower: what the oldest snapshot of a living reader needs stays, and goes after it") {
  for (int i = 0; i < 12; ++i) {
    add(i * 100, 100);
    store->flush().value();
  }
  auto reading = reader();
  std::optional<Snapshot> old = reading->snapshot().value();
  const std::size_t before = files("seg", ".seg");
  add(5'000, 1);
  store->flush().value();
  settle();  // Merges them.
  CHECK(files("seg", ".seg") > before);
  CHECK(rows(*reading) == 1'201);  // And needs none of them any more.
  add(5'500, 1);
  store->flush().value();
  settle();
  CHECK(rows(*old) == 1'200);  // None of its files had been opened.
  CHECK(rows(*reading) == 1'202);
  SUBCASE("when the snapshot ends") {
    old.reset();
    CHECK(rows(*reading) == 1'202);  // The reader takes notice.
  }
  SUBCASE("when the reader dies") {
    old.reset();
    reading.reset();
  }
  settle();
  add(6'000, 1);
  store->flush().value();
  settle();
  CHECK(files("seg", ".seg") < before);
}

TEST_CASE_FIXTURE(Pair, "follower: a reader that nobody asks anything lets go of files and log") {
  const auto reading = reader();
  CHECK(store->readers().value()[0].point != kNoManifestPoint);
  CHECK(store->readers().value()[0].log_from == kNoLogFile);
  for (int i = 0; i < 12; ++i) {
    add(i * 100, 100);
    store->flush().value();
  }
  CHECK_FALSE(reading->step(0).value());
  CHECK(store->readers().value()[0].point == kNoManifestPoint);
  settle();
  CHECK(rows(*reading) == 1'200);
  CHECK(store->readers().value()[0].point != kNoManifestPoint);
  reading->close().value();
  CHECK(store->readers().value()[0].point == kNoManifestPoint);
  CHECK(reading->snapshot().error().code() == Code::closed);
}

TEST_CASE_FIXTURE(Pair,
                  "follower: a reader goes on over a manifest that is written anew, and logs that are used again") {
  const auto reading = reader();
  const Snapshot old = reading->snapshot().value();
  const auto current = [this] {
    std::array<std::byte, 32> bytes{};
    disk.open("db/CURRENT", FileSystem::Open::read_only).value()->read(0, bytes).value();
    return std::string(as_text(bytes));
  };
  const std::string before = current();
  int rounds = 0;
  for (; rounds < 2'000 && current() == before; ++rounds) {
    add(rounds * 10, 10);
    store->flush().value();
    settle();
    if (rounds % 100 == 0) CHECK(rows(*reading) == static_cast<std::size_t>(rounds + 1) * 10);
  }
  CHECK(current() != before);
  CHECK(rows(*reading) == static_cast<std::size_t>(rounds) * 10);
  CHECK(rows(old) == 0);
}

TEST_CASE_FIXTURE(Pair, "follower: a writer that is faster than a reader opens cannot starve it") {
  std::int64_t next = 1;
  bool busy = false;
  const std::function<void()> act = [&] {  // Between any two steps of the reader all of the log is used again.
    if (std::exchange(busy, true)) return;
    for (int i = 0; i < 3; ++i, next += 2'000) add(next, 2'000);
    store->flush().value();
    settle();
    busy = false;
  };
  act();
  WatchedFiles files(disk, act);
  const auto reading = Store::open_read_only({files, world.clock, world.scheduler, world.random}, "db", options);
  REQUIRE_MESSAGE(reading.has_value(), reading.error().to_string());
  busy = true;  // It rests.
  CHECK(rows(**reading) == static_cast<std::size_t>(next - 1));
}

TEST_CASE_FIXTURE(Pair, "follower: a reader changes nothing, and says why") {
  add(1, 3);
  const auto reading = reader();
  CHECK(reading->is_read_only());
  for (const Error& refused :
       {reading->commit(change(rows_from(table, 1, 1, 1)), Durability::commit).error(), reading->flush().error(),
        reading->reserve_keys(table, 1).error(), reading->next_table_id().error(), reading->check_may_write().error(),
        reading->backup("copy").error()}) {
    CHECK(refused.code() == Code::invalid_argument);
    CHECK(refused.sqlstate() == "25006");
    CHECK(refused.message() == "db: the database was opened read-only");
  }
  CHECK(reading->sync().has_value());
  CHECK(Store::open_read_only(world, "nothing", options).error().code() == Code::not_found);
  CHECK_FALSE(disk.exists("nothing").value());
}

TEST_CASE_FIXTURE(Pair, "follower: a mark older than the files, as a power cut may leave it, is not believed") {
  add(1, 100);
  store->flush().value();
  const ByteBuffer stale = disk.medium("db/READERS");
  for (int i = 1; i < 12; ++i) {
    add(i * 100, 100);
    store->flush().value();
  }
  settle();
  store->close().value();
  disk.medium("db/READERS") = stale;
  CHECK(rows(*reader()) == 1'200);
}

}  // namespace mneme
