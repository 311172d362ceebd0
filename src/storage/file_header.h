// The header every file of a database begins with: 64 bytes, little-endian, in a page of its own.
//
//     magic u8[8] | format version u32 | compatible u32 | read-only compatible u32 | incompatible u32
//     | cipher id u32 | epoch u32 | origin id u64 | file number u64 | bytes u64 | 0 u32 | crc32c u32 of all before it
//
// What a reader does not know in `compatible` it ignores, in `read-only compatible` it opens read-only, in
// `incompatible` it refuses. The surprising use: the records of a log begin their own crc with this header's, so a
// record left in a recycled file by its earlier life (another number) never verifies.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "storage/ids.h"

namespace mneme {

constexpr std::uint32_t kFormatVersion = 2;
constexpr std::size_t kFileHeaderBytes = 64;
// What follows the header begins here, so that writing it never touches the header's sector or page.
constexpr std::uint64_t kFileBodyOffset = 4096;
// No record shares a sector with one already synced: a write torn by a power cut may turn its whole sector to garbage.
constexpr std::uint64_t kSectorBytes = 512;

constexpr std::uint64_t align_to_sector(std::uint64_t offset) noexcept {
  return (offset + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
}

struct FileHeader {
  std::uint32_t format_version = kFormatVersion;
  std::uint32_t compatible = 0;
  std::uint32_t read_only_compatible = 0;
  std::uint32_t incompatible = 0;
  std::uint32_t cipher_id = 0;  // 0: not encrypted.
  std::uint32_t epoch = 0;      // When the header was written.
  std::uint64_t origin = 0;     // Random, of the database that wrote it.
  FileNumber number{};
  std::uint64_t bytes = 0;  // The file is never shorter, once it is in use. 0: it does not say.
  std::uint32_t crc = 0;    // Set by encode_header and decode_header.
};

// `magic` has eight characters. Sets header.crc.
std::array<std::byte, kFileHeaderBytes> encode_header(std::string_view magic, FileHeader& header);
// corrupt: wrong magic or crc. unsupported: another format version, an unknown incompatible flag, a cipher.
Result<FileHeader> decode_header(std::string_view magic, Bytes bytes, const std::string& path);

}  // namespace mneme
