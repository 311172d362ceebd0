#include "index/ordered/section.h"

#include <algorithm>

#include "base/coding.h"
#include "index/ordered/bloom.h"

namespace mneme::ordered {
namespace {

Error corrupt(const char* what) { return Error(Code::corrupt, std::string("ordered index: ") + what); }

}  // namespace

Result<const OrderedSection*> OrderedSection::open(const Section& section) {
  if (const OpenedIndex* kept = section.opened()) return static_cast<const OrderedSection*>(kept);
  const std::uint64_t size = section.size();
  if (size < kTrailerBytes) return corrupt("its section is cut short");
  const PinnedBytes trailer = TRY(section.read(size - kTrailerBytes, kTrailerBytes, BlockCache::Priority::entry));
  const std::uint32_t meta_page = TRY(meta_page_of(trailer.bytes(), size));
  const std::uint64_t meta_at = std::uint64_t{meta_page} * kPageBytes;
  const auto meta_bytes = static_cast<std::size_t>(size - meta_at);
  const PinnedBytes run = TRY(section.read(meta_at, meta_bytes, BlockCache::Priority::entry));
  std::unique_ptr<OrderedSection> opened(new OrderedSection(section));
  opened->meta_ = TRY(decode_meta(run.bytes(), size));
  if (opened->meta_.levels != 0) {
    LoadedNode root = TRY(opened->node(opened->meta_.root_page, BlockCache::Priority::entry));
    opened->root_ = std::make_unique<const LoadedNode>(std::move(root));
  }
  return static_cast<const OrderedSection*>(&section.keep(std::move(opened)));
}

Result<LoadedNode> OrderedSection::node(std::uint32_t page, BlockCache::Priority priority) const {
  const std::uint64_t at = std::uint64_t{page} * kPageBytes;
  if (at >= section_.size()) return corrupt("a node lies outside of its section");
  const std::uint64_t left = section_.size() - at;
  // The root's size is known; others are asked for by their first page, which is all of most.
  const std::uint64_t expected = page == meta_.root_page ? meta_.root_bytes : kPageBytes;
  PinnedBytes pin = TRY(section_.read(at, static_cast<std::size_t>(std::min(left, expected)), priority));
  if (pin.bytes().size() < kKeyNodeHeaderBytes) return corrupt("a node is cut short");
  const std::uint32_t bytes = KeyNode::bytes_of(pin.bytes());
  if (bytes > left) return corrupt("a node leaves its section");
  if (bytes > pin.bytes().size()) pin = TRY(section_.read(at, bytes, priority));
  const KeyNode node = TRY(KeyNode::open(pin.bytes()));
  return LoadedNode{std::move(pin), node};
}

bool OrderedSection::may_overlap(Bytes low, Bytes high) const noexcept {
  if (meta_.rows == 0 || (!high.empty() && compare_keys(high, meta_.least) <= 0)) return false;
  // The greatest key may have been cut: what begins with it may be there.
  const Bytes begin = low.first(std::min(low.size(), meta_.greatest.size()));
  return compare_keys(begin, meta_.greatest) <= 0;
}

bool OrderedSection::may_hold(Bytes key) const noexcept {
  if (meta_.rows == 0 || compare_keys(key.first(std::min(key.size(), meta_.least.size())), meta_.least) < 0)
    return false;
  return compare_keys(key.first(std::min(key.size(), meta_.greatest.size())), meta_.greatest) <= 0;
}

Result<std::optional<std::uint32_t>> OrderedSection::only_leaf(Bytes key) const {
  if (meta_.levels == 0) return std::optional<std::uint32_t>();
  LoadedNode loaded;
  const KeyNode* node = &root_->node;
  for (std::size_t level = 1;; ++level) {
    const std::size_t at_or_above = node->lower_bound(key);
    // A leaf that begins with the key itself: the one before it may end with the key.
    if (at_or_above < node->entries() && node->compare(at_or_above, key) == 0) return std::optional<std::uint32_t>();
    const std::uint32_t below = node->number(at_or_above == 0 ? 0 : at_or_above - 1);
    if (level == meta_.levels) return std::optional(below);
    loaded = TRY(this->node(below, BlockCache::Priority::entry));
    node = &loaded.node;
  }
}

std::optional<std::uint32_t> OrderedSection::only_leaf_of_root(Bytes key) const noexcept {
  if (meta_.levels != 1) return std::nullopt;
  const KeyNode& node = root_->node;
  const std::size_t at_or_above = node.lower_bound(key);
  if (at_or_above < node.entries() && node.compare(at_or_above, key) == 0) return std::nullopt;
  return node.number(at_or_above == 0 ? 0 : at_or_above - 1);
}

Result<bool> OrderedSection::may_have(std::uint32_t leaf, std::uint64_t hash) const {
  const auto after = std::ranges::upper_bound(meta_.groups, leaf, {}, &BloomGroup::first);
  if (after == meta_.groups.begin()) return corrupt("a leaf has no bloom filter");
  const BloomGroup& group = *std::prev(after);
  const std::uint64_t at =
      std::uint64_t{group.page} * kPageBytes + bloom_block_of(hash, group.blocks) * kBloomBlockBytes;
  const std::uint64_t page = at / kPageBytes * kPageBytes;  // Whole pages, so that the cache holds each but once.
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(kPageBytes, section_.size() - page));
  const PinnedBytes pin = TRY(section_.read(page, bytes, BlockCache::Priority::entry));
  return bloom_may_have(pin.bytes().subspan(static_cast<std::size_t>(at - page), kBloomBlockBytes), hash);
}

