#include "os/sim/sim_file_system.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace mneme::sim {
namespace {

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Error missing(const std::string& path) { return Error(Code::not_found, "no such file '" + path + "'"); }

}  // namespace

class SimFile final : public File {
 public:
  SimFile(SimFileSystem& disk, SimFileSystem::InodePtr inode, std::string path, bool writable)
      : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), writable_(writable) {}
  SimFile(const SimFile&) = delete;
  SimFile& operator=(const SimFile&) = delete;
  ~SimFile() override {
    const std::lock_guard held(disk_.mutex_);
    std::erase_if(inode_->locks, [this](const auto& lock) { return lock.second == this; });
  }

  Result<std::size_t> read(std::uint64_t offset, MutableBytes into) override {
    const std::lock_guard held(disk_.mutex_);
    TRY(disk_.count_operation(path_));
    disk_.read_.try_emplace(path_, inode_);
    const ByteBuffer& content = *inode_->content;
    const std::size_t begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, content.size()));
    const std::size_t count = std::min(into.size(), content.size() - begin);
    if (count > 0) std::memcpy(into.data(), content.data() + begin, count);
    disk_.tell(into.first(count));
    return count;
  }

  Result<void> write(std::uint64_t offset, Bytes bytes) override {
    ASSERT(writable_);
    SimFileSystem::Change change{.offset = offset, .bytes = {bytes.begin(), bytes.end()}};
    TRY(disk_.change_inode(inode_, path_, std::move(change)));
    disk_.done();
    return {};
  }

  Result<void> allocate(std::uint64_t bytes) override {
    ASSERT(writable_);
    if (bytes <= TRY(size())) return {};
    return resize(bytes);
  }
  Result<void> truncate(std::uint64_t bytes) override {
    ASSERT(writable_);
    return resize(bytes);
  }

  Result<void> sync(SyncSite site) override {
    TRY(disk_.sync_inode(inode_, path_, site));
    disk_.done();
    return {};
  }

  Result<std::uint64_t> size() override {
    const std::lock_guard held(disk_.mutex_);
    const std::uint64_t bytes = inode_->content->size();
    disk_.tell(bytes);
    return bytes;
  }

  void forget_cached() noexcept override {
    const std::lock_guard held(disk_.mutex_);
    if (inode_->lost.empty()) return;  // The cache and the device agree.
    inode_->lost.clear();
    inode_->content = std::make_shared<ByteBuffer>(*inode_->durable);
    for (const auto& change : inode_->pending) SimFileSystem::apply(change, *inode_->content);
  }

  Result<bool> try_lock(std::uint64_t offset) override {
    const std::lock_guard held(disk_.mutex_);
    const bool locked = inode_->locks.emplace(offset, this).first->second == this;
    disk_.tell(locked);
    return locked;
  }
  Result<bool> is_locked(std::uint64_t offset, std::uint64_t count) override {
    const std::lock_guard held(disk_.mutex_);
    const bool locked = std::ranges::any_of(inode_->locks, [&](const auto& lock) {
      return lock.second != this && lock.first >= offset && lock.first - offset < count;
    });
    disk_.tell(locked);
    return locked;
  }

 private:
  Result<void> resize(std::uint64_t bytes) {
    TRY(disk_.change_inode(inode_, path_, {.new_size = bytes}));
    disk_.done();
    return {};
  }

  SimFileSystem& disk_;
  const SimFileSystem::InodePtr inode_;
  const std::string path_;
  const bool writable_;
};

