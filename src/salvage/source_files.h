// Which segment and delete files take part in a salvage, and what they say of themselves.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "salvage/catalogue.h"
#include "salvage/manifest_remains.h"
#include "storage/block_cache.h"
#include "storage/delete_set.h"
#include "storage/segment.h"

namespace mneme {

struct SourceDeletes {
  TableId table{};
  DeleteSet deletes;
  Reservation memory{};
};
struct DamagedFile {
  std::string path;
  std::string reason;
};

class SourceFiles {  // One thread at a time.
 public:
  SourceFiles(FileSystem& files, std::string directory, BlockCache& cache, MemoryBudget& budget)
      : files_(files), directory_(std::move(directory)), cache_(cache), budget_(budget) {}

  // Lists them. Without a whole manifest it looks into every segment, and learns what tables they are of. full: that is
  // more than the budget has.
  Result<void> find(const ManifestRemains& manifest, Catalogue& catalogue);

  [[nodiscard]] const std::map<FileNumber, SegmentInfo>& segments() const noexcept { return segments_; }
  // Whether the part's rows count: they do not where the manifest does not name it, or another was merged from it.
  [[nodiscard]] bool counts(FileNumber segment, TableId table) const;
  [[nodiscard]] bool superseded(FileNumber segment, TableId table) const {
    return superseded_.contains({segment, table});
  }
  // full: more than the budget has. Other errors are damage.
  [[nodiscard]] Result<std::shared_ptr<SegmentFile>> open(FileNumber segment) const;
  // Those of one segment that can be read; to `damaged` go those that should have been there.
  // full: more than the budget has.
  [[nodiscard]] Result<std::vector<SourceDeletes>> deletes_of(FileNumber segment,
                                                              std::vector<DamagedFile>& damaged) const;
  // Of all segments: whether a file that says what was deleted cannot be read. full, as above.
  [[nodiscard]] Result<bool> lacks_deletes() const;
  [[nodiscard]] Lsn last_lsn() const noexcept { return last_lsn_; }  // Of the segments that were looked into.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return segments_.empty(); }
  [[nodiscard]] std::string segment_path(FileNumber segment) const;

 private:
  void list(const ManifestRemains& manifest);
  Result<void> look_into(FileNumber number, const ManifestRemains& manifest, Catalogue& catalogue);
  [[nodiscard]] Result<SourceDeletes> read_deletes(FileNumber segment, std::uint64_t sequence) const;
  [[nodiscard]] std::string delete_path(FileNumber segment, std::uint64_t sequence) const;

  FileSystem& files_;
  const std::string directory_;
  BlockCache& cache_;
  MemoryBudget& budget_;
  bool whole_ = false;
  std::map<FileNumber, SegmentInfo> segments_;                   // Without parts: what it holds is not known.
  std::map<FileNumber, std::set<std::uint64_t>> deletes_;        // Their sequences, that must be there.
  std::map<FileNumber, std::set<std::uint64_t>> found_deletes_;  // That are there.
  std::set<std::pair<FileNumber, TableId>> superseded_;
  Reservation superseded_memory_;
  std::set<std::pair<FileNumber, TableId>> removed_;
  Lsn last_lsn_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace mneme
