#include "index/ordered/section_reader.h"

#include <algorithm>

#include "index/key_bounds.h"
#include "index/ordered/leaf.h"
#include "storage/word_search.h"

namespace mneme::ordered {
namespace {

bool is_integer_key(const std::vector<const ColumnSchema*>& columns) noexcept {
  if (columns.size() != 1) return false;
  const TypeKind kind = columns.front()->type.kind;
  return kind == TypeKind::integer || kind == TypeKind::timestamp || kind == TypeKind::decimal;
}

class SectionReader final : public IndexReader {
 public:
  SectionReader(std::shared_ptr<const RowSource> source, std::vector<const ColumnSchema*> columns,
                std::vector<std::size_t> positions, const OrderedSection& section)
      : source_(std::move(source)),
        columns_(std::move(columns)),
        positions_(std::move(positions)),
        section_(section),
        words_(section.meta().form == Form::clustered && is_integer_key(columns_)) {}

  Result<IndexCost> cost(const Probe& probe, std::uint64_t among_rows) const override;
  Result<std::unique_ptr<IndexCursor>> open(const Probe& probe, const OpenOptions& options) const override;
  Result<void> find(Bytes key, const RowVisitor& visit) const override;
  [[nodiscard]] std::optional<KeyRows> rows_with(std::uint64_t word) const noexcept override;
  Result<IndexStats> stats() const override { return IndexStats{section_.meta().rows, section_.bytes()}; }
  Result<void> verify() const override;

  [[nodiscard]] const OrderedSection& section() const noexcept { return section_; }
  // What leaves are read with; null: the section has its own.
  [[nodiscard]] std::unique_ptr<ClusteredRows> rows() const {
    if (section_.meta().form == Form::entries) return nullptr;
    return std::make_unique<ClusteredRows>(*source_->segment(), positions_);
  }

 private:
  Result<void> find_among_entries(std::uint32_t leaf, Bytes key, const RowVisitor& visit) const;
  Result<bool> find_integer(const PinnedBlock& block, std::uint32_t leaf, std::uint64_t word,
                            const RowVisitor& visit) const;
  Result<void> find_in_leaves(Bytes key, std::uint64_t hash, const RowVisitor& visit) const;
  [[nodiscard]] Result<double> fraction(const KeyBounds& bounds) const;
  Result<void> verify_leaf(Leaf& leaf, ByteBuffer& last, std::vector<bool>& seen, std::uint32_t number) const;
  Result<void> verify_rows(const Leaf& leaf, const KeyRun& keys) const;

  const std::shared_ptr<const RowSource> source_;
  const std::vector<const ColumnSchema*> columns_;
  const std::vector<std::size_t> positions_;  // In the segment.
  const OrderedSection& section_;
  const bool words_;  // The key is one integer of eight bytes, and the rows lie in its order.
};

// Leaf after leaf; of each the entries that are in the range and not read yet.
class SectionCursor final : public IndexCursor {
 public:
  SectionCursor(const SectionReader& reader, KeyBounds bounds, const OpenOptions& options)
      : rows_(reader.rows()),
        path_(reader.section()),
        leaf_(reader.section(), rows_.get()),
        bounds_(std::move(bounds)),
        options_(options) {}

  Result<void> seek() {
    if (!options_.descending || !bounds_.high.empty()) {
      TRY(path_.seek(options_.descending ? bounds_.high : bounds_.low));
    } else {
      TRY(path_.seek_last());
    }
    TRY(load_leaf());
    at_end_ = false;
    return {};
  }

  Result<bool> next(IndexBatch& out) override {
    out.clear();
    while (!at_end_ && out.ordinals.size() < kBatchRowsMax) {
      if (begin_ == end_) {
        TRY(next_leaf());
        continue;
      }
      TRY(put(options_.descending ? --end_ : begin_++, out));
    }
    return !out.ordinals.empty();
  }