class SimLock final : public FileLock {
 public:
  SimLock(SimFileSystem& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~SimLock() override {
    const std::lock_guard held(disk_.mutex_);
    disk_.locked_.erase(path_);
  }

 private:
  SimFileSystem& disk_;
  const std::string path_;
};

SimFileSystem::SimFileSystem(const DurableImage& image) { load(image); }

void SimFileSystem::load(const DurableImage& image) {
  durable_names_.directories = image.directories;
  for (const auto& [path, bytes] : image.files) {
    auto inode = std::make_shared<Inode>();
    // Shared until written: writable() copies what others hold, so the image stays as it is.
    inode->durable = std::const_pointer_cast<ByteBuffer>(bytes);
    inode->content = inode->durable;
    durable_names_.files[path] = std::move(inode);
  }
  names_ = durable_names_;
}

void SimFileSystem::tell(std::uint64_t word) { tell(std::as_bytes(std::span(&word, 1))); }

void SimFileSystem::tell(Bytes bytes) {
  if (told_) told_ = hash_of(bytes, *told_);
}

void SimFileSystem::note_answers() {
  const std::lock_guard held(mutex_);
  told_ = 0;
}

std::uint64_t SimFileSystem::take_told() {
  const std::lock_guard held(mutex_);
  ASSERT(told_);
  return *std::exchange(told_, {});
}

void SimFileSystem::reset(const DurableImage& image) {
  const std::lock_guard held(mutex_);
  durable_names_ = {};
  entries_.clear();
  last_syncs_.clear();
  locked_.clear();
  fault_.reset();
  load(image);
}

ByteBuffer& SimFileSystem::medium(const std::string& path) {
  const std::lock_guard held(mutex_);
  Inode& inode = *names_.files.at(path);
  inode.pending.clear();
  inode.lost.clear();
  inode.durable = inode.content = std::make_shared<ByteBuffer>(*inode.content);
  return *inode.content;
}

void SimFileSystem::kill_owner(const std::string& path) {
  const std::lock_guard held(mutex_);
  locked_.erase(path);
}

bool SimFileSystem::has(const std::string& path) const {
  const std::lock_guard held(mutex_);
  return names_.files.contains(path);
}

ByteBuffer& SimFileSystem::writable(std::shared_ptr<ByteBuffer>& bytes) {
  if (bytes.use_count() > 1) bytes = std::make_shared<ByteBuffer>(*bytes);
  return *bytes;
}

void SimFileSystem::apply(const Change& change, ByteBuffer& bytes) {
  if (change.new_size) return bytes.resize(static_cast<std::size_t>(*change.new_size));
  const std::size_t end = static_cast<std::size_t>(change.offset) + change.bytes.size();
  if (bytes.size() < end) bytes.resize(end);
  if (!change.bytes.empty()) std::memcpy(bytes.data() + change.offset, change.bytes.data(), change.bytes.size());
}

void SimFileSystem::apply(const EntryChange& change, Names& names) {
  if (!change.old_name.empty()) names.files.erase(change.old_name);
  if (change.is_directory) {
    names.directories.insert(change.name);
  } else if (change.inode) {
    names.files[change.name] = change.inode;
  } else {
    names.files.erase(change.name);
  }
}

// Counts an operation that may fail, and fails it if its turn has come. A torn write is left to the writer.
Result<std::optional<Fault::Kind>> SimFileSystem::count_operation(const std::string& path) {
  ++operations_;
  if (delayed_ && waits_for_ == 0) {
    delayed_->sequence = ++sequence_;
    remember_sync(*std::exchange(delayed_, {}));
  }
  if (!fault_ || operations_ < fault_->at_operation || (operations_ > fault_->at_operation && !fault_->sticky)) {
    return std::optional<Fault::Kind>();
  }
  tell(operations_);
  if (fault_->kind == Fault::Kind::no_space) return Error(Code::full, "no space left for '" + path + "' (simulated)");
  if (fault_->kind == Fault::Kind::torn_write) return std::optional(fault_->kind);
  return Error(Code::io, "input/output error at '" + path + "' (simulated)");
}

Result<void> SimFileSystem::check_room(const Inode& inode, std::uint64_t new_size, const std::string& path) {
  std::uint64_t used = 0;
  for (const auto& [name, other] : names_.files) used += other->content->size();
  const bool fits = new_size <= inode.content->size() || used - inode.content->size() + new_size <= capacity_;
  tell(fits);
  if (fits) return {};
  return Error(Code::full, "no space left for '" + path + "' (simulated)");
}

Result<void> SimFileSystem::change_inode(const InodePtr& inode, const std::string& path, Change change) {
  const std::lock_guard held(mutex_);
  const bool torn = TRY(count_operation(path)).has_value();
  if (capacity_ != ~std::uint64_t{0}) {
    TRY(check_room(*inode, change.new_size.value_or(change.offset + change.bytes.size()), path));
  }
  if (!change.bytes.empty() && change.offset + change.bytes.size() > inode->content->size()) ++growing_writes_;
  if (torn) change.bytes.resize(change.bytes.size() / 2);
  change.sequence = ++sequence_;
  apply(change, writable(inode->content));
  written_anew(*inode, change.offset, change.offset + change.bytes.size());
  inode->pending.push_back(std::move(change));
  if (torn) return Error(Code::io, "write to '" + path + "' cut short (simulated)");
  return {};
}

void SimFileSystem::change_entry(EntryChange change) {
  change.sequence = ++sequence_;
  apply(change, names_);
  entries_.push_back(std::move(change));
}

Result<void> SimFileSystem::sync_inode(const InodePtr& inode, const std::string& path, SyncSite site) {
  const std::lock_guard held(mutex_);
  ++syncs_at_[static_cast<std::size_t>(site)];
  if (!inode->lost.empty()) ++retried_syncs_;
  if (auto counted = count_operation(path); !counted || *counted) {
    forget_unsynced(*inode);
    return counted ? Error(Code::io, "sync of '" + path + "' failed (simulated)")
                   : Error(Code::io, std::move(counted).error().message());
  }
  sync({.sequence = 0, .inode = inode, .directory = {}}, site);
  return {};
}

void SimFileSystem::sync(SyncEvent event, SyncSite site) {
  if (ignored_site_ == site) return;
  if (delayed_site_ == site && !delayed_) {
    delayed_ = std::move(event);
    waits_for_ = delay_;
    return;
  }
  event.sequence = ++sequence_;
  remember_sync(std::move(event));
  if (delayed_) --waits_for_;
}

// After a failed sync the kernel has marked the pages clean: readers go on seeing them, the disk never will.
void SimFileSystem::forget_unsynced(Inode& inode) {
  std::uint64_t synced = 0;
  for (const SyncEvent& event : last_syncs_) {
    if (event.inode.lock().get() == &inode) synced = event.sequence;
  }
  for (const Change& change : inode.pending) {
    if (change.sequence <= synced || change.bytes.empty()) continue;
    inode.lost.emplace_back(change.offset, change.offset + change.bytes.size());
  }
  std::erase_if(inode.pending, [&](const Change& change) { return change.sequence > synced; });
}

void SimFileSystem::written_anew(Inode& inode, std::uint64_t from, std::uint64_t to) {
  if (inode.lost.empty()) return;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> left;
  for (const auto& [begin, end] : inode.lost) {
    if (begin < std::min(end, from)) left.emplace_back(begin, std::min(end, from));
    if (std::max(begin, to) < end) left.emplace_back(std::max(begin, to), end);
  }
  inode.lost = std::move(left);
}

Result<void> SimFileSystem::sync_directory(const std::string& path, SyncSite site) {
  {
    const std::lock_guard held(mutex_);
    ++syncs_at_[static_cast<std::size_t>(site)];
    TRY(count_operation(path));
    sync({.sequence = 0, .inode = {}, .directory = path}, site);
  }
  done();
  return {};
}

// The newest two syncs may still be a lie (p7); the one before them is the truth by now.
void SimFileSystem::remember_sync(SyncEvent event) {
  last_syncs_.push_back(std::move(event));
  if (last_syncs_.size() <= 2) return;
  fold(last_syncs_.front());
  last_syncs_.erase(last_syncs_.begin());
}

void SimFileSystem::fold(const SyncEvent& event) {
  const auto covered = [&](const auto& change) { return change.sequence < event.sequence; };
  if (const InodePtr inode = event.inode.lock()) {
    const auto end = std::ranges::find_if_not(inode->pending, covered);
    for (auto change = inode->pending.begin(); change != end; ++change) apply(*change, writable(inode->durable));
    inode->pending.erase(inode->pending.begin(), end);
    return;
  }
  for (const EntryChange& change : entries_) {
    if (covered(change) && change.directory == event.directory) apply(change, durable_names_);
  }
  std::erase_if(entries_, [&](const EntryChange& c) { return covered(c) && c.directory == event.directory; });
}

Result<std::unique_ptr<File>> SimFileSystem::open(const std::string& path, Open mode) {
  InodePtr inode;
  {
    const std::lock_guard held(mutex_);
    TRY(count_operation(path));
    const auto found = names_.files.find(path);
    tell(found != names_.files.end());
    if (mode == Open::create && found != names_.files.end()) {
      return Error(Code::already_exists, "'" + path + "' exists");
    }
    if (mode != Open::create && found == names_.files.end()) return missing(path);
    if (mode == Open::create) {
      inode = std::make_shared<Inode>();
      change_entry({.directory = directory_of(path), .name = path, .inode = inode});
    } else {
      inode = found->second;
    }
  }
  if (mode == Open::create) done();
  return std::unique_ptr<File>(std::make_unique<SimFile>(*this, std::move(inode), path, mode != Open::read_only));
}

Result<void> SimFileSystem::create_directory(const std::string& path) {
  {
    const std::lock_guard held(mutex_);
    TRY(count_operation(path));
    tell(names_.files.contains(path));
    if (names_.files.contains(path)) return Error(Code::already_exists, "'" + path + "' is a file");
    if (names_.directories.contains(path)) return {};
    change_entry({.directory = directory_of(path), .name = path, .is_directory = true});
  }
  done();
  return {};
}

Result<std::vector<std::string>> SimFileSystem::list(const std::string& directory) {
  const std::lock_guard held(mutex_);
  TRY(count_operation(directory));
  tell(names_.directories.contains(directory));
  if (!names_.directories.contains(directory)) return missing(directory);
  std::set<std::string> names;
  const auto add = [&](const std::string& path) {
    if (directory_of(path) == directory) names.insert(path.substr(directory.size() + 1));
  };
  for (const auto& [path, inode] : names_.files) add(path);
  for (const std::string& path : names_.directories) add(path);
  tell(names.size());
  for (const std::string& name : names) tell(as_bytes(name));
  return std::vector(names.begin(), names.end());
}

Result<bool> SimFileSystem::exists(const std::string& path) {
  const std::lock_guard held(mutex_);
  TRY(count_operation(path));
  const bool is_there = names_.files.contains(path) || names_.directories.contains(path);
  tell(is_there);
  return is_there;
}

Result<void> SimFileSystem::rename(const std::string& from, const std::string& to) {
  {
    const std::lock_guard held(mutex_);
    TRY(count_operation(from));
    const auto found = names_.files.find(from);
    tell(found != names_.files.end());
    if (found == names_.files.end()) return missing(from);
    ASSERT(directory_of(from) == directory_of(to));  // Only such a rename is atomic everywhere.
    change_entry({.directory = directory_of(to), .name = to, .inode = found->second, .old_name = from});
  }
  done();
  return {};
}

Result<void> SimFileSystem::unlink(const std::string& path) {
  {
    const std::lock_guard held(mutex_);
    TRY(count_operation(path));
    tell(names_.files.contains(path));
    if (!names_.files.contains(path)) return missing(path);
    change_entry({.directory = directory_of(path), .name = path});
  }
  done();
  return {};
}

Result<void> SimFileSystem::link(const std::string& from, const std::string& to) {
  {
    const std::lock_guard held(mutex_);
    TRY(count_operation(to));
    const auto found = names_.files.find(from);
    tell(found != names_.files.end());
    tell(names_.files.contains(to));
    if (found == names_.files.end()) return missing(from);
    if (links_refused_) return Error(Code::unsupported, "link '" + to + "': refused");
    if (names_.files.contains(to)) return Error(Code::already_exists, "'" + to + "' exists");
    change_entry({.directory = directory_of(to), .name = to, .inode = found->second});
  }
  done();
  return {};
}

Result<bool> SimFileSystem::is_locked(const std::string& path) {
  const std::lock_guard held(mutex_);
  tell(locked_.contains(path));
  return locked_.contains(path);
}

Result<std::unique_ptr<FileLock>> SimFileSystem::lock(const std::string& path, const std::string& owner_note) {
  const std::lock_guard held(mutex_);
  TRY(count_operation(path));
  tell(locked_.contains(path));
  if (!locked_.insert(path).second) return Error(Code::busy, "'" + path + "' is locked by another writer");
  if (!names_.files.contains(path)) {
    auto inode = std::make_shared<Inode>();
    inode->content->assign(as_bytes(owner_note).begin(), as_bytes(owner_note).end());
    change_entry({.directory = directory_of(path), .name = path, .inode = std::move(inode)});
  }
  return std::unique_ptr<FileLock>(std::make_unique<SimLock>(*this, path));
}

void SimFileSystem::fail(std::optional<Fault> fault) {
  const std::lock_guard held(mutex_);
  fault_ = fault;
}
void SimFileSystem::fail_after(std::uint64_t passing, Fault::Kind kind, bool sticky) {
  fail(Fault{.at_operation = operations() + passing + 1, .kind = kind, .sticky = sticky});
}
void SimFileSystem::ignore_syncs_of(std::optional<SyncSite> site) {
  const std::lock_guard held(mutex_);
  ignored_site_ = site;
}
void SimFileSystem::delay_syncs_of(SyncSite site, unsigned by) {
  const std::lock_guard held(mutex_);
  delayed_site_ = site;
  delay_ = by;
}
void SimFileSystem::refuse_links() {
  const std::lock_guard held(mutex_);
  links_refused_ = true;
}
void SimFileSystem::set_capacity(std::uint64_t bytes) {
  const std::lock_guard held(mutex_);
  capacity_ = bytes;
}
std::uint64_t SimFileSystem::operations() const {
  const std::lock_guard held(mutex_);
  return operations_;
}
std::uint64_t SimFileSystem::retried_syncs() const {
  const std::lock_guard held(mutex_);
  return retried_syncs_;
}
std::uint64_t SimFileSystem::growing_writes() const {
  const std::lock_guard held(mutex_);
  return growing_writes_;
}
std::uint64_t SimFileSystem::syncs_at(SyncSite site) const {
  const std::lock_guard held(mutex_);
  return syncs_at_[static_cast<std::size_t>(site)];
}

}  // namespace mneme::sim
