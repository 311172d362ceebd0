#include "storage/manifest.h"

#include <doctest/doctest.h>

#include <limits>
#include <random>

#include "base/coding.h"
#include "storage/disk_test.h"
#include "storage/manifest_record.h"

namespace mneme {
namespace {

using Fails = sim::Fault::Kind;

struct Disk : test::Disk {
  Disk() : test::Disk("db") {}
};

SegmentInfo segment(std::uint64_t file, std::uint64_t tables = 1) {
  SegmentInfo info{
      .file = FileNumber{file}, .bytes = 1000 + file, .lsn_first = Lsn{3}, .lsn_last = Lsn{9}, .parts = {}};
  for (std::uint64_t table = 1; table <= tables; ++table) {
    SegmentPartInfo part;
    part.table = TableId{table};
    part.schema_version = 2;
    part.rows = 50;
    part.row_first = RowId{1};
    part.row_last = RowId{50};
    if (table % 2 == 1) part.time = TimeRange{-5, std::numeric_limits<std::int64_t>::max()};
    info.parts.push_back(part);
  }
  return info;
}

ManifestEdit first_edit() {
  ManifestEdit edit;
  edit.origin = 42;
  edit.epoch = 1;
  return edit;
}

ManifestEdit full_edit() {
  ManifestEdit edit;
  edit.removed_segments = {{FileNumber{1}, TableId{}}, {FileNumber{2}, TableId{7}}};
  edit.removed_deletes = {{FileNumber{3}, 4, 5}};
  edit.removed_tables = {TableId{7}};
  edit.segments = {segment(8), segment(9, 3)};
  edit.deletes = {{FileNumber{8}, 1, 100}};
  edit.segments[0].parts[0].blobs = {{FileNumber{4}, ColumnId{1}, 70'000}, {FileNumber{6}, ColumnId{2}, 1}};
  edit.tables = {{TableId{1}, Lsn{9}, 51}};
  edit.catalog = CatalogCheckpoint{Lsn{9}, ByteBuffer(300, std::byte{7})};
  edit.epoch = 2;
  edit.known_synced = Lsn{9};
  edit.log_start = LogPosition{FileNumber{1}, 4096, Lsn{3}};
  edit.next_file = FileNumber{11};
  edit.next_row = RowId{51};
  edit.next_table = TableId{4};
  edit.origin = std::numeric_limits<std::uint64_t>::max();
  return edit;
}

ByteBuffer encoded(const ManifestEdit& edit) {
  ByteBuffer bytes;
  encode_edit(edit, bytes);
  return bytes;
}

ManifestEdit adding(std::uint64_t file) {
  ManifestEdit edit;
  edit.segments = {segment(file)};
  edit.next_file = FileNumber{file + 1};
  return edit;
}

}  // namespace

TEST_CASE("manifest edit: what is written is read back") {
  const ManifestEdit edit = full_edit();
  CHECK(decode_edit(encoded(edit)).value() == edit);
  CHECK(decode_edit({}).value() == ManifestEdit{});
}

TEST_CASE("manifest edit: every cut of its bytes is an error or an edit with fewer fields, never a crash") {
  const ByteBuffer bytes = encoded(full_edit());
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    const auto decoded = decode_edit(Bytes(bytes).first(cut));
    if (decoded) CHECK_FALSE(*decoded == full_edit());
    if (!decoded) CHECK(decoded.error().code() == Code::corrupt);
  }
}

TEST_CASE("manifest edit: an unknown field is refused, or skipped where its tag allows it") {
  ByteBuffer bytes = encoded(first_edit());
  Writer out(bytes);
  SUBCASE("skipped") {
    out.put_varint(64);
    out.put_sized("later");
    CHECK(decode_edit(bytes).value() == first_edit());
  }
  SUBCASE("refused") {
    out.put_varint(17);
    out.put_sized("later");
    CHECK(decode_edit(bytes).error().code() == Code::unsupported);
  }
  SUBCASE("tag 0 is refused") {
    out.put_varint(0);
    out.put_sized("");
    CHECK(decode_edit(bytes).error().code() == Code::unsupported);
  }
  SUBCASE("a field given twice is malformed") {
    out.put_bytes(encoded(first_edit()));
    CHECK(decode_edit(bytes).error().code() == Code::corrupt);
  }
  SUBCASE("a value of 33 bits where 32 belong is malformed") {
    bytes.clear();
    out.put_varint(10);
    out.put_sized("\xff\xff\xff\xff\x1f");
    CHECK(decode_edit(bytes).error().code() == Code::corrupt);
  }
  SUBCASE("bytes left over in a field are malformed") {
    out.put_varint(11);
    out.put_sized("\x01\x01");
    CHECK(decode_edit(bytes).error().code() == Code::corrupt);
  }
}

TEST_CASE("manifest state: edits fold, and the state as one edit makes the same state") {
  ManifestState state;
  REQUIRE(state.apply(first_edit()));
  ManifestEdit edit;
  edit.segments = {segment(1), segment(2, 3)};
  edit.deletes = {{FileNumber{1}, 1, 10}, {FileNumber{2}, 1, 20}};
  edit.segments[1].parts[2].blobs = {{FileNumber{3}, ColumnId{1}, 100}};
  edit.tables = {{TableId{1}, Lsn{9}, 50}, {TableId{2}, Lsn{9}, 5}};
  edit.catalog = CatalogCheckpoint{Lsn{4}, ByteBuffer(3, std::byte{1})};
  edit.next_file = FileNumber{4};
  edit.next_row = RowId{100};
  edit.next_table = TableId{4};
  edit.known_synced = Lsn{9};
  edit.log_start = LogPosition{FileNumber{1}, 5000, Lsn{10}};
  REQUIRE(state.apply(edit));
  ManifestState copy;
  REQUIRE(copy.apply(state.as_edit()));
  CHECK(copy == state);

  ManifestEdit compaction;
  compaction.removed_segments = {{FileNumber{1}, TableId{}}, {FileNumber{2}, TableId{3}}};
  compaction.removed_tables = {TableId{2}};
  compaction.segments = {segment(4)};
  REQUIRE(state.apply(compaction));
  CHECK(state.segments.size() == 2);
  CHECK(state.segments.at(FileNumber{2}).parts.size() == 2);
  CHECK(state.deletes.size() == 1);  // Segment 1 took its delete file along.
  CHECK(state.tables.size() == 1);

  ManifestEdit rest;
  rest.removed_deletes = {{FileNumber{2}, 1, 0}};
  rest.removed_segments = {{FileNumber{2}, TableId{1}}, {FileNumber{2}, TableId{2}}};
  REQUIRE(state.apply(rest));
  CHECK(state.segments.size() == 1);  // The last part took the segment along.
  CHECK(state.deletes.empty());
}

TEST_CASE("manifest state: an edit that does not fit is corrupt and changes nothing") {
  ManifestState state;
  ManifestEdit base = full_edit();
  base.removed_segments.clear();
  base.removed_deletes.clear();
  base.removed_tables.clear();
  REQUIRE(state.apply(base));
  std::vector<ManifestEdit> bad(16);
  bad[0].removed_segments = {{FileNumber{99}, TableId{}}};
  bad[1].removed_segments = {{FileNumber{8}, TableId{99}}};
  bad[2].removed_deletes = {{FileNumber{8}, 99, 0}};
  bad[3].removed_tables = {TableId{99}};
  bad[4].segments = {segment(8)};
  bad[5].segments = {segment(0)};
  bad[6].segments = {segment(50, 0)};
  bad[7].deletes = {{FileNumber{99}, 1, 0}};
  bad[8].deletes = {{FileNumber{8}, 1, 0}};
  bad[9].tables = {{TableId{1}, Lsn{8}, 51}};
  bad[10].tables = {{TableId{1}, Lsn{9}, 50}};
  bad[11].catalog = CatalogCheckpoint{Lsn{8}, {}};
  bad[12].log_start = LogPosition{FileNumber{1}, 4096, Lsn{2}};
  bad[13].origin = 5;
  bad[14].epoch = 1;
  bad[15].next_row = RowId{50};
  for (ManifestEdit& edit : bad) {
    const ManifestState before = state;
    edit.segments.push_back(segment(70));
    CHECK(state.apply(edit).error().code() == Code::corrupt);
    CHECK(state == before);
  }
}

TEST_CASE("manifest: what was appended is there after a reopen") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  for (std::uint64_t i = 1; i <= 5; ++i) REQUIRE(manifest->append(adding(i)));
  const ManifestState want = manifest->state();
  CHECK(Manifest::create(disk, "db", first_edit()).error().code() == Code::already_exists);
  auto again = Manifest::open(disk, "db").value();
  CHECK(again->state() == want);
  CHECK(again->tail_cut() == 0);
  CHECK(again->number() == FileNumber{1});
  CHECK(Manifest::read(disk, "db").value() == want);
  CHECK(as_text(disk.medium("db/CURRENT")) == current_text(FileNumber{1}));
  const auto& bytes = disk.medium("db/MANIFEST-1");
  CHECK(as_text(Bytes(bytes).first(8)) == "mnememan");
  for (std::uint64_t i = 1; i <= 6; ++i) {  // Each record in a sector of its own, here of one sector each.
    CHECK(load<std::uint64_t>(&bytes[4096 + (i - 1) * 512 + 8]) == i);
    CHECK(load<std::uint64_t>(&bytes[4096 + (i - 1) * 512 + 16]) == i - 1);
  }
}

TEST_CASE("manifest: no database, a lost CURRENT and a damaged one are told apart") {
  Disk disk;
  CHECK(Manifest::open(disk, "db").error().code() == Code::not_found);
  CHECK(Manifest::read(disk, "db").error().code() == Code::not_found);
  {
    auto manifest = Manifest::create(disk, "db", first_edit()).value();
  }
  SUBCASE("a creation cut short is no database, and is created over") {
    REQUIRE(disk.unlink("db/CURRENT"));
    CHECK(Manifest::open(disk, "db").error().code() == Code::not_found);
    auto manifest = Manifest::create(disk, "db", first_edit()).value();
    CHECK(manifest->number() == FileNumber{2});
    CHECK(manifest->obsolete() == std::vector<std::string>{"MANIFEST-1"});
    REQUIRE(manifest->unlink_obsolete());
    CHECK_FALSE(disk.has("db/MANIFEST-1"));
  }
  SUBCASE("a CURRENT that was lost is corruption") {
    REQUIRE(Manifest::open(disk, "db").value()->append(adding(1)));
    REQUIRE(disk.unlink("db/CURRENT"));
    CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
  }
  SUBCASE("every bit of CURRENT counts") {
    for (std::size_t at = 0; at < disk.medium("db/CURRENT").size(); ++at) {
      disk.flip("db/CURRENT", at);
      CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
      disk.flip("db/CURRENT", at);
    }
  }
  SUBCASE("the manifest it names is missing, or another's under its name") {
    REQUIRE(disk.rename("db/MANIFEST-1", "db/MANIFEST-2"));
    CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
    disk.medium("db/CURRENT").resize(0);
    const std::string text = current_text(FileNumber{2});
    disk.medium("db/CURRENT").assign(as_bytes(text).begin(), as_bytes(text).end());
    CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
  }
}

TEST_CASE("manifest: a damaged edit is corruption, but for the last, which is cut unless a mark follows") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  for (std::uint64_t i = 1; i <= 3; ++i) REQUIRE(manifest->append(adding(i)));
  const std::uint64_t last = kFileBodyOffset + 3 * 512;
  for (std::uint64_t at = kFileBodyOffset; at < last; at += 512) {
    for (std::uint64_t byte = 0; byte < 40; ++byte) {
      disk.flip("db/MANIFEST-1", at + byte);
      CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
      disk.flip("db/MANIFEST-1", at + byte);
    }
  }
  for (std::uint64_t at = 0; at < kFileHeaderBytes; ++at) {
    disk.flip("db/MANIFEST-1", at);
    CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
    disk.flip("db/MANIFEST-1", at);
  }
  SUBCASE("cut, and the next edit goes to a new file") {
    disk.flip("db/MANIFEST-1", last + 30);
    auto cut = Manifest::open(disk, "db").value();
    CHECK(cut->state().segments.size() == 2);
    CHECK(cut->tail_cut() > 0);
    REQUIRE(cut->append(adding(9)));
    CHECK(cut->number() == FileNumber{2});
    CHECK(cut->tail_cut() == 0);
    CHECK(Manifest::open(disk, "db").value()->state().segments.size() == 3);
  }
  SUBCASE("cut, and a mark moves it too") {
    disk.flip("db/MANIFEST-1", last + 30);
    auto cut = Manifest::open(disk, "db").value();
    REQUIRE(cut->mark(Lsn{}));
    CHECK(cut->number() == FileNumber{2});
  }
  SUBCASE("with a mark behind it, it is corruption") {
    REQUIRE(manifest->mark(Lsn{}));
    CHECK(Manifest::open(disk, "db").value()->state() == manifest->state());
    disk.flip("db/MANIFEST-1", last + 30);
    CHECK(Manifest::open(disk, "db").error().code() == Code::corrupt);
  }
}

