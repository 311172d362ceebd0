// What can be read of the manifests of a damaged database, and what their edits add up to.
//
// If the manifest reads as it should, that is the state. If not, every edit that stands anywhere in any manifest file
// is taken by its own checksum and folded in loosely: what is removed and not there was removed, what is added twice is
// there. Edits that are gone leave the state behind the truth, so it is then only a beginning: `whole` is false.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "os/file.h"
#include "storage/manifest_state.h"

namespace mneme {

struct ManifestRemains {
  ManifestState state;
  bool whole = false;
  std::set<std::pair<FileNumber, TableId>> removed;  // Parts that an edit has dropped. Table 0: the whole segment.
  TableId catalog_below{};  // Tables below it that the catalogue does not have were dropped. 0: not known.
  std::uint64_t edits = 0;  // That were read, where it is not whole.
  std::string why;          // It is not.
};

// An error of the file system is damage, too.
ManifestRemains read_manifest_remains(FileSystem& files, const std::string& directory);

}  // namespace mneme
