#include "storage/file_header.h"

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {
constexpr std::size_t kMagicBytes = 8;
constexpr std::size_t kCrcAt = kFileHeaderBytes - 4;
}  // namespace

std::array<std::byte, kFileHeaderBytes> encode_header(std::string_view magic, FileHeader& header) {
  ASSERT(magic.size() == kMagicBytes);
  std::array<std::byte, kFileHeaderBytes> bytes{};
  std::memcpy(bytes.data(), magic.data(), kMagicBytes);
  store(&bytes[8], header.format_version);
  store(&bytes[12], header.compatible);
  store(&bytes[16], header.read_only_compatible);
  store(&bytes[20], header.incompatible);
  store(&bytes[24], header.cipher_id);
  store(&bytes[28], header.epoch);
  store(&bytes[32], header.origin);
  store(&bytes[40], raw(header.number));
  store(&bytes[48], header.bytes);
  header.crc = crc32c(Bytes(bytes).first(kCrcAt));
  store(&bytes[kCrcAt], header.crc);
  return bytes;
}

Result<FileHeader> decode_header(std::string_view magic, Bytes bytes, const std::string& path) {
  ASSERT(magic.size() == kMagicBytes);
  if (bytes.size() < kFileHeaderBytes) return Error(Code::corrupt, path + ": shorter than its header");
  if (as_text(bytes.first(kMagicBytes)) != magic) return Error(Code::corrupt, path + ": wrong magic at offset 0");
  FileHeader header;
  header.crc = load<std::uint32_t>(&bytes[kCrcAt]);
  if (header.crc != crc32c(bytes.first(kCrcAt))) return Error(Code::corrupt, path + ": header checksum at offset 60");

  header.format_version = load<std::uint32_t>(&bytes[8]);
  header.compatible = load<std::uint32_t>(&bytes[12]);
  header.read_only_compatible = load<std::uint32_t>(&bytes[16]);
  header.incompatible = load<std::uint32_t>(&bytes[20]);
  header.cipher_id = load<std::uint32_t>(&bytes[24]);
  header.epoch = load<std::uint32_t>(&bytes[28]);
  header.origin = load<std::uint64_t>(&bytes[32]);
  header.number = FileNumber{load<std::uint64_t>(&bytes[40])};
  header.bytes = load<std::uint64_t>(&bytes[48]);
  if (header.format_version != kFormatVersion) {
    return Error(Code::unsupported, path + ": format version " + std::to_string(header.format_version) +
                                        ", this build reads " + std::to_string(kFormatVersion));
  }
  if (header.incompatible != 0 || header.cipher_id != 0) {
    return Error(Code::unsupported, path + ": written with features this build does not know");
  }
  return header;
}

}  // namespace mneme
