#include "storage/readers_file.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {

constexpr std::string_view kMagic = "mnemerdr";
constexpr std::uint32_t kVersion = 1;

template <std::size_t kBytes>
void seal(std::array<std::byte, kBytes>& bytes) {
  store(&bytes[kBytes - 4], crc32c(Bytes(bytes).first(kBytes - 4)));
}

bool is_sealed(Bytes bytes, std::size_t count) {
  return bytes.size() >= count && load<std::uint32_t>(&bytes[count - 4]) == crc32c(bytes.first(count - 4));
}

}  // namespace

std::array<std::byte, kReadersMarkBytes> encode_readers_mark(const ReadersMark& mark) {
  std::array<std::byte, kReadersMarkBytes> bytes{};
  std::ranges::copy(as_bytes(kMagic), bytes.begin());
  store(&bytes[8], kVersion);
  store(&bytes[12], mark.epoch);
  store(&bytes[16], mark.origin);
  store(&bytes[24], raw(mark.durable));
  store(&bytes[32], raw(mark.point.manifest));
  store(&bytes[40], mark.point.sequence);
  std::ranges::copy(mark.boot, bytes.begin() + 48);
  seal(bytes);
  return bytes;
}

std::optional<ReadersMark> decode_readers_mark(Bytes bytes) {
  if (!is_sealed(bytes, kReadersMarkBytes) || as_text(bytes.first(8)) != kMagic) return std::nullopt;
  if (load<std::uint32_t>(&bytes[8]) != kVersion) return std::nullopt;
  ReadersMark mark;
  mark.epoch = load<std::uint32_t>(&bytes[12]);
  mark.origin = load<std::uint64_t>(&bytes[16]);
  mark.durable = Lsn{load<std::uint64_t>(&bytes[24])};
  mark.point = {FileNumber{load<std::uint64_t>(&bytes[32])}, load<std::uint64_t>(&bytes[40])};
  std::ranges::copy(bytes.subspan(48, 16), mark.boot.begin());
  return mark;
}

std::array<std::byte, kReaderSlotBytes> encode_reader_pin(const ReaderPin& pin) {
  std::array<std::byte, kReaderSlotBytes> bytes{};
  store(&bytes[0], kVersion);
  store(&bytes[4], pin.process.pid);
  store(&bytes[8], pin.process.started);
  std::ranges::copy(pin.process.boot, bytes.begin() + 16);
  store(&bytes[32], raw(pin.point.manifest));
  store(&bytes[40], pin.point.sequence);
  store(&bytes[48], raw(pin.log_from));
  store(&bytes[56], pin.since_ns);
  seal(bytes);
  return bytes;
}

std::optional<ReaderPin> decode_reader_pin(Bytes bytes) {
  if (!is_sealed(bytes, kReaderSlotBytes) || load<std::uint32_t>(&bytes[0]) != kVersion) return std::nullopt;
  ReaderPin pin;
  pin.process.pid = load<std::uint32_t>(&bytes[4]);
  pin.process.started = load<std::uint64_t>(&bytes[8]);
  std::ranges::copy(bytes.subspan(16, 16), pin.process.boot.begin());
  pin.point = {FileNumber{load<std::uint64_t>(&bytes[32])}, load<std::uint64_t>(&bytes[40])};
  pin.log_from = FileNumber{load<std::uint64_t>(&bytes[48])};
  pin.since_ns = load<std::int64_t>(&bytes[56]);
  return pin;
}

}  // namespace mneme
