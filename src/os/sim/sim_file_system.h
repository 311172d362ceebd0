// SimFileSystem: a disk in memory that remembers what was made durable, so that power can be cut at any operation.
//
// Every change is an operation with a sequence number: writes, truncations and allocations of an inode; entries of a
// directory. A sync of a file covers the inode's earlier operations, a sync of a directory its earlier entry changes.
// cut() yields what a disk may hold if power goes now, by one of the policies of the fault programme:
//   p0 nothing unsynced | p1 everything | p2 a random prefix of each file's operations, entries in order up to a point
//   p3 a random subset of 512-byte sectors, entries in order up to a point | p4 as p3, each entry change by itself
//   p5 as p4, touched sectors that did not make it may be garbage | p6 as p4, growth may expose stale bytes in place
//   of zeros | p7 as p4, and the last one or two syncs were a lie
// A rename is one change: never seen half done. Operations are folded into the durable base only once two later
// syncs have passed, because p7 may still take those back. Deterministic: same operations, policy and seed, same image.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/file.h"

namespace mneme::sim {

enum class CutPolicy : std::uint8_t { p0, p1, p2, p3, p4, p5, p6, p7 };
constexpr std::size_t kCutPolicies = 8;

// Of `bytes`, going on from `seed`.
std::uint64_t hash_of(Bytes bytes, std::uint64_t seed);

// Hashes of the bytes that images share, which it holds: no disk writes to them in place meanwhile. One thread at a
// time.
class HashedBytes {
 public:
  std::uint64_t hash_of(const std::shared_ptr<const ByteBuffer>& bytes);

