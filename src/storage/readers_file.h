// <db>/READERS: how the writer and readers in other processes know of each other, as bytes and as values. Pure: no I/O.
//
// The writer's mark says what is durable; each reader's slot says what must not be unlinked. docs/format.md has every
// byte. The surprising decision: nothing in it is ever synced or trusted after a power cut. A slot's life is its
// lock's, so that a dead reader holds nothing back, and no clock or time-out is asked.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "os/process.h"
#include "storage/ids.h"

namespace mneme {

constexpr std::size_t kReadersMarkBytes = 72;
constexpr std::size_t kReaderSlotBytes = 72;  // Of a slot's 128, what is in use.
constexpr std::size_t kReaderSlotsMax = 1'024;
constexpr std::uint64_t reader_slot_offset(std::size_t slot) noexcept { return 4'096 + 128 * std::uint64_t{slot}; }

constexpr FileNumber kNoLogFile{~std::uint64_t{0}};

struct ReadersMark {
  std::uint32_t epoch = 0;
  std::uint64_t origin = 0;
  Lsn durable{};
  ManifestPoint point;
  std::array<std::byte, 16> boot{};
  bool operator==(const ReadersMark&) const = default;
};

struct ReaderPin {
  ProcessIdentity process;
  ManifestPoint point;    // What later edits drop is kept: kNoManifestPoint keeps nothing, a zero everything.
  FileNumber log_from{};  // It and later ones are kept.
  std::int64_t since_ns = 0;
  bool operator==(const ReaderPin&) const = default;
};

std::array<std::byte, kReadersMarkBytes> encode_readers_mark(const ReadersMark& mark);
std::optional<ReadersMark> decode_readers_mark(Bytes bytes);  // Nothing: it does not fit.
std::array<std::byte, kReaderSlotBytes> encode_reader_pin(const ReaderPin& pin);
std::optional<ReaderPin> decode_reader_pin(Bytes bytes);

}  // namespace mneme