 private:
  Result<void> load_leaf() {
    TRY(leaf_.load(path_.leaf()));
    begin_ = 0;
    end_ = leaf_.entries();
    if (!bounds_.low.empty()) begin_ = TRY(leaf_.lower_bound(bounds_.low));
    if (!bounds_.high.empty()) end_ = TRY(leaf_.lower_bound(bounds_.high));
    // A leaf with keys beyond the range is the last one.
    last_ = options_.descending ? begin_ != 0 : end_ != leaf_.entries();
    end_ = std::max(begin_, end_);
    return {};
  }
  Result<void> next_leaf() {
    at_end_ = true;
    if (last_) return {};
    const bool more = TRY(options_.descending ? path_.previous() : path_.next());
    if (more) TRY(load_leaf());
    at_end_ = !more;
    return {};
  }
  Result<void> put(std::size_t entry, IndexBatch& out) {
    const std::uint32_t ordinal = TRY(leaf_.ordinal(entry));
    if (!options_.wants(ordinal)) return {};
    out.ordinals.push_back(ordinal);
    if (!options_.with_keys) return {};
    key_.clear();
    TRY(leaf_.append_key(entry, key_));
    out.keys.add(key_);
    return {};
  }

  const std::unique_ptr<ClusteredRows> rows_;
  TreePath path_;
  Leaf leaf_;
  const KeyBounds bounds_;
  const OpenOptions options_;
  std::size_t begin_ = 0, end_ = 0;  // Of the leaf.
  bool last_ = false;
  bool at_end_ = true;
  ByteBuffer key_;
};

Result<double> SectionReader::fraction(const KeyBounds& bounds) const {
  TreePath path(section_);
  double from = 0, to = 1;
  if (!bounds.low.empty()) {
    TRY(path.seek(bounds.low));
    from = path.fraction();
  }
  if (!bounds.high.empty()) {
    TRY(path.seek(bounds.high));
    to = path.fraction();
  }
  return std::max(0.0, to - from);
}

Result<IndexCost> SectionReader::cost(const Probe& probe, std::uint64_t among_rows) const {
  const KeyBounds bounds = TRY(key_bounds(probe, columns_));
  if (!section_.may_overlap(bounds.low, bounds.high)) return IndexCost{};
  const auto rows = static_cast<double>(section_.meta().rows);
  const double part = TRY(fraction(bounds));
  const double leaves = part * rows / (section_.meta().form == Form::clustered ? kLeafRows : 400);
  const double wanted = static_cast<double>(among_rows) / std::max(rows, 1.0);
  // Bounds within one leaf tell nothing about how many rows lie between them: few.
  return IndexCost{std::max(std::holds_alternative<Equal>(probe) ? 1.0 : 16.0, part * rows) * std::min(wanted, 1.0),
                   section_.meta().levels + 1 + leaves};
}

Result<std::unique_ptr<IndexCursor>> SectionReader::open(const Probe& probe, const OpenOptions& options) const {
  KeyBounds bounds = TRY(key_bounds(probe, columns_));
  const bool any = section_.may_overlap(bounds.low, bounds.high);
  auto cursor = std::make_unique<SectionCursor>(*this, std::move(bounds), options);
  if (any) TRY(cursor->seek());
  return std::unique_ptr<IndexCursor>(std::move(cursor));
}

Result<void> SectionReader::find(Bytes key, const RowVisitor& visit) const {
  if (!section_.may_hold(key)) return {};
  const std::uint64_t hash = key_hash(key);
  const std::optional<std::uint32_t> leaf = TRY(section_.only_leaf(key));
  if (!leaf) return find_in_leaves(key, hash, visit);
  const bool words = words_ && key.size() == kKeyWordBytes && key.front() == kKeyValue;
  if (words && *leaf < section_.meta().rows) {
    // A block in memory says it sooner than the bloom filter does, and for certain.
    const PinnedBlock block = source_->segment()->block_in_memory(positions_.front(), *leaf);
    const bool done = TRY(find_integer(block, *leaf, key_word_of(key), visit));
    if (done) return {};
  }
  const bool maybe = TRY(section_.may_have(*leaf, hash));
  if (!maybe) return {};
  if (section_.meta().form == Form::entries) return find_among_entries(*leaf, key, visit);
  if (words && *leaf < section_.meta().rows) {
    const PinnedBlock block = TRY(source_->segment()->block_at(positions_.front(), *leaf));
    const bool done = TRY(find_integer(block, *leaf, key_word_of(key), visit));
    if (done) return {};
  }
  return find_in_leaves(key, hash, visit);
}

std::optional<KeyRows> SectionReader::rows_with(std::uint64_t word) const noexcept {
  if (!words_) return std::nullopt;
  const KeyWordBytes key = key_word_bytes(word);
  if (!section_.may_hold(key)) return KeyRows{};
  const std::optional<std::uint32_t> leaf = section_.only_leaf_of_root(key);
  const std::uint64_t rows = section_.meta().rows;
  if (!leaf || *leaf >= rows) return std::nullopt;
  return KeyRows{*leaf, static_cast<std::uint32_t>(std::min<std::uint64_t>(rows, std::uint64_t{*leaf} + kLeafRows))};
}

Result<void> SectionReader::find_among_entries(std::uint32_t leaf, Bytes key, const RowVisitor& visit) const {
  const LoadedNode loaded = TRY(section_.node(leaf, BlockCache::Priority::normal));
  const KeyNode& node = loaded.node;
  for (std::size_t at = node.lower_bound(key); at < node.entries() && node.compare(at, key) == 0; ++at) {
    const std::uint32_t ordinal = node.number(at);
    if (ordinal >= section_.meta().rows) return Error(Code::corrupt, "ordered index: an entry names no row");
    if (!visit(ordinal)) return {};
  }
  return {};
}

// Within `block` of the key's column, which holds row `leaf` if it is there at all. False, and nothing was told: it
// takes more than that.
Result<bool> SectionReader::find_integer(const PinnedBlock& block, std::uint32_t leaf, std::uint64_t word,
                                         const RowVisitor& visit) const {
  if (block.view == nullptr) return false;
  const std::uint64_t end = std::min<std::uint64_t>(section_.meta().rows, std::uint64_t{leaf} + kLeafRows);
  if (!block.holds(end - 1) || block.view->has_nulls()) return false;
  const std::int64_t value = integer_of_key_word(word);
  const std::size_t last = static_cast<std::size_t>(end - block.first_row);
  std::size_t row = TRY(integer_lower_bound(*block.view, leaf - block.first_row, last, value));
  for (; row < last; ++row) {
    const std::int64_t found = TRY(block.view->integer_at(row));
    if (found != value || !visit(block.first_row + static_cast<std::uint32_t>(row))) break;
  }
  return true;
}

// The general way: leaf after leaf, whatever they are.
Result<void> SectionReader::find_in_leaves(Bytes key, std::uint64_t hash, const RowVisitor& visit) const {
  const std::unique_ptr<ClusteredRows> rows = this->rows();
  Leaf leaf(section_, rows.get());
  TreePath path(section_);
  TRY(path.seek(key));
  for (bool more = true; more;) {
    const bool maybe = TRY(section_.may_have(path.leaf(), hash));
    if (maybe) {
      TRY(leaf.load(path.leaf()));
      for (std::size_t at = TRY(leaf.lower_bound(key)); at < leaf.entries(); ++at) {
        const int order = TRY(leaf.compare(at, key));
        if (order != 0) return {};
        const std::uint32_t ordinal = TRY(leaf.ordinal(at));
        if (!visit(ordinal)) return {};
      }
    }
    more = TRY(path.next());
    more = more && path.begins_at_or_below(key);
  }
  return {};
}

// The rows' columns say the same keys.
Result<void> SectionReader::verify_rows(const Leaf& leaf, const KeyRun& keys) const {
  std::vector<std::pair<std::uint32_t, std::size_t>> by_ordinal;
  for (std::size_t i = 0; i < leaf.entries(); ++i) {
    const std::uint32_t ordinal = TRY(leaf.ordinal(i));
    by_ordinal.emplace_back(ordinal, i);
  }
  std::ranges::sort(by_ordinal);
  std::vector<std::uint32_t> ordinals;
  for (const auto& [ordinal, entry] : by_ordinal) ordinals.push_back(ordinal);
  std::vector<Column> values;
  for (const ColumnSchema* column : columns_) {
    TRY(source_->gather(*column, ordinals, values.emplace_back(column->type)));
  }
  ByteBuffer key;
  for (std::size_t i = 0; i < by_ordinal.size(); ++i) {
    key.clear();
    encode_key(values, i, key);
    if (compare_keys(key, keys[by_ordinal[i].second]) != 0) {
      return Error(Code::corrupt, "ordered index: row " + std::to_string(ordinals[i]) + " is not under its key");
    }
  }
  return {};
}

Result<void> SectionReader::verify_leaf(Leaf& leaf, ByteBuffer& last, std::vector<bool>& seen,
                                        std::uint32_t number) const {
  KeyRun keys;
  ByteBuffer key;
  for (std::size_t i = 0; i < leaf.entries(); ++i) {
    key.clear();
    TRY(leaf.append_key(i, key));
    const std::uint32_t ordinal = TRY(leaf.ordinal(i));
    if (compare_keys(last, key) > 0) return Error(Code::corrupt, "ordered index: keys do not ascend");
    if (seen[ordinal]) return Error(Code::corrupt, "ordered index: a row is there twice");
    const bool passes = TRY(section_.may_have(number, key_hash(key)));
    if (!passes) return Error(Code::corrupt, "ordered index: a bloom filter lacks a key");
    seen[ordinal] = true;
    keys.add(key);
    last.swap(key);
  }
  return verify_rows(leaf, keys);
}

Result<void> SectionReader::verify() const {
  std::vector<bool> seen(section_.meta().rows);
  if (seen.empty()) return {};
  const std::unique_ptr<ClusteredRows> rows = this->rows();
  Leaf leaf(section_, rows.get());
  TreePath path(section_);
  ByteBuffer last;
  TRY(path.seek({}));
  for (bool more = true; more;) {
    TRY(leaf.load(path.leaf()));
    if (rows == nullptr) {
      const LoadedNode node = TRY(section_.node(path.leaf(), BlockCache::Priority::normal));
      TRY(node.node.verify());
    }
    TRY(verify_leaf(leaf, last, seen, path.leaf()));
    more = TRY(path.next());
  }
  if (std::ranges::count(seen, false) != 0) return Error(Code::corrupt, "ordered index: rows are missing");
  return {};
}

}  // namespace

Result<std::unique_ptr<IndexReader>> make_section_reader(std::shared_ptr<const RowSource> source,
                                                         std::vector<const ColumnSchema*> columns,
                                                         const OrderedSection& section) {
  const Segment& segment = *source->segment();
  std::vector<Type> types;
  std::vector<std::size_t> positions;
  for (const ColumnSchema* column : columns) {
    types.push_back(column->type);
    const auto position = segment.position_of(column->id);
    if (!position || segment.columns()[*position].type != column->type) return std::unique_ptr<IndexReader>();
    positions.push_back(*position);
  }
  if (section.meta().types != fingerprint(types)) return std::unique_ptr<IndexReader>();
  if (section.meta().rows != segment.rows()) {
    return Error(Code::corrupt, "ordered index: it has another number of rows than its segment");
  }
  return std::unique_ptr<IndexReader>(
      std::make_unique<SectionReader>(std::move(source), std::move(columns), std::move(positions), section));
}

}  // namespace mneme::ordered
