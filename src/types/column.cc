#include "types/column.h"

#include <algorithm>

#include "base/coding.h"

namespace mneme {
namespace {

constexpr std::size_t kHeapChunkBytesMin = 1'024;
constexpr std::size_t kHeapChunkBytesMax = 64 * 1'024;

std::size_t words_for(std::size_t rows) noexcept { return (rows + 63) / 64; }

Error malformed(std::string_view what) { return Error(Code::corrupt, "column bytes: " + std::string(what)); }

}  // namespace

void Column::clear() noexcept {
  rows_ = 0;
  data_.clear();
  validity_.clear();
  // Of its text only the newest chunk, which heap_room_ is of.
  if (heap_.size() > 1) heap_.erase(heap_.begin(), heap_.end() - 1);
  heap_used_ = 0;
  heap_bytes_ = heap_.empty() ? 0 : heap_room_;
  owners_.clear();
}

// Words past the last row are kept all ones, so that a word may be read whole.
void Column::push_valid(bool valid) {
  if (validity_.empty()) {
    if (valid) return;
    validity_.assign(words_for(rows_ + 1), ~std::uint64_t{0});
  } else if (rows_ % 64 == 0) {
    validity_.push_back(~std::uint64_t{0});
  }
  if (!valid) validity_[rows_ / 64] &= ~(std::uint64_t{1} << (rows_ % 64));
}

std::byte* Column::extend(std::size_t count, const std::uint64_t* valid) {
  const std::size_t at = data_.size(), first = rows_;
  const bool tells_nulls = valid != nullptr || !validity_.empty();
  if (tells_nulls) validity_.resize(words_for(rows_ + count), ~std::uint64_t{0});
  data_.resize(at + count * type_.width());
  rows_ += count;
  if (!tells_nulls) return data_.data() + at;
  for (std::size_t i = 0; valid != nullptr && i < count; i += 64) {
    const std::size_t bits = std::min<std::size_t>(64, count - i);
    const std::uint64_t nulls = ~valid[i / 64] & (~std::uint64_t{0} >> (64 - bits));
    const std::size_t word = (first + i) / 64, shift = (first + i) % 64;
    validity_[word] &= ~(nulls << shift);
    if (shift + bits > 64) validity_[word + 1] &= ~(nulls >> (64 - shift));
  }
  return data_.data() + at;
}

void Column::append_null() {
  push_valid(false);
  data_.resize(data_.size() + type_.width());
  ++rows_;
}

void Column::append_fixed(Bytes value) {
  DEBUG_ASSERT(!type_.is_variable() && value.size() == type_.width());
  push_valid(true);
  data_.append(value);
  ++rows_;
}

void Column::append_borrowed(StringRef value) {
  DEBUG_ASSERT(type_.is_variable());
  push_valid(true);
  data_.append({reinterpret_cast<const std::byte*>(&value), sizeof value});
  ++rows_;
}

StringRef Column::copy_to_heap(StringRef value) {
  const std::size_t bytes = value.bytes();
  if (heap_.empty() || heap_room_ - heap_used_ < bytes) {
    const std::size_t room = std::max(bytes, std::clamp(heap_room_ * 2, kHeapChunkBytesMin, kHeapChunkBytesMax));
    heap_.push_back(std::make_unique_for_overwrite<char[]>(room));
    heap_room_ = room;
    heap_used_ = 0;
    heap_bytes_ += heap_room_;
  }
  char* to = heap_.back().get() + heap_used_;
  if (bytes != 0) std::memcpy(to, value.data, bytes);
  heap_used_ += bytes;
  return {to, value.size};
}

void Column::become_copy(StringRef value) {
  DEBUG_ASSERT(type_.is_variable());
  std::byte* to = become_one();
  const StringRef ref = copy_to_heap(value);
  std::memcpy(to, &ref, sizeof ref);
}

void Column::append_copy(StringRef value) { append_borrowed(copy_to_heap(value)); }

void Column::set_null(std::size_t row) {
  if (validity_.empty()) validity_.assign(words_for(rows_), ~std::uint64_t{0});
  validity_[row / 64] &= ~(std::uint64_t{1} << (row % 64));
  std::memset(data_.data() + row * type_.width(), 0, type_.width());
}

void Column::set_bytes(std::size_t row, Bytes value) {
  set_valid(row);
  if (!type_.is_variable()) {
    DEBUG_ASSERT(value.size() == type_.width());
    std::memcpy(data_.data() + row * type_.width(), value.data(), value.size());
    return;
  }
  set_copy(row, {reinterpret_cast<const char*>(value.data()), value.size()});
}

void Column::set_copy(std::size_t row, StringRef value) {
  set_valid(row);
  const StringRef ref = copy_to_heap(value);
  std::memcpy(data_.data() + row * sizeof ref, &ref, sizeof ref);
}

void Column::truncate(std::size_t rows) noexcept {
  rows_ = rows;
  data_.resize(rows * type_.width());
  if (validity_.empty()) return;
  validity_.resize(words_for(rows));
  if (rows % 64 != 0) validity_.back() |= ~std::uint64_t{0} << (rows % 64);
}

void Column::append_run(const Column& from, std::size_t first, std::size_t count) {
  DEBUG_ASSERT(type_ == from.type_ && first + count <= from.rows_);
  if (type_.is_variable()) {
    for (std::size_t row = first; row < first + count; ++row) {
      from.is_null(row) ? append_null() : append_copy(from.values<StringRef>()[row]);
    }
    return;
  }
  const std::size_t width = type_.width();
  if (from.validity_.empty() && validity_.empty()) {
    data_.append({from.data_.data() + first * width, count * width});
    rows_ += count;
    return;
  }
  for (std::size_t row = first; row < first + count; ++row) {
    from.is_null(row) ? append_null() : append_fixed(from.bytes_at(row));
  }
}

void Column::append_lent(const Column& from, std::size_t first, std::size_t count) {
  DEBUG_ASSERT(type_ == from.type_ && first + count <= from.rows_);
  const auto* refs = from.values<StringRef>();
  if (!type_.is_variable()) return append_run(from, first, count);
  if (from.validity_.empty() && validity_.empty()) {
    std::memcpy(extend(count), refs + first, count * sizeof *refs);
    return;
  }
  for (std::size_t row = first; row < first + count; ++row) {
    from.is_null(row) ? append_null() : append_borrowed(refs[row]);
  }
}

void Column::adopt(ByteBuffer bytes, std::size_t rows, std::vector<std::uint64_t> validity) {
  ASSERT(bytes.size() == rows * type_.width() && (validity.empty() || validity.size() == words_for(rows)));
  data_.adopt(std::move(bytes));
  rows_ = rows;
  validity_ = std::move(validity);
  if (!validity_.empty() && rows % 64 != 0) validity_.back() |= ~std::uint64_t{0} << (rows % 64);
}

std::size_t Column::memory_bytes() const noexcept {
  return sizeof *this + data_.heap_bytes() + validity_.capacity() * sizeof(std::uint64_t) + heap_bytes_;
}

namespace {

std::size_t variable_bytes(const Column& column, std::size_t first, std::size_t count) noexcept {
  std::size_t bytes = count * sizeof(std::uint32_t);
  for (std::size_t row = first; row < first + count; ++row) {
    if (!column.is_null(row)) bytes += column.values<StringRef>()[row].bytes();
  }
  return bytes;
}

void encode_fixed(const Column& column, std::size_t first, std::size_t count, bool nulls, Writer& writer) {
  const std::size_t width = column.type().width();
  if (!nulls) return writer.put_bytes({column.data() + first * width, count * width});
  const ByteBuffer zeros(width);  // What lies under a NULL is nobody's value: always zeros, so that the crc is one.
  for (std::size_t row = first; row < first + count; ++row) {
    writer.put_bytes(column.is_null(row) ? Bytes(zeros) : Bytes{column.data() + row * width, width});
  }
}

void encode_variable(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out) {
  const auto* refs = column.values<StringRef>();
  std::size_t at = out.size();
  out.resize(at + variable_bytes(column, first, count));
  for (std::size_t row = first; row < first + count; ++row, at += sizeof(std::uint32_t)) {
    store(out.data() + at, column.is_null(row) ? std::uint32_t{0} : canonical_length(refs[row]));
  }
  for (std::size_t row = first; row < first + count; ++row) {
    if (column.is_null(row) || refs[row].bytes() == 0) continue;
    std::memcpy(out.data() + at, refs[row].data, refs[row].bytes());
    at += refs[row].bytes();
  }
}

std::vector<std::uint64_t> validity_of(const Column& column, std::size_t first, std::size_t count) {
  std::vector<std::uint64_t> words;
  if (!column.has_nulls()) return words;
  bool nulls = false;
  words.assign(words_for(count), 0);  // Bits past the last row are 0 in the bytes.
  for (std::size_t row = 0; row < count; ++row) {
    if (column.is_null(first + row)) {
      nulls = true;
    } else {
      words[row / 64] |= std::uint64_t{1} << (row % 64);
    }
  }
  if (!nulls) words.clear();
  return words;
}

template <bool kLent>
Result<Column> decode_variable(Type type, std::size_t count, const std::vector<std::uint64_t>& validity,
                               Reader& reader) {
  Bytes lengths;
  if (!reader.get_bytes(count * sizeof(std::uint32_t), lengths)) return malformed("lengths are cut short");
  Column column(type);
  column.reserve(count);
  for (std::size_t row = 0; row < count; ++row) {
    const auto length = load<std::uint32_t>(lengths.data() + row * sizeof(std::uint32_t));
    const bool valid = validity.empty() || (validity[row / 64] >> (row % 64) & 1) != 0;
    if (!valid && length != 0) return malformed("a NULL has a length");
    const bool reference = (length & kReferenceLength) != 0;
    if (reference && (type.kind != TypeKind::blob || length != (kReferenceLength | kReferenceBytes))) {
      return malformed("a reference where none can be");
    }
    Bytes value;
    if (!reader.get_bytes(length & ~kReferenceLength, value)) return malformed("a value is cut short");
    const StringRef ref{reinterpret_cast<const char*>(value.data()),
                        value.size() | (reference ? StringRef::kReference : 0)};
    if (!valid) {
      column.append_null();
    } else {
      kLent ? column.append_borrowed(ref) : column.append_copy(ref);
    }
  }
  return column;
}

template <bool kLent>
Result<Column> decode_any(Type type, std::size_t count, Reader& reader) {
  std::uint8_t has_nulls = 0;
  if (!reader.get(has_nulls) || has_nulls > 1) return malformed("no NULL flag");
  std::vector<std::uint64_t> validity;
  if (has_nulls == 1) {
    Bytes words;
    if (words_for(count) > reader.remaining() / 8 || !reader.get_bytes(words_for(count) * 8, words)) {
      return malformed("validity is cut short");
    }
    validity.resize(words_for(count));
    std::memcpy(validity.data(), words.data(), words.size());
  }
  const std::size_t width = type.is_variable() ? sizeof(std::uint32_t) : type.width();
  if (width == 0 || count > reader.remaining() / width) return malformed("values are cut short");
  if (type.is_variable()) return decode_variable<kLent>(type, count, validity, reader);
  Bytes values;
  if (!reader.get_bytes(count * width, values)) return malformed("values are cut short");
  Column column(type);
  column.adopt(ByteBuffer(values.begin(), values.end()), count, std::move(validity));
  return column;
}

}  // namespace

void encode_column(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out) {
  ASSERT(first + count <= column.rows());
  Writer writer(out);
  const auto validity = validity_of(column, first, count);
  writer.put(static_cast<std::uint8_t>(!validity.empty()));
  writer.put_bytes(std::as_bytes(std::span(validity)));
  if (column.type().is_variable()) return encode_variable(column, first, count, out);
  encode_fixed(column, first, count, !validity.empty(), writer);
}

std::size_t encoded_bytes(const Column& column, std::size_t first, std::size_t count) noexcept {
  bool nulls = false;
  for (std::size_t row = first; row < first + count && column.has_nulls() && !nulls; ++row) nulls = column.is_null(row);
  const std::size_t head = sizeof(std::uint8_t) + (nulls ? words_for(count) * sizeof(std::uint64_t) : 0);
  return head + (column.type().is_variable() ? variable_bytes(column, first, count) : count * column.type().width());
}

Result<Column> decode_column(Type type, std::size_t count, Reader& reader) {
  return decode_any<false>(type, count, reader);
}
Result<Column> decode_column_lent(Type type, std::size_t count, Reader& reader) {
  return decode_any<true>(type, count, reader);
}

}  // namespace mneme