TEST_CASE("manifest: one that ends in the midst of anything is opened without what is missing, or refused") {
  Disk disk;
  {
    auto manifest = Manifest::create(disk, "db", first_edit()).value();
    for (std::uint64_t file = 1; file <= 3; ++file) manifest->append(adding(file)).value();
  }
  const ByteBuffer whole = disk.medium("db/MANIFEST-1");
  for (std::size_t bytes = 0; bytes < 4'096 + 4 * 512; bytes += bytes < 64 || bytes >= 4'096 ? 1 : 63) {
    disk.medium("db/MANIFEST-1") = ByteBuffer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes));
    const auto read = Manifest::read(disk, "db");
    INFO(bytes);
    if (!read) CHECK(read.error().code() == Code::corrupt);
    if (!read) continue;
    // An edit begins at each sector behind the header; the first names no segment.
    CHECK(read->segments.size() + 1 >= (bytes - 4'096) / 512);
    CHECK(read->segments.size() + 1 <= (bytes - 4'096 + 511) / 512);
  }
}

TEST_CASE("manifest: it is rewritten when it grew past four times its live state, and goes on") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  REQUIRE(manifest->append(adding(1)));
  int edits = 0;
  for (; !manifest->wants_rewrite(); ++edits) {
    ManifestEdit edit;
    edit.removed_segments = {{FileNumber{1}, TableId{}}};
    edit.segments = {segment(1)};
    REQUIRE(manifest->append(edit));
  }
  CHECK(edits >= 4 * 64 * 2 - 12);  // 256 KiB in sectors of 512 bytes, less the header's page.
  const ManifestState want = manifest->state();
  REQUIRE(manifest->rewrite());
  CHECK_FALSE(manifest->wants_rewrite());
  CHECK(manifest->obsolete() == std::vector<std::string>{"MANIFEST-1"});
  REQUIRE(manifest->append(adding(2)));
  auto again = Manifest::open(disk, "db").value();
  CHECK(again->state().segments.size() == 2);
  CHECK(again->obsolete() == std::vector<std::string>{"MANIFEST-1"});
  REQUIRE(again->unlink_obsolete());
  REQUIRE(disk.rename("db/MANIFEST-2", "db/x"));
  REQUIRE(disk.rename("db/x", "db/MANIFEST-2"));
  CHECK(Manifest::open(disk, "db"));
  CHECK(disk.growing_writes() == 0);  // Room was taken ahead of each edit.
}

TEST_CASE("manifest: after a failed sync it takes no more edits, and no sync is made again") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  disk.fail_after(1);  // The write passes.
  CHECK(manifest->append(adding(1)).error().code() == Code::io);
  disk.fail({});
  CHECK(manifest->poisoned());
  CHECK(manifest->append(adding(1)).error().code() == Code::io);
  CHECK(manifest->mark(Lsn{}).error().code() == Code::io);
  CHECK(manifest->rewrite().error().code() == Code::io);
  CHECK(manifest->unlink_obsolete().error().code() == Code::io);
  CHECK(manifest->state().segments.empty());
  CHECK(disk.retried_syncs() == 0);
}

