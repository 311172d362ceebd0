// The encodings of a block, and how large a block may be.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mneme {

// The numbers are part of the format on disk: never reuse one.
enum class Encoding : std::uint8_t {
  all_null = 0,
  plain = 1,
  constant = 2,
  run_length = 3,
  dictionary = 4,
  packed = 5,  // Frame of reference: the difference to the least value, in as few bits as the greatest needs.
  delta = 6,
  delta_delta = 7,
  stride = 8,  // first + i * step.
  paged = 9,   // Raw, in checksummed pages outside the block: see page_run.h. Never seen by BlockView.
};
constexpr std::size_t kBlockRowsMax = 2'048;
constexpr std::size_t kBlockInputBytesMax = 64 * 1024;
constexpr std::size_t kPagedWidthMin = 64;  // Fixed-width values at least this wide are paged.

}  // namespace mneme
