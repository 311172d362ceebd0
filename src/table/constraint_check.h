// Whether the rows of a database keep what their tables ask of them, whoever let them in.
#pragma once

#include <string>
#include <vector>

#include "table/transaction.h"

namespace mneme {

// Looks for NULLs where none may be and for keys that two rows have, in every table the transaction sees. What it finds
// goes to `problems`, one for each column and each index; an error is what kept it from looking, `corrupt` among them.
// Reads a table once for its NOT NULL columns and each unique index once, in its order; holds a batch.
Result<void> check_constraints(Transaction& transaction, std::vector<std::string>& problems);

}  // namespace mneme
