// TreeWriter: writes the section of an ordered index from keys that come in order.
#pragma once

#include <optional>

#include "index/ordered/key_node.h"
#include "index/ordered/section_format.h"
#include "storage/section.h"

namespace mneme::ordered {

class TreeWriter {  // One thread at a time.
 public:
  TreeWriter(Form form, std::uint32_t types);

  // The next row by (key, ordinal).
  Result<void> add(Bytes key, std::uint32_t ordinal, SectionSink& sink);
  // The same for the key words of rows [first, first + words.size()). REQUIRES: Form::clustered.
  Result<void> add_words(std::span<const std::uint64_t> words, std::uint32_t first, SectionSink& sink);
  Result<void> finish(SectionSink& sink);  // The inner nodes and the meta run.
  // Held for the inner nodes, the hashes of a group and the list of groups.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  struct Level {  // The nodes of one level by what each begins with.
    KeyRun keys;
    std::vector<std::uint32_t> numbers;
    void add(Bytes key, std::uint32_t number) {
      keys.add(key);
      numbers.push_back(number);
    }
  };
  Result<void> end_leaf(SectionSink& sink);
  Result<void> end_group(SectionSink& sink);
  Result<Level> write_level(const Level& below, SectionSink& sink);
  Result<std::uint32_t> write_pages(ByteBuffer& bytes, SectionSink& sink);  // The page they begin at. Clears.
  void count(Bytes key);

  Meta meta_;
  std::uint32_t pages_ = 0;  // Written so far.
  ByteBuffer buffer_;
  KeyNodeBuilder leaf_;
  ByteBuffer separator_;  // What the current leaf's keys are at or above, and the keys before it below.
  ByteBuffer last_key_;
  std::uint32_t leaf_number_ = 0;  // Of a clustered leaf: its first row.
  std::size_t leaf_rows_ = 0;
  std::size_t group_leaves_ = 0;
  std::vector<std::uint64_t> group_hashes_;
  Level leaves_;
};

}  // namespace mneme::ordered
