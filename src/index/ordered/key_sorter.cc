#include "index/ordered/key_sorter.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace mneme::ordered {
namespace {

constexpr std::size_t kPairHeadBytes = 2 * sizeof(std::uint32_t);
constexpr std::size_t kBlockHeadBytes = 2 * sizeof(std::uint32_t);

// The first eight bytes behind the first column's marker; NULL above them all. Ties are settled by the whole key.
std::uint64_t leading_word(Bytes key) noexcept {
  if (key.front() == kKeyNull) return ~std::uint64_t{0};
  std::uint64_t word = 0;
  std::memcpy(&word, key.data() + 1, std::min<std::size_t>(sizeof word, key.size() - 1));
  return __builtin_bswap64(word);
}

Bytes key_at(const ByteBuffer& bytes, std::uint32_t at) noexcept {
  return Bytes(bytes).subspan(at + sizeof(std::uint32_t), load<std::uint32_t>(bytes.data() + at));
}

Error bad_scratch() { return Error(Code::corrupt, "a scratch file does not hold what was written to it"); }

}  // namespace

class KeySorter::RunReader {
 public:
  virtual ~RunReader() = default;
  virtual Result<bool> next() = 0;  // False: at the end.
  std::uint64_t word = 0;
  Bytes key;
  std::uint32_t ordinal = 0;
};

class KeySorter::MemoryRun final : public RunReader {
 public:
  MemoryRun(const Run& run, bool words) : run_(run), words_(words) {}
  Result<bool> next() override {
    if (at_ == run_.pairs.size()) return false;
    const Pair& pair = run_.pairs[at_++];
    word = pair.word;
    ordinal = pair.ordinal;
    if (words_) {
      word_key_.clear();
      pair.at != 0 ? word_key_.push_back(kKeyNull) : put_key_word(pair.word, word_key_);
    }
    key = words_ ? Bytes(word_key_) : key_at(run_.bytes, pair.at);
    return true;
  }

 private:
  const Run& run_;
  const bool words_;
  std::size_t at_ = 0;
  ByteBuffer word_key_;
};

class KeySorter::ScratchRun final : public RunReader {
 public:
  explicit ScratchRun(File& file) : file_(file) {}
  Result<bool> next() override {
    if (at_ == block_.size()) {
      const bool more = TRY(load_block());
      if (!more) return false;
    }
    Reader reader(Bytes(block_).subspan(at_));
    std::uint32_t size = 0;
    if (!reader.get(ordinal) || !reader.get(size) || !reader.get_bytes(size, key) || size == 0) return bad_scratch();
    at_ += kPairHeadBytes + size;
    word = leading_word(key);
    return true;
  }

 private:
  Result<bool> load_block() {
    std::array<std::byte, kBlockHeadBytes> head;
    const std::size_t read = TRY(file_.read(offset_, head));
    if (read == 0) return false;
    const auto bytes = load<std::uint32_t>(head.data());
    const std::uint64_t size = TRY(file_.size());
    if (read != head.size() || bytes > size - offset_ - head.size()) return bad_scratch();
    block_.resize(bytes);
    const std::size_t got = TRY(file_.read(offset_ + head.size(), block_));
    if (got != bytes || crc32c(block_) != load<std::uint32_t>(head.data() + 4)) return bad_scratch();
    offset_ += head.size() + bytes;
    at_ = 0;
    return true;
  }
  File& file_;
  std::uint64_t offset_ = 0;
  ByteBuffer block_;
  std::size_t at_ = 0;
};

class KeySorter::ScratchWriter {
 public:
  explicit ScratchWriter(std::unique_ptr<File> file) : file_(std::move(file)) {}
  Result<void> add(Bytes key, std::uint32_t ordinal) {
    block_.resize(std::max(block_.size(), kBlockHeadBytes));
    Writer writer(block_);
    writer.put(ordinal);
    writer.put(static_cast<std::uint32_t>(key.size()));
    writer.put_bytes(key);
    return block_.size() >= kBlockBytes ? write_block() : Result<void>{};
  }
  Result<std::unique_ptr<File>> finish() {
    if (!block_.empty()) TRY(write_block());
    return std::move(file_);
  }

