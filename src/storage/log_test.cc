#include "storage/log.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

#include "base/coding.h"
#include "storage/disk_test.h"

namespace mneme {
namespace {

using Fails = sim::Fault::Kind;

struct Disk : test::Disk {
  Disk() : test::Disk("wal") {}
};

constexpr std::uint64_t kOrigin = 77;
using Payloads = std::vector<std::pair<std::uint64_t, std::string>>;  // (LSN, payload)

LogOptions small_options(std::uint64_t bytes = 16384) {
  return {.wal_directory = "wal", .file_bytes = bytes, .origin = kOrigin};
}

struct Opened {
  LogReplay replay;
  Payloads payloads;
};

Result<Opened> replay(Disk& disk, std::uint32_t epoch, LogPosition start = {}, Lsn known = {}, Lsn from = {}) {
  Opened opened;
  LogReplayOptions options{
      .wal_directory = "wal", .start = start, .from = from, .known_synced = known, .epoch = epoch, .origin = kOrigin};
  opened.replay = TRY(replay_log(disk, options, [&](const LogRecord& record) -> Result<void> {
    opened.payloads.emplace_back(raw(record.lsn), std::string(as_text(record.payload)));
    return {};
  }));
  return opened;
}

std::unique_ptr<LogWriter> fresh(Disk& disk, LogOptions options = small_options()) {
  return LogWriter::open(disk, options, 1, LogReplay{}).value();
}

// Turns the record at `at`, with a payload of one byte, into one of `kind`.
void make_kind(ByteBuffer& file, std::size_t at, std::uint8_t kind) {
  LogRecordHeader header = decode_log_record(Bytes(file).subspan(at));
  header.kind = LogRecordKind{kind};
  const Bytes payload = Bytes(file).subspan(at + kLogRecordHeaderBytes, 1);
  encode_log_record(header, std::span(&payload, 1), load<std::uint32_t>(&file[kFileHeaderBytes - 4]), &file[at]);
}

Lsn put(LogWriter& log, std::string_view text) { return log.append(as_bytes(text), 5).value(); }

}  // namespace

TEST_CASE("log: what was appended is replayed in order, with contiguous LSNs from 1") {
  Disk disk;
  auto log = fresh(disk);
  CHECK(put(*log, "a") == Lsn{1});
  const std::array<Bytes, 2> parts{as_bytes("b"), as_bytes("c")};
  CHECK(log->append(parts, 9).value() == Lsn{2});
  CHECK(log->durable() == Lsn{0});
  REQUIRE(log->sync());
  CHECK(log->durable() == Lsn{2});
  const auto found = replay(disk, 1).value();
  CHECK(found.payloads == Payloads{{1, "a"}, {2, "bc"}});
  CHECK(found.replay.end.lsn == Lsn{3});
  CHECK(found.replay.tail_cut == 0);
  CHECK(replay(disk, 1, {}, {}, Lsn{2})->payloads == Payloads{{2, "bc"}});
}

TEST_CASE("log: its bytes are those of docs/format.md") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "xyz");
  const ByteBuffer& bytes = disk.medium("wal/1.log");
  CHECK(bytes.size() == 16384);
  CHECK(as_text(Bytes(bytes).first(8)) == "mnemelog");
  CHECK(load<std::uint32_t>(&bytes[8]) == 2);    // format version
  CHECK(load<std::uint32_t>(&bytes[28]) == 1);   // epoch
  CHECK(load<std::uint64_t>(&bytes[32]) == 77);  // origin
  CHECK(load<std::uint64_t>(&bytes[40]) == 1);   // file number
  CHECK(load<std::uint32_t>(&bytes[4096 + 4]) == 3);
  CHECK(load<std::uint32_t>(&bytes[4096 + 8]) == 1);
  CHECK(load<std::uint64_t>(&bytes[4096 + 12]) == 1);
  CHECK(load<std::uint64_t>(&bytes[4096 + 20]) == 0);
  CHECK(load<std::int64_t>(&bytes[4096 + 28]) == 5);
  CHECK(bytes[4096 + 36] == std::byte{1});
  CHECK(as_text(Bytes(bytes).subspan(4096 + 37, 3)) == "xyz");
}

