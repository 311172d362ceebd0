// What a disk may hold after power was cut: the policies P0 to P7, applied to the operations not yet certain.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "os/sim/dice.h"
#include "os/sim/sim_file_system.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kSector = 512;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
  return hash ^ hash >> 29;
}

using Words = std::array<std::uint64_t, 4>;

Words words_at(Bytes bytes, std::size_t at) {
  Words words{};
  std::memcpy(words.data(), bytes.data() + at, sizeof words);
  return words;
}

// Without zeros at the end, or but for a few: most of a log or manifest was only allocated.
Bytes without_zeros(Bytes bytes) {
  std::size_t size = bytes.size();
  for (; size >= sizeof(Words); size -= sizeof(Words)) {
    const Words words = words_at(bytes, size - sizeof(Words));
    if ((words[0] | words[1] | words[2] | words[3]) != 0) break;
  }
  return bytes.first(size);
}

}  // namespace

// Four words at a time, none of which waits for another: files are hashed far more often than they change.
std::uint64_t hash_of(Bytes bytes, std::uint64_t seed) {
  Words lanes{seed, 1, 2, 3};
  std::uint64_t hash = mix(seed, bytes.size());
  bytes = without_zeros(bytes);
  std::size_t at = 0;
  for (; at + sizeof(Words) <= bytes.size(); at += sizeof(Words)) {
    const Words words = words_at(bytes, at);
    for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  for (const std::uint64_t lane : lanes) hash = mix(hash, lane);
  for (; at < bytes.size(); ++at) hash = mix(hash, static_cast<std::uint64_t>(bytes[at]));
  return hash;
}

class ImageBuilder {  // One thread at a time; the disk's mutex is held.
 public:
  ImageBuilder(const SimFileSystem& disk, CutPolicy policy, std::uint64_t seed)
      : disk_(disk), policy_(policy), dice_(seed * kCutPolicies + static_cast<std::uint64_t>(policy)) {
    if (policy == CutPolicy::p7) lies_ = 1 + dice_.below(2);
  }

  DurableImage build() {
    SimFileSystem::Names names = surviving_names();
    drop_unreachable(names);
    DurableImage image;
    image.directories = names.directories;
    for (const auto& [path, inode] : names.files) {
      auto [bytes, first] = seen_.try_emplace(inode.get());
      if (first) bytes->second = surviving_bytes(*inode);  // One image of an inode, however many names it has.
      image.files[path] = bytes->second;
    }
    return image;
  }

 private:
  using Change = SimFileSystem::Change;

  // The sequence below which a sync has made changes certain: the newest sync that was not a lie.
  template <class Matches>
  [[nodiscard]] std::uint64_t certain_below(Matches matches) const {
    const auto& syncs = disk_.last_syncs_;
    const std::size_t honest = syncs.size() - std::min<std::size_t>(lies_, syncs.size());
    std::uint64_t certain = 0;
    for (std::size_t i = 0; i < honest; ++i) {
      if (matches(syncs[i])) certain = syncs[i].sequence;
    }
    return certain;
  }

  SimFileSystem::Names surviving_names() {
    SimFileSystem::Names names = disk_.durable_names_;
    // In-order policies: everything up to one point in time, over all directories, as a journal keeps it.
    const std::size_t count = disk_.entries_.size();
    const std::size_t point = policy_ == CutPolicy::p0   ? 0
                              : policy_ == CutPolicy::p1 ? count
                                                         : static_cast<std::size_t>(dice_.below(count + 1));
    const bool in_order = policy_ <= CutPolicy::p3;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& change = disk_.entries_[i];
      const std::uint64_t certain =
          certain_below([&](const auto& sync) { return sync.inode.expired() && sync.directory == change.directory; });
      if (change.sequence < certain || (in_order ? i < point : dice_.coin())) SimFileSystem::apply(change, names);
    }
    return names;
  }

  // What is in a directory whose own entry did not survive cannot be reached.
  static void drop_unreachable(SimFileSystem::Names& names) {
    const auto lost = [&](const std::string& path) {
      const auto slash = path.rfind('/');
      return slash != std::string::npos && slash != 0 && !names.directories.contains(path.substr(0, slash));
    };
    while (std::erase_if(names.directories, lost) != 0) {
    }
    std::erase_if(names.files, [&](const auto& file) { return lost(file.first); });
  }

  std::shared_ptr<const ByteBuffer> surviving_bytes(const SimFileSystem::Inode& inode) {
    if (inode.pending.empty()) return inode.durable;
    const std::uint64_t certain = certain_below([&](const auto& sync) { return sync.inode.lock().get() == &inode; });
    auto bytes = std::make_shared<ByteBuffer>(*inode.durable);
    std::size_t next = 0;
    while (next < inode.pending.size() && inode.pending[next].sequence < certain) {
      SimFileSystem::apply(inode.pending[next++], *bytes);
    }
    const auto open = std::span(inode.pending).subspan(next);
    if (policy_ == CutPolicy::p1) {
      for (const Change& change : open) SimFileSystem::apply(change, *bytes);
    } else if (policy_ == CutPolicy::p2) {
      const auto kept = static_cast<std::size_t>(dice_.below(open.size() + 1));
      for (const Change& change : open.first(kept)) SimFileSystem::apply(change, *bytes);
    } else if (policy_ != CutPolicy::p0) {
      for (const Change& change : open) apply_in_part(change, *bytes);
    }
    return bytes;
  }

  void apply_in_part(const Change& change, ByteBuffer& bytes) {
    if (change.new_size) {
      if (dice_.coin()) set_size(bytes, *change.new_size);
      return;
    }
    const std::uint64_t end = change.offset + change.bytes.size();
    for (std::uint64_t at = change.offset; at < end;) {
      const std::uint64_t sector_end = std::min(end, (at / kSector + 1) * kSector);
      const auto part =
          Bytes(change.bytes)
              .subspan(static_cast<std::size_t>(at - change.offset), static_cast<std::size_t>(sector_end - at));
      if (dice_.coin()) {
        write(bytes, at, part);
      } else if (policy_ == CutPolicy::p5 && dice_.coin()) {
        spoil_sector(bytes, at);
      }
      at = sector_end;
    }
  }

  void write(ByteBuffer& bytes, std::uint64_t at, Bytes part) {
    if (bytes.size() < at + part.size()) set_size(bytes, at + part.size());
    std::memcpy(bytes.data() + at, part.data(), part.size());  // Of a sector, never empty.
  }

  // Growth shows zeros, or under p6 what the extents held before.
  void set_size(ByteBuffer& bytes, std::uint64_t size) {
    const std::size_t before = bytes.size();
    bytes.resize(static_cast<std::size_t>(size));
    if (policy_ == CutPolicy::p6 && size > before && dice_.coin()) fill_with_noise(bytes, before, bytes.size());
  }

  // A sector that was being written when power went: all of it may be anything, its older bytes too.
  void spoil_sector(ByteBuffer& bytes, std::uint64_t at) {
    const std::size_t from = static_cast<std::size_t>(at / kSector * kSector);
    fill_with_noise(bytes, from, std::min(bytes.size(), from + kSector));
  }

  void fill_with_noise(ByteBuffer& bytes, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) bytes[i] = static_cast<std::byte>(dice_.next());
  }

  const SimFileSystem& disk_;
  const CutPolicy policy_;
  Dice dice_;
  std::size_t lies_ = 0;
  std::map<const SimFileSystem::Inode*, std::shared_ptr<const ByteBuffer>> seen_;
};