TEST_CASE("manifest: whichever I/O fails, what append promised is there, and what it refused is not") {
  for (const auto kind : {Fails::io_error, Fails::no_space, Fails::torn_write}) {
    for (std::uint64_t nth = 0; nth < 60; ++nth) {
      for (const bool sticky : {false, true}) {
        CAPTURE(nth);
        Disk disk;
        auto manifest = Manifest::create(disk, "db", first_edit()).value();
        disk.fail_after(nth, kind, sticky);
        ManifestState want = manifest->state();
        for (std::uint64_t i = 1; i <= 12; ++i) {
          if (manifest->append(adding(i))) want = manifest->state();
          if (i % 5 == 0) static_cast<void>(manifest->rewrite().has_value());
        }
        const bool poisoned = manifest->poisoned();
        disk.fail({});
        std::mt19937_64 random(nth);
        disk.crash(random);
        const auto found = Manifest::open(disk, "db");
        REQUIRE_MESSAGE(found, found.error().to_string());
        if (!poisoned) CHECK((*found)->state() == want);
        for (const auto& [file, info] : want.segments) CHECK((*found)->state().segments.contains(file));
        CHECK(disk.retried_syncs() == 0);
      }
    }
  }
}

TEST_CASE("manifest: under power cuts the state is that of the last acknowledged edit, or of the one in flight") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    Disk disk;
    std::uint64_t next_file = 1;
    std::optional<ManifestState> want;
    std::optional<ManifestState> in_flight;
    for (std::uint32_t epoch = 1; epoch <= 6; ++epoch) {
      auto opened = Manifest::open(disk, "db");
      if (!opened && opened.error().code() == Code::not_found) {
        REQUIRE_FALSE(want);
        opened = Manifest::create(disk, "db", first_edit());
      }
      REQUIRE_MESSAGE(opened, opened.error().to_string());
      auto& manifest = **opened;
      if (want) CHECK((manifest.state() == *want || (in_flight && manifest.state() == *in_flight)));
      ManifestEdit raise;
      raise.epoch = epoch;
      REQUIRE(manifest.append(raise));
      for (auto left = random() % 12; left > 0; --left) {
        ManifestEdit edit = adding(next_file++);
        if (!manifest.state().segments.empty() && random() % 2 == 0) {
          edit.removed_segments = {{manifest.state().segments.begin()->first, TableId{}}};
        }
        if (random() % 5 == 0) edit.catalog = CatalogCheckpoint{Lsn{epoch}, ByteBuffer(random() % 3000, std::byte{9})};
        REQUIRE(manifest.append(edit));
        if (random() % 4 == 0) REQUIRE(manifest.rewrite());
        if (random() % 4 == 0) REQUIRE(manifest.unlink_obsolete());
      }
      want = in_flight = manifest.state();
      if (random() % 2 == 0) {  // The power fails somewhere inside one more call.
        ManifestEdit edit = adding(next_file);
        REQUIRE(in_flight->apply(edit));
        disk.fail_after(random() % 12, Fails::io_error, true);
        if (random() % 3 == 0) static_cast<void>(manifest.rewrite().has_value());
        if (manifest.append(edit)) want = in_flight;
        ++next_file;
        disk.fail({});
      }
      if (random() % 4 != 0) disk.crash(random);  // Else only the process died.
    }
    CHECK(disk.retried_syncs() == 0);
  }
}

