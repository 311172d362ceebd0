#include "storage/commit_queue.h"

#include "base/assert.h"

namespace mneme {

bool CommitQueue::join(Place& place) noexcept {
  Place* before = last_.load(std::memory_order_relaxed);
  do {
    place.next_ = before == led() ? nullptr : before;
  } while (!last_.compare_exchange_weak(before, &place, std::memory_order_acq_rel, std::memory_order_relaxed));
  return before == nullptr;
}

CommitQueue::Place* CommitQueue::take() noexcept {
  Place* newest = last_.exchange(led(), std::memory_order_acq_rel);
  ASSERT(newest != nullptr);
  if (newest == led()) return nullptr;
  Place* oldest = nullptr;
  while (newest != nullptr) {
    Place* const before = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = before;
  }
  return oldest;
}

void CommitQueue::leave() {
  Place* last = led();
  if (last_.compare_exchange_strong(last, nullptr, std::memory_order_acq_rel)) return;
  ASSERT(last != nullptr);
  while (last->next_ != nullptr) last = last->next_;
  last->signal_.raise(static_cast<std::uint32_t>(Told::leads));
}

}  // namespace mneme
