// One record of the manifest and the text of CURRENT, as bytes. Pure: no I/O.
//
//     crc u32 | payload bytes u32 | sequence u64 | known-synced sequence u64 | payload (a manifest edit)
//
// crc = crc32c of all that follows it, begun with the crc of the file's header. Each record begins a sector.
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"
#include "storage/ids.h"

namespace mneme {

constexpr std::string_view kManifestMagic = "mnememan";
constexpr std::size_t kManifestRecordHeaderBytes = 24;
constexpr std::uint64_t kManifestPayloadBytesMax = std::uint64_t{256} << 20;

struct ManifestRecordHeader {
  std::uint32_t payload_bytes = 0;
  std::uint64_t sequence = 0;
  std::uint64_t known_synced = 0;
};

// Fills in the header of `record`, whose payload stands from kManifestRecordHeaderBytes on.
void seal_manifest_record(const ManifestRecordHeader& header, std::uint32_t file_crc, MutableBytes record);
// REQUIRES: kManifestRecordHeaderBytes bytes. Believes nothing.
ManifestRecordHeader decode_manifest_record(Bytes header);
bool manifest_record_intact(Bytes record, std::uint32_t file_crc);

std::string manifest_name(FileNumber number);  // "MANIFEST-<n>"
std::optional<FileNumber> manifest_number(std::string_view name);
// CURRENT is one line: the manifest's name, a space, the crc32c of the name in 8 hexadecimal digits.
std::string current_text(FileNumber number);
std::optional<FileNumber> parse_current(std::string_view text);

}  // namespace mneme
