// The kind of index "ordered": keys, uniqueness, ranges, ORDER BY ... LIMIT.
#pragma once

#include "index/index.h"
#include "index/scratch.h"

namespace mneme {

// `scratch` takes what does not fit the memory budget while a section is built, and outlives the kind; null: a build
// that does not fit fails with full.
std::unique_ptr<IndexKind> ordered_kind(ScratchFiles* scratch = nullptr);

}  // namespace mneme
