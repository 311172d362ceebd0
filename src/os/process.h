// ProcessMark: tells a child made by fork() from the process that made the mark, for the price of one load.
//
// A child has its parent's memory but none of its threads, and shares its files: an engine in it would wait for ever or
// write over its parent's work. The surprising mechanism: a page that the kernel wipes in children; asking for the
// process id at every call would cost a system call.
#pragma once

namespace mneme {

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
