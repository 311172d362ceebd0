// The flight's tables: how a moment becomes rows, in one place for the writer and for the check of what survived.
#pragma once

#include <string_view>
#include <vector>

#include "flight.h"
#include "mneme/database.h"
#include "row_reader.h"

namespace mneme::demo {

struct FlightTable {
  std::string_view name;
  std::string_view create;
  std::string_view insert;
  void (*add_rows)(const Moment& moment, std::vector<Row>& rows);  // In the order of their times.
};

const std::vector<FlightTable>& flight_tables();

// Writes moments: one transaction each, so that a moment is there whole or not at all, over all its tables.
class FlightWriter {  // One thread at a time.
 public:
  // Creates the tables that are not there.
  static Result<FlightWriter> open(Connection& connection);
  Result<void> write(const Moment& moment);  // When this returns, it is durable.

 private:
  explicit FlightWriter(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
  std::vector<Statement> inserts_;  // One a table.
  std::vector<Row> rows_;
};

// What a database holds of the flight. Every mismatch is told in words.
struct Survey {
  std::uint64_t moments = 0;  // Whole ones, from the first on.
  std::uint64_t rows = 0;     // Of all tables, compared bit by bit.
  std::vector<std::string> mismatches;
};
Result<Survey> survey(Connection& connection, const Flight& flight);

}  // namespace mneme::demo
