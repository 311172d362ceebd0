// CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the CPU's instruction where it has one.
#pragma once

#include "base/bytes.h"

namespace mneme {

// The crc of `bytes` after bytes whose crc is `seed`: crc32c(b, crc32c(a)) == crc32c(a + b).
std::uint32_t crc32c(Bytes bytes, std::uint32_t seed = 0) noexcept;

}  // namespace mneme