 private:
  std::unordered_map<std::shared_ptr<const ByteBuffer>, std::uint64_t> known_;
};

// What is on the disk after power comes back. Immutable; files share their bytes with the disk they were cut from.
struct DurableImage {
  std::map<std::string, std::shared_ptr<const ByteBuffer>> files;  // By path.
  std::set<std::string> directories;
  // Of names and bytes: distinct images are counted by it. With `known` bytes are hashed once for all its images.
  [[nodiscard]] std::uint64_t hash() const;
  [[nodiscard]] std::uint64_t hash(HashedBytes& known) const;
};

struct Fault {
  enum class Kind : std::uint8_t { io_error, no_space, torn_write };  // torn_write: half the bytes arrive, then io.
  std::uint64_t at_operation = 0;                                     // Counted from 1 over everything that may fail.
  Kind kind = Kind::io_error;
  bool sticky = false;  // Every later operation fails too.
};

class SimFile;

class SimFileSystem : public FileSystem {  // Thread-safe.
 public:
  SimFileSystem() = default;
  explicit SimFileSystem(const DurableImage& image);

  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;
  Result<void> create_directory(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<bool> exists(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_directory(const std::string& path, SyncSite site) override;
  Result<void> link(const std::string& from, const std::string& to) override;
  Result<bool> is_locked(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path, const std::string& owner_note) override;

  // What the disk may hold if power is cut now. Does not disturb the running system.
  [[nodiscard]] DurableImage cut(CutPolicy policy, std::uint64_t seed) const;

  // What it shows now to who opens its files.
  [[nodiscard]] DurableImage now() const;

  // A hash of every answer from note_answers() on: the bytes that were read, sizes, names, what is there and what
  // failed. Whoever asks the same of two disks and is told the same cannot tell them apart, whatever else they hold.
  [[nodiscard]] std::uint64_t take_told();  // Ends it. REQUIRES: answers are being noted.
  void note_answers();
  // The files that were read since it was asked last, as they are now. Nothing: the name of one of them is gone, or
  // another's.
  [[nodiscard]] std::optional<DurableImage> take_read();

  // Power was cut and is back: the disk holds `image` and nothing fails. REQUIRES: nobody uses a file opened before.
  void reset(const DurableImage& image);
  // The bytes of a file, durable as they stand, for a test to damage until the next operation. REQUIRES: it is there.
  [[nodiscard]] ByteBuffer& medium(const std::string& path);
  // Whoever held the lock at `path` was killed, and will never run again; the disk has all he wrote.
  void kill_owner(const std::string& path);
  [[nodiscard]] bool has(const std::string& path) const;  // A file; cannot fail, not counted.

  // Called after every operation that changes the disk or makes a change durable, without locks held.
  void after_operation(std::function<void()> call) { after_operation_ = std::move(call); }
  void fail(std::optional<Fault> fault);
  // The next `passing` operations pass, the one after them fails.
  void fail_after(std::uint64_t passing, Fault::Kind kind = Fault::Kind::io_error, bool sticky = false);
  void ignore_syncs_of(std::optional<SyncSite> site);  // Such a sync says ok and does nothing.
  // Such a sync says ok and is done late: before the operation that follows the `by`-th sync after it, of whatever
  // site. Syncs of the site that come meanwhile are done at once.
  void delay_syncs_of(SyncSite site, unsigned by);
  void refuse_links();                     // As between two file systems.
  void set_capacity(std::uint64_t bytes);  // Sum of file sizes; beyond it write and allocate are full.

  [[nodiscard]] std::uint64_t operations() const;  // Reads included: what Fault::at_operation counts.
  // Syncs of a file that still shows bytes dropped by an earlier failed sync: a retry, which only hides the loss. Must
  // stay 0, also when the file was opened again in between.
  [[nodiscard]] std::uint64_t retried_syncs() const;
  [[nodiscard]] std::uint64_t syncs_at(SyncSite site) const;
  // Writes that made their file longer. Must stay 0: space is taken by allocate() first, so that a full disk shows
  // there.
  [[nodiscard]] std::uint64_t growing_writes() const;

 private:
  friend class SimFile;
  friend class SimLock;
  friend class ImageBuilder;

  // A change of an inode's bytes. A truncation or allocation has no bytes and sets the size.
  struct Change {
    std::uint64_t sequence = 0;
    std::uint64_t offset = 0;
    ByteBuffer bytes{};
    std::optional<std::uint64_t> new_size{};
  };
  struct Inode {
    std::shared_ptr<ByteBuffer> content = std::make_shared<ByteBuffer>();  // What a read sees.
    std::shared_ptr<ByteBuffer> durable = std::make_shared<ByteBuffer>();  // Folded: survives every policy.
    std::vector<Change> pending;                                           // In order, after what is folded.
    // Byte ranges [first, second) that a failed sync dropped: readers see them, the disk has not got them, and no later
    // sync writes them, unless they are written anew.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;
    std::map<std::uint64_t, const SimFile*> locks;  // Of its bytes, by those who have it open.
  };
  using InodePtr = std::shared_ptr<Inode>;
  // An entry change: `name` now means `inode` (null: nothing), and for a rename `old_name` means nothing.
  struct EntryChange {
    std::uint64_t sequence = 0;
    std::string directory{};
    std::string name{};
    InodePtr inode{};
    bool is_directory = false;
    std::string old_name{};  // Empty: not a rename.
  };
  struct SyncEvent {
    std::uint64_t sequence = 0;
    std::weak_ptr<Inode> inode;  // Of a file, or:
    std::string directory;
  };
  struct Names {
    std::map<std::string, InodePtr> files;
    std::set<std::string> directories;
  };

  void load(const DurableImage& image);
  void tell(std::uint64_t word);
  void tell(Bytes bytes);
  static void apply(const Change& change, ByteBuffer& bytes);
  static void apply(const EntryChange& change, Names& names);
  static ByteBuffer& writable(std::shared_ptr<ByteBuffer>& bytes);
  void sync(SyncEvent event, SyncSite site);
  Result<std::optional<Fault::Kind>> count_operation(const std::string& path);
  Result<void> change_inode(const InodePtr& inode, const std::string& path, Change change);
  void change_entry(EntryChange change);
  void remember_sync(SyncEvent event);
  void fold(const SyncEvent& event);
  void forget_unsynced(Inode& inode);
  static void written_anew(Inode& inode, std::uint64_t from, std::uint64_t to);
  Result<void> check_room(const Inode& inode, std::uint64_t new_size, const std::string& path);
  Result<void> sync_inode(const InodePtr& inode, const std::string& path, SyncSite site);
  void done() const {
    if (after_operation_) after_operation_();
  }

  mutable std::mutex mutex_;
  Names names_;                        // What open() and list() see.
  Names durable_names_;                // Folded.
  std::vector<EntryChange> entries_;   // Pending, in order.
  std::vector<SyncEvent> last_syncs_;  // At most two, oldest first: not folded yet.
  std::set<std::string> locked_;
  std::uint64_t sequence_ = 0;
  std::uint64_t operations_ = 0;
  std::uint64_t retried_syncs_ = 0;
  std::uint64_t growing_writes_ = 0;
  std::optional<std::uint64_t> told_;                 // While answers are noted.
  std::map<std::string, std::weak_ptr<Inode>> read_;  // By path, since take_read().
  std::uint64_t capacity_ = ~std::uint64_t{0};
  bool links_refused_ = false;
  std::array<std::uint64_t, kSyncSiteNames.size()> syncs_at_{};
  std::optional<Fault> fault_;
  std::optional<SyncSite> ignored_site_;
  std::optional<SyncSite> delayed_site_;
  unsigned delay_ = 0;
  std::optional<SyncEvent> delayed_;  // A sync that waits for others.
  unsigned waits_for_ = 0;            // So many.
  std::function<void()> after_operation_;
};

}  // namespace mneme::sim