TEST_CASE("log: a record after a sync begins a new sector, so that no write touches synced bytes") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  put(*log, "b");
  CHECK(log->replay_start(Lsn{3}).offset == kFileBodyOffset + 2 * (kLogRecordHeaderBytes + 1));
  REQUIRE(log->sync());
  CHECK(log->replay_start(Lsn{3}) == LogPosition{FileNumber{1}, kFileBodyOffset + 512, Lsn{3}});
  put(*log, "c");
  CHECK(replay(disk, 1)->payloads.size() == 3);
}

TEST_CASE("log: what a cut tail left right behind a later life's record hides none of those that follow it") {
  Disk disk;
  const std::string long_one(1'000, 'b');  // Its end is in the sector behind the one that is lost.
  {
    auto log = fresh(disk);
    put(*log, "a");
    REQUIRE(log->sync());
    put(*log, long_one);
    put(*log, "c");
  }
  ByteBuffer& bytes = disk.medium("wal/1.log");
  std::fill_n(bytes.begin() + 4'096 + 512, 512, std::byte{0});  // The head of `long_one`; "c" is whole.
  SUBCASE("") {}
  SUBCASE("of whatever kind") { make_kind(bytes, 4'096 + 512 + 37 + 1'000, 9); }
  const auto found = replay(disk, 1).value();
  REQUIRE(found.payloads == Payloads{{1, "a"}});
  {
    auto log = LogWriter::open(disk, small_options(), 2, found.replay).value();
    put(*log, long_one);  // As long as before: "c", with the LSN that comes next, stands right behind it.
    REQUIRE(log->sync());
    put(*log, "d");
    REQUIRE(log->sync());
  }
  CHECK(replay(disk, 2)->payloads == Payloads{{1, "a"}, {2, long_one}, {3, "d"}});
}

TEST_CASE("log: it rotates at its cap, and a record larger than a file gets a larger file") {
  Disk disk;
  auto log = fresh(disk);
  Payloads want;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    want.emplace_back(i, std::string(i == 7 ? 700'000 : 3000, static_cast<char>('a' + i)));
    CHECK(put(*log, want.back().second) == Lsn{i});
    if (i % 3 == 0) REQUIRE(log->prepare_next());
  }
  CHECK(replay(disk, 1)->payloads == want);
  CHECK(replay(disk, 1)->replay.chain.size() > 3);
  REQUIRE(log->sync());
  CHECK(log->durable() == Lsn{20});
  CHECK(log->bytes_from(Lsn{1}) > 700'000);
  CHECK(log->bytes_from(Lsn{20}) < 16384);
  // From the position it names, replay meets every later record.
  for (std::uint64_t from = 1; from <= 21; ++from) {
    const auto found = replay(disk, 1, log->replay_start(Lsn{from}), {}, Lsn{from}).value();
    CHECK(found.payloads == Payloads(want.begin() + static_cast<std::ptrdiff_t>(from) - 1, want.end()));
  }
}

TEST_CASE("log: recycled files do not show the records of their earlier life") {
  Disk disk;
  auto log = fresh(disk);
  for (int i = 0; i < 13; ++i) put(*log, std::string(3000, 'x'));
  REQUIRE(log->sync());
  const auto start = log->replay_start(next(log->last()));
  const auto obsolete = log->obsolete_below(start);
  REQUIRE(obsolete.size() == 3);
  for (const FileNumber number : obsolete) REQUIRE(log->recycle(number));
  CHECK_FALSE(disk.has("wal/3.log"));  // Two spares are kept.
  REQUIRE(log->prepare_next());
  CHECK(disk.has("wal/5.log"));
  CHECK_FALSE(disk.has("wal/2.log"));
  put(*log, std::string(9000, 'y'));
  put(*log, std::string(9000, 'z'));
  const auto found = replay(disk, 1, start).value();
  CHECK(found.payloads == Payloads{{14, std::string(9000, 'y')}, {15, std::string(9000, 'z')}});
  CHECK(found.replay.obsolete.size() == 1);  // The other spare.
}

TEST_CASE("log: after a failed sync it takes no more of anything, and no sync is made again") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "lost?");
  disk.fail_after(0);
  CHECK(log->sync().error().code() == Code::io);
  disk.fail({});  // The disk recovers; our knowledge of it does not.
  CHECK(log->poisoned());
  CHECK(log->append(as_bytes("more"), 0).error().code() == Code::io);
  CHECK(log->sync().error().code() == Code::io);
  CHECK(log->prepare_next().error().code() == Code::io);
  CHECK(log->durable() == Lsn{0});
  CHECK(disk.retried_syncs() == 0);
}

TEST_CASE("log: a sync under way covers what was appended before it began, across a rotation") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, std::string(5000, 'a'));
  put(*log, std::string(9000, 'b'));  // A second file.
  LogSync sync = log->begin_sync().value();
  put(*log, std::string(9000, 'c'));  // A third, while the sync runs.
  CHECK(log->end_sync(sync, sync.run()));
  CHECK(log->durable() == Lsn{2});
  CHECK(log->obsolete_below(log->replay_start(Lsn{4})).size() == 2);
  REQUIRE(log->sync());
  CHECK(log->durable() == Lsn{3});
}

