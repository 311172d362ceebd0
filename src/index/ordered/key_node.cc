#include "index/ordered/key_node.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::size_t kPrefixBytesMax = 0xFFFF;
constexpr unsigned kNumberBitsMax = 32;

std::size_t shared_bytes(Bytes a, Bytes b) noexcept {
  const auto differs = std::ranges::mismatch(a, b);
  return static_cast<std::size_t>(differs.in1 - a.begin());
}

Error bad_node(const char* what) { return Error(Code::corrupt, std::string("node of an index: ") + what); }

}  // namespace

std::size_t KeyNodeBuilder::Shape::bytes(std::size_t entries) const noexcept {
  const std::size_t shared = std::min(prefix, kPrefixBytesMax);
  const bool ends = !fixed() || longest - shared >= KeyNode::kSuffixesDiffer;
  return kKeyNodeHeaderBytes + shared + (total - entries * shared) + (ends ? entries * sizeof(std::uint32_t) : 0) +
         packed_bytes(entries, bits_for(greatest - least));
}

KeyNodeBuilder::Shape KeyNodeBuilder::shape_with(Bytes key, std::uint32_t number) const noexcept {
  if (numbers_.empty()) return {key.size(), key.size(), key.size(), key.size(), number, number};
  Shape shape = shape_;
  shape.prefix = std::min(shape.prefix, shared_bytes(keys_[0], key));
  shape.shortest = std::min(shape.shortest, key.size());
  shape.longest = std::max(shape.longest, key.size());
  shape.total += key.size();
  shape.least = std::min(shape.least, number);
  shape.greatest = std::max(shape.greatest, number);
  return shape;
}

std::size_t KeyNodeBuilder::bytes_with(Bytes key, std::uint32_t number) const noexcept {
  return shape_with(key, number).bytes(numbers_.size() + 1);
}

void KeyNodeBuilder::add(Bytes key, std::uint32_t number) {
  shape_ = shape_with(key, number);
  keys_.add(key);
  numbers_.push_back(number);
}

void KeyNodeBuilder::finish(ByteBuffer& out) {
  ASSERT(!numbers_.empty());
  const std::size_t count = numbers_.size();
  const std::size_t prefix = std::min(shape_.prefix, kPrefixBytesMax);
  const bool ends = !shape_.fixed() || shape_.longest - prefix >= KeyNode::kSuffixesDiffer;
  const unsigned bits = bits_for(shape_.greatest - shape_.least);
  Writer writer(out);
  writer.put(static_cast<std::uint32_t>(shape_.bytes(count)));
  writer.put(static_cast<std::uint32_t>(count));
  writer.put(shape_.least);
  writer.put(static_cast<std::uint16_t>(prefix));
  writer.put(ends ? KeyNode::kSuffixesDiffer : static_cast<std::uint16_t>(shape_.longest - prefix));
  writer.put(static_cast<std::uint32_t>(bits));
  writer.put_bytes(keys_[0].first(prefix));
  std::uint32_t end = 0;
  for (std::size_t i = 0; ends && i < count; ++i) {
    end += static_cast<std::uint32_t>(keys_[i].size() - prefix);
    writer.put(end);
  }
  for (std::size_t i = 0; i < count; ++i) writer.put_bytes(keys_[i].subspan(prefix));
  pack_bits(count, bits, out, [&](std::size_t i) { return std::uint64_t{numbers_[i] - shape_.least}; });
  keys_.clear();
  numbers_.clear();
}

std::uint32_t KeyNode::bytes_of(Bytes bytes) noexcept { return load<std::uint32_t>(bytes.data()); }

Result<KeyNode> KeyNode::open(Bytes bytes) {
  Reader reader(bytes);
  KeyNode node;
  std::uint32_t size = 0, entries = 0, bits = 0;
  std::uint16_t prefix = 0;
  if (!reader.get(size) || !reader.get(entries) || !reader.get(node.base_) || !reader.get(prefix) ||
      !reader.get(node.suffix_bytes_) || !reader.get(bits)) {
    return bad_node("cut short");
  }
  if (size < kKeyNodeHeaderBytes || size > bytes.size()) return bad_node("its size does not fit");
  if (bits > kNumberBitsMax || entries == 0 || entries > size * std::uint64_t{8}) return bad_node("bad entries");
  reader = Reader(bytes.first(size).subspan(kKeyNodeHeaderBytes));
  if (!reader.get_bytes(prefix, node.prefix_)) return bad_node("its prefix leaves it");
  const std::size_t numbers = packed_bytes(entries, bits);
  if (numbers > reader.remaining()) return bad_node("its numbers leave it");
  node.entries_ = entries;
  if (node.suffix_bytes_ == kSuffixesDiffer) {
    Bytes ends;
    if (reader.remaining() - numbers < entries * std::uint64_t{4}) return bad_node("its keys leave it");
    static_cast<void>(reader.get_bytes(entries * sizeof(std::uint32_t), ends));
    node.ends_ = ends.data();
  } else if (reader.remaining() - numbers != entries * std::uint64_t{node.suffix_bytes_}) {
    return bad_node("its keys do not fill it");
  }
  static_cast<void>(reader.get_bytes(reader.remaining() - numbers, node.suffixes_));
  Bytes packed;
  static_cast<void>(reader.get_bytes(numbers, packed));
  node.numbers_ = {packed.data(), bits};
  return node;
}

