#include "index/ordered/memory.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace mneme {
namespace {

struct WordAndRow {
  std::uint64_t word = 0;
  std::uint32_t row = 0;
  bool null = false;
};

// By (key, row). Words are copied beside their rows, so that sorting does not chase them.
void sort_rows(const KeyLog::View& keys, std::vector<std::uint32_t>& rows) {
  if (!keys.words()) {
    std::ranges::sort(rows, [&](std::uint32_t a, std::uint32_t b) {
      const int order = keys.compare(a, b);
      return order != 0 ? order < 0 : a < b;
    });
    return;
  }
  std::vector<WordAndRow> pairs;
  pairs.reserve(rows.size());
  for (const std::uint32_t row : rows) pairs.push_back({keys.word(row), row, keys.is_null(row)});
  std::ranges::sort(pairs, [](const WordAndRow& a, const WordAndRow& b) {
    if (a.null != b.null) return b.null;
    return a.word != b.word ? a.word < b.word : a.row < b.row;
  });
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = pairs[i].row;
}

}  // namespace

OrderedMemory::OrderedMemory(std::vector<Type> types, Scheduler& scheduler, MemoryBudget& budget)
    : types_(std::move(types)),
      words_(is_word_key(types_)),
      budget_(budget),
      mutex_(scheduler),
      log_(words_),
      table_(log_),
      runs_mutex_(scheduler) {}

Result<void> OrderedMemory::add(const Batch& rows, std::uint32_t first_ordinal) {
  if (memory_.bytes() == 0) memory_ = TRY(budget_.reserve(sizeof *this, MemoryShare::memtables, "ordered index"));
  for (std::size_t done = 0; done < rows.rows(); done += kSliceRows) {
    auto added = add_slice(rows, done, std::min(kSliceRows, rows.rows() - done));
    if (!added) return forget_from(first_ordinal), std::move(added);
  }
  return {};
}

Result<void> OrderedMemory::add_slice(const Batch& rows, std::size_t first, std::size_t count) {
  slice_keys_.clear();
  if (!words_) slice_keys_.add_rows(rows.columns, first, count);
  std::size_t wanted = 0;
  {
    Lock lock(mutex_);
    wanted = held_bytes() + log_.growth_bytes(count, slice_keys_.bytes()) + table_.growth_bytes(count);
    if (wanted <= memory_.bytes()) return append_slice(rows, first, count), Result<void>();
  }
  TRY(memory_.grow_to(wanted));
  std::size_t held = 0;
  {
    Lock lock(mutex_);
    append_slice(rows, first, count);
    held = held_bytes();
  }
  const std::size_t spare = memory_.bytes() - std::min(held, memory_.bytes());
  if (spare > held / kSparePart) memory_.shrink(spare);
  return {};
}

std::size_t OrderedMemory::held_bytes() const { return sizeof *this + log_.memory_bytes() + table_.memory_bytes(); }

void OrderedMemory::append_slice(const Batch& rows, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (!words_) {
      log_.append_bytes(slice_keys_[i]);
    } else if (rows.columns[0].is_null(first + i)) {
      log_.append_null_word();
    } else {
      log_.append_word(key_word(rows.columns[0], first + i));
    }
    index_newest();
  }
}

// The row that was appended last.
void OrderedMemory::index_newest() {
  const KeyLog::View& keys = log_.view();
  const std::uint32_t row = log_.rows() - 1;
  if (words_ && !keys.is_null(row)) {
    const std::uint64_t word = keys.word(row);
    least_word_ = std::min(least_word_, word);
    most_word_ = std::max(most_word_, word);
    if (row == ascending_ && (row == 0 || word > keys.word(row - 1))) {
      ++ascending_;
      return;
    }
  }
  table_.insert(row);
}

bool OrderedMemory::may_have(const Column& least, const Column& most) const {
  if (!words_) return true;
  Lock lock(mutex_);
  const bool any = least_word_ <= most_word_;
  return any && key_word(least, 0) <= most_word_ && key_word(most, 0) >= least_word_;
}

bool OrderedMemory::may_have_key(Bytes key, std::uint32_t rows) const {
  Lock lock(mutex_);
  std::uint32_t row = newest(key);
  for (std::size_t passed = 0; row != KeyTable::kNone && row >= rows && passed < kFoundRows; ++passed) row = older(row);
  return row != KeyTable::kNone;
}

void OrderedMemory::forget_from(std::uint32_t ordinal) noexcept {
  Lock lock(mutex_);
  table_.forget_from(ordinal);
  if (ordinal <= ascending_) {  // The bounds are those of what is left, or a commit that is tried again asks in vain.
    ascending_ = ordinal;
    least_word_ = ordinal == 0 ? ~std::uint64_t{0} : log_.view().word(0);
    most_word_ = ordinal == 0 ? 0 : log_.view().word(ordinal - 1);
  }
  log_.truncate(ordinal);
}

