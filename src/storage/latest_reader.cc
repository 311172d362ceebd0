#include "storage/latest_reader.h"

#include "base/assert.h"

namespace mneme {

Result<LatestReader::View> LatestReader::view() {
  ASSERT(version_ == nullptr);
  if (!look()) TRY(look_under_lock());
  return View(*this);
}

// False: something changed since the last view, or does right now.
bool LatestReader::look() noexcept {
  if (core_.version_number.load() != number_) return false;
  version_ = known_.lock();
  if (version_ == nullptr) return false;
  sequence_ = core_.applied.load();
  slot_.pin(sequence_);
  if (core_.applied.load() == sequence_ && core_.version_number.load() == number_ && !log_->poisoned()) return true;
  end();
  return false;
}

Result<void> LatestReader::look_under_lock() {
  Lock lock(core_.mutex);
  if (core_.closed) return Error(Code::closed, core_.directory + ": the database is closed");
  const Snapshot latest = core_.latest();
  slot_.pin(latest.sequence);  // Whoever asks for the oldest holds the lock.
  sequence_ = latest.sequence;
  version_ = latest.version;
  log_ = core_.log.get();
  known_ = version_;
  // Of a poisoned log the latest is what was durable, each time found anew.
  number_ = log_->poisoned() ? 0 : core_.version_number.load();
  return {};
}

}  // namespace mneme
