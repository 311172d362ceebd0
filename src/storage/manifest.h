// The manifest: a checksummed log of edits that says which files the database consists of. <db>/MANIFEST-<n>, and
// <db>/CURRENT naming the one that counts; docs/format.md has every byte.
//
// append() writes and syncs one edit: when it returns the edit is durable, and only then may files it drops be
// unlinked. Every edit begins in a sector of its own and carries the sequence number known synced before it, by
// which open() tells a torn last edit (cut) from corruption (reported). A first failed sync poisons it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/file_header.h"
#include "storage/file_window.h"
#include "storage/manifest_state.h"

namespace mneme {

class Manifest {  // One thread at a time.
 public:
  // A new database's first manifest, holding `first`. Finishes or replaces what an interrupted create left behind.
  static Result<std::unique_ptr<Manifest>> create(FileSystem& files, std::string directory, const ManifestEdit& first);
  // not_found: no database here (or its creation never finished). After a process was killed the last edit may not be
  // durable yet: append the edit that raises the epoch before acting on anything found. After a torn tail that
  // append goes to a new file.
  static Result<std::unique_ptr<Manifest>> open(FileSystem& files, std::string directory);
  // The state alone, for those who only read: writes and syncs nothing.
  static Result<ManifestState> read(FileSystem& files, std::string directory);
  // The same beside a writer, who said that `up_to` is durable: of that manifest no later edit is read.
  struct Followed {
    ManifestState state;
    ManifestPoint point;  // The last edit that it has, a close mark aside.
  };
  static Result<Followed> follow(FileSystem& files, std::string directory,
                                 const ManifestPoint& up_to = kNoManifestPoint);

  [[nodiscard]] const ManifestState& state() const noexcept { return state_; }
  // Folds `edit` in once it is durable. On an error other than a failed sync nothing changed (full: try again).
  Result<void> append(const ManifestEdit& edit);
  // Says how far the log is durable, in an edit that is not synced itself: after it a damaged last edit is told from a
  // torn one. The last act of a life in which no sync failed; the next edit takes its place.
  Result<void> mark(Lsn log_synced);
  [[nodiscard]] bool closed() const noexcept { return closed_; }  // Such a mark was found at the end.
  // True when the file is over 4 times its live state: maintenance then calls rewrite().
  [[nodiscard]] bool wants_rewrite() const;
  // Writes the state to a new file and switches CURRENT to it. Full: the old one goes on.
  Result<void> rewrite();
  // Manifests that no longer count, by name. unlink_obsolete() after two later barriers, or at open.
  [[nodiscard]] const std::vector<std::string>& obsolete() const noexcept { return obsolete_; }
  Result<void> unlink_obsolete();
  [[nodiscard]] FileNumber number() const noexcept { return current_.number; }
  // The last edit: what reader processes pin.
  [[nodiscard]] ManifestPoint point() const noexcept { return {current_.number, current_.sequence}; }
  [[nodiscard]] std::uint64_t tail_cut() const noexcept { return tail_cut_; }
  [[nodiscard]] bool poisoned() const noexcept { return poisoned_; }

 private:
  struct Open {  // One manifest file and where it ends.
    FileNumber number{};
    FileHeader header;
    std::unique_ptr<File> file{};
    std::uint64_t allocated = 0;
    std::uint64_t last = 0;      // Where the last edit begins.
    std::uint64_t end = 0;       // Where the next edit goes; a sector's begin.
    std::uint64_t sequence = 0;  // Of the last edit; the first of a file is 1.
    std::uint64_t synced = 0;    // The last edit known durable.
  };

  Manifest(FileSystem& files, std::string directory) : files_(files), directory_(std::move(directory)) {}
  static constexpr std::uint64_t kAllEdits = ~std::uint64_t{0};
  Result<void> load(FileNumber number, FileSystem::Open mode, std::uint64_t sequence_max = kAllEdits);
  Result<void> read_edits(FileWindow& window, std::uint64_t sequence_max);
  Result<void> judge_tail(FileWindow& window);
  Result<bool> read_edit(FileWindow& window);
  void step_before_mark();
  Result<void> list_manifests(FileNumber current);
  Result<void> refuse_lost_current();
  Result<void> switch_to(const ManifestState& state);
  Result<void> fill(Open& fresh, const ManifestState& state);
  Result<void> write_edit(Open& open, const ManifestEdit& edit);
  Result<void> write_record(Open& open, Bytes record);
  Result<void> point_current_at(FileNumber number);
  Result<void> synced(Result<void> outcome);  // Poisons after a failure.
  [[nodiscard]] Result<void> check_usable() const;
  [[nodiscard]] std::string path(FileNumber number) const;

  FileSystem& files_;
  const std::string directory_;
  ManifestState state_;
  Open current_;
  FileNumber number_max_{};     // Of every manifest file seen.
  std::uint64_t tail_cut_ = 0;  // Over 0: the next edit goes to a new file, as this one ends in debris.
  bool closed_ = false;
  bool poisoned_ = false;
  std::vector<std::string> obsolete_;
};

}  // namespace mneme