 private:
  Result<void> write_block() {
    const Bytes pairs = Bytes(block_).subspan(kBlockHeadBytes);
    store(block_.data(), static_cast<std::uint32_t>(pairs.size()));
    store(block_.data() + 4, crc32c(pairs));
    TRY(file_->write(offset_, block_));
    offset_ += block_.size();
    block_.clear();
    return {};
  }
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  ByteBuffer block_;
};

KeySorter::KeySorter(bool words, Reservation memory, std::size_t aim_bytes, ScratchFiles* scratch)
    : words_(words), memory_(std::move(memory)), aim_bytes_(aim_bytes), scratch_(scratch) {}
KeySorter::~KeySorter() = default;

std::size_t KeySorter::held_bytes() const noexcept {
  std::size_t bytes = batch_keys_.memory_bytes();
  for (const auto& run : runs_) bytes += run->memory_bytes();
  return bytes;
}

// Vectors double: while one moves, both its old and its new memory are there.
Result<void> KeySorter::reserve(Run& run, std::size_t rows, std::size_t bytes) {
  const auto doubled = [](std::size_t capacity, std::size_t wanted) {
    return wanted <= capacity ? capacity : std::max(wanted, capacity * 2);
  };
  const std::size_t pairs = doubled(run.pairs.capacity(), run.pairs.size() + rows);
  const std::size_t buffer = doubled(run.bytes.capacity(), run.bytes.size() + bytes);
  const std::size_t held = held_bytes(), wanted = held + pairs * sizeof(Pair) + buffer;
  // Others sort for their indexes at the same time: what is enough is enough.
  if (scratch_ != nullptr && wanted > aim_bytes_ && held > aim_bytes_ / 4) return Error(Code::full, "time to spill");
  TRY(memory_.grow_to(wanted));
  run.pairs.reserve(pairs);
  run.bytes.reserve(buffer);
  const std::size_t now = held_bytes();
  if (memory_.bytes() > now) memory_.shrink(memory_.bytes() - now);
  return {};
}

Result<void> KeySorter::add(std::span<const Column> columns, std::size_t first, std::size_t count,
                            std::uint32_t first_ordinal) {
  batch_keys_.clear();
  if (!words_) batch_keys_.add_rows(columns, first, count);
  const std::size_t bytes = batch_keys_.bytes() + (words_ ? 0 : count * sizeof(std::uint32_t));
  if (runs_.empty()) runs_.push_back(std::make_unique<Run>());
  if (auto room = reserve(*runs_.back(), count, bytes); !room) {
    const bool anything_held = runs_.size() > 1 || !runs_.back()->pairs.empty();
    if (scratch_ == nullptr || !anything_held || room.error().code() != Code::full) return room;
    TRY(spill());
    runs_.push_back(std::make_unique<Run>());
    TRY(reserve(*runs_.back(), count, bytes));
  }
  Run& run = *runs_.back();
  Writer writer(run.bytes);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t ordinal = first_ordinal + static_cast<std::uint32_t>(i);
    if (words_) {
      const bool null = columns[0].is_null(first + i);
      run.pairs.push_back({null ? ~std::uint64_t{0} : key_word(columns[0], first + i), ordinal, null ? 1U : 0U});
      continue;
    }
    run.pairs.push_back({leading_word(batch_keys_[i]), ordinal, static_cast<std::uint32_t>(run.bytes.size())});
    writer.put(static_cast<std::uint32_t>(batch_keys_[i].size()));
    writer.put_bytes(batch_keys_[i]);
  }
  rows_ += count;
  if (run.pairs.size() >= kRunRows || run.bytes.size() >= kRunBytes) {
    sort_open_run();
    runs_.push_back(std::make_unique<Run>());
  }
  return {};
}

