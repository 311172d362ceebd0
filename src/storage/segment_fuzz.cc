// Fuzzes what a segment is read with, past the checksums: the block decoders, the footer, the deletes. The first byte
// chooses, so that one corpus serves all. Nothing may crash, and what is read must stay within the input's bounds.
#include <algorithm>
#include <array>

#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/delete_set.h"
#include "storage/encoding.h"
#include "storage/segment_format.h"

namespace mneme {
namespace {

constexpr std::array kTypes = {Type{.kind = TypeKind::integer}, Type{.kind = TypeKind::boolean},
                               Type{.kind = TypeKind::date},    Type{.kind = TypeKind::floating},
                               Type{.kind = TypeKind::text},    Type{.kind = TypeKind::uuid},
                               Type{.kind = TypeKind::point3}};

void fuzz_block(Bytes input) {
  if (input.size() < 3) return;
  const Type type = kTypes[static_cast<std::size_t>(input[0]) % kTypes.size()];
  const std::size_t rows = load<std::uint16_t>(input.data() + 1) % (kBlockRowsMax + 2);
  const auto view = BlockView::open(type, rows, input.subspan(3), nullptr);
  if (!view) return;
  Column out(type);
  // A column into which decoding failed is thrown away, as its callers do: what it holds is not defined.
  if (!view->decode(0, rows, out) || !view->decode(rows / 3, rows - rows / 3, out)) return;
  for (std::size_t row = 0; row < rows; row += 41) {
    if (!view->at(row, out)) return;
  }
  std::size_t sum = 0;  // Touches every byte that was lent.
  for (std::size_t row = 0; type.is_variable() && row < out.rows(); ++row) {
    if (out.is_null(row)) continue;
    for (const std::byte byte : out.bytes_at(row)) sum += static_cast<std::size_t>(byte);
  }
  static_cast<void>(sum);
}

void fuzz_deletes(Bytes input) {
  ByteBuffer sealed(input.begin(), input.end());
  Writer(sealed).put(crc32c(sealed));
  if (input.size() < 32) return;
  const auto number = load<std::uint64_t>(input.data() + 16);
  const auto set = DeleteSet::decode(sealed, "fuzz.del", number, load<TableId>(input.data() + 24));
  if (!set) return;
  std::array<std::uint64_t, 64> bits{};
  static_cast<void>(set->live_mask(1, 4'000, 77, bits.data()));
  static_cast<void>(set->is_live(5, 6));
}

void fuzz_footer(Bytes input) {
  static_cast<void>(decode_segment_footer(input, 1 << 20).has_value());
  if (input.size() >= kSegmentHeaderBytes)
    static_cast<void>(decode_segment_header(input.first(kSegmentHeaderBytes)).has_value());
  if (input.size() >= kSegmentTrailerBytes)
    static_cast<void>(decode_segment_trailer(input.first(kSegmentTrailerBytes)).has_value());
  if (input.size() < sizeof(BlockEntry)) return;
  ZoneMap zone;
  static_cast<void>(zone_of_entry(load<BlockEntry>(input.data()), input, zone));
}

}  // namespace
}  // namespace mneme

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mneme;
  if (size == 0) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: fuzz_deletes(input); break;
    case 1: fuzz_footer(input); break;
    default: fuzz_block(input); break;
  }
  return 0;
}
