#include "storage/manifest_record.h"

#include <charconv>

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {
namespace {
constexpr std::string_view kPrefix = "MANIFEST-";
}

void seal_manifest_record(const ManifestRecordHeader& header, std::uint32_t file_crc, MutableBytes record) {
  ASSERT(record.size() == kManifestRecordHeaderBytes + header.payload_bytes);
  store(&record[4], header.payload_bytes);
  store(&record[8], header.sequence);
  store(&record[16], header.known_synced);
  store(&record[0], crc32c(record.subspan(4), file_crc));
}

ManifestRecordHeader decode_manifest_record(Bytes header) {
  ASSERT(header.size() >= kManifestRecordHeaderBytes);
  return {.payload_bytes = load<std::uint32_t>(&header[4]),
          .sequence = load<std::uint64_t>(&header[8]),
          .known_synced = load<std::uint64_t>(&header[16])};
}

bool manifest_record_intact(Bytes record, std::uint32_t file_crc) {
  return load<std::uint32_t>(record.data()) == crc32c(record.subspan(4), file_crc);
}

std::string manifest_name(FileNumber number) { return std::string(kPrefix) + std::to_string(raw(number)); }

std::optional<FileNumber> manifest_number(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, number);
  // Only the one way we write it: no leading zeros, not 0.
  if (parsed.ec != std::errc() || parsed.ptr != end || number == 0) return std::nullopt;
  if (manifest_name(FileNumber{number}) != name) return std::nullopt;
  return FileNumber{number};
}

std::string current_text(FileNumber number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = manifest_name(number);
  const std::uint32_t crc = crc32c(as_bytes(text));
  text += ' ';
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[crc >> shift & 15];
  return text + "\n";
}

std::optional<FileNumber> parse_current(std::string_view text) {
  const auto number = manifest_number(text.substr(0, text.find(' ')));
  if (!number || current_text(*number) != text) return std::nullopt;
  return number;
}

}  // namespace mneme
