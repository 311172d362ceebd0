#include "storage/encoding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <string>
#include <vector>

#include "base/assert.h"

namespace mneme {
namespace {

constexpr std::uint8_t kFlagValidity = 1;
constexpr std::uint8_t kFlagReferences = 2;
// In a block with that flag each value begins with one of these.
constexpr char kPlainTag = 0;
constexpr char kReferenceTag = 1;
constexpr std::size_t kSpareBytes = 16;

bool is_integer_like(const Type& type) noexcept {
  switch (type.kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::date:
    case TypeKind::decimal: return true;
    default: return false;
  }
}

bool is_integer_encoding(Encoding encoding) noexcept {
  return encoding == Encoding::packed || encoding == Encoding::delta || encoding == Encoding::delta_delta ||
         encoding == Encoding::stride;
}

std::int64_t integer_from(const std::byte* value, std::size_t width) noexcept {
  switch (width) {
    case 1: return load<std::uint8_t>(value);
    case 4: return load<std::int32_t>(value);
    default: return load<std::int64_t>(value);
  }
}

// The rows to encode, their NULLs filled with the value before (or the first after), so that they cost little.
class Input {
 public:
  Input(const Column& column, std::size_t first, std::size_t count) : column_(column), first_(first), count_(count) {
    for (std::size_t i = 0; i < count && column.has_nulls(); ++i) nulls_ += column.is_null(first + i) ? 1 : 0;
    if (column.type().kind == TypeKind::blob) find_references();
  }
  [[nodiscard]] bool references() const noexcept { return references_; }
  [[nodiscard]] std::size_t nulls() const noexcept { return nulls_; }
  [[nodiscard]] std::size_t width() const noexcept { return column_.type().width(); }

  void put_validity(ByteBuffer& out) const {
    for (std::size_t i = 0; i < count_; i += 64) {
      std::uint64_t word = 0;
      for (std::size_t j = i; j < std::min(count_, i + 64); ++j)
        word |= std::uint64_t{!column_.is_null(first_ + j)} << (j - i);
      Writer(out).put(word);
    }
  }
  // The bytes of the values, of fixed width.
  const std::byte* fixed() {
    const std::byte* from = column_.data() + first_ * width();
    if (nulls_ == 0) return from;
    filled_.resize(count_ * width());
    for (std::size_t i = 0, source = first_value(); i < count_; ++i) {
      if (!column_.is_null(first_ + i)) source = i;
      std::memcpy(filled_.data() + i * width(), from + source * width(), width());
    }
    return filled_.data();
  }
  const IntegerShape& shape() {  // Of the integers; measured once.
    if (!shape_) shape_ = measure_integers(integers(), count_);
    return *shape_;
  }
  const std::int64_t* integers() {
    const std::byte* from = fixed();
    if (width() == 1) return widen<std::uint8_t>(from);
    if (width() == 4) return widen<std::int32_t>(from);
    return reinterpret_cast<const std::int64_t*>(from);  // Column data and vectors are aligned to 8 at least.
  }
  std::span<const std::string_view> texts() {
    texts_.resize(count_);
    std::size_t source = first_value();
    for (std::size_t i = 0; i < count_; ++i) {
      if (!column_.is_null(first_ + i)) source = i;
      texts_[i] = references_ ? tagged_[source] : column_.values<StringRef>()[first_ + source].view();
    }
    // Under a NULL of plain text nothing need be stored; a dictionary or a constant repeats for free.
    return texts_;
  }
  void empty_nulls() {
    for (std::size_t i = 0; i < count_; ++i) {
      if (column_.is_null(first_ + i)) texts_[i] = {};
    }
  }

