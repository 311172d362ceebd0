#include "storage/word_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace mneme {
namespace {

using Values = std::vector<std::int64_t>;

// Held against std::lower_bound, over the whole block and over parts of it.
void check(const Values& values, Encoding encoding) {
  Column column{Type{}};
  for (const std::int64_t value : values) column.append(value);
  ByteBuffer bytes;
  if (!encode_block_as(encoding, column, 0, values.size(), bytes)) return;
  const BlockView block = BlockView::open(Type{}, values.size(), bytes, nullptr).value();
  Values wanted = values;
  for (const std::int64_t value : values) {
    if (value != std::numeric_limits<std::int64_t>::min()) wanted.push_back(value - 1);
    if (value != std::numeric_limits<std::int64_t>::max()) wanted.push_back(value + 1);
  }
  const std::size_t rows = values.size();
  for (const auto& [first, end] :
       {std::pair{std::size_t{0}, rows}, {rows / 3, rows - rows / 4}, {rows / 2, rows / 2}}) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
    const auto stop = values.begin() + static_cast<std::ptrdiff_t>(end);
    for (const std::int64_t value : wanted) {
      const auto found = static_cast<std::size_t>(std::lower_bound(begin, stop, value) - values.begin());
      CHECK(integer_lower_bound(block, first, end, value).value() == found);
    }
  }
}

void check_all(const Values& values) {
  for (const Encoding encoding : {Encoding::plain, Encoding::constant, Encoding::run_length, Encoding::dictionary,
                                  Encoding::packed, Encoding::delta, Encoding::delta_delta, Encoding::stride}) {
    check(values, encoding);
  }
}

TEST_CASE("word search: even, uneven and repeated values are found in every encoding") {
  Values even, squares, repeated, jump;
  for (std::int64_t i = 0; i < 500; ++i) {
    even.push_back(-1'000 + 7 * i);
    squares.push_back(i * i * i);
    repeated.push_back(i / 40);
    jump.push_back(i < 499 ? i : 1'000'000'000'000);
  }
  for (const Values& values : {even, squares, repeated, jump, Values(300, 5), Values{3}, Values{3, 9}})
    check_all(values);
}

TEST_CASE("word search: values as far apart as they can be") {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(),
                 kGreatest = std::numeric_limits<std::int64_t>::max();
  check_all({kLeast, kGreatest});
  check_all({kLeast, -1, 0, 1, kGreatest});
  check_all({kLeast, kLeast, kLeast + 1, kGreatest - 1, kGreatest, kGreatest});
}

TEST_CASE("word search: random ascending values") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20; ++round) {
    Values values;
    const unsigned shift = static_cast<unsigned>(random() % 56);
    for (std::size_t i = 0; i < 1 + random() % 400; ++i) values.push_back(static_cast<std::int64_t>(random()) >> shift);
    std::ranges::sort(values);
    check_all(values);
  }
}

}  // namespace
}  // namespace mneme
