#include "storage/latest_reader.h"

#include "base/assert.h"

namespace mneme {

Result<LatestReader::View> LatestReader::view() {
  TRY(pin_latest(slot_));
  return View(*this);
}

Result<Snapshot> LatestReader::snapshot() {
  if (snapshot_slot_->is_pinned()) {
    Lock lock(core_.mutex);
    TRY(core_.check_usable());
    return core_.latest();
  }
  TRY(pin_latest(*snapshot_slot_));
  // Handed over: who lets go of the snapshot's version lets go of all of it.
  auto version = std::exchange(version_, nullptr);
  // Without the memory for it, it unpins, too.
  std::shared_ptr<const void> pin(snapshot_slot_.get(), [slot = snapshot_slot_](const void*) { slot->unpin(); });
  return Snapshot{sequence_, std::move(version), std::move(pin)};
}

Result<void> LatestReader::pin_latest(Slot& slot) {
  ASSERT(version_ == nullptr);
  return look(slot) ? Result<void>() : look_under_lock(slot);
}

// False: something changed since the last view, or does right now.
bool LatestReader::look(Slot& slot) noexcept {
  if (core_.version_number.load() != number_) return false;
  version_ = known_.lock();
  if (version_ == nullptr) return false;
  sequence_ = core_.applied.load();
  slot.pin(sequence_);
  if (core_.applied.load() == sequence_ && core_.version_number.load() == number_ && !log_->poisoned()) return true;
  slot.unpin();
  version_.reset();
  return false;
}

Result<void> LatestReader::look_under_lock(Slot& slot) {
  Lock lock(core_.mutex);
  TRY(core_.check_usable());
  const Snapshot latest = core_.latest();
  slot.pin(latest.sequence);  // Whoever asks for the oldest holds the lock.
  sequence_ = latest.sequence;
  version_ = latest.version;
  log_ = core_.log.get();
  known_ = version_;
  // Of a poisoned log the latest is what was durable, each time found anew.
  number_ = log_->poisoned() ? 0 : core_.version_number.load();
  return {};
}

}  // namespace mneme
