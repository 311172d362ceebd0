// OrderedSection: an ordered index's section, opened; TreePath: a place among its leaves.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "index/ordered/key_node.h"
#include "index/ordered/section_format.h"
#include "storage/section.h"

namespace mneme::ordered {

struct LoadedNode {
  PinnedBytes pin;
  KeyNode node;
};

class OrderedSection final : public OpenedIndex {  // Immutable; safe for many threads.
 public:
  // Holds the root and the list of bloom filters from then on, and is kept by `section`, which outlives it. corrupt: it
  // is no section of an ordered index.
  static Result<const OrderedSection*> open(const Section& section);

  [[nodiscard]] const Meta& meta() const noexcept { return meta_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return section_.size(); }
  [[nodiscard]] const LoadedNode& root() const noexcept { return *root_; }  // REQUIRES: meta().levels > 0.
  [[nodiscard]] Result<LoadedNode> node(std::uint32_t page, BlockCache::Priority priority) const;

  // False: no key of the section begins with the range, by its least and greatest key alone.
  [[nodiscard]] bool may_overlap(Bytes low, Bytes high) const noexcept;  // [low, high); empty: unbounded.
  [[nodiscard]] bool may_hold(Bytes key) const noexcept;                 // The same of one whole key.
  // The one leaf that can have the key; none: there is more than one, or none at all.
  [[nodiscard]] Result<std::optional<std::uint32_t>> only_leaf(Bytes key) const;
  // The same where the root alone knows it, without reading anything.
  [[nodiscard]] std::optional<std::uint32_t> only_leaf_of_root(Bytes key) const noexcept;
  // False: the leaf has no such key.
  [[nodiscard]] Result<bool> may_have(std::uint32_t leaf, std::uint64_t hash) const;

 private:
  explicit OrderedSection(const Section& section) : section_(section) {}
  const Section& section_;
  Meta meta_;
  std::unique_ptr<const LoadedNode> root_;
};

// One thread at a time. Must not outlive the section.
class TreePath {
 public:
  explicit TreePath(const OrderedSection& section) : section_(&section) {}

  // To the last leaf that begins below `key` (or the first), where the first key that is not below it lies, or right
  // before the leaf that begins with it. REQUIRES for all: meta().levels > 0.
  Result<void> seek(Bytes key);
  Result<void> seek_last();
  Result<bool> next();      // False: that was the last leaf, and the path stays.
  Result<bool> previous();  // False: that was the first one.
  // The leaf's page, or its first row.
  [[nodiscard]] std::uint32_t leaf() const noexcept { return bottom().node().number(bottom().entry); }
  // Does the leaf begin at or below `key`?
  [[nodiscard]] bool begins_at_or_below(Bytes key) const noexcept {
    return bottom().node().compare(bottom().entry, key) <= 0;
  }
  [[nodiscard]] double fraction() const noexcept;  // Of the leaves that lie before it, about.

 private:
  struct Step {
    const LoadedNode* root = nullptr;  // Of the first step; the others hold what they loaded.
    std::shared_ptr<const LoadedNode> loaded;
    std::size_t entry = 0;
    [[nodiscard]] const KeyNode& node() const noexcept { return root != nullptr ? root->node : loaded->node; }
  };
  enum class To : std::uint8_t { key, first, last };
  [[nodiscard]] const Step& bottom() const noexcept { return steps_.back(); }
  Result<void> descend(To to, Bytes key);
  Result<void> ascends(std::uint32_t before, bool forward) const;

  const OrderedSection* section_;
  std::vector<Step> steps_;
};

}  // namespace mneme::ordered
