// Inquiry: asks an index random questions over one moment of a table's life and holds the answers against the model.
#pragma once

#include "index/conformance/life.h"

namespace mneme::conformance {

// corrupt: says which law was broken, by which question.
Result<void> inquire(Life& life, int questions);
// IndexReader::verify() and stats() of every source.
Result<void> verify_all(Life& life);

}  // namespace mneme::conformance