TEST_CASE("log: a write that fails leaves nothing to be found, and the next one works") {
  for (const auto& [kind, code] : {std::pair(Fails::io_error, Code::io), std::pair(Fails::no_space, Code::full),
                                   std::pair(Fails::torn_write, Code::io)}) {
    Disk disk;
    auto log = fresh(disk);
    put(*log, "a");
    REQUIRE(log->sync());
    disk.fail_after(0, kind);
    CHECK(log->append(as_bytes(std::string(600, 'b')), 0).error().code() == code);
    CHECK(replay(disk, 1)->payloads == Payloads{{1, "a"}});
    CHECK(put(*log, "c") == Lsn{2});
    REQUIRE(log->sync());
    CHECK(replay(disk, 1)->payloads == Payloads{{1, "a"}, {2, "c"}});
    disk.fail_after(0, kind, true);  // It cannot be erased either.
    CHECK_FALSE(log->append(as_bytes("d"), 0));
    CHECK(log->poisoned());
  }
}

TEST_CASE("log: a damaged record at or below a known-synced mark is corruption, above it a torn tail") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  put(*log, "b");
  REQUIRE(log->sync());
  put(*log, "c");  // Carries known-synced 2.
  put(*log, "d");
  const std::uint64_t second = kFileBodyOffset + kLogRecordHeaderBytes + 1;
  const std::uint64_t third = kFileBodyOffset + 512;
  SUBCASE("by a mark in a later record") {
    disk.flip("wal/1.log", second + 37);
    const auto error = replay(disk, 1).error();
    CHECK(error.code() == Code::corrupt);
    CHECK(error.message().find("wal/1.log") != std::string::npos);
    CHECK(error.message().find("offset " + std::to_string(second)) != std::string::npos);
  }
  SUBCASE("every single bit of a synced record matters") {
    for (std::uint64_t at = second; at < second + kLogRecordHeaderBytes + 1; ++at) {
      disk.flip("wal/1.log", at);
      CHECK(replay(disk, 1).error().code() == Code::corrupt);
      disk.flip("wal/1.log", at);
    }
  }
  SUBCASE("by the manifest's mark alone") {
    disk.flip("wal/1.log", third + 20);
    disk.flip("wal/1.log", third + 38 + 20);
    CHECK(replay(disk, 1)->payloads.size() == 2);
    CHECK(replay(disk, 1, {}, Lsn{2})->payloads.size() == 2);
    CHECK(replay(disk, 1, {}, Lsn{3}).error().code() == Code::corrupt);
  }
  SUBCASE("above every mark it is cut and counted, though a later record is whole") {
    disk.flip("wal/1.log", third);
    const auto found = replay(disk, 1).value();
    CHECK(found.payloads.size() == 2);
    CHECK(found.replay.end == LogPosition{FileNumber{1}, second + 38, Lsn{3}});
  }
  SUBCASE("its size field leads nowhere") {
    disk.medium("wal/1.log")[third + 7] = std::byte{0xff};
    CHECK(replay(disk, 1)->payloads.size() == 2);
  }
}

