// Answers over a segment through its ordered section.
#pragma once

#include "index/index.h"
#include "index/ordered/section.h"

namespace mneme::ordered {

// Null: the section was made of columns of other types, or of columns the segment does not have. REQUIRES:
// source->segment() is not null; the columns outlive the reader.
Result<std::unique_ptr<IndexReader>> make_section_reader(std::shared_ptr<const RowSource> source,
                                                         std::vector<const ColumnSchema*> columns,
                                                         std::shared_ptr<const OrderedSection> section);

}  // namespace mneme::ordered