 private:
  void find_references() {
    const auto* values = column_.values<StringRef>() + first_;
    for (std::size_t i = 0; i < count_ && !references_; ++i) {
      references_ = !column_.is_null(first_ + i) && values[i].is_reference();
    }
    if (!references_) return;
    tagged_.resize(count_);
    for (std::size_t i = 0; i < count_; ++i) {
      if (column_.is_null(first_ + i)) continue;
      tagged_[i].reserve(1 + values[i].bytes());
      tagged_[i] = values[i].is_reference() ? kReferenceTag : kPlainTag;
      tagged_[i] += values[i].view();
    }
  }
  [[nodiscard]] std::size_t first_value() const noexcept {
    std::size_t i = 0;
    while (i + 1 < count_ && column_.is_null(first_ + i)) ++i;
    return i;
  }
  template <class T>
  const std::int64_t* widen(const std::byte* from) {
    integers_.resize(count_);
    for (std::size_t i = 0; i < count_; ++i) integers_[i] = load<T>(from + i * sizeof(T));
    return integers_.data();
  }

  const Column& column_;
  const std::size_t first_;
  const std::size_t count_;
  std::size_t nulls_ = 0;
  ByteBuffer filled_;
  std::vector<std::int64_t> integers_;
  std::optional<IntegerShape> shape_;
  std::vector<std::string_view> texts_;
  bool references_ = false;
  std::vector<std::string> tagged_;  // The values with their tags, if there are references.
};

Encoding choose_integer(const std::int64_t* values, std::size_t count, std::size_t width, const IntegerShape& shape) {
  if (shape.least == shape.greatest) return Encoding::constant;
  Encoding best = Encoding::plain;
  std::size_t best_bytes = count * width;
  const auto consider = [&](Encoding encoding, std::size_t bytes) {
    if (bytes >= best_bytes) return;
    best = encoding;
    best_bytes = bytes;
  };
  // In this order: of equals the one that reads one value faster comes first.
  for (const auto encoding : {Encoding::stride, Encoding::packed, Encoding::delta, Encoding::delta_delta}) {
    consider(encoding, integer_body_bytes(encoding, shape, count));
  }
  consider(Encoding::run_length, 4 + shape.runs * (width + 4));
  if (width < 8 || best_bytes < count || best == Encoding::run_length) return best;
  const auto same = [values](std::size_t i, std::size_t j) { return values[i] == values[j]; };
  if (!sample_repeats(count, same)) return best;
  ByteBuffer tried;
  if (encode_fixed(Encoding::dictionary, reinterpret_cast<const std::byte*>(values), count, 8, tried)) {
    consider(Encoding::dictionary, tried.size());
  }
  return best;
}

Encoding choose(Input& input, const Type& type, std::size_t count) {
  if (input.nulls() == count) return Encoding::all_null;
  if (type.is_variable()) return choose_text(input.texts());
  if (!is_integer_like(type)) return choose_fixed(input.fixed(), count, type.width());
  return choose_integer(input.integers(), count, type.width(), input.shape());
}

bool put_body(Encoding encoding, Input& input, const Type& type, std::size_t count, ByteBuffer& out) {
  if (type.is_variable()) {
    auto texts = input.texts();
    if (encoding == Encoding::plain) input.empty_nulls();
    return encode_text(encoding, texts, out);
  }
  if (!is_integer_encoding(encoding)) return encode_fixed(encoding, input.fixed(), count, type.width(), out);
  if (!is_integer_like(type)) return false;
  const IntegerShape& shape = input.shape();
  if (integer_body_bytes(encoding, shape, count) == ~std::size_t{0}) return false;
  encode_integers(encoding, input.integers(), count, shape, out);
  return true;
}

bool put_block(Encoding encoding, Input& input, const Type& type, std::size_t count, ByteBuffer& out) {
  const bool all_null = encoding == Encoding::all_null;
  if (all_null != (input.nulls() == count)) return false;
  const bool with_validity = input.nulls() != 0 && !all_null;
  Writer writer(out);
  writer.put(encoding);
  writer.put(
      static_cast<std::uint8_t>((with_validity ? kFlagValidity : 0) | (input.references() ? kFlagReferences : 0)));
  writer.put(std::uint16_t{0});
  if (with_validity) input.put_validity(out);
  if (!all_null && !put_body(encoding, input, type, count, out)) return false;
  out.resize(out.size() + kSpareBytes);
  return true;
}

}  // namespace

Encoding encode_block(const Column& column, std::size_t first, std::size_t count, ByteBuffer& out) {
  ASSERT(count >= 1 && count <= kBlockRowsMax && first + count <= column.rows());
  Input input(column, first, count);
  const Encoding encoding = choose(input, column.type(), count);
  const bool fits = put_block(encoding, input, column.type(), count, out);
  ASSERT(fits);
  return encoding;
}

bool encode_block_as(Encoding encoding, const Column& column, std::size_t first, std::size_t count, ByteBuffer& out) {
  ASSERT(count >= 1 && count <= kBlockRowsMax && first + count <= column.rows());
  const std::size_t before = out.size();
  Input input(column, first, count);
  if (put_block(encoding, input, column.type(), count, out)) return true;
  out.resize(before);
  return false;
}

Error BlockView::corrupt(const char* what) const {
  return Error(Code::corrupt, "segment " + std::to_string(origin_.segment) + ", block at offset " +
                                  std::to_string(origin_.offset) + ": " + what);
}

Result<BlockView> BlockView::open(const Type& type, std::size_t rows, Bytes bytes, std::shared_ptr<const void> owner,
                                  BlockOrigin origin) {
  BlockView view;
  view.type_ = type;
  view.rows_ = rows;
  view.origin_ = origin;
  view.owner_ = std::move(owner);
  if (rows == 0 || rows > kBlockRowsMax) return view.corrupt("impossible number of rows");
  if (bytes.size() < kSpareBytes) return view.corrupt("too short");
  Reader reader(bytes.first(bytes.size() - kSpareBytes));
  std::uint8_t flags = 0;
  std::uint16_t zero = 0;
  if (!reader.get(view.encoding_) || !reader.get(flags) || !reader.get(zero)) return view.corrupt("too short");
  view.references_ = (flags & kFlagReferences) != 0;
  const bool may_refer = type.kind == TypeKind::blob && view.encoding_ != Encoding::all_null;
  if ((flags & ~(kFlagValidity | kFlagReferences)) != 0 || zero != 0 || (view.references_ && !may_refer)) {
    return view.corrupt("unknown flags");
  }
  if ((flags & kFlagValidity) != 0) {
    Bytes words;
    if (!reader.get_bytes((rows + 63) / 64 * 8, words)) return view.corrupt("validity is cut");
    view.validity_ = words.data();
  }
  Bytes body;
  static_cast<void>(reader.get_bytes(reader.remaining(), body));
  TRY(view.open_body(body));
  return view;
}

Result<void> BlockView::open_body(Bytes body) {
  if (encoding_ == Encoding::all_null) {
    if (!body.empty() || validity_ != nullptr) return corrupt("values in a block of NULLs");
    return {};
  }
  bool fits = false;
  if (type_.is_variable()) {
    auto& text = body_.emplace<TextBody>(TextBody{.encoding = encoding_, .rows = rows_});
    fits = text.open(body);
  } else if (!is_integer_encoding(encoding_)) {
    auto& fixed = body_.emplace<FixedBody>(FixedBody{.encoding = encoding_, .rows = rows_, .width = type_.width()});
    fits = fixed.open(body);
  } else if (is_integer_like(type_)) {
    auto& integer = body_.emplace<IntegerBody>(IntegerBody{.encoding = encoding_, .rows = rows_});
    fits = integer.open(body);
  }
  if (!fits) return corrupt("the body does not fit its encoding");
  return {};
}

bool BlockView::is_null(std::size_t row) const noexcept {
  if (validity_ == nullptr) return encoding_ == Encoding::all_null;
  return (load<std::uint64_t>(validity_ + row / 64 * 8) >> (row % 64) & 1) == 0;
}

bool BlockView::decode_values(std::size_t first, std::size_t count, std::byte* to) const noexcept {
  if (const auto* integer = std::get_if<IntegerBody>(&body_)) {
    integer->decode(first, count, type_.width(), to);
    return true;
  }
  if (const auto* fixed = std::get_if<FixedBody>(&body_)) return fixed->decode(first, count, to);
  return std::get<TextBody>(body_).decode(first, count, reinterpret_cast<StringRef*>(to));
}

// Takes the tag off a value of a block that has references. False: it does not fit.
bool BlockView::take_tag(StringRef& value) noexcept {
  if (value.size == 0) return false;
  const char tag = *value.data++;
  --value.size;
  if (tag == kPlainTag) return true;
  if (tag != kReferenceTag || value.size != kReferenceBytes) return false;
  value.size |= StringRef::kReference;
  return true;
}

Result<void> BlockView::decode(std::size_t first, std::size_t count, Column& out) const {
  ASSERT(first + count <= rows_ && out.type() == type_);
  if (count == 0) return {};
  if (!has_nulls()) {
    if (!decode_values(first, count, out.extend(count))) return corrupt("a value is out of place");
  } else {
    std::array<std::uint64_t, kBlockRowsMax / 64> valid{};
    for (std::size_t i = 0; i < count; ++i) valid[i / 64] |= std::uint64_t{!is_null(first + i)} << (i % 64);
    std::byte* to = out.extend(count, valid.data());
    if (encoding_ != Encoding::all_null && !decode_values(first, count, to)) return corrupt("a value is out of place");
    const std::size_t width = type_.width();
    for (std::size_t i = 0; i < count; ++i) {
      if ((valid[i / 64] >> (i % 64) & 1) == 0) std::memset(to + i * width, 0, width);
    }
  }
  if (references_) {
    auto* values = reinterpret_cast<StringRef*>(out.data()) + (out.rows() - count);
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_null(first + i) && !take_tag(values[i])) return corrupt("a reference is out of place");
    }
  }
  if (type_.is_variable()) out.keep_alive(owner_);
  return {};
}

