// The numbers storage hands out. None is ever reused once something durable has named it.
#pragma once

#include <compare>
#include <cstdint>

namespace mneme {

enum class Lsn : std::uint64_t {};  // One log record (one commit group); counts up by 1, the first is 1; 0 is none.
enum class FileNumber : std::uint64_t {};  // Of a file in its folder (<n>.log, <n>.seg ...); 0 is none.

constexpr std::uint64_t raw(Lsn lsn) noexcept { return static_cast<std::uint64_t>(lsn); }
constexpr std::uint64_t raw(FileNumber number) noexcept { return static_cast<std::uint64_t>(number); }
constexpr Lsn next(Lsn lsn) noexcept { return Lsn{raw(lsn) + 1}; }
constexpr FileNumber next(FileNumber number) noexcept { return FileNumber{raw(number) + 1}; }

// An edit of the manifest, in the order in which they were made.
struct ManifestPoint {
  FileNumber manifest{};
  std::uint64_t sequence = 0;
  auto operator<=>(const ManifestPoint&) const = default;
};
constexpr ManifestPoint kNoManifestPoint{FileNumber{~std::uint64_t{0}}, ~std::uint64_t{0}};  // Above all others.

}  // namespace mneme
