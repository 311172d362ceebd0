// Reads a PX4 ULog file into tables, streaming, in bounded memory.
//
// Tables:
//   <topic>, <topic>_<n>   each subscribed topic, instance 0 and n >= 1: t_us INT (microseconds since boot), ts
//   TIMESTAMP
//                          (UTC, NULL if the log has no reference; see ulog_clock.h), its fields (see ulog_format.h).
//                          Two underscores where a topic of that name exists: actuator_controls__1.
//   parameters             t_us, ts (both NULL: as the log began), name, type, value FLOAT
//   parameter_defaults     name, type, value FLOAT, is_system BOOL, is_setup BOOL
//   log_messages           t_us, ts, level INT (0 emergency .. 7 debug), level_name, tag INT (NULL: none), message
//   info                   name, type, item INT (0, 1 .. where a name has several values), value TEXT
//   dropouts               t_us, ts (the latest time before it; see LogClock), duration_ms INT
// uintN and intN are INT (a uint64 above 2^63-1 is NULL, counted), float REAL, double FLOAT, bool BOOL, char[n] TEXT.
// A topic that is subscribed but never logged is an empty table.
#pragma once

#include <optional>

#include "import/import_summary.h"
#include "import/input.h"
#include "import/table_sink.h"

namespace mneme::cli {

struct UlogSummary : ImportSummary {  // Warnings: cut-off tails, unknown messages, too wide topics.
  std::uint64_t messages = 0;
  std::uint64_t dropouts = 0;
  std::optional<std::int64_t> utc_offset_us;  // UTC less the boot clock.
};

// corrupt names the message and the offset. What was read before it has been delivered to the sink.
Result<UlogSummary> read_ulog(Input& input, TableSink& sink, const ImportProgress& progress = {});

}  // namespace mneme::cli