void OrderedMemory::find(Bytes key, std::uint32_t rows, const RowVisitor& visit) const {
  std::array<std::uint32_t, kFoundRows> found{};
  std::size_t wanted = 1;  // Mostly the newest is the one; older ones come many at a time.
  std::uint32_t last = KeyTable::kNone;
  for (;;) {
    std::size_t count = 0;
    {
      Lock lock(mutex_);
      // A row that was met before is published, so its chain goes on where it did.
      std::uint32_t row = last == KeyTable::kNone ? newest(key) : older(last);
      for (; row != KeyTable::kNone; row = older(row)) {
        last = row;
        if (row < rows) found[count++] = row;
        if (count == wanted) break;
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!visit(found[i])) return;
    }
    if (count < wanted) return;
    wanted = found.size();
  }
}

std::uint32_t OrderedMemory::newest(Bytes key) const {
  if (!words_ || key.size() != kKeyWordBytes) return table_.find(key, key_hash(key));
  const std::uint64_t word = key_word_of(key);
  const std::uint32_t row = table_.find_word(word);
  return row != KeyTable::kNone ? row : find_ascending(word);
}

// The row before it with the same key.
std::uint32_t OrderedMemory::older(std::uint32_t row) const {
  if (row < ascending_) return KeyTable::kNone;
  const std::uint32_t before = table_.older(row);
  if (before != KeyTable::kNone || ascending_ == 0 || log_.view().is_null(row)) return before;
  return find_ascending(log_.view().word(row));
}

std::uint32_t OrderedMemory::find_ascending(std::uint64_t word) const {
  constexpr int kInterpolations = 4;  // Then by halves: the spacing is not even.
  const KeyLog::View& keys = log_.view();
  std::uint32_t low = 0, high = ascending_;
  for (int step = 0; low < high; ++step) {
    std::uint32_t at = low + (high - low) / 2;
    if (step < kInterpolations) {
      const std::uint64_t least = keys.word(low), most = keys.word(high - 1);
      if (word < least || word > most) return KeyTable::kNone;
      const double share = most == least ? 0 : static_cast<double>(word - least) / static_cast<double>(most - least);
      at = low + static_cast<std::uint32_t>(share * (high - 1 - low) + 0.5);
    }
    const std::uint64_t found = keys.word(at);
    if (found == word) return at;
    if (found < word) {
      low = at + 1;
    } else {
      high = at;
    }
  }
  return KeyTable::kNone;
}

KeyLog::View OrderedMemory::keys() const {
  Lock lock(mutex_);
  return log_.view();
}

IndexStats OrderedMemory::stats() const {
  std::uint64_t run_bytes = 0;
  {
    Lock lock(runs_mutex_);
    for (const auto& run : runs_) run_bytes += run->memory.bytes();
  }
  Lock lock(mutex_);
  return {log_.rows(), log_.memory_bytes() + table_.memory_bytes() + run_bytes};
}

Result<std::shared_ptr<const OrderedMemory::Run>> OrderedMemory::sorted_run(const KeyLog::View& keys,
                                                                            std::uint32_t first,
                                                                            std::uint32_t count) const {
  auto run = std::make_shared<Run>();
  run->first = first;
  run->memory = TRY(budget_.reserve(count * sizeof(std::uint32_t), MemoryShare::memtables, "order of rows"));
  run->rows.resize(count);
  std::iota(run->rows.begin(), run->rows.end(), first);
  bool ascending = true;
  for (std::uint32_t row = first + 1; row < first + count && ascending; ++row)
    ascending = keys.compare(row - 1, row) <= 0;
  if (!ascending) {
    const auto sorting = TRY(budget_.reserve(count * sizeof(WordAndRow), MemoryShare::queries, "sort of keys"));
    sort_rows(keys, run->rows);
  }
  return std::shared_ptr<const Run>(std::move(run));
}

Result<std::shared_ptr<const OrderedMemory::Run>> OrderedMemory::merged(const KeyLog::View& keys, const Run& left,
                                                                        const Run& right) const {
  auto run = std::make_shared<Run>();
  run->first = left.first;
  const std::size_t count = left.rows.size() + right.rows.size();
  run->memory = TRY(budget_.reserve(count * sizeof(std::uint32_t), MemoryShare::memtables, "order of rows"));
  run->rows.resize(count);
  // Equal keys: rows on the left are older, so std::merge's stability is the order by row.
  std::ranges::merge(left.rows, right.rows, run->rows.begin(),
                     [&](std::uint32_t a, std::uint32_t b) { return keys.compare(a, b) < 0; });
  return std::shared_ptr<const Run>(std::move(run));
}

Result<OrderedMemory::Runs> OrderedMemory::sorted(std::uint32_t rows) const {
  Lock lock(runs_mutex_);
  const std::uint32_t covered =
      runs_.empty() ? 0 : runs_.back()->first + static_cast<std::uint32_t>(runs_.back()->rows.size());
  if (covered >= rows) return Runs(runs_);
  const KeyLog::View keys = this->keys();
  std::shared_ptr<const Run> newest = TRY(sorted_run(keys, covered, rows - covered));
  Runs next = runs_;
  while (!next.empty() && next.back()->rows.size() <= newest->rows.size() * 2) {
    newest = TRY(merged(keys, *next.back(), *newest));
    next.pop_back();
  }
  next.push_back(std::move(newest));
  runs_ = std::move(next);
  return Runs(runs_);
}

}  // namespace mneme
