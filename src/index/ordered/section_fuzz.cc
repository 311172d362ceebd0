// Fuzzes what reads an ordered section, past the checksums of its pages: meta run, nodes, filters and the paths through
// them. Nothing may crash, every walk ends, and nothing is read out of bounds or allocated by what a field claims.
#include <algorithm>

#include "index/ordered/leaf.h"
#include "index/ordered/section_test.h"

namespace mneme::ordered {
namespace {

constexpr std::size_t kLeavesMax = 64;
constexpr std::size_t kEntriesMax = 512;

void read_leaf(const OrderedSection& section, std::uint32_t number, Bytes key) {
  Leaf leaf(section, nullptr);
  if (!leaf.load(number)) return;
  ByteBuffer out;
  static_cast<void>(leaf.lower_bound(key).has_value());
  for (std::size_t i = 0; i < std::min(leaf.entries(), kEntriesMax); ++i) {
    out.clear();
    static_cast<void>(leaf.ordinal(i).has_value());
    static_cast<void>(leaf.append_key(i, out).has_value());
    static_cast<void>(leaf.compare(i, key).has_value());
  }
}

void walk(const OrderedSection& section, Bytes key, bool forward) {
  TreePath path(section);
  if (!(forward ? path.seek(key) : path.seek_last())) return;
  for (std::size_t leaves = 0; leaves < kLeavesMax; ++leaves) {
    static_cast<void>(section.may_have(path.leaf(), key_hash(key)).has_value());
    static_cast<void>(path.begins_at_or_below(key));
    static_cast<void>(path.fraction());
    if (section.meta().form == Form::entries) read_leaf(section, path.leaf(), key);
    const auto more = forward ? path.next() : path.previous();
    if (!more || !*more) return;
  }
}

void fuzz_node(Bytes input, Bytes key) {
  const auto node = KeyNode::open(input);
  if (!node) return;
  static_cast<void>(node->verify().has_value());
  static_cast<void>(node->lower_bound(key));
  ByteBuffer out;
  for (std::size_t i = 0; i < std::min(node->entries(), kEntriesMax); ++i) {
    static_cast<void>(node->number(i));
    static_cast<void>(node->compare(i, key));
    node->append_key(i, out);
  }
}

}  // namespace
}  // namespace mneme::ordered

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mneme;
  using namespace mneme::ordered;
  if (size < 10) return 0;
  const Bytes input(reinterpret_cast<const std::byte*>(data), size);
  const Bytes key = input.first(9);
  fuzz_node(input.subspan(9), key);
  const test::MemorySection held(ByteBuffer(input.begin() + 9, input.end()));
  const auto section = OrderedSection::open(held);
  if (!section) return 0;
  static_cast<void>((*section)->may_overlap(key, {}));
  if ((*section)->meta().levels == 0) return 0;
  walk(**section, key, true);
  walk(**section, key, false);
  return 0;
}