TEST_CASE("manifest: CURRENT's directory is synced at an opening only if the life before did not end cleanly") {
  Disk disk;
  const auto synced_by_opening = [&](bool cleanly_ended) {
    {
      auto manifest = Manifest::open(disk, "db").value();
      REQUIRE(manifest->append(adding(manifest->state().segments.size() + 1)));
      if (cleanly_ended) REQUIRE(manifest->mark(Lsn{1}));
    }
    const auto before = disk.syncs_at(SyncSite::current_directory);
    REQUIRE(Manifest::open(disk, "db"));
    return disk.syncs_at(SyncSite::current_directory) - before;
  };
  REQUIRE(Manifest::create(disk, "db", first_edit()));
  CHECK(synced_by_opening(false) == 1);
  CHECK(synced_by_opening(true) == 0);
  CHECK(synced_by_opening(false) == 1);  // The mark is no longer the last edit.
}

TEST_CASE("manifest: each of its syncs is needed") {
  for (const SyncSite site : {SyncSite::manifest_data, SyncSite::manifest_file, SyncSite::manifest_directory,
                              SyncSite::current_file, SyncSite::current_directory}) {
    bool lost = false;
    for (std::uint64_t seed = 1; seed <= 200 && !lost; ++seed) {
      std::mt19937_64 random(seed);
      Disk disk;
      auto manifest = Manifest::create(disk, "db", first_edit()).value();
      disk.ignore_syncs_of(site);
      REQUIRE(manifest->append(adding(1)));
      if (seed % 2 == 0) REQUIRE(manifest->rewrite());
      if (seed % 4 == 0) REQUIRE(manifest->append(adding(2)));
      const ManifestState want = manifest->state();
      if (seed % 3 == 0) {  // Cut inside a rewrite.
        disk.fail_after(random() % 14, Fails::io_error, true);
        static_cast<void>(manifest->rewrite().has_value());
        disk.fail({});
      }
      disk.crash(random);
      const auto found = Manifest::open(disk, "db");
      lost = !found || (*found)->state() != want;
    }
    CHECK_MESSAGE(lost, sync_site_name(site));
  }
}

