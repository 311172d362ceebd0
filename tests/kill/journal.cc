#include "kill/journal.h"

namespace mneme::kill {

std::string journal_text(std::uint64_t writer, std::uint64_t n) {
  const std::uint64_t mixed = (n * 8 + writer) * 0x9e3779b97f4a7c15U;
  const std::size_t bytes = mixed % 64 == 0 ? 6000 : static_cast<std::size_t>((mixed >> 32) % 300);
  return std::string(bytes, static_cast<char>('a' + mixed % 26));
}

std::string journal_clip(std::uint64_t writer, std::uint64_t n) {
  if ((n + writer) % 8 != 0) return "";
  std::string bytes((64 << 10) + 1 + n * 7'919 % 100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * (2 * n + 1) + i / 251 + writer);
  return bytes;
}

WriterState state_after(std::uint64_t writer, std::uint64_t n) {
  WriterState state{.count = n, .journal = {}};
  for (std::uint64_t i = n > kKept ? n - kKept + 1 : 1; i <= n; ++i) state.journal[i] = journal_text(writer, i);
  return state;
}

}  // namespace mneme::kill
