#include <doctest/doctest.h>

#include "base/coding.h"
#include "base/crc32c.h"
#include "base/result.h"

namespace mneme {
namespace {

TEST_CASE("crc32c: equals the check values of RFC 3720 and of the CRC catalogue") {
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283U);
  const ByteBuffer zeros(32);
  CHECK(crc32c(zeros) == 0x8a9136aaU);
  const ByteBuffer ones(32, std::byte{0xff});
  CHECK(crc32c(ones) == 0x62a8ab43U);
}

TEST_CASE("crc32c: a crc continued over any cut equals the crc of the whole, past the three-stream length too") {
  ByteBuffer bytes(10'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31 + (i >> 7));
  std::uint32_t slow = ~0U;  // Bit by bit, from the definition.
  for (const std::byte b : bytes) {
    slow ^= static_cast<std::uint32_t>(b);
    for (int bit = 0; bit < 8; ++bit) slow = (slow >> 1) ^ ((slow & 1) != 0 ? 0x82f63b78U : 0);
  }
  const auto whole = crc32c(bytes);
  CHECK(whole == ~slow);
  for (const std::size_t cut : {0U, 1U, 7U, 3071U, 3072U, 3073U, 9999U}) {
    CHECK(crc32c(Bytes(bytes).subspan(cut), crc32c(Bytes(bytes).first(cut))) == whole);
  }
}

TEST_CASE("coding: varints and zigzag round-trip at their borders, and a reader never passes its end") {
  ByteBuffer buffer;
  Writer writer(buffer);
  const std::uint64_t values[] = {0, 1, 127, 128, 16383, 16384, ~0ULL >> 1, ~0ULL};
  for (const auto v : values) writer.put_varint(v);
  Reader reader(buffer);
  for (const auto v : values) {
    std::uint64_t got = 1;
    REQUIRE(reader.get_varint(got));
    CHECK(got == v);
  }
  std::uint64_t none = 0;
  CHECK_FALSE(reader.get_varint(none));
  for (const std::int64_t v : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX})
    CHECK(unzigzag(zigzag(v)) == v);

  ByteBuffer lying;
  Writer(lying).put_varint(1ULL << 60);  // A length no file of this size can hold.
  Bytes bytes;
  CHECK_FALSE(Reader(lying).get_sized(bytes));
}

Result<int> half(int n) {
  if (n % 2 != 0) return Error(Code::invalid_argument, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  const int h = TRY(half(n));
  return TRY(half(h));
}
TEST_CASE("TRY: hands on the value, or returns the error") {
  CHECK(*quarter(8) == 2);
  CHECK(quarter(6).error().code() == Code::invalid_argument);
}

}  // namespace
}  // namespace mneme
