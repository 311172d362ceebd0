// BlobGarbage: which blob files are mostly garbage.
//
// What the rows of a part refer to, dead or alive, stands in the manifest and never changes. How much of that only dead
// rows refer to is read from the references themselves, once more whenever more rows of the part have died; between two
// such looks it is a number in memory. So there is still no count on the disk that could drift.
#pragma once

#include <map>
#include <set>

#include "storage/store_core.h"

namespace mneme {

class BlobGarbage {  // One thread at a time.
 public:
  // Looks at one part of which more rows have ended at or below `dead_at` than at the last look. False: there is none.
  // Files of `except` are nobody's business here. full: no memory to read the references. Damage counts as nothing
  // dead: whoever reads the rows will hear.
  Result<bool> look(const Version& version, std::uint64_t dead_at, const std::set<FileNumber>& except);
  // Files of which less than half is referred to by rows that live, but for those still appended to and those of
  // `except`; by what the looks found.
  [[nodiscard]] Result<std::set<FileNumber>> worth_emptying(const Version& version,
                                                            const std::set<FileNumber>& except) const;

 private:
  using PartKey = std::pair<std::uint64_t, TableId>;  // Segment and table.
  using FileBytes = std::map<FileNumber, std::uint64_t>;
  struct Seen {
    std::uint64_t ended = 0;  // Rows of the part.
    FileBytes bytes;          // That those refer to, as they are stored.
  };
  void forget_gone(const Version& version);

  std::map<PartKey, Seen> seen_;
};

}  // namespace mneme
