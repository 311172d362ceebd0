// Which process this is, and whether it still is the one that opened something.
//
// ProcessMark tells a child made by fork() from the process that made the mark, for the price of one load.
//
// A child has its parent's memory but none of its threads, and shares its files: an engine in it would wait for ever or
// write over its parent's work. The surprising mechanism: a page that the kernel wipes in children; asking for the
// process id at every call would cost a system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mneme {

// Which process, among all that ever had its number: the number alone is given again, and means nothing after the
// machine was started anew.
struct ProcessIdentity {
  std::uint32_t pid = 0;
  std::uint64_t started = 0;  // The kernel's clock ticks after boot; 0: not known.
  std::array<std::byte, 16> boot{};
  bool operator==(const ProcessIdentity&) const = default;
};
std::array<std::byte, 16> this_boot();  // Zeros: the kernel did not say.
ProcessIdentity this_process();
// Whether that very process is alive, as far as this one may see: it may be in another container.
bool is_alive(const ProcessIdentity& process);
std::string boot_text();  // The present boot's id as the kernel writes it; empty: not known.

class ProcessMark {  // Immutable.
 public:
  ProcessMark();
  ~ProcessMark();
  ProcessMark(const ProcessMark&) = delete;
  ProcessMark& operator=(const ProcessMark&) = delete;

  [[nodiscard]] bool in_child() const noexcept { return page_ != nullptr ? *page_ == 0 : other_process(); }

 private:
  [[nodiscard]] bool other_process() const noexcept;
  const volatile unsigned char* page_ = nullptr;  // Null: the kernel cannot do it.
  const int process_;
};

}  // namespace mneme
