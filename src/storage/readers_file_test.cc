#include "storage/readers_file.h"

#include <doctest/doctest.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "os/posix.h"
#include "os/sim/sim_file_system.h"
#include "storage/readers_board.h"

namespace mneme {
namespace {

struct Place {  // A directory that nothing else is in.
  PosixWorld real;
  sim::SimFileSystem disk;
  World world{disk, real.world().clock, real.world().scheduler, real.world().random};
  WriterBoard board{world, "db"};
  Place() { disk.create_directory("db").value(); }
  void begin() {
    board.begin({.epoch = 3, .origin = 9, .durable = Lsn{7}, .point = {FileNumber{2}, 5}, .boot = this_process().boot});
  }
};

}  // namespace

TEST_CASE("readers: a mark lies on disk as docs/format.md says") {
  ReadersMark mark{
      .epoch = 0x01020304, .origin = 0x1112131415161718, .durable = Lsn{0x21}, .point = {FileNumber{0x31}, 0x41}};
  mark.boot[0] = std::byte{0x51};
  const auto bytes = encode_readers_mark(mark);
  CHECK(as_text(Bytes(bytes).first(8)) == "mnemerdr");
  CHECK(load<std::uint32_t>(&bytes[8]) == 1);
  CHECK(load<std::uint32_t>(&bytes[12]) == 0x01020304);
  CHECK(load<std::uint64_t>(&bytes[16]) == 0x1112131415161718);
  CHECK(load<std::uint64_t>(&bytes[24]) == 0x21);
  CHECK(load<std::uint64_t>(&bytes[32]) == 0x31);
  CHECK(load<std::uint64_t>(&bytes[40]) == 0x41);
  CHECK(bytes[48] == std::byte{0x51});
  CHECK(load<std::uint32_t>(&bytes[64]) == 0);
  CHECK(load<std::uint32_t>(&bytes[68]) == crc32c(Bytes(bytes).first(68)));
  CHECK(decode_readers_mark(bytes) == mark);
}

TEST_CASE("readers: a slot lies on disk as docs/format.md says") {
  ReaderPin pin{.process = {.pid = 0x01, .started = 0x11},
                .point = {FileNumber{0x21}, 0x31},
                .log_from = FileNumber{0x41},
                .since_ns = 0x51};
  const auto bytes = encode_reader_pin(pin);
  CHECK(load<std::uint32_t>(&bytes[0]) == 1);
  CHECK(load<std::uint32_t>(&bytes[4]) == 0x01);
  CHECK(load<std::uint64_t>(&bytes[8]) == 0x11);
  CHECK(load<std::uint64_t>(&bytes[32]) == 0x21);
  CHECK(load<std::uint64_t>(&bytes[40]) == 0x31);
  CHECK(load<std::uint64_t>(&bytes[48]) == 0x41);
  CHECK(load<std::uint64_t>(&bytes[56]) == 0x51);
  CHECK(decode_reader_pin(bytes) == pin);
  CHECK(reader_slot_offset(3) == 4'096 + 3 * 128);
}

TEST_CASE("readers: one damaged bit makes a mark or a slot none") {
  for (std::size_t bit = 0; bit < 8 * kReadersMarkBytes; ++bit) {
    auto mark = encode_readers_mark(ReadersMark{});
    auto slot = encode_reader_pin(ReaderPin{});
    mark[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    slot[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    CHECK(!decode_readers_mark(mark));
    CHECK(!decode_reader_pin(slot));
  }
  CHECK(!decode_readers_mark(Bytes{}));
}

TEST_CASE("readers: the mark a reader sees is the last one posted, and durability never goes back") {
  Place place;
  const auto reader = ReaderSlot::take(place.world, "db").value();
  CHECK(!reader->mark().value());  // Nobody has.
  place.begin();
  CHECK(reader->mark().value()->durable == Lsn{7});
  place.board.post_durable(Lsn{12});
  place.board.post_durable(Lsn{11});
  place.board.post_edit({FileNumber{2}, 6}, 3);
  const auto mark = reader->mark().value();
  CHECK(mark->durable == Lsn{12});
  CHECK(mark->point == ManifestPoint{FileNumber{2}, 6});
}

TEST_CASE("readers: a mark of another boot is none") {
  Place place;
  const auto reader = ReaderSlot::take(place.world, "db").value();
  ReadersMark mark{.epoch = 3, .origin = 9, .durable = Lsn{7}, .point = {}, .boot = this_process().boot};
  mark.boot[3] ^= std::byte{1};
  place.board.begin(mark);
  CHECK(!reader->mark().value());
}

TEST_CASE(
    "readers: the oldest pin of all counts, a new reader's keeps everything, and one that is gone keeps nothing") {
  Place place;
  CHECK(place.board.pinned().value().point == kNoManifestPoint);  // There is no file.
  place.begin();
  auto first = ReaderSlot::take(place.world, "db").value();
  CHECK(place.board.pinned().value().point == ManifestPoint{});
  CHECK(place.board.pinned().value().log_from == FileNumber{});
  auto second = ReaderSlot::take(place.world, "db").value();
  first->pin({FileNumber{2}, 8}, kNoLogFile).value();
  second->pin({FileNumber{3}, 1}, FileNumber{4}).value();
  CHECK(place.board.pinned().value().point == ManifestPoint{FileNumber{2}, 8});
  CHECK(place.board.pinned().value().log_from == FileNumber{4});
  first.reset();  // As if killed: nothing was written.
  CHECK(place.board.pinned().value().point == ManifestPoint{FileNumber{3}, 1});
  const auto third = ReaderSlot::take(place.world, "db").value();  // In the place of the first.
  CHECK(place.board.readers().value().size() == 2);
  CHECK(place.board.pinned().value().point == ManifestPoint{});
  CHECK(place.board.readers().value()[0].process == this_process());
}

TEST_CASE("readers: a slot that is locked and means nothing keeps everything") {
  Place place;
  place.begin();
  const auto reader = ReaderSlot::take(place.world, "db").value();
  reader->pin(kNoManifestPoint, kNoLogFile).value();
  CHECK(place.board.pinned().value().point == kNoManifestPoint);
  const auto file = place.disk.open("db/READERS", FileSystem::Open::read_write).value();
  file->write(reader_slot_offset(0) + 40, as_bytes("torn")).value();
  CHECK(place.board.pinned().value().point == ManifestPoint{});
  CHECK(place.board.pinned().value().log_from == FileNumber{});
}

TEST_CASE("readers: there are 1,024 slots, and one more reader is told that they are taken") {
  Place place;
  std::vector<std::unique_ptr<ReaderSlot>> slots;
  for (std::size_t i = 0; i < kReaderSlotsMax; ++i) slots.push_back(ReaderSlot::take(place.world, "db").value());
  CHECK(ReaderSlot::take(place.world, "db").error().code() == Code::full);
  slots.erase(slots.begin() + 500);
  CHECK(ReaderSlot::take(place.world, "db").has_value());
}

}  // namespace mneme