void KeySorter::sort_open_run() {
  Run& run = *runs_.back();
  std::ranges::sort(run.pairs, [&](const Pair& a, const Pair& b) {
    if (a.word != b.word) return a.word < b.word;
    if (words_) return a.at != b.at ? a.at < b.at : a.ordinal < b.ordinal;
    const int order = compare_keys(key_at(run.bytes, a.at), key_at(run.bytes, b.at));
    return order != 0 ? order < 0 : a.ordinal < b.ordinal;
  });
}

Result<void> KeySorter::read_memory_runs() {
  if (runs_.empty()) return {};
  sort_open_run();
  for (const auto& run : runs_) TRY(push(std::make_unique<MemoryRun>(*run, words_)));
  return {};
}

Result<void> KeySorter::push(std::unique_ptr<RunReader> reader) {
  const bool any = TRY(reader->next());
  if (!any) return {};
  heap_.push_back(std::move(reader));
  for (std::size_t at = heap_.size() - 1; at != 0 && less(at, (at - 1) / 2); at = (at - 1) / 2) {
    std::swap(heap_[at], heap_[(at - 1) / 2]);
  }
  return {};
}

// All that is in memory as one more file.
Result<void> KeySorter::spill() {
  TRY(read_memory_runs());
  auto file = TRY(scratch_->create());
  ScratchWriter writer(std::move(file));
  while (!at_end()) {
    TRY(writer.add(key(), ordinal()));
    TRY(advance());
  }
  auto sorted = TRY(writer.finish());
  spilled_.push_back(std::move(sorted));
  runs_.clear();
  memory_.shrink(memory_.bytes() - std::min(memory_.bytes(), held_bytes()));
  return {};
}

Result<void> KeySorter::read_files(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) TRY(push(std::make_unique<ScratchRun>(*spilled_[i])));
  return {};
}

// The first files become one, behind the others: all are of like size whenever it is their turn.
Result<bool> KeySorter::reduce() {
  if (reducing_ == nullptr) {
    auto file = TRY(scratch_->create());
    reducing_ = std::make_unique<ScratchWriter>(std::move(file));
    TRY(read_files(kFilesMax));
  }
  for (int rows = 0; rows < kRowsAtATime && !at_end(); ++rows) {
    TRY(reducing_->add(key(), ordinal()));
    TRY(advance());
  }
  if (!at_end()) return false;
  auto merged = TRY(reducing_->finish());
  reducing_.reset();
  spilled_.erase(spilled_.begin(), spilled_.begin() + kFilesMax);
  spilled_.push_back(std::move(merged));
  return true;
}

Result<bool> KeySorter::prepare_reading() {
  if (spilled_.empty()) {
    TRY(read_memory_runs());
    return true;
  }
  if (!runs_.empty()) {  // Their memory is what the files are read with.
    TRY(spill());
    TRY(memory_.grow_to(held_bytes() + kFilesMax * (kBlockBytes + sizeof(ScratchRun)) + kBlockBytes));
  }
  if (spilled_.size() > kFilesMax) {
    TRY(reduce());
    return false;
  }
  TRY(read_files(spilled_.size()));
  return true;
}

Bytes KeySorter::key() const noexcept { return heap_.front()->key; }
std::uint32_t KeySorter::ordinal() const noexcept { return heap_.front()->ordinal; }

bool KeySorter::less(std::size_t left, std::size_t right) const noexcept {
  const RunReader& a = *heap_[left];
  const RunReader& b = *heap_[right];
  if (a.word != b.word) return a.word < b.word;
  const int order = compare_keys(a.key, b.key);
  return order != 0 ? order < 0 : a.ordinal < b.ordinal;
}

void KeySorter::sift_down(std::size_t at) noexcept {
  for (;;) {
    std::size_t least = at;
    for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
      if (child < heap_.size() && less(child, least)) least = child;
    }
    if (least == at) return;
    std::swap(heap_[at], heap_[least]);
    at = least;
  }
}

Result<void> KeySorter::advance() {
  const bool more = TRY(heap_.front()->next());
  if (!more) {
    std::swap(heap_.front(), heap_.back());
    heap_.pop_back();
  }
  if (!heap_.empty()) sift_down(0);
  return {};
}

}  // namespace mneme::ordered