TEST_CASE("log: what lay beyond a cut tail stays dead when the next life writes over it") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  REQUIRE(log->sync());
  put(*log, "lost");
  REQUIRE(log->sync());
  put(*log, "dead");
  // Take the second sync back: as if only "dead" had reached the disk.
  auto& bytes = disk.medium("wal/1.log");
  std::fill_n(bytes.begin() + kFileBodyOffset + 512, 512, std::byte{0});
  store(&bytes[kFileBodyOffset + 1024 + 20], std::uint64_t{1});
  const std::array<Bytes, 1> dead{as_bytes("dead")};
  encode_log_record({.payload_bytes = 4, .epoch = 1, .lsn = Lsn{3}, .known_synced = Lsn{1}}, dead,
                    load<std::uint32_t>(&bytes[60]), &bytes[kFileBodyOffset + 1024]);
  auto found = replay(disk, 1).value();
  CHECK(found.payloads == Payloads{{1, "a"}});
  CHECK(found.replay.tail_cut == 41);
  auto second = LogWriter::open(disk, small_options(), 2, found.replay).value();
  CHECK(put(*second, "new") == Lsn{2});  // Ends right before "dead", whose LSN would be the next.
  CHECK(replay(disk, 2)->payloads == Payloads{{1, "a"}, {2, "new"}});
  REQUIRE(second->sync());
  put(*second, "next");
  CHECK(replay(disk, 2)->payloads == Payloads{{1, "a"}, {2, "new"}, {3, "next"}});
  // A record of an epoch the manifest never had: it was durable there first, so the manifest has lost it.
  CHECK(replay(disk, 1).error().code() == Code::corrupt);
}

TEST_CASE("log: after a close mark nothing is ambiguous") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  REQUIRE(log->sync());
  CHECK(log->mark(LogRecordKind::mark, 0).value() == Lsn{2});
  REQUIRE(log->mark(LogRecordKind::close, 0));
  REQUIRE(log->sync());
  auto found = replay(disk, 1).value();
  CHECK(found.replay.closed);
  CHECK(found.payloads.size() == 1);
  disk.flip("wal/1.log", kFileBodyOffset);
  CHECK(replay(disk, 1).error().code() == Code::corrupt);
  disk.flip("wal/1.log", kFileBodyOffset);
  // A later life goes on behind it.
  auto second = LogWriter::open(disk, small_options(), 2, found.replay).value();
  put(*second, "b");
  found = replay(disk, 2).value();
  CHECK_FALSE(found.replay.closed);
  CHECK(found.payloads == Payloads{{1, "a"}, {4, "b"}});
}