Result<void> BlockView::at(std::size_t row, Column& out) const {
  ASSERT(row < rows_ && out.type() == type_);
  if (is_null(row)) {
    out.append_null();
    return {};
  }
  if (type_.is_variable()) {
    StringRef text;
    if (!std::get<TextBody>(body_).decode(row, 1, &text)) return corrupt("a text is out of place");
    if (references_ && !take_tag(text)) return corrupt("a reference is out of place");
    out.append_copy(text);
    return {};
  }
  if (!decode_values(row, 1, out.extend(1))) return corrupt("a value is out of place");
  return {};
}

Result<void> BlockView::only(std::size_t row, Column& out) const {
  ASSERT(row < rows_);
  DEBUG_ASSERT(out.type() == type_);
  if (has_nulls() || references_) {
    out.clear();
    return at(row, out);
  }
  if (const auto* text = std::get_if<TextBody>(&body_)) {
    StringRef value;
    if (!text->at(row, value)) return corrupt("a text is out of place");
    out.become_copy(value);
    return {};
  }
  const std::size_t width = type_.width();
  if (width != sizeof(std::int64_t)) {
    if (!decode_values(row, 1, out.become_one())) return corrupt("a value is out of place");
    return {};
  }
  if (const auto* integer = std::get_if<IntegerBody>(&body_)) {
    store(out.become_one(), integer->at(row));
    return {};
  }
  const std::byte* value = std::get<FixedBody>(body_).at(row);
  if (value == nullptr) return corrupt("a value is out of place");
  std::memcpy(out.become_one(), value, sizeof(std::int64_t));
  return {};
}

void BlockView::prefetch(std::size_t row) const noexcept {
  if (validity_ != nullptr) __builtin_prefetch(validity_ + row / 64 * 8);
  if (const auto* text = std::get_if<TextBody>(&body_)) return text->prefetch(row);
  if (const auto* fixed = std::get_if<FixedBody>(&body_)) return fixed->prefetch(row);
  if (const auto* integer = std::get_if<IntegerBody>(&body_)) integer->packed.prefetch(row);
}

Result<std::int64_t> BlockView::fixed_integer_at(std::size_t row) const {
  ASSERT(is_integer_like(type_) && !is_null(row));
  const std::byte* value = std::get<FixedBody>(body_).at(row);
  if (value == nullptr) return corrupt("a value is out of place");
  return integer_from(value, type_.width());
}

Result<void> BlockView::integers(std::size_t first, std::size_t count, std::int64_t* to) const {
  ASSERT(first + count <= rows_ && is_integer_like(type_) && type_.width() == sizeof *to && !has_nulls());
  if (!decode_values(first, count, reinterpret_cast<std::byte*>(to))) return corrupt("a value is out of place");
  return {};
}

}  // namespace mneme
