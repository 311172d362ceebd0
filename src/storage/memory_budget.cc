#include "storage/memory_budget.h"

#include <string>
#include <utility>

#include "base/assert.h"

namespace mneme {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// Adds unless the sum would pass `cap`.
bool add_below(std::atomic<std::size_t>& counter, std::size_t bytes, std::size_t cap) noexcept {
  std::size_t now = counter.load(kRelaxed);
  do {
    if (bytes > cap || now > cap - bytes) return false;
  } while (!counter.compare_exchange_weak(now, now + bytes, kRelaxed));
  return true;
}

}  // namespace

std::string_view memory_share_name(MemoryShare share) noexcept {
  switch (share) {
    case MemoryShare::memtables: return "memtables";
    case MemoryShare::cache: return "cache";
    case MemoryShare::queries: return "queries";
    case MemoryShare::maintenance: return "maintenance";
  }
  return "?";
}

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)), what_(other.what_), share_(other.share_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = other.budget_;
  bytes_ = std::exchange(other.bytes_, 0);
  what_ = other.what_;
  share_ = other.share_;
  return *this;
}

Result<void> Reservation::grow(std::size_t more_bytes) {
  ASSERT(budget_ != nullptr);
  TRY(budget_->charge_or_reclaim(more_bytes, share_, what_));
  bytes_ += more_bytes;
  return {};
}

Result<void> Reservation::grow_to(std::size_t total_bytes) {
  if (total_bytes <= bytes_) return {};
  return grow(total_bytes - bytes_);
}

void Reservation::shrink(std::size_t fewer_bytes) noexcept {
  ASSERT(fewer_bytes <= bytes_);
  if (fewer_bytes == 0) return;
  bytes_ -= fewer_bytes;
  budget_->give_back(fewer_bytes, share_);
}

void Reservation::release() noexcept { shrink(bytes_); }

MemoryBudget::MemoryBudget(std::size_t bytes) noexcept : bytes_(bytes) {
  set_share_cap(MemoryShare::memtables, bytes / 2);
  set_share_cap(MemoryShare::cache, bytes / 2);
  set_share_cap(MemoryShare::queries, bytes - bytes / 4);
  set_share_cap(MemoryShare::maintenance, bytes / 4);
}

Result<Reservation> MemoryBudget::reserve(std::size_t bytes, MemoryShare share, std::string_view what) {
  if (bytes > 0) TRY(charge_or_reclaim(bytes, share, what));
  return Reservation(*this, bytes, share, what);
}

bool MemoryBudget::try_reserve(std::size_t bytes, MemoryShare share, std::string_view what, Reservation& out) noexcept {
  // Nothing is never refused, also while another request makes the share look fuller than it is.
  if (bytes > 0 && !charge(bytes, share)) return false;
  out = Reservation(*this, bytes, share, what);
  return true;
}

void MemoryBudget::set_share_cap(MemoryShare share, std::size_t bytes) noexcept {
  shares_[static_cast<std::size_t>(share)].cap.store(bytes, kRelaxed);
}

void MemoryBudget::attach(Reclaimer* reclaimer) noexcept { reclaimer_.store(reclaimer, std::memory_order_release); }

std::size_t MemoryBudget::used(MemoryShare share) const noexcept {
  return shares_[static_cast<std::size_t>(share)].used.load(kRelaxed);
}

std::size_t MemoryBudget::share_cap(MemoryShare share) const noexcept {
  return shares_[static_cast<std::size_t>(share)].cap.load(kRelaxed);
}

bool MemoryBudget::charge(std::size_t bytes, MemoryShare share) noexcept {
  ShareState& state = shares_[static_cast<std::size_t>(share)];
  if (!add_below(state.used, bytes, state.cap.load(kRelaxed))) return false;
  if (!add_below(used_, bytes, bytes_)) {
    state.used.fetch_sub(bytes, kRelaxed);
    return false;
  }
  const std::size_t now = used_.load(kRelaxed);
  std::size_t peak = peak_.load(kRelaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, kRelaxed)) {
  }
  return true;
}

Result<void> MemoryBudget::charge_or_reclaim(std::size_t bytes, MemoryShare share, std::string_view what) {
  if (charge(bytes, share)) return {};
  // A share at its cap is not helped by what others give back; the reclaimer's own share (the cache: footers) is.
  const bool at_cap = bytes > share_cap(share) || used(share) > share_cap(share) - bytes;
  if (bytes > bytes_ || (at_cap && share != MemoryShare::cache)) return refusal(bytes, share, what);
  Reclaimer* reclaimer = reclaimer_.load(std::memory_order_acquire);
  // Two rounds: what one thread gave back, another may have taken.
  for (int round = 0; reclaimer != nullptr && round < 2; ++round) {
    if (reclaimer->reclaim(bytes) == 0) break;
    if (charge(bytes, share)) return {};
  }
  return refusal(bytes, share, what);
}

void MemoryBudget::give_back(std::size_t bytes, MemoryShare share) noexcept {
  // The total first: the undo of charge() and this must never let a share look emptier than its holders are.
  used_.fetch_sub(bytes, kRelaxed);
  shares_[static_cast<std::size_t>(share)].used.fetch_sub(bytes, kRelaxed);
}

Error MemoryBudget::refusal(std::size_t bytes, MemoryShare share, std::string_view what) {
  refusals_.fetch_add(1, kRelaxed);
  return Error(Code::full, std::string(what) + " wanted " + std::to_string(bytes) + " bytes: " +
                               std::string(memory_share_name(share)) + " hold " + std::to_string(used(share)) + " of " +
                               std::to_string(share_cap(share)) + ", memory_budget has " + std::to_string(used()) +
                               " of " + std::to_string(bytes_) + " in use")
      .with_sqlstate("53200");
}

}  // namespace mneme
