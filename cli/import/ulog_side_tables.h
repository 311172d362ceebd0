// What a log holds beside its topics: parameters, their defaults, text messages, info and dropouts, a table each.
#pragma once

#include <array>

#include "import/ulog_reader.h"
#include "import/ulog_scanner.h"

namespace mneme::cli {

class UlogSideTables {  // One thread at a time.
 public:
  static constexpr std::array<std::string_view, 5> kNames{"parameters", "parameter_defaults", "log_messages", "info",
                                                          "dropouts"};
  // Reads the time's offset from the summary when begin() is called, and counts rows and dropouts in it.
  UlogSideTables(TableSink& sink, UlogSummary& summary);

  Result<void> begin();
  // Whether the message's type is one of these tables'. clock_us: the log's time so far, for messages without one.
  Result<bool> take(const UlogMessage& message, std::uint64_t clock_us);
  void end_definitions() noexcept { in_data_ = true; }  // From now on a parameter is a change, and has a time.
  Result<void> finish();

 private:
  enum Table : std::size_t { kParameters, kDefaults, kMessages, kInfo, kDropouts };
  struct Pending {  // An info value whose parts are still coming.
    std::string name;
    std::string type;
    std::int64_t item = 0;
    std::string key;  // "type name".
    std::string value;
    bool any = false;
  };
  Result<void> parameter(const UlogMessage& message, std::uint64_t clock_us);
  Result<void> parameter_default(const UlogMessage& message);
  Result<void> log_message(const UlogMessage& message, bool tagged);
  Result<void> info(const UlogMessage& message, bool multi);
  Result<void> dropout(const UlogMessage& message, std::uint64_t clock_us);
  Result<void> end_info();
  void append_time(TableBatch& batch, std::optional<std::uint64_t> t_us) const;
  Result<void> end_row(Table table);
  Result<void> deliver(Table table);

  TableSink& sink_;
  UlogSummary& summary_;
  std::vector<std::size_t> numbers_;
  std::vector<TableBatch> batches_;
  Pending info_;
  bool in_data_ = false;
};

}  // namespace mneme::cli
