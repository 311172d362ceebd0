// Answers over a segment through its ordered section.
#pragma once

#include "index/index.h"
#include "index/ordered/section.h"

namespace mneme::ordered {

// Null: the section was made of columns of other types, or of columns the segment does not have. REQUIRES:
// source->segment() is not null; the columns outlive the reader; the section is the
// source's, which keeps it.
Result<std::unique_ptr<IndexReader>> make_section_reader(std::shared_ptr<const RowSource> source,
                                                         std::vector<const ColumnSchema*> columns,
                                                         const OrderedSection& section);

}  // namespace mneme::ordered