TEST_CASE("manifest: whichever I/O fails while it is created or opened, the error is io and nothing is lost") {
  for (std::uint64_t nth = 0; nth < 40; ++nth) {
    Disk disk;
    disk.fail_after(nth);
    auto made = Manifest::create(disk, "db", first_edit());
    if (!made) CHECK(made.error().code() == Code::io);
    disk.fail({});
    auto opened = Manifest::open(disk, "db");
    if (made) REQUIRE(opened);
    if (!opened) {
      CHECK(opened.error().code() == Code::not_found);
      opened = Manifest::create(disk, "db", first_edit());
    }
    REQUIRE((*opened)->append(adding(1)));
    disk.fail_after(nth);
    const auto read = Manifest::read(disk, "db");
    if (!read) CHECK(read.error().code() == Code::io);
    disk.fail_after(nth);
    opened = Manifest::open(disk, "db");
    if (!opened) CHECK(opened.error().code() == Code::io);
    disk.fail({});
    CHECK(Manifest::read(disk, "db").value().segments.size() == 1);
  }
}

TEST_CASE("manifest: an intact edit that makes no sense is corrupt, with the place it stands at") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  auto& bytes = disk.medium("db/MANIFEST-1");
  const auto file_crc = load<std::uint32_t>(&bytes[60]);
  const auto plant = [&](const ByteBuffer& payload) {
    ByteBuffer record(kManifestRecordHeaderBytes);
    record.insert(record.end(), payload.begin(), payload.end());
    seal_manifest_record(
        {.payload_bytes = static_cast<std::uint32_t>(payload.size()), .sequence = 2, .known_synced = 1}, file_crc,
        record);
    std::copy(record.begin(), record.end(), bytes.begin() + 4096 + 512);
    const auto opened = Manifest::open(disk, "db");
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code() == Code::corrupt);
    CHECK(opened.error().message().find("db/MANIFEST-1 at offset 4608") != std::string::npos);
  };
  plant(ByteBuffer(5, std::byte{1}));
  ManifestEdit removes;
  removes.removed_tables = {TableId{5}};
  plant(encoded(removes));
  // An edit that does not fit is refused before it is written.
  CHECK(manifest->append(removes).error().code() == Code::corrupt);
  CHECK_FALSE(manifest->poisoned());
}

