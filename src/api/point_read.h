// PointRead: a prepared query for one row by its unique key, answered past the operators.
//
// What it does not take (values of other types, NULLs, another number of them) and where it does not fit (a table that
// this transaction changed, a schema that is not the plan's) the operators answer, and say what is wrong.
#pragma once

#include <memory>

#include "api/result_data.h"
#include "query/point_access.h"
#include "table/point_lookup.h"
#include "types/key.h"

namespace mneme {

class PointRead {  // One thread at a time.
 public:
  // Null: the plan is no such query.
  static std::unique_ptr<PointRead> of(const std::shared_ptr<const PlannedStatement>& plan, const IndexKinds& kinds,
                                       Store& store);
  ~PointRead();
  PointRead(const PointRead&) = delete;
  PointRead& operator=(const PointRead&) = delete;

  [[nodiscard]] TableId table() const noexcept { return access_.table->id; }
  [[nodiscard]] bool takes(std::span<const Value> parameters) const noexcept;
  // Null: it does not fit. REQUIRES: takes(parameters).
  Result<std::unique_ptr<ResultData>> run(const std::shared_ptr<const Version>& version, std::uint64_t sequence,
                                          std::span<const Value> parameters);

 private:
  PointRead(std::shared_ptr<const PlannedStatement> plan, query::PointAccess access, const IndexKinds& kinds,
            Store& store);
  Bytes key_of(std::span<const Value> parameters);
  Result<std::unique_ptr<ResultData>> empty_result();
  std::unique_ptr<ResultData> no_row(std::unique_ptr<ResultData> unused);

  const std::shared_ptr<const PlannedStatement> plan_;
  const query::PointAccess access_;
  Store& store_;
  PointLookup lookup_;
  const bool has_blobs_;
  const std::shared_ptr<ResultHome> home_;
  std::vector<Column> values_;  // Of the key, one row each.
  bool by_word_ = false;        // The key is one integer,
  KeyWordBytes word_{};         // this one.
  ByteBuffer key_;
};

}  // namespace mneme
