// The checksum that all records of a manifest or log file begin with is that of its header: what to do when the header
// is damaged. The one stored in it, the one its bytes have, or that of the header as it must have been.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "storage/file_header.h"

namespace mneme {

struct HeaderGuess {
  FileNumber number{};
  std::uint64_t origin = 0;     // 0: not known.
  std::uint64_t bytes = 0;      // As the header has it.
  std::uint32_t epoch_max = 0;  // The last ones up to it are tried.
};

struct FileSeed {
  FileHeader header;  // Its crc is the seed. Where it was damaged, the fields are guesses.
  bool damaged = false;
};

// `fits(crc)`: whether a record of the file begins with that crc. None: nothing is of this format here. The header is
// believed without asking if it is whole.
std::optional<FileSeed> find_seed(std::string_view magic, Bytes header, const HeaderGuess& guess,
                                  const std::function<bool(std::uint32_t crc)>& fits);

}  // namespace mneme
