// Backup: a copy of a store, made beside its running writers, that opens by ordinary recovery.
//
// Immutable files are linked where the file system can, else copied; the log is copied up to a durable record. The
// manifest comes last: a backup cut short is not a database.
#pragma once

#include "storage/maintenance.h"

namespace mneme {

// already_exists: `destination` is there and not empty.
Result<void> back_up_store(StoreCore& core, Maintenance& maintenance, const std::string& destination)
    LOCK_NOT_HELD(core.mutex);

}  // namespace mneme
