#include "storage/snapshot_registry.h"

#include "storage/version.h"

namespace mneme {

class SnapshotRegistry::Pin {
 public:
  explicit Pin(std::shared_ptr<SnapshotRegistry> registry) : registry_(std::move(registry)) {}
  Pin(const Pin&) = delete;
  Pin& operator=(const Pin&) = delete;
  ~Pin() {
    if (!held_) return;
    Lock lock(registry_->mutex_);
    if (--(*held_)->second == 0) registry_->live_.erase(*held_);
  }
  using Place = std::map<std::uint64_t, std::size_t>::iterator;
  void hold(Place place) {  // With the registry's lock held, as `place` is under it.
    held_ = place;
    ++place->second;
  }

 private:
  const std::shared_ptr<SnapshotRegistry> registry_;
  std::optional<Place> held_;
};

std::shared_ptr<const void> SnapshotRegistry::pin(std::uint64_t sequence) {
  const auto pin = std::make_shared<Pin>(shared_from_this());
  Lock lock(mutex_);
  pin->hold(live_.try_emplace(sequence, 0).first);
  return pin;
}

void SnapshotRegistry::show(std::uint64_t sequence, std::shared_ptr<const Version> version) {
  Lock lock(mutex_);
  latest_ = sequence;
  if (!hidden_) version_.swap(version);  // The last one goes after the lock: all that it held may go with it.
}

void SnapshotRegistry::show(std::uint64_t sequence) {
  Lock lock(mutex_);
  latest_ = sequence;
}

void SnapshotRegistry::hide() {
  std::shared_ptr<const Version> version;  // Goes after the lock, as above.
  Lock lock(mutex_);
  hidden_ = true;
  version_.swap(version);
}

std::optional<Snapshot> SnapshotRegistry::latest() {
  const auto pin = std::make_shared<Pin>(shared_from_this());
  Lock lock(mutex_);
  if (version_ == nullptr) return std::nullopt;
  pin->hold(live_.try_emplace(latest_, 0).first);
  return Snapshot{latest_, version_, pin};
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
