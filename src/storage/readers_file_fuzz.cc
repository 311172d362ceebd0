// Feeds arbitrary bytes to the mark and the slots of READERS, in part of the inputs sealed again: what can be read must
// come back the same from what is written of it.
#include <cstdlib>

#include "base/coding.h"
#include "base/crc32c.h"
#include "storage/readers_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mneme;
  ByteBuffer bytes(reinterpret_cast<const std::byte*>(data), reinterpret_cast<const std::byte*>(data) + size);
  const bool seals = size > kReadersMarkBytes && (data[size - 1] & 1) != 0;
  if (seals) store(&bytes[kReadersMarkBytes - 4], crc32c(Bytes(bytes).first(kReadersMarkBytes - 4)));
  if (const auto mark = decode_readers_mark(bytes)) {
    const auto again = decode_readers_mark(encode_readers_mark(*mark));
    if (!again || !(*again == *mark)) std::abort();
  }
  if (const auto pin = decode_reader_pin(bytes)) {
    const auto again = decode_reader_pin(encode_reader_pin(*pin));
    if (!again || !(*again == *pin)) std::abort();
  }
  return 0;
}