DurableImage SimFileSystem::cut(CutPolicy policy, std::uint64_t seed) const {
  const std::lock_guard held(mutex_);
  return ImageBuilder(*this, policy, seed).build();
}

DurableImage SimFileSystem::now() const {
  const std::lock_guard held(mutex_);
  DurableImage image;
  image.directories = names_.directories;
  for (const auto& [path, inode] : names_.files) image.files.emplace(path, inode->content);
  return image;
}

std::optional<DurableImage> SimFileSystem::take_read() {
  const std::lock_guard held(mutex_);
  const auto read = std::exchange(read_, {});
  DurableImage image;
  for (const auto& [path, inode] : read) {
    const auto named = names_.files.find(path);
    if (named == names_.files.end() || named->second != inode.lock()) return std::nullopt;
    image.files.emplace(path, named->second->content);
  }
  return image;
}

std::uint64_t HashedBytes::hash_of(const std::shared_ptr<const ByteBuffer>& bytes) {
  const auto [known, is_new] = known_.try_emplace(bytes);
  if (is_new) known->second = sim::hash_of(*bytes, 0);
  return known->second;
}

std::uint64_t DurableImage::hash() const {
  HashedBytes none;
  return hash(none);
}

std::uint64_t DurableImage::hash(HashedBytes& known) const {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const auto& [path, bytes] : files) {
    hash = hash_of(as_bytes(path), hash);
    hash = mix(hash, known.hash_of(bytes));
  }
  for (const std::string& path : directories) hash = hash_of(as_bytes(path), hash);
  return hash;
}

}  // namespace mneme::sim
