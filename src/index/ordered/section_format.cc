#include "index/ordered/section_format.h"

#include <array>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme::ordered {
namespace {

constexpr std::uint64_t kMagic = 0x58444E4944524F4DU;  // "MORDINDX"
constexpr std::uint16_t kFormatVersion = 1;

Error bad_meta(const char* what) { return Error(Code::corrupt, std::string("section of an ordered index: ") + what); }

struct Trailer {
  std::uint32_t meta_page = 0, groups = 0, least = 0, greatest = 0;
};

bool decode_trailer(Bytes bytes, Trailer& trailer, Meta& meta) {
  Reader reader(bytes);
  std::uint16_t version = 0;
  std::uint64_t reserved = 0, magic = 0;
  return reader.get(trailer.meta_page) && reader.get(trailer.groups) && reader.get(trailer.least) &&
         reader.get(trailer.greatest) && reader.get(meta.rows) && reader.get(meta.root_page) &&
         reader.get(meta.root_bytes) && reader.get(meta.types) && reader.get(meta.form) && reader.get(meta.levels) &&
         reader.get(version) && reader.get(reserved) && reader.get(reserved) && reader.get(magic) && magic == kMagic &&
         version == kFormatVersion;
}

}  // namespace

void encode_meta(const Meta& meta, std::uint32_t meta_page, ByteBuffer& out) {
  Writer writer(out);
  for (const BloomGroup& group : meta.groups) {
    writer.put(group.first);
    writer.put(group.page);
    writer.put(group.blocks);
  }
  writer.put_bytes(meta.least);
  writer.put_bytes(meta.greatest);
  writer.put(meta_page);
  writer.put(static_cast<std::uint32_t>(meta.groups.size()));
  writer.put(static_cast<std::uint32_t>(meta.least.size()));
  writer.put(static_cast<std::uint32_t>(meta.greatest.size()));
  writer.put(meta.rows);
  writer.put(meta.root_page);
  writer.put(meta.root_bytes);
  writer.put(meta.types);
  writer.put(meta.form);
  writer.put(meta.levels);
  writer.put(kFormatVersion);
  writer.put(std::uint64_t{0});
  writer.put(std::uint64_t{0});
  writer.put(kMagic);
}

Result<std::uint32_t> meta_page_of(Bytes trailer, std::uint64_t section_bytes) {
  Trailer at;
  Meta meta;
  if (trailer.size() != kTrailerBytes || !decode_trailer(trailer, at, meta)) return bad_meta("no trailer");
  if (std::uint64_t{at.meta_page} * kPageBytes > section_bytes - kTrailerBytes)
    return bad_meta("meta run outside of it");
  return at.meta_page;
}

Result<Meta> decode_meta(Bytes run, std::uint64_t section_bytes) {
  Trailer at;
  Meta meta;
  if (run.size() < kTrailerBytes || !decode_trailer(run.last(kTrailerBytes), at, meta)) return bad_meta("no trailer");
  const std::uint64_t wanted =
      at.groups * std::uint64_t{sizeof(BloomGroup)} + at.least + std::uint64_t{at.greatest} + kTrailerBytes;
  if (wanted != run.size()) return bad_meta("its meta run has another size");
  if (meta.form != Form::entries && meta.form != Form::clustered) return bad_meta("unknown form");
  if (meta.levels > kLevelsMax || (meta.levels == 0) != (meta.rows == 0)) return bad_meta("bad number of levels");
  if (meta.rows > ~std::uint32_t{0}) return bad_meta("too many rows");
  const std::uint64_t root = std::uint64_t{meta.root_page} * kPageBytes;
  if (root > section_bytes || meta.root_bytes > section_bytes - root) return bad_meta("its root leaves it");
  meta.groups.resize(at.groups);
  if (at.groups != 0) std::memcpy(meta.groups.data(), run.data(), at.groups * sizeof(BloomGroup));
  for (std::size_t i = 0; i < meta.groups.size(); ++i) {
    const BloomGroup& group = meta.groups[i];
    const std::uint64_t begin = std::uint64_t{group.page} * kPageBytes;
    const bool fits =
        group.blocks != 0 && begin <= section_bytes && group.blocks * std::uint64_t{32} <= section_bytes - begin;
    if (!fits || (i != 0 && group.first <= meta.groups[i - 1].first)) return bad_meta("bad bloom filter");
  }
  const Bytes bounds = run.subspan(at.groups * sizeof(BloomGroup));
  meta.least.assign(bounds.begin(), bounds.begin() + at.least);
  meta.greatest.assign(bounds.begin() + at.least, bounds.begin() + at.least + at.greatest);
  return meta;
}

std::uint32_t fingerprint(std::span<const Type> types) noexcept {
  std::uint32_t crc = 0;
  for (const Type& type : types) {  // The unscaled number is what is compared; a precision changes nothing.
    const std::array<std::byte, 2> bytes{static_cast<std::byte>(type.kind), static_cast<std::byte>(type.scale)};
    crc = crc32c(bytes, crc);
  }
  return crc;
}

}  // namespace mneme::ordered