TEST_CASE(
    "log: after a close mark a record of an epoch that the manifest has lost is corruption, in a later file, too") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  REQUIRE(log->sync());
  REQUIRE(log->mark(LogRecordKind::close, 0));
  REQUIRE(log->sync());
  const auto found = replay(disk, 1).value();
  auto second = LogWriter::open(disk, small_options(), 2, found.replay).value();
  SUBCASE("in the same file") { put(*second, "b"); }
  SUBCASE("in the next one") { put(*second, std::string(15'000, 'b')); }
  CHECK(replay(disk, 2)->payloads.size() == 2);
  CHECK(replay(disk, 1).error().code() == Code::corrupt);
}

TEST_CASE("log: a missing or damaged file that held synced records is corruption") {
  Disk disk;
  auto log = fresh(disk);
  for (int i = 0; i < 6; ++i) put(*log, std::string(5000, 'x'));  // Three files.
  REQUIRE(log->sync());
  const auto start = log->replay_start(Lsn{1});
  put(*log, "mark");
  SUBCASE("the first is missing") {
    REQUIRE(disk.unlink("wal/1.log"));
    CHECK(replay(disk, 1, start).error().code() == Code::corrupt);
    CHECK(replay(disk, 1).error().code() == Code::corrupt);
  }
  SUBCASE("the middle one is missing") {
    REQUIRE(disk.unlink("wal/2.log"));
    CHECK(replay(disk, 1, start).error().code() == Code::corrupt);
  }
  SUBCASE("any bit of a header is damaged, the last file's too") {
    for (const char* path : {"wal/1.log", "wal/2.log", "wal/3.log"}) {
      for (std::uint64_t at = 0; at < kFileHeaderBytes; ++at) {
        disk.flip(path, at);
        CHECK(replay(disk, 1, start).error().code() == Code::corrupt);
        disk.flip(path, at);
      }
    }
  }
  SUBCASE("a file of another database is not read") {
    LogReplayOptions other{
        .wal_directory = "wal", .start = start, .from = {}, .known_synced = {}, .epoch = 1, .origin = 8};
    CHECK(replay_log(disk, other, {}).error().code() == Code::corrupt);
  }
}

TEST_CASE("log: under power cuts nothing acknowledged is lost and nothing else is found") {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    std::mt19937_64 random(seed);
    Disk disk;
    CAPTURE(seed);
    Payloads model;  // All appended in the one history that counts.
    std::size_t acknowledged = 0;
    LogPosition start;  // What the manifest would know.
    std::uint64_t flushed = 0;
    for (std::uint32_t epoch = 1; epoch <= 5; ++epoch) {
      const auto found = replay(disk, epoch - 1, start, {}, Lsn{flushed + 1});
      REQUIRE_MESSAGE(found, found.error().to_string());
      REQUIRE(found->payloads.size() + flushed >= acknowledged);
      REQUIRE(found->payloads.size() + flushed <= model.size());
      model.resize(found->payloads.size() + flushed);
      CHECK(found->payloads == Payloads(model.begin() + static_cast<std::ptrdiff_t>(flushed), model.end()));
      auto log = LogWriter::open(disk, small_options(8192), epoch, found->replay).value();
      acknowledged = model.size();  // What was replayed is made durable.
      for (auto left = random() % 30; left > 0; --left) {
        model.emplace_back(model.size() + 1, std::string(random() % 2500, static_cast<char>('a' + random() % 26)));
        put(*log, model.back().second);
        if (random() % 3 == 0) {
          REQUIRE(log->sync());
          acknowledged = model.size();
        }
        if (random() % 4 == 0) REQUIRE(log->prepare_next());
        if (random() % 8 == 0) {
          flushed = raw(log->durable());
          start = log->replay_start(next(log->durable()));
          for (const FileNumber number : log->obsolete_below(start)) REQUIRE(log->recycle(number));
        }
      }
      if (random() % 4 != 0) disk.crash(random);  // Else only the process died.
    }
    CHECK(disk.retried_syncs() == 0);
  }
}

TEST_CASE("log: whichever I/O fails, once or for good, nothing acknowledged is lost") {
  for (std::uint64_t nth = 0; nth < 120; ++nth) {
    for (const bool sticky : {false, true}) {
      Disk disk;
      Payloads acknowledged;
      std::mt19937_64 random(nth);
      auto log = fresh(disk, small_options(8192));
      disk.fail_after(nth, Fails::io_error, sticky);
      Payloads model;
      for (int i = 0; i < 20; ++i) {
        const std::string text(random() % 1500, static_cast<char>('a' + i));
        const auto lsn = log->append(as_bytes(text), 0);
        if (!lsn) continue;
        model.emplace_back(raw(*lsn), text);
        if (i % 3 == 0 && log->sync()) acknowledged = model;
        if (i % 4 == 0) static_cast<void>(log->prepare_next().has_value());
      }
      disk.fail({});
      disk.crash(random);
      const auto found = replay(disk, 1);
      REQUIRE_MESSAGE(found, found.error().to_string());
      REQUIRE(found->payloads.size() >= acknowledged.size());
      CHECK(std::equal(acknowledged.begin(), acknowledged.end(), found->payloads.begin()));
      CHECK(disk.retried_syncs() == 0);
    }
  }
}

TEST_CASE("log: each of its syncs is needed") {
  for (const SyncSite site : {SyncSite::log_data, SyncSite::log_file, SyncSite::log_directory}) {
    bool lost = false;
    for (std::uint64_t seed = 1; seed <= 60 && !lost; ++seed) {
      std::mt19937_64 random(seed);
      Disk disk;
      disk.ignore_syncs_of(site);
      auto log = fresh(disk, small_options(8192));
      const LogPosition start = log->replay_start(Lsn{1});  // What a manifest may name before any record is synced.
      const std::size_t count = seed % 2 * 6;
      for (std::size_t i = 0; i < count; ++i) put(*log, std::string(3000, 'x'));
      if (count > 0) REQUIRE(log->sync());
      disk.crash(random);
      const auto found = replay(disk, 1, start);
      lost = !found || found->payloads.size() < count;
    }
    CHECK_MESSAGE(lost, sync_site_name(site));
  }
}

TEST_CASE("log: whichever I/O fails while it is opened, the error is io and the next open finds all that was durable") {
  for (std::uint64_t nth = 0; nth < 60; ++nth) {
    Disk disk;
    auto log = fresh(disk, small_options(8192));
    for (int i = 0; i < 6; ++i) put(*log, std::string(3000, 'x'));
    REQUIRE(log->sync());
    REQUIRE(log->prepare_next());
    const LogPosition start = log->replay_start(Lsn{4});
    put(*log, "unsynced");
    disk.fail_after(nth);
    auto found = replay(disk, 1, start, {}, Lsn{4});
    if (!found) CHECK(found.error().code() == Code::io);
    if (found) {
      const auto opened = LogWriter::open(disk, small_options(8192), 2, found->replay);
      if (!opened) CHECK(opened.error().code() == Code::io);
    }
    disk.fail({});
    found = replay(disk, 1, start, {}, Lsn{4});
    REQUIRE(found);
    CHECK(found->payloads.size() >= 3);  // The unsynced one is lost if it was its sync that failed.
  }
  for (std::uint64_t nth = 0; nth < 10; ++nth) {  // The very first file.
    Disk disk;
    disk.fail_after(nth);
    const auto opened = LogWriter::open(disk, small_options(), 1, LogReplay{});
    CHECK((opened || opened.error().code() == Code::io));
  }
}

TEST_CASE("log: a full disk while a next file is made is full, gives the space back, and may be tried again") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  for (std::uint64_t nth = 0; nth < 4; ++nth) {
    disk.fail_after(nth, Fails::no_space);
    CHECK(log->prepare_next().error().code() == Code::full);
    CHECK_FALSE(log->poisoned());
    CHECK(disk.list("wal")->size() == 1);
    put(*log, "a");
  }
  put(*log, std::string(3000, 'b'));
  disk.fail_after(1, Fails::no_space);
  CHECK(log->append(as_bytes(std::string(3000, 'c')), 0).error().code() == Code::full);
  CHECK(put(*log, std::string(3000, 'd')) == Lsn{6});
  CHECK(replay(disk, 1)->payloads.size() == 6);
}

