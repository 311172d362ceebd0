#include "salvage/file_seed.h"

#include <algorithm>

#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme {

std::optional<FileSeed> find_seed(std::string_view magic, Bytes header, const HeaderGuess& guess,
                                  const std::function<bool(std::uint32_t crc)>& fits) {
  constexpr std::uint32_t kEpochsTried = 64;
  if (header.size() < kFileHeaderBytes) return std::nullopt;
  if (const auto whole = decode_header(magic, header, "")) return FileSeed{*whole, false};

  FileSeed seed{{}, true};
  seed.header.number = guess.number;
  seed.header.origin = guess.origin;
  for (const std::uint32_t crc :
       {load<std::uint32_t>(&header[kFileHeaderBytes - 4]), crc32c(header.first(kFileHeaderBytes - 4))}) {
    if (!fits(crc)) continue;
    seed.header.crc = crc;
    return seed;
  }
  for (std::uint32_t tried = 0; tried < std::min(kEpochsTried, guess.epoch_max); ++tried) {
    FileHeader lost;
    lost.number = guess.number;
    lost.origin = guess.origin;
    lost.bytes = guess.bytes;
    lost.epoch = guess.epoch_max - tried;
    static_cast<void>(encode_header(magic, lost));  // Sets its crc.
    if (fits(lost.crc)) return FileSeed{lost, true};
  }
  return std::nullopt;
}

}  // namespace mneme
