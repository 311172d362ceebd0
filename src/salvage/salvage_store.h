// Salvaging a store: what of its files still fits its checksums becomes the content of another store.
//
// The rows of a database are those of the segments its manifest names and those its log has since, less those that
// delete files and the log have ended. Where the manifest is damaged, everything that is found takes part instead:
// every segment but those that others were merged from, every delete file, every record; a row version is told from its
// copies by its RowId. What cannot be read is listed with what is known of it (mneme/salvage.h).
#pragma once

#include <string>

#include "index/index_kinds.h"
#include "mneme/salvage.h"
#include "os/world.h"
#include "storage/store.h"

namespace mneme {

// `destination` holds no tables, and nobody else writes to it. Of the source nothing is written. Errors are of the
// destination, or of a memory budget that is too small.
Result<SalvageReport> salvage_store(const World& world, const std::string& source, Store& destination,
                                    const IndexKinds& kinds, const SalvageOptions& options);

}  // namespace mneme
