#include "storage/snapshot_registry.h"

namespace mneme {

class SnapshotRegistry::Pin {
 public:
  Pin(std::shared_ptr<SnapshotRegistry> registry, std::uint64_t sequence)
      : registry_(std::move(registry)), sequence_(sequence) {
    Lock lock(registry_->mutex_);
    ++registry_->live_[sequence_];
  }
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin() {
    Lock lock(registry_->mutex_);
    const auto found = registry_->live_.find(sequence_);
    if (--found->second == 0) registry_->live_.erase(found);
  }

 private:
  const std::shared_ptr<SnapshotRegistry> registry_;
  const std::uint64_t sequence_;
};

std::shared_ptr<const void> SnapshotRegistry::pin(std::uint64_t sequence) {
  return std::make_shared<const Pin>(shared_from_this(), sequence);
}

std::uint64_t SnapshotRegistry::oldest(std::uint64_t otherwise) const {
  Lock lock(mutex_);
  std::uint64_t oldest = live_.empty() ? otherwise : std::min(otherwise, live_.begin()->first);
  for (const Slot* slot : slots_) oldest = std::min(oldest, slot->sequence_.load());
  return oldest;
}

SnapshotRegistry::Slot::Slot(std::shared_ptr<SnapshotRegistry> registry) : registry_(std::move(registry)) {
  Lock lock(registry_->mutex_);
  registry_->slots_.push_back(this);
}

SnapshotRegistry::Slot::~Slot() {
  Lock lock(registry_->mutex_);
  std::erase(registry_->slots_, this);
}

}  // namespace mneme
