// Checking a memtable before it is written to a segment: its rows are still those that the log was given.
//
// The crc that a batch's canonical bytes had when it was committed is held against the same bytes made anew from the
// memtable's chunks, without copying them: memory that went bad must not become a segment with a fresh checksum.
#pragma once

#include "storage/memtable.h"

namespace mneme {

// corrupt: rows are not what they were.
Result<void> check_memtable(const Memtable& memtable);

}  // namespace mneme