// From the last step down to the leaves.
Result<void> TreePath::descend(To to, Bytes key) {
  for (;;) {
    Step& step = steps_.back();
    const KeyNode& node = step.node();
    if (to == To::first) step.entry = 0;
    if (to == To::last) step.entry = node.entries() - 1;
    if (to == To::key) {
      const std::size_t at_or_above = node.lower_bound(key);
      step.entry = at_or_above == 0 ? 0 : at_or_above - 1;
    }
    if (steps_.size() == section_->meta().levels) return {};
    LoadedNode child = TRY(section_->node(node.number(step.entry), BlockCache::Priority::entry));
    steps_.push_back({nullptr, std::make_shared<const LoadedNode>(std::move(child)), 0});
  }
}

Result<void> TreePath::seek(Bytes key) {
  steps_.clear();
  steps_.push_back({&section_->root(), nullptr, 0});
  return descend(To::key, key);
}

Result<void> TreePath::seek_last() {
  steps_.clear();
  steps_.push_back({&section_->root(), nullptr, 0});
  return descend(To::last, {});
}

// Leaves come in ascending order: also what keeps a damaged tree from being walked for ever.
Result<void> TreePath::ascends(std::uint32_t before, bool forward) const {
  if (forward ? leaf() <= before : leaf() >= before) return corrupt("leaves do not follow one another");
  return {};
}

Result<bool> TreePath::next() {
  const std::uint32_t before = leaf();
  std::size_t depth = steps_.size();
  while (depth != 0 && steps_[depth - 1].entry + 1 == steps_[depth - 1].node().entries()) --depth;
  if (depth == 0) return false;
  ++steps_[depth - 1].entry;
  if (depth != steps_.size()) {
    steps_.resize(depth);
    LoadedNode child = TRY(section_->node(bottom().node().number(bottom().entry), BlockCache::Priority::entry));
    steps_.push_back({nullptr, std::make_shared<const LoadedNode>(std::move(child)), 0});
    TRY(descend(To::first, {}));
  }
  TRY(ascends(before, true));
  return true;
}

Result<bool> TreePath::previous() {
  const std::uint32_t before = leaf();
  std::size_t depth = steps_.size();
  while (depth != 0 && steps_[depth - 1].entry == 0) --depth;
  if (depth == 0) return false;
  --steps_[depth - 1].entry;
  if (depth != steps_.size()) {
    steps_.resize(depth);
    LoadedNode child = TRY(section_->node(bottom().node().number(bottom().entry), BlockCache::Priority::entry));
    steps_.push_back({nullptr, std::make_shared<const LoadedNode>(std::move(child)), 0});
    TRY(descend(To::last, {}));
  }
  TRY(ascends(before, false));
  return true;
}

double TreePath::fraction() const noexcept {
  double fraction = 0, share = 1;
  for (const Step& step : steps_) {
    share /= static_cast<double>(step.node().entries());
    fraction += share * static_cast<double>(step.entry);
  }
  return fraction;
}

}  // namespace mneme::ordered