TEST_CASE("manifest: newer formats are refused, read-only ones for writing") {
  Disk disk;
  auto manifest = Manifest::create(disk, "db", first_edit()).value();
  FileHeader header;
  header.number = FileNumber{1};
  header.incompatible = 1;
  auto bytes = encode_header(kManifestMagic, header);
  std::copy(bytes.begin(), bytes.end(), disk.medium("db/MANIFEST-1").begin());
  CHECK(Manifest::open(disk, "db").error().code() == Code::unsupported);
  header.incompatible = 0;
  header.read_only_compatible = 1;
  header.origin = 42;
  header.epoch = 1;
  bytes = encode_header(kManifestMagic, header);
  auto& file = disk.medium("db/MANIFEST-1");
  std::copy(bytes.begin(), bytes.end(), file.begin());
  const auto payload_bytes = load<std::uint32_t>(&file[4096 + 4]);
  seal_manifest_record({.payload_bytes = payload_bytes, .sequence = 1, .known_synced = 0}, header.crc,
                       MutableBytes(file).subspan(4096, kManifestRecordHeaderBytes + payload_bytes));
  CHECK(Manifest::open(disk, "db").error().code() == Code::unsupported);
  CHECK(Manifest::read(disk, "db").value() == manifest->state());
}

TEST_CASE("manifest: only its own names are manifests, and only its own text is CURRENT") {
  CHECK(manifest_number("MANIFEST-12") == FileNumber{12});
  for (const char* name : {"", "MANIFEST-", "MANIFEST-0", "MANIFEST-01", "MANIFEST-1x", "manifest-1", "CURRENT"}) {
    CHECK_FALSE(manifest_number(name));
  }
  CHECK(parse_current(current_text(FileNumber{7})) == FileNumber{7});
  CHECK_FALSE(parse_current("MANIFEST-7"));
  CHECK_FALSE(parse_current(""));
}

TEST_CASE("manifest: a switch that a killed process left unsynced is made durable before edits build on it") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    for (std::uint64_t nth = 0; nth < 14; ++nth) {
      Disk disk;
      auto manifest = Manifest::create(disk, "db", first_edit()).value();
      disk.fail_after(nth, Fails::io_error, true);
      static_cast<void>(manifest->rewrite().has_value());
      disk.fail({});
      manifest = Manifest::open(disk, "db").value();
      REQUIRE(manifest->append(adding(1)));
      std::mt19937_64 random(seed);
      disk.crash(random);
      CHECK(Manifest::open(disk, "db").value()->state().segments.size() == 1);
    }
  }
}

}  // namespace mneme
