// OrderedBuilder: makes the section of an ordered index while a segment is written.
//
// Where the part is clustered by exactly the index's columns the keys pass through: what is kept is every 2,048th key
// and 10 bits a row. Otherwise they are sorted (key_sorter.h). If they turn out to lie in order all the same (an
// index on a counter or a clock), the section does without leaves as well.
#pragma once

#include "index/ordered/key_sorter.h"
#include "index/ordered/tree_writer.h"
#include "storage/table_index.h"

namespace mneme::ordered {

class OrderedBuilder final : public SectionBuilder {  // One thread at a time.
 public:
  // `scratch` may be null.
  static Result<std::unique_ptr<OrderedBuilder>> make(const TableSchema& schema, const IndexSchema& index,
                                                      MemoryBudget& budget, ScratchFiles* scratch);

  [[nodiscard]] const SectionName& name() const override { return name_; }
  Result<void> add(const Batch& rows, std::uint64_t first_ordinal) override;
  Result<bool> step(SectionSink& sink, Clock& clock, std::int64_t deadline_ns) override;

 private:
  class Held final : public SectionSink {  // What is written before there is a sink.
   public:
    Result<void> append(Bytes more) override {
      bytes.insert(bytes.end(), more.begin(), more.end());
      return {};
    }
    ByteBuffer bytes;
  };
  enum class Stage : std::uint8_t { adding, sorting, merging, done };

  OrderedBuilder(SectionName name, std::vector<Type> types, bool clustered, Reservation tree_memory,
                 Reservation sort_memory, std::size_t sort_bytes, ScratchFiles* scratch);
  Result<void> pass_through(const Batch& rows, std::uint64_t first_ordinal);
  Result<void> pass_words_through(const Column& column, std::uint64_t first_ordinal);
  Result<void> sort(const Batch& rows, std::uint64_t first_ordinal);
  void watch_order(const Batch& rows);
  Result<void> begin_writing(SectionSink& sink);

  const SectionName name_;
  const std::vector<Type> types_;
  const bool clustered_;  // By what the schema says.
  Reservation tree_memory_;
  TreeWriter tree_;
  Held held_;
  KeySorter sorter_;
  bool ascending_ = true;  // So far.
  ByteBuffer last_key_, key_;
  std::vector<std::uint64_t> words_;  // Of the batch at hand.
  Stage stage_ = Stage::adding;
};

}  // namespace mneme::ordered
