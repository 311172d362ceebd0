#include "storage/delete_set.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

namespace mneme {
namespace {

constexpr TableId kTable{5};

struct Numbers {
  std::uint64_t state;
  std::uint64_t next() { return (state = state * 6364136223846793005U + 1442695040888963407U) >> 33; }
};

// The law, by looking at every pair: a row is live to a snapshot before its end.
using Model = std::map<std::uint32_t, std::uint64_t>;

void check_against(const DeleteSet& set, const Model& model, std::uint64_t first, std::size_t count,
                   std::uint64_t sequence) {
  std::vector<std::uint64_t> bits((count + 63) / 64 + 1, 0xABAB);
  const std::size_t live = set.live_mask(first, count, sequence, bits.data());
  std::size_t want_live = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto ordinal = static_cast<std::uint32_t>(first + i);
    const auto found = model.find(ordinal);
    const bool want = found == model.end() || sequence < found->second;
    want_live += want ? 1 : 0;
    REQUIRE(set.is_live(ordinal, sequence) == want);
    const bool got = (bits[i / 64] >> (i % 64) & 1) != 0;
    REQUIRE(got == want);
  }
  CHECK(live == want_live);
  const std::uint64_t beyond = count % 64 == 0 ? 0 : bits[count / 64] >> (count % 64);
  CHECK(beyond == 0);
  CHECK(bits[(count + 63) / 64] == 0xABAB);  // Writes no word too many.
}

DeleteSet make_set(Model& model, std::size_t deletes, std::uint32_t rows) {
  DeleteSet set;
  Numbers random{deletes + rows};
  for (std::size_t i = 0; i < deletes; ++i) {
    const auto ordinal = static_cast<std::uint32_t>(random.next() % rows);
    const std::uint64_t sequence = 100 + i;
    CHECK(set.add(ordinal, sequence) == model.emplace(ordinal, sequence).second);
  }
  return set;
}

TEST_CASE("delete set: a row is live until its end sequence, whichever form its delete is kept in") {
  for (const std::size_t deletes : {std::size_t{0}, std::size_t{50}, std::size_t{6'000}, std::size_t{20'000}}) {
    Model model;
    DeleteSet set = make_set(model, deletes, 140'000);
    CHECK(set.count() == model.size());
    check_against(set, model, 0, 140'000, 100 + deletes / 2);
    set.age(100 + deletes / 3);
    CHECK(set.count() == model.size());
    for (const std::uint64_t sequence : {100 + deletes / 3, 100 + deletes / 2, 100 + deletes}) {
      check_against(set, model, 0, 140'000, sequence);
      check_against(set, model, 65'500, 2'048, sequence);
      check_against(set, model, 3, 61, sequence);
    }
    if (deletes != 0) CHECK(!set.add(model.begin()->first, 1'000'000));  // Dies once.
  }
}

TEST_CASE("delete set: the file gives back the set, and nothing but its own segment's") {
  for (const std::size_t deletes : {std::size_t{0}, std::size_t{40}, std::size_t{12'000}}) {
    Model model;
    DeleteSet set = make_set(model, deletes, 100'000);
    set.age(100 + deletes / 2);
    ByteBuffer file;
    set.encode(7, kTable, file);
    const auto back = DeleteSet::decode(file, "7-9.del", 7, kTable);
    REQUIRE(back);
    CHECK(back->count() == set.count());
    check_against(*back, model, 0, 100'000, 100 + deletes * 3 / 4);
    CHECK(DeleteSet::decode(file, "7-9.del", 8, kTable).error().code() == Code::corrupt);
    CHECK(DeleteSet::decode(file, "7-9.del", 7, TableId{6}).error().code() == Code::corrupt);
  }
}

TEST_CASE("delete set: every flipped bit and every cut of the file is found") {
  Model model;
  DeleteSet set = make_set(model, 40, 100'000);
  set.age(120);
  ByteBuffer file;
  set.encode(7, kTable, file);
  for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
    ByteBuffer flipped = file;
    flipped[bit / 8] ^= static_cast<std::byte>(1 << (bit % 8));
    CHECK(!DeleteSet::decode(flipped, "7-9.del", 7, kTable));
  }
  for (std::size_t size = 0; size < file.size(); ++size)
    CHECK(!DeleteSet::decode(Bytes(file).first(size), "7-9.del", 7, kTable));
}

}  // namespace
}  // namespace mneme
