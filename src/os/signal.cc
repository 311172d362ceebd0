// Signal: waiting for one word.
#include "base/assert.h"
#include "os/thread.h"

namespace mneme {

std::uint32_t Signal::wait(int yields) {
  for (int i = 0;; ++i) {
    std::uint32_t now = state_.load(std::memory_order_acquire);
    if (now != kQuiet) return now;
    if (i == yields) break;
    scheduler_.yield();
  }
  std::uint32_t now = kQuiet;
  if (!state_.compare_exchange_strong(now, kBlocked, std::memory_order_acquire)) return now;
  while ((now = state_.load(std::memory_order_acquire)) == kBlocked) scheduler_.wait_while(state_, kBlocked);
  return now;
}

void Signal::raise(std::uint32_t value) {
  ASSERT(value != kQuiet && value != kBlocked);
  Scheduler& scheduler = scheduler_;
  const auto* address = &state_;
  if (state_.exchange(value, std::memory_order_acq_rel) == kBlocked) scheduler.wake(address);
}

}  // namespace mneme
