// The size is held against the header before anything is read, so that no count drives an allocation.
#include "import/vectors_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "import/try.h"

namespace mneme::cli {
namespace {

constexpr std::array<std::pair<std::string_view, VectorFormat>, 5> kFormats{{
    {".fvecs", {VectorElement::f32, true}},
    {".bvecs", {VectorElement::u8, true}},
    {".fbin", {VectorElement::f32, false}},
    {".u8bin", {VectorElement::u8, false}},
    {".i8bin", {VectorElement::i8, false}},
}};
constexpr std::size_t kCountBytes = 4;

Error corrupt_at(std::uint64_t offset, const std::string& what) {
  return Error(Code::corrupt, "vectors: at offset " + std::to_string(offset) + ": " + what);
}

Result<std::uint32_t> read_u32(Window& window) {
  const std::string_view bytes = TRY(window.peek(kCountBytes));
  if (bytes.size() < kCountBytes) return corrupt_at(window.position(), "the file ends within a number");
  std::uint32_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof value);
  window.skip(kCountBytes);
  return value;
}

class Reader {  // One thread at a time.
 public:
  Reader(Input& input, VectorFormat format, TableSink& sink, const ImportProgress& progress)
      : input_(input), window_(input), format_(format), sink_(sink), progress_(progress) {}
  Result<ImportSummary> read(const std::string& table);

 private:
  Result<void> read_header();
  Result<void> check_dimension(std::uint64_t offset, std::uint32_t dimension) const;
  Result<void> add_rows(std::size_t table, TableBatch& batch);
  Result<void> deliver(std::size_t table, TableBatch& batch);

  Input& input_;
  Window window_;
  VectorFormat format_;
  TableSink& sink_;
  const ImportProgress& progress_;
  Type type_{.kind = TypeKind::vector};
  std::uint64_t count_ = 0;
};

Result<void> Reader::check_dimension(std::uint64_t offset, std::uint32_t dimension) const {
  if (dimension >= 1 && dimension <= kVectorDimensionMax) return {};
  return corrupt_at(offset, "a dimension of " + std::to_string(dimension) + "; a VECTOR has 1 to 16000");
}

Result<void> Reader::read_header() {
  const std::uint64_t promised = format_.dimension_each ? 0 : TRY(read_u32(window_));
  const std::uint64_t at = window_.position();
  const std::uint32_t dimension = TRY(read_u32(window_));
  TRY(check_dimension(at, dimension));
  type_.element = format_.element;
  type_.dimension = static_cast<std::uint16_t>(dimension);
  const std::uint64_t header = format_.dimension_each ? 0 : window_.position();
  const std::uint64_t row_bytes = type_.width() + (format_.dimension_each ? kCountBytes : 0);
  count_ = (input_.size() - header) / row_bytes;
  if ((input_.size() - header) % row_bytes != 0) {
    return corrupt_at(header + count_ * row_bytes, "the file ends within vector " + std::to_string(count_));
  }
  if (!format_.dimension_each && count_ != promised) {
    return corrupt_at(0, std::to_string(promised) + " vectors promised, " + std::to_string(count_) + " there");
  }
  window_.seek(header);
  return {};
}

Result<void> Reader::deliver(std::size_t table, TableBatch& batch) {
  TRY(sink_.append(table, batch));
  batch.clear();
  if (progress_) progress_(window_.position(), input_.size());
  return {};
}

Result<void> Reader::add_rows(std::size_t table, TableBatch& batch) {
  for (std::uint64_t id = 0; id < count_; ++id) {
    if (format_.dimension_each) {
      const std::uint64_t at = window_.position();
      if (TRY(read_u32(window_)) != type_.dimension) {
        return corrupt_at(at, "vector " + std::to_string(id) + " has another dimension than the first");
      }
    }
    const std::string_view bytes = TRY(window_.peek(type_.width()));
    if (bytes.size() < type_.width()) return corrupt_at(window_.position(), "the file shrank while it was read");
    batch.columns[0].append(static_cast<std::int64_t>(id));
    batch.columns[1].append_fixed(bytes);
    window_.skip(bytes.size());
    if (batch.full()) TRY(deliver(table, batch));
  }
  return batch.rows() > 0 ? deliver(table, batch) : Result<void>();
}

Result<ImportSummary> Reader::read(const std::string& name) {
  TRY(read_header());
  const ImportTable table{name, {{"id", {.kind = TypeKind::integer}}, {"v", type_}}};
  const std::size_t number = TRY(sink_.begin_table(table));
  TableBatch batch(table);
  TRY(add_rows(number, batch));
  ImportSummary summary;
  summary.bytes = input_.size();
  summary.rows = count_;
  summary.tables = 1;
  return summary;
}

}  // namespace

std::optional<VectorFormat> vector_format(std::string_view path) noexcept {
  const auto* found = std::ranges::find_if(kFormats, [path](const auto& known) { return path.ends_with(known.first); });
  if (found == kFormats.end()) return std::nullopt;
  return found->second;
}

Result<ImportSummary> read_vectors(Input& input, VectorFormat format, const std::string& table, TableSink& sink,
                                   const ImportProgress& progress) {
  return Reader(input, format, sink, progress).read(table);
}

}  // namespace mneme::cli
