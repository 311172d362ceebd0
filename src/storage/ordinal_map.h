// OrdinalMap: where each row of a merge's inputs went, in half a byte and a bit per row.
//
// Of each new row it keeps which input it came from, of each input's row whether it was kept; counts every 1,024 rows
// make a look-up a short scan. A table of new ordinals by old ones would take four bytes a row, which a merge within a
// small budget has not got, and only the few deletes that arrive while the merge runs ever ask.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mneme {

class OrdinalMap {  // One thread at a time while it is filled; then it may be read by many.
 public:
  static constexpr std::size_t kInputsMax = 16;
  explicit OrdinalMap(std::span<const std::uint64_t> input_rows);
  [[nodiscard]] static std::size_t memory_bytes(std::span<const std::uint64_t> input_rows) noexcept;

  // The next new row is row `old` of `input`. REQUIRES: each input's rows in their order.
  void keep(std::size_t input, std::uint32_t old);
  void keep_run(std::size_t input, std::uint32_t first, std::size_t count);  // Rows first, first + 1 ...
  [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }        // New ones so far.
  // None: the row was left out.
  [[nodiscard]] std::optional<std::uint32_t> find(std::size_t input, std::uint32_t old) const noexcept;

 private:
  static constexpr std::size_t kSampleRows = 1'024;
  struct Kept {
    std::vector<std::uint64_t> bits;       // By old ordinal.
    std::vector<std::uint32_t> before{0};  // Kept rows before each kSampleRows old ordinals that were passed.
    std::uint32_t count = 0;
  };
  [[nodiscard]] std::uint32_t rank(const Kept& kept, std::uint32_t old) const noexcept;
  [[nodiscard]] std::size_t input_of(std::size_t row) const noexcept {
    return (inputs_[row / 2] >> (row % 2 * 4)) & 0xfU;
  }

  std::vector<Kept> kept_;
  std::vector<std::uint8_t> inputs_;    // Two new rows a byte.
  std::vector<std::uint32_t> samples_;  // Of each input, the rows among the first n * kSampleRows new ones.
  std::uint64_t rows_ = 0;
};

}  // namespace mneme
