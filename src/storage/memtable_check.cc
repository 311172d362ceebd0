#include "storage/memtable_check.h"

#include <algorithm>
#include <array>

#include "base/crc32c.h"
#include "storage/memtable_chunk.h"

namespace mneme {
namespace {

template <class T>
Bytes bytes_of(const T* values, std::size_t count) {
  return std::as_bytes(std::span(values, count));
}

// The crc of one column's canonical bytes (docs/format.md) over rows [first, first + count) of the chunks.
class ColumnCrc {
 public:
  ColumnCrc(std::span<const MemtableChunk* const> chunks, std::size_t column, std::size_t first, std::size_t count,
            std::uint32_t seed)
      : chunks_(chunks), column_(column), first_(first), count_(count), crc_(seed) {}

  std::uint32_t run() {
    const bool nulls = has_nulls();
    const std::uint8_t flag = nulls ? 1 : 0;
    add(bytes_of(&flag, 1));
    if (nulls) add_validity();
    chunks_[0]->columns[column_].type.is_variable() ? add_texts() : add_values(nulls);
    return crc_;
  }

 private:
  void add(Bytes bytes) { crc_ = crc32c(bytes, crc_); }

  // Calls body(chunk, row of the chunk, rows from there on) for each chunk's share.
  template <class Body>
  void for_each_piece(const Body& body) const {
    for (std::size_t done = 0; done < count_;) {
      const MemtableChunk& chunk = *chunks_[MemtableChunk::index_of(first_ + done)];
      const std::size_t row = first_ + done - chunk.first;
      const std::size_t rows = std::min(count_ - done, chunk.capacity - row);
      body(chunk, row, rows);
      done += rows;
    }
  }

  [[nodiscard]] bool has_nulls() const {
    bool found = false;
    for_each_piece([&](const MemtableChunk& chunk, std::size_t row, std::size_t rows) {
      for (std::size_t i = 0; i < rows && !found; ++i) found = chunk.is_null(column_, row + i);
    });
    return found;
  }

  void add_validity() {
    std::uint64_t word = 0;
    std::size_t at = 0;
    for_each_piece([&](const MemtableChunk& chunk, std::size_t row, std::size_t rows) {
      for (std::size_t i = 0; i < rows; ++i) {
        if (!chunk.is_null(column_, row + i)) word |= std::uint64_t{1} << (at % 64);
        if (++at % 64 != 0) continue;
        add(bytes_of(&word, 1));
        word = 0;
      }
    });
    if (at % 64 != 0) add(bytes_of(&word, 1));
  }

  void add_values(bool nulls) {
    const std::size_t width = chunks_[0]->columns[column_].type.width();
    const ByteBuffer zeros(width);
    for_each_piece([&](const MemtableChunk& chunk, std::size_t row, std::size_t rows) {
      const std::byte* values = chunk.columns[column_].values;
      if (!nulls) return add({values + row * width, rows * width});
      for (std::size_t i = row; i < row + rows; ++i) {
        add(chunk.is_null(column_, i) ? Bytes(zeros) : Bytes{values + i * width, width});
      }
    });
  }

  void add_texts() {
    std::array<std::uint32_t, 256> lengths{};
    std::size_t held = 0;
    for_each_piece([&](const MemtableChunk& chunk, std::size_t row, std::size_t rows) {
      for (std::size_t i = row; i < row + rows; ++i) {
        lengths[held++] = chunk.is_null(column_, i) ? 0 : canonical_length(chunk.text(column_, i));
        if (held < lengths.size()) continue;
        add(bytes_of(lengths.data(), std::exchange(held, 0)));
      }
    });
    add(bytes_of(lengths.data(), held));
    for_each_piece([&](const MemtableChunk& chunk, std::size_t row, std::size_t rows) {
      std::string_view run;  // Texts lie one after another in the chunk's heap, but where a part of it ends.
      for (std::size_t i = row; i < row + rows; ++i) {
        if (chunk.is_null(column_, i)) continue;
        const std::string_view text = chunk.text(column_, i).view();
        if (run.data() + run.size() == text.data()) {
          run = {run.data(), run.size() + text.size()};
        } else {
          add(as_bytes(std::exchange(run, text)));
        }
      }
      add(as_bytes(run));
    });
  }

  const std::span<const MemtableChunk* const> chunks_;
  const std::size_t column_;
  const std::size_t first_;
  const std::size_t count_;
  std::uint32_t crc_;
};

}  // namespace

Result<void> check_memtable(const Memtable& memtable) {
  const auto chunks = memtable.visible_chunks(kEnding - 1).chunks;
  std::size_t first = 0;
  for (std::size_t i = 0; const auto stamp = memtable.stamp(i); ++i) {
    std::uint32_t crc = 0;
    for (std::size_t column = 0; column < memtable.schema().columns.size(); ++column) {
      crc = ColumnCrc(chunks, column, first, stamp->rows - first, crc).run();
    }
    if (crc != stamp->crc) {
      return Error(Code::corrupt, "rows of table '" + memtable.schema().name +
                                      "' changed in memory since they were committed: they are not written");
    }
    first = stamp->rows;
  }
  return {};
}

}  // namespace mneme
