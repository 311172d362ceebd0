#include "index/ordered/tree_writer.h"

#include <algorithm>

#include "base/assert.h"
#include "index/ordered/bloom.h"

namespace mneme::ordered {
namespace {

Bytes cut(Bytes key) { return key.first(std::min(key.size(), kBoundBytesMax)); }

constexpr std::size_t kWholeBytesMax = 17;  // Short keys are not cut: of one length, they are found faster.

// A beginning of `key` that is above `before`, the shortest of a long one.
Bytes separating(Bytes before, Bytes key) {
  if (key.size() <= kWholeBytesMax) return key;
  const auto differs = std::ranges::mismatch(before, key);
  const auto shared = static_cast<std::size_t>(differs.in2 - key.begin());
  return key.first(std::min(key.size(), shared + 1));
}

}  // namespace

TreeWriter::TreeWriter(Form form, std::uint32_t types) {
  meta_.form = form;
  meta_.types = types;
}

std::size_t TreeWriter::memory_bytes() const noexcept {
  return sizeof *this + buffer_.capacity() + group_hashes_.capacity() * sizeof(std::uint64_t) +
         leaves_.keys.memory_bytes() + leaves_.numbers.capacity() * sizeof(std::uint32_t) +
         meta_.groups.capacity() * sizeof(BloomGroup);
}

Result<std::uint32_t> TreeWriter::write_pages(ByteBuffer& bytes, SectionSink& sink) {
  const std::uint32_t first = pages_;
  bytes.resize((bytes.size() + kPageBytes - 1) / kPageBytes * kPageBytes);
  TRY(sink.append(bytes));
  pages_ += static_cast<std::uint32_t>(bytes.size() / kPageBytes);
  bytes.clear();
  return first;
}

void TreeWriter::count(Bytes key) {
  if (meta_.rows == 0) meta_.least.assign(cut(key).begin(), cut(key).end());
  ++meta_.rows;
  ++leaf_rows_;
  last_key_.assign(key.begin(), key.end());
  group_hashes_.push_back(key_hash(key));
}

Result<void> TreeWriter::add(Bytes key, std::uint32_t ordinal, SectionSink& sink) {
  const bool full = meta_.form == Form::clustered ? leaf_rows_ == kLeafRows
                                                  : leaf_rows_ != 0 && leaf_.bytes_with(key, ordinal) > kPageBytes;
  if (full) TRY(end_leaf(sink));
  if (leaf_rows_ == 0) {
    const Bytes separator = separating(last_key_, key);
    separator_.assign(separator.begin(), separator.end());
    leaf_number_ = ordinal;
  }
  if (meta_.form == Form::entries) leaf_.add(key, ordinal);
  count(key);
  return {};
}

// Only the first and the last key of a leaf are looked at; of the others it is their hashes that count.
Result<void> TreeWriter::add_words(std::span<const std::uint64_t> words, std::uint32_t first, SectionSink& sink) {
  ByteBuffer key;
  for (std::size_t i = 0; i < words.size();) {
    key.clear();
    if (leaf_rows_ == 0 || leaf_rows_ == kLeafRows) {
      put_key_word(words[i], key);
      TRY(add(key, first + static_cast<std::uint32_t>(i), sink));
      ++i;
      continue;
    }
    const std::size_t count = std::min(words.size() - i, kLeafRows - leaf_rows_);
    for (const std::uint64_t word : words.subspan(i, count)) group_hashes_.push_back(key_hash_of_word(word));
    meta_.rows += count;
    leaf_rows_ += count;
    i += count;
    put_key_word(words[i - 1], key);
    last_key_.assign(key.begin(), key.end());
  }
  return {};
}

Result<void> TreeWriter::end_leaf(SectionSink& sink) {
  if (meta_.form == Form::entries) {
    leaf_.finish(buffer_);
    leaf_number_ = TRY(write_pages(buffer_, sink));
  }
  if (group_leaves_ == 0) meta_.groups.push_back({leaf_number_, 0, 0});
  leaves_.add(separator_, leaf_number_);
  leaf_rows_ = 0;
  if (++group_leaves_ == kGroupLeaves) TRY(end_group(sink));
  return {};
}

Result<void> TreeWriter::end_group(SectionSink& sink) {
  build_bloom(group_hashes_, buffer_);
  BloomGroup& group = meta_.groups.back();
  group.blocks = static_cast<std::uint32_t>(buffer_.size() / kBloomBlockBytes);
  group.page = TRY(write_pages(buffer_, sink));
  group_leaves_ = 0;
  group_hashes_.clear();
  return {};
}

Result<TreeWriter::Level> TreeWriter::write_level(const Level& below, SectionSink& sink) {
  Level level;
  KeyNodeBuilder node;
  const auto end_node = [&]() -> Result<void> {
    ByteBuffer first(node.first_key().begin(), node.first_key().end());
    node.finish(buffer_);
    meta_.root_bytes = static_cast<std::uint32_t>(buffer_.size());
    meta_.root_page = TRY(write_pages(buffer_, sink));
    level.add(first, meta_.root_page);
    return {};
  };
  for (std::size_t i = 0; i < below.numbers.size(); ++i) {
    // Two at least: the tree must grow narrower, however long the keys are.
    if (node.entries() >= 2 && node.bytes_with(below.keys[i], below.numbers[i]) > kInnerBytesMax) TRY(end_node());
    node.add(below.keys[i], below.numbers[i]);
  }
  TRY(end_node());
  return level;
}

Result<void> TreeWriter::finish(SectionSink& sink) {
  if (leaf_rows_ != 0) TRY(end_leaf(sink));
  if (group_leaves_ != 0) TRY(end_group(sink));
  for (Level level = std::move(leaves_); !level.numbers.empty();) {
    level = TRY(write_level(level, sink));
    ++meta_.levels;
    if (level.numbers.size() == 1) break;
  }
  ASSERT(meta_.levels <= kLevelsMax);
  const Bytes greatest = cut(last_key_);
  meta_.greatest.assign(greatest.begin(), greatest.end());
  encode_meta(meta_, pages_, buffer_);
  return sink.append(buffer_);
}

}  // namespace mneme::ordered