std::uint32_t KeyNode::end(std::size_t entry) const noexcept {
  const auto end = load<std::uint32_t>(ends_ + entry * sizeof(std::uint32_t));
  return std::min(end, static_cast<std::uint32_t>(suffixes_.size()));
}

Bytes KeyNode::suffix(std::size_t entry) const noexcept {
  if (ends_ == nullptr) return suffixes_.subspan(entry * suffix_bytes_, suffix_bytes_);
  const std::uint32_t to = end(entry);
  const std::uint32_t from = entry == 0 ? 0 : std::min(end(entry - 1), to);
  return suffixes_.subspan(from, to - from);
}

void KeyNode::append_key(std::size_t entry, ByteBuffer& out) const {
  out.insert(out.end(), prefix_.begin(), prefix_.end());
  const Bytes rest = suffix(entry);
  out.insert(out.end(), rest.begin(), rest.end());
}

int KeyNode::compare(std::size_t entry, Bytes key) const noexcept {
  const std::size_t shared = std::min(key.size(), prefix_.size());
  const int order = compare_keys(prefix_.first(shared), key.first(shared));
  if (order != 0) return order;
  if (key.size() < prefix_.size()) return 1;
  return compare_keys(suffix(entry), key.subspan(shared));
}

// Suffixes of up to eight bytes, compared as big-endian words; what the loads read too much is shifted out, and the
// padding behind the numbers makes them safe.
std::size_t KeyNode::lower_bound_of_words(Bytes rest) const noexcept {
  if (suffix_bytes_ == 0) return rest.empty() ? 0 : entries_;
  const unsigned spare = 64 - 8 * unsigned{suffix_bytes_};
  std::array<std::byte, sizeof(std::uint64_t)> padded{};
  std::copy_n(rest.begin(), std::min<std::size_t>(rest.size(), suffix_bytes_), padded.begin());
  // A rest that is shorter is below every suffix it begins, as its zeros are; one that goes on is above its beginning.
  const std::uint64_t wanted = __builtin_bswap64(load<std::uint64_t>(padded.data())) >> spare;
  const bool goes_on = rest.size() > suffix_bytes_;
  std::size_t low = 0, count = entries_;
  while (count != 0) {
    const std::size_t half = count / 2;
    const auto word = __builtin_bswap64(load<std::uint64_t>(suffixes_.data() + (low + half) * suffix_bytes_)) >> spare;
    const bool below = word < wanted || (word == wanted && goes_on);
    low = below ? low + half + 1 : low;
    count = below ? count - half - 1 : half;
  }
  return low;
}

std::size_t KeyNode::lower_bound(Bytes key) const noexcept {
  const std::size_t shared = std::min(key.size(), prefix_.size());
  const int order = compare_keys(key.first(shared), prefix_.first(shared));
  if (order < 0 || (order == 0 && key.size() <= prefix_.size())) return 0;
  if (order > 0) return entries_;
  const Bytes rest = key.subspan(shared);
  if (ends_ == nullptr && suffix_bytes_ <= sizeof(std::uint64_t)) return lower_bound_of_words(rest);
  std::size_t low = 0, high = entries_;
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (compare_keys(suffix(middle), rest) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<void> KeyNode::verify() const {
  for (std::size_t i = 1; i < entries_; ++i) {
    if (compare_keys(suffix(i - 1), suffix(i)) > 0) return bad_node("keys do not ascend");
    if (ends_ != nullptr && load<std::uint32_t>(ends_ + i * 4) < load<std::uint32_t>(ends_ + i * 4 - 4)) {
      return bad_node("ends of keys do not ascend");
    }
  }
  if (ends_ != nullptr && load<std::uint32_t>(ends_ + (entries_ - 1) * 4) != suffixes_.size()) {
    return bad_node("keys do not fill it");
  }
  return {};
}

}  // namespace mneme