TEST_CASE("log: a file that was prepared too late becomes a spare") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  auto preparation = log->begin_prepare().value();
  CHECK_FALSE(log->wants_next());
  put(*log, std::string(3000, 'a'));
  put(*log, std::string(3000, 'b'));  // Rotates meanwhile, to a file of a higher number.
  auto outcome = preparation.run();
  REQUIRE(log->adopt(preparation, std::move(outcome)));
  CHECK(log->wants_next());
  put(*log, std::string(3000, 'c'));
  CHECK_FALSE(disk.has("wal/2.log"));  // Used again, as 4.
  CHECK(replay(disk, 1)->payloads.size() == 3);
}

TEST_CASE(
    "log: a cut tail's file may be torn at any moment while it is made the next one, and is not taken for damaged") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  put(*log, std::string(3000, 'a'));
  REQUIRE(log->sync());
  put(*log, std::string(1000, 'b'));  // To 2.log.
  auto& bytes = disk.medium("wal/1.log");
  std::fill(bytes.begin() + 4'096 + 3'072, bytes.end(), std::byte{0});  // The turn to it is lost.
  disk.medium("wal/2.log")[4'096 + 500] ^= std::byte{1};
  const auto found = replay(disk, 1).value();
  REQUIRE(found.payloads.size() == 1);
  disk.medium("wal/2.log")[4'096 + 500] ^= std::byte{1};  // A record of the old header, but not of the log.
  log = LogWriter::open(disk, small_options(8192), 2, found.replay).value();
  put(*log, "c");
  REQUIRE(log->sync());
  disk.after_operation([&] {
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
      Disk cut;
      cut.reset(disk.cut(sim::CutPolicy::p5, seed));
      const auto left = replay(cut, 2);
      REQUIRE_MESSAGE(left, left.error().to_string());
      CHECK(left->payloads.back().second == "c");
    }
  });
  REQUIRE(log->prepare_next());
  CHECK_FALSE(disk.has("wal/2.log"));  // It is 3.log now.
}

TEST_CASE("log: records in a file whose rename a lying disk has lost are reported, and never come back by themselves") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  put(*log, std::string(3000, 'a'));
  put(*log, std::string(3000, 'b'));
  const LogPosition start = log->replay_start(Lsn{2});
  REQUIRE(log->sync());
  REQUIRE(log->recycle(FileNumber{1}));
  put(*log, std::string(3000, 'c'));  // To 3.log, which was 1.log.
  REQUIRE(log->sync());
  CHECK(replay(disk, 1, start)->payloads.size() == 2);
  disk.medium("wal/2.log")[7'208] ^= std::byte{1};  // It has lost the turn to 3.log, too.
  disk.rename("wal/3.log", "wal/1.log").value();
  const auto found = replay(disk, 1, start);
  REQUIRE_FALSE(found);
  CHECK(found.error().to_string() ==
        "corrupt: wal/1.log: holds records of a later log file: the disk has lost a rename");
}

