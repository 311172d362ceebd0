// PlacedReader: a scan that can say where its rows lie, show one column of them without copying it, and come back for
// the other columns of a few.
#pragma once

#include "table/transaction.h"

namespace mneme {

// Good for the reader that gave it: a source of the scan, and the row's number in it.
struct Place {
  std::uint32_t source = 0;
  std::uint32_t ordinal = 0;
};

// Values of a fixed-width column of rows that follow one another, where they lie.
struct ValueRun {
  Place first;
  RawValues values;
};

class PlacedReader : public TableReader {  // One thread at a time. Keeps its snapshot.
 public:
  // Where the rows of the last batch lie.
  virtual void places(std::vector<Place>& out) const = 0;
  // Instead of next(): values of the first column asked for, rows that are gone among them, in the same order of rows;
  // null at the end. The values stay as long as the run's pin.
  virtual Result<std::optional<ValueRun>> next_run() = 0;
  // Such a run of any column, from a row met before on or from a little ahead of it.
  [[nodiscard]] virtual Result<ValueRun> run_at(Place place, ColumnId column) const = 0;
  [[nodiscard]] virtual Result<bool> is_there(Place place) const = 0;  // Of a row of a run: has it not gone?
  // Columns of rows met before, in the order asked: of all, or of the first ones where blobs are long, at least one
  // row.
  [[nodiscard]] virtual Result<Batch> fetch(std::span<const Place> places, std::span<const ColumnId> columns) const = 0;
};

}  // namespace mneme
