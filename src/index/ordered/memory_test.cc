// The index of a memtable by itself: keys that come in order, those that stop to, and rows that are taken back.
#include "index/ordered/memory.h"

#include <doctest/doctest.h>

#include <map>

#include "os/posix.h"
#include "os/sim/dice.h"

namespace mneme {
namespace {

struct Checked {
  PosixWorld world;
  MemoryBudget budget{64 << 20};
  OrderedMemory memory{{Type{.kind = TypeKind::integer}}, world.world().scheduler, budget};
  std::vector<std::optional<std::int64_t>> keys;  // By row.

  void add(const std::vector<std::optional<std::int64_t>>& more) {
    Batch batch;
    Column& column = batch.columns.emplace_back(Type{.kind = TypeKind::integer});
    for (const auto& key : more) key ? column.append(*key) : column.append_null();
    memory.add(batch, static_cast<std::uint32_t>(keys.size())).value();
    keys.insert(keys.end(), more.begin(), more.end());
  }
  void forget_from(std::size_t row) {
    memory.forget_from(static_cast<std::uint32_t>(row));
    keys.resize(row);
  }
  [[nodiscard]] static ByteBuffer bytes_of(std::int64_t key) {
    Column column(Type{.kind = TypeKind::integer});
    column.append(key);
    ByteBuffer bytes;
    encode_key_column(column, 0, bytes);
    return bytes;
  }
  // Newest first.
  [[nodiscard]] std::vector<std::uint32_t> find(std::int64_t key) const {
    std::vector<std::uint32_t> found;
    memory.find(bytes_of(key), static_cast<std::uint32_t>(keys.size()),
                [&](std::uint32_t row) { return found.push_back(row), true; });
    return found;
  }
  void check(std::int64_t least, std::int64_t most) const {
    std::map<std::int64_t, std::vector<std::uint32_t>> want;
    for (std::size_t row = keys.size(); row-- > 0;) {
      if (keys[row]) want[*keys[row]].push_back(static_cast<std::uint32_t>(row));
    }
    for (std::int64_t key = least; key <= most; ++key) {
      REQUIRE(find(key) == want[key]);
      REQUIRE(may_have_key(key) == !want[key].empty());
    }
  }
  [[nodiscard]] bool may_have(std::int64_t from, std::int64_t to) const {
    Column least(Type{.kind = TypeKind::integer}), most(Type{.kind = TypeKind::integer});
    least.append(from);
    most.append(to);
    return memory.may_have(least, most);
  }
  [[nodiscard]] bool may_have_key(std::int64_t key, std::uint32_t rows = ~std::uint32_t{0}) const {
    return memory.may_have_key(bytes_of(key), rows);
  }
};

TEST_CASE("ordered memory: ascending keys, even or not, are found without a table, and what is between them is not") {
  Checked checked;
  for (std::int64_t i = 0; i < 3'000; ++i) checked.add({i < 2'000 ? i * 3 : 6'000 + (i - 2'000) * (i - 2'000)});
  checked.check(-2, 7'000);
  const std::size_t bytes = checked.memory.stats().bytes;
  CHECK(bytes <
        4'032 * 10);  // Chunks of 64, 128 ... 2,048 words, and whether each is NULL; a table takes as much again.
}

TEST_CASE("ordered memory: keys that come again, are NULL or fall back are found behind those that came in order") {
  sim::Dice dice(3);
  for (int life = 0; life < 30; ++life) {
    Checked checked;
    std::int64_t next = -50;
    for (int step = 0; step < 40; ++step) {
      std::vector<std::optional<std::int64_t>> more;
      for (std::uint64_t i = dice.below(20); i > 0; --i) {
        const bool in_order = dice.below(life % 3 == 0 ? 5 : 50) != 0;
        next += in_order ? 1 + static_cast<std::int64_t>(dice.below(3)) : 0;
        if (in_order) more.emplace_back(next);
        if (!in_order && dice.below(4) == 0) more.emplace_back(std::nullopt);
        if (!in_order) more.emplace_back(static_cast<std::int64_t>(dice.below(200)) - 60);
      }
      checked.add(more);
      if (dice.below(4) == 0) checked.forget_from(dice.below(checked.keys.size() + 1));
      checked.check(-60, 200);
    }
  }
}

TEST_CASE("ordered memory: whether a key is there is told of the rows below one, in order or not") {
  Checked checked;
  checked.add({{10}, {20}, {15}, std::nullopt, {20}, {30}});
  CHECK(checked.may_have_key(10, 1));
  CHECK_FALSE(checked.may_have_key(10, 0));
  CHECK_FALSE(checked.may_have_key(20, 1));
  CHECK(checked.may_have_key(20, 2));
  CHECK_FALSE(checked.may_have_key(15, 2));
  CHECK(checked.may_have_key(15, 3));
  CHECK_FALSE(checked.may_have_key(30, 5));
  CHECK(checked.may_have_key(30, 6));
  CHECK_FALSE(checked.may_have_key(12));
  checked.forget_from(1);
  CHECK_FALSE(checked.may_have_key(20));
}

TEST_CASE("ordered memory: what is reserved covers what is held, in a large one mostly for the next row, too") {
  Checked checked;
  sim::Dice dice(7);
  int ahead = 0;
  for (int i = 0; i < 100'000; ++i) {
    checked.add({{static_cast<std::int64_t>(dice.below(1'000'000))}});
    const std::size_t held = sizeof(OrderedMemory) + checked.memory.stats().bytes;
    REQUIRE(checked.budget.used() >= held);
    REQUIRE(checked.budget.used() <= held + held / 16);
    ahead += checked.budget.used() > held ? 1 : 0;
  }
  CHECK(ahead > 30'000);
}

TEST_CASE("ordered memory: what is outside of all keys there were is known not to be there") {
  Checked checked;
  CHECK_FALSE(checked.may_have(INT64_MIN, INT64_MAX));
  checked.add({{10}, std::nullopt, {20}});
  CHECK_FALSE(checked.may_have(21, 30));
  CHECK_FALSE(checked.may_have(-30, 9));
  CHECK(checked.may_have(20, 30));
  CHECK(checked.may_have(0, 10));
  CHECK(checked.may_have(12, 13));  // Bounds are all it knows.
  checked.forget_from(1);
  CHECK_FALSE(checked.may_have(11, 30));
  CHECK(checked.may_have(10, 30));
}

}  // namespace
}  // namespace mneme