TEST_CASE(
    "log: its newest file cannot go, or be cut, without notice: the one before it names it, and it says its length") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  for (const char c : {'a', 'b', 'c'}) put(*log, std::string(3000, c));
  REQUIRE(log->sync());
  REQUIRE(replay(disk, 1)->payloads.size() == 3);
  const ByteBuffer whole = disk.medium("wal/3.log");
  const auto now = [&] { return replay(disk, 1, {FileNumber{1}, kFileBodyOffset, Lsn{1}}); };
  for (const std::size_t bytes :
       {std::size_t{0}, std::size_t{64}, std::size_t{4'096}, std::size_t{7'000}, std::size_t{8'191}}) {
    disk.medium("wal/3.log").resize(bytes);
    INFO(bytes);
    CHECK(now().error().code() == Code::corrupt);
    disk.medium("wal/3.log") = whole;
    CHECK(now()->payloads.size() == 3);
  }
  disk.unlink("wal/3.log").value();
  CHECK(now().error().to_string() == "corrupt: wal/3.log: is missing, but the log goes on in it");
  disk.unlink("wal/2.log").value();
  CHECK(now().error().to_string() == "corrupt: wal/2.log: is missing, but the log goes on in it");
}

TEST_CASE("log: a turn is found again where its file was full to the last byte, and by the life after a cut") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  put(*log, std::string(8192 - 4096 - kLogRecordHeaderBytes, 'a'));  // To the last byte.
  REQUIRE(log->sync());
  put(*log, std::string(3000, 'b'));  // Never synced.
  CHECK(disk.medium("wal/1.log").size() == 8192 + 512);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Disk after;
    after.reset(disk.cut(sim::CutPolicy::p5, seed));
    const auto found = replay(after, 1, {FileNumber{1}, kFileBodyOffset, Lsn{1}});
    REQUIRE(found);
    REQUIRE(found->payloads.size() >= 1);
    auto later = LogWriter::open(after, small_options(8192), 2, found->replay).value();
    const Lsn lsn = put(*later, "c");
    REQUIRE(later->sync());
    const auto again = replay(after, 2, {FileNumber{1}, kFileBodyOffset, Lsn{1}}).value();
    CHECK(again.payloads.back() == std::pair(raw(lsn), std::string("c")));
    CHECK(again.payloads.size() == found->payloads.size() + 1);
  }
}

// Places are counted from the sizes in docs/format.md: a header of 4,096 bytes, 37 before each payload, 45 of a turn.
TEST_CASE("log: a record that ends with its file stays in it, one byte more goes to the next") {
  constexpr std::size_t kRoom = 16'384 - 4'096;
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    INFO(more);
    Disk disk;
    auto log = fresh(disk);
    put(*log, "a");
    put(*log, std::string(kRoom - 38 - 37 + more, 'b'));
    CHECK(log->replay_start(Lsn{2}).file == FileNumber{1 + more});
    CHECK(disk.medium("wal/1.log").size() == 16'384);
    CHECK(disk.growing_writes() == 0);
    CHECK(replay(disk, 1)->payloads.size() == 2);
  }
}

TEST_CASE("log: a record that fills a whole file needs no longer one, one byte more takes just that byte") {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    INFO(more);
    Disk disk;
    auto log = fresh(disk);
    put(*log, std::string(16'384 - 4'096 - 37 + more, 'a'));
    CHECK(log->replay_start(Lsn{1}).file == FileNumber{1});
    CHECK(disk.medium("wal/1.log").size() == 16'384 + more);
    put(*log, "b");
    CHECK(disk.growing_writes() == 0);
    CHECK(replay(disk, 1)->payloads.size() == 2);
  }
}

