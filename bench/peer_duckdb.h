// DuckDB through its C functions, found at run time in a shared library: no header and no package of it is needed to
// build. Rows go in through its appender, a data chunk at a time, which is its fastest documented way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "workload.h"

namespace mneme::bench {

class DuckDb {  // One thread at a time.
 public:
  DuckDb(const std::string& library, const std::string& directory);
  DuckDb(const DuckDb&) = delete;
  DuckDb& operator=(const DuckDb&) = delete;
  ~DuckDb();
  void execute(const char* sql);
  std::int64_t integer(const char* sql);       // The one value of the answer.
  void append(std::span<const Reading> rows);  // Into table `reading`.

 private:
  struct Calls;
  std::unique_ptr<Calls> calls_;
  void* database_ = nullptr;
  void* connection_ = nullptr;
};

}  // namespace mneme::bench
