// The global operator new of test programs that make and drop many millions of small things: blocks come from lists of
// their thread, by size, and go back to the list of whoever frees them. What a thread leaves when it ends is lost, so
// this is for programs of few threads; a sanitizer's own allocator sees more and is left alone.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace mneme::support {
namespace {

constexpr std::size_t kStep = 16;              // Between the sizes of small blocks.
constexpr std::size_t kSmallMax = 1024;        // From there on there are four sizes to each doubling.
constexpr std::size_t kPooledMax = 256 << 10;  // Larger ones are malloc's.
constexpr std::size_t kSmallClasses = kSmallMax / kStep;
constexpr std::size_t kClasses = kSmallClasses + 4 * 8 + 1;
constexpr std::size_t kNone = kClasses;

struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Block {  // In front of what is handed out.
  std::size_t size_class;
  Block* next;  // Of those that are free.
};

struct Size {
  std::size_t size_class;
  std::size_t bytes;
};

// The least size that holds so many bytes.
Size size_for(std::size_t bytes) {
  if (bytes <= kSmallMax) {
    const std::size_t steps = bytes == 0 ? 1 : (bytes + kStep - 1) / kStep;
    return {steps - 1, steps * kStep};
  }
  if (bytes > kPooledMax) return {kNone, bytes};
  const auto doubling = static_cast<std::size_t>(std::bit_width(bytes - 1)) - 1;  // 2^doubling < bytes.
  const std::size_t quarter = std::size_t{1} << (doubling - 2);
  const std::size_t quarters = (bytes + quarter - 1) / quarter;  // 5 to 8.
  return {kSmallClasses + (doubling - 10) * 4 + quarters - 5, quarters * quarter};
}

constinit thread_local std::array<Block*, kClasses> free_blocks{};

void* allocate(std::size_t bytes) noexcept {
  const Size size = size_for(bytes);
  if (size.size_class != kNone) {
    if (Block* block = free_blocks[size.size_class]; block != nullptr) {
      free_blocks[size.size_class] = block->next;
      return block + 1;
    }
  }
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size.bytes));
  if (block == nullptr) return nullptr;
  block->size_class = size.size_class;
  return block + 1;
}

void release(void* data) noexcept {
  if (data == nullptr) return;
  Block* block = static_cast<Block*>(data) - 1;
  if (block->size_class == kNone) return std::free(block);
  block->next = free_blocks[block->size_class];
  free_blocks[block->size_class] = block;
}

}  // namespace
}  // namespace mneme::support

void* operator new(std::size_t bytes) {
  void* memory = mneme::support::allocate(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return mneme::support::allocate(bytes); }
void operator delete(void* memory) noexcept { mneme::support::release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { mneme::support::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { mneme::support::release(memory); }