TEST_CASE("log: a turn for which there is just room does not make its file longer") {
  for (const std::size_t more : {std::size_t{0}, std::size_t{1}}) {
    INFO(more);
    Disk disk;
    auto log = fresh(disk);
    put(*log, std::string(16'384 - 4'096 - 37 - 45 + more, 'a'));
    put(*log, std::string(100, 'b'));
    CHECK(disk.medium("wal/1.log").size() == 16'384 + 512 * more);
    CHECK(disk.growing_writes() == 0);
    CHECK(replay(disk, 1)->payloads.size() == 2);
  }
}

TEST_CASE("log: what a later life finds of its last file it fills to the last byte") {
  Disk disk;
  put(*fresh(disk), "a");
  const auto found = replay(disk, 1).value();
  auto log = LogWriter::open(disk, small_options(), 2, found.replay).value();
  put(*log, std::string(16'384 - 4'096 - 512 - 37, 'b'));  // Behind the sector that was synced.
  CHECK(log->replay_start(Lsn{2}).file == FileNumber{1});
  CHECK(disk.growing_writes() == 0);
  CHECK(replay(disk, 2)->payloads.size() == 2);
}

TEST_CASE("log: newer formats are refused, and so is a record beyond the limit") {
  Disk disk;
  auto log = fresh(disk);
  put(*log, "a");
  REQUIRE(log->sync());
  const auto found = replay(disk, 1).value();
  const auto reseal = [&](auto change) {
    FileHeader header;
    header.number = FileNumber{1};
    header.origin = kOrigin;
    header.epoch = 1;
    change(header);
    const auto bytes = encode_header(kLogMagic, header);
    std::copy(bytes.begin(), bytes.end(), disk.medium("wal/1.log").begin());
  };
  const ByteBuffer whole = disk.medium("wal/1.log");
  make_kind(disk.medium("wal/1.log"), kFileBodyOffset, 9);
  CHECK(replay(disk, 1).error().code() == Code::unsupported);
  disk.medium("wal/1.log") = whole;
  reseal([](FileHeader& header) { header.format_version = kFormatVersion + 1; });
  CHECK(replay(disk, 1).error().code() == Code::unsupported);
  reseal([](FileHeader& header) { header.incompatible = 1; });
  CHECK(replay(disk, 1).error().code() == Code::unsupported);
  reseal([](FileHeader& header) { header.cipher_id = 1; });
  CHECK(replay(disk, 1).error().code() == Code::unsupported);
  reseal([](FileHeader& header) { header.read_only_compatible = 1; });
  CHECK(LogWriter::open(disk, small_options(), 2, found.replay).error().code() == Code::unsupported);
  const Bytes huge(disk.medium("wal/1.log").data(), std::size_t{1} << 29);  // Never read: its size is enough.
  CHECK(log->append(huge, 0).error().code() == Code::invalid_argument);
  CHECK(log->append(huge.first((std::size_t{256} << 20) + 1), 0).error().code() == Code::invalid_argument);
  CHECK(put(*log, "b") == Lsn{2});
}

TEST_CASE("log: only its own names are log files") {
  CHECK(log_number("12.log") == FileNumber{12});
  for (const char* name :
       {"", ".log", "0.log", "01.log", "-1.log", "1.lo", "1x.log", "x.log", "99999999999999999999.log"}) {
    CHECK_FALSE(log_number(name));
  }
}

TEST_CASE("log: a file left behind a cut does not follow the records of the next life, though its LSN fits") {
  Disk disk;
  auto log = fresh(disk, small_options(8192));
  put(*log, std::string(3000, 'a'));
  put(*log, std::string(500, 'b'));
  put(*log, std::string(3000, 'c'));  // LSN 3 begins file 2.
  REQUIRE(disk.has("wal/2.log"));
  std::fill_n(disk.medium("wal/1.log").begin() + kFileBodyOffset + kLogRecordHeaderBytes + 3000, 512, std::byte{0});
  const auto found = replay(disk, 1).value();
  CHECK(found.payloads.size() == 1);
  CHECK(found.replay.tail_cut == kLogRecordHeaderBytes + 3000);
  auto second = LogWriter::open(disk, small_options(8192), 2, found.replay).value();
  CHECK(put(*second, "new") == Lsn{2});
  CHECK(replay(disk, 2)->payloads.size() == 2);
  CHECK(replay(disk, 2)->replay.end.file == FileNumber{1});
  put(*second, std::string(3000, 'd'));
  CHECK(replay(disk, 2)->payloads.back() == std::pair(std::uint64_t{3}, std::string(3000, 'd')));
}

}  // namespace mneme
