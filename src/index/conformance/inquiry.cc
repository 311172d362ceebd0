#include "index/conformance/inquiry.h"

#include <algorithm>
#include <cmath>

namespace mneme::conformance {
namespace {

struct Question {
  bool equal = false;
  Row prefix;  // Of an Equal: the whole key.
  std::optional<Value> lower, upper;
  bool lower_inclusive = true, upper_inclusive = true;
  bool descending = false, with_keys = false;
  enum class Among : std::uint8_t { all, live, some } among = Among::all;

  // By values alone. With a bound, NULL is outside.
  [[nodiscard]] bool matches(const Row& key) const {
    if (compare(key, prefix) != 0) return false;
    if (equal || (!lower && !upper)) return true;
    const Value& next = key[prefix.size()];
    if (std::holds_alternative<std::monostate>(next)) return false;
    if (lower && compare(next, *lower) < (lower_inclusive ? 0 : 1)) return false;
    return !upper || compare(next, *upper) <= (upper_inclusive ? 0 : -1);
  }
  [[nodiscard]] std::string describe() const {
    std::string text = equal ? "key =" : "range, prefix";
    for (const Value& value : prefix) text += " " + conformance::describe(value);
    if (lower) text += (lower_inclusive ? " >= " : " > ") + conformance::describe(*lower);
    if (upper) text += (upper_inclusive ? " <= " : " < ") + conformance::describe(*upper);
    return text + (descending ? ", descending" : "");
  }
};

class Inquirer {
 public:
  explicit Inquirer(Life& life) : life_(life), moment_(life.moment()), index_(life.subject().schema->indexes[0]) {
    const TableSchema& schema = *life.subject().schema;
    for (const ColumnId id : index_.columns) {
      positions_.push_back(*schema.ordinal_of(id));
      columns_.push_back(schema.find(id));
    }
  }

  Result<void> open() {
    IndexKind* kind = TRY(life_.subject().kinds.kind_of(index_));
    for (const Part& part : moment_.parts) {
      auto source = TRY(Life::source_of(part, life_.subject(), moment_.sequence));
      const MemoryIndex* memory = part.memtable ? part.memtable->memory_index(index_.id) : nullptr;
      auto reader = TRY(kind->open(source, memory, *life_.subject().schema, index_, life_.budget()));
      std::vector<RowId> ids;
      std::vector<std::uint32_t> ordinals(source->rows());
      for (std::uint32_t i = 0; i < ordinals.size(); ++i) ordinals[i] = i;
      TRY(source->row_ids(ordinals, ids));
      opened_.push_back({std::move(source), std::move(reader), std::move(ids), memory != nullptr});
    }
    return {};
  }
  Result<void> ask();
  Result<void> verify();

 private:
  struct Opened {
    std::shared_ptr<const RowSource> source;
    std::unique_ptr<IndexReader> reader;
    std::vector<RowId> ids;  // By ordinal.
    bool has_memory = false;
  };
  using Mask = std::vector<std::uint64_t>;

  Error broken(const std::string& law) const { return Error(Code::corrupt, law + " (" + question_.describe() + ")"); }
  static std::string where(const Opened& opened) {
    if (opened.source->segment() != nullptr) return " in a segment";
    return opened.has_memory ? " in memory" : " in a memtable without the index";
  }
  [[nodiscard]] Row key_of(RowId id) const {
    const Row& values = life_.rows().at(id).values;
    Row key;
    for (const std::size_t position : positions_) key.push_back(values[position]);
    return key;
  }
  void draw_question();
  Value draw_value(std::size_t column, const Row& like);
  [[nodiscard]] Probe probe() const;
  [[nodiscard]] Mask draw_mask(const Opened& opened);
  Result<void> ask_source(const Opened& opened, std::vector<RowId>& found);
  Result<void> check_batch(const Opened& opened, const IndexBatch& batch, const OpenOptions& options);
  Result<void> check_stretch(const Opened& opened, Bytes key, const std::vector<std::uint32_t>& told);
  Result<void> find_in(const Opened& opened, std::vector<RowId>& found);
  Result<void> check_found(std::vector<RowId> found, const char* how);

  Life& life_;
  const Moment moment_;
  const IndexSchema& index_;
  std::vector<std::size_t> positions_;  // Of the index's columns in the schema.
  std::vector<const ColumnSchema*> columns_;
  std::vector<Opened> opened_;
  Question question_;
  // Of the answer being read: what came last.
  std::optional<std::pair<Row, std::uint32_t>> last_;
};

// Mostly what is there, so that bounds meet rows.
Value Inquirer::draw_value(std::size_t column, const Row& like) {
  if (!like.empty() && life_.dice().below(4) != 0) return like[column];
  return random_value(columns_[column]->type, true, life_.dice());
}

void Inquirer::draw_question() {
  sim::Dice& dice = life_.dice();
  const auto draw_row = [&] {
    if (life_.rows().empty()) return Row();
    const auto at = life_.rows().lower_bound(RowId{1 + dice.below(life_.rows().size())});
    return key_of(at == life_.rows().end() ? life_.rows().begin()->first : at->first);
  };
  question_ = {};
  question_.equal = dice.below(3) == 0;
  question_.descending = dice.coin();
  question_.with_keys = dice.coin();
  question_.among = static_cast<Question::Among>(dice.below(3));
  const Row like = draw_row(), other = draw_row();
  const std::size_t prefix = question_.equal ? columns_.size() : dice.below(columns_.size() + 1);
  for (std::size_t i = 0; i < prefix; ++i) question_.prefix.push_back(draw_value(i, like));
  if (prefix == columns_.size()) return;
  const auto bound = [&](const Row& from) {
    Value value = draw_value(prefix, from);
    return std::holds_alternative<std::monostate>(value) ? std::optional<Value>() : std::optional(std::move(value));
  };
  if (dice.below(3) != 0) question_.lower = bound(like);
  if (dice.below(3) != 0) question_.upper = bound(other);
  question_.lower_inclusive = dice.coin();
  question_.upper_inclusive = dice.coin();
}

Probe Inquirer::probe() const {
  const auto column = [&](std::size_t i, const Value& value) {
    Column out(columns_[i]->type);
    append(value, out);
    return out;
  };
  std::vector<Column> prefix;
  for (std::size_t i = 0; i < question_.prefix.size(); ++i) prefix.push_back(column(i, question_.prefix[i]));
  if (question_.equal) return Equal{std::move(prefix)};
  Between between;
  between.prefix = std::move(prefix);
  if (question_.lower) between.lower = column(question_.prefix.size(), *question_.lower);
  if (question_.upper) between.upper = column(question_.prefix.size(), *question_.upper);
  between.lower_inclusive = question_.lower_inclusive;
  between.upper_inclusive = question_.upper_inclusive;
  return between;
}

Inquirer::Mask Inquirer::draw_mask(const Opened& opened) {
  const std::uint32_t rows = opened.source->rows();
  Mask mask((rows + 63) / 64);
  if (question_.among == Question::Among::live) {
    opened.source->live_mask(0, rows, mask.data());
  } else {
    for (std::uint64_t& word : mask) word = life_.dice().next() & life_.dice().next();
  }
  return mask;
}

Result<void> Inquirer::check_batch(const Opened& opened, const IndexBatch& batch, const OpenOptions& options) {
  if (batch.ordinals.empty() || batch.ordinals.size() > kBatchRowsMax) return broken("a batch of a forbidden size");
  if (options.with_keys && batch.keys.size() != batch.ordinals.size()) return broken("not one key per row");
  ByteBuffer bytes;
  for (std::size_t i = 0; i < batch.ordinals.size(); ++i) {
    const std::uint32_t ordinal = batch.ordinals[i];
    if (ordinal >= opened.source->rows()) return broken("a row the snapshot does not know");
    if (!options.wants(ordinal)) return broken("a row that was not wanted");
    Row key = key_of(opened.ids[ordinal]);
    if (!question_.matches(key)) return broken("a row that does not match, key " + describe(key[0]));
    if (options.with_keys) {
      bytes.clear();
      for (std::size_t c = 0; c < key.size(); ++c) {
        Column value(columns_[c]->type);
        append(key[c], value);
        encode_key_column(value, 0, bytes);
      }
      if (compare_keys(bytes, batch.keys[i]) != 0) return broken("a key that is not the row's");
    }
    if (last_) {
      const int by_key = compare(last_->first, key);
      const bool ascends = by_key < 0 || (by_key == 0 && last_->second < ordinal);
      const bool descends = by_key > 0 || (by_key == 0 && last_->second > ordinal);
      if (options.descending ? !descends : !ascends) return broken("rows out of order" + where(opened));
    }
    last_.emplace(std::move(key), ordinal);
  }
  return {};
}

Result<void> Inquirer::ask_source(const Opened& opened, std::vector<RowId>& found) {
  const Mask mask = question_.among == Question::Among::all ? Mask() : draw_mask(opened);
  OpenOptions options;
  options.among = mask.empty() ? nullptr : mask.data();
  options.descending = question_.descending;
  options.with_keys = question_.with_keys;
  const Probe probe = this->probe();
  const IndexCost cost = TRY(opened.reader->cost(probe, opened.source->rows()));
  if (!std::isfinite(cost.rows) || cost.rows < 0 || !std::isfinite(cost.blocks) || cost.blocks < 0) {
    return broken("a cost that is no number");
  }
  const auto cursor = TRY(opened.reader->open(probe, options));
  last_.reset();
  std::vector<bool> answered(opened.ids.size());
  IndexBatch batch;
  for (bool more = TRY(cursor->next(batch)); more;) {
    TRY(check_batch(opened, batch, options));
    for (const std::uint32_t ordinal : batch.ordinals) answered[ordinal] = true;
    more = TRY(cursor->next(batch));
  }
  if (!batch.ordinals.empty()) return broken("the end of an answer came with rows");
  for (std::uint32_t i = 0; i < answered.size(); ++i) {
    const bool live = opened.source->is_live(i);
    if (live && answered[i]) found.push_back(opened.ids[i]);
    // Whatever is not live may be left out; what is live and wanted must be there.
    if (live && !answered[i] && options.wants(i) && question_.matches(key_of(opened.ids[i]))) {
      return broken("a row is missing: " + std::to_string(i) + " of " + std::to_string(answered.size()) +
                    where(opened));
    }
  }
  return {};
}

Result<void> Inquirer::find_in(const Opened& opened, std::vector<RowId>& found) {
  ByteBuffer bytes;
  for (std::size_t i = 0; i < question_.prefix.size(); ++i) {
    Column value(columns_[i]->type);
    append(question_.prefix[i], value);
    encode_key_column(value, 0, bytes);
  }
  std::vector<std::uint32_t> told;
  TRY(opened.reader->find(bytes, [&](std::uint32_t ordinal) { return told.push_back(ordinal), true; }));
  for (const std::uint32_t ordinal : told) {
    if (ordinal >= opened.source->rows()) return broken("find: a row the snapshot does not know");
    if (!question_.matches(key_of(opened.ids[ordinal]))) return broken("find: a row with another key");
    if (opened.source->is_live(ordinal)) found.push_back(opened.ids[ordinal]);
  }
  if (opened.source->memtable() != nullptr && !std::ranges::is_sorted(told, std::ranges::greater())) {
    return broken("find: of a memtable, not the newest first");
  }
  TRY(check_stretch(opened, bytes, told));
  std::size_t visits = 0;
  TRY(opened.reader->find(bytes, [&](std::uint32_t) { return ++visits < 2; }));
  if (visits != std::min<std::size_t>(2, told.size())) return broken("find: went on after it was told to stop");
  return {};
}

// Where a key's rows are told without reading them, all of them are there, and keys ascend.
Result<void> Inquirer::check_stretch(const Opened& opened, Bytes key, const std::vector<std::uint32_t>& told) {
  const TypeKind kind = columns_.front()->type.kind;
  const bool is_integer = kind == TypeKind::integer || kind == TypeKind::timestamp || kind == TypeKind::decimal;
  if (columns_.size() != 1 || !is_integer || key.size() != kKeyWordBytes) return {};
  const auto rows = opened.reader->rows_with(key_word_of(key));
  if (!rows) return {};
  if (rows->first > rows->end || rows->end > opened.source->rows()) return broken("rows_with: rows that are not there");
  for (const std::uint32_t ordinal : told) {
    if (ordinal < rows->first || ordinal >= rows->end) return broken("rows_with: a row with the key is left out");
  }
  Column values(columns_.front()->type);
  TRY(opened.source->read(*columns_.front(), rows->first, rows->end - rows->first, values));
  ByteBuffer last, next;
  for (std::size_t row = 0; row < values.rows(); ++row, last.swap(next)) {
    next.clear();
    encode_key_column(values, row, next);
    if (compare_keys(last, next) > 0) return broken("rows_with: keys do not ascend");
  }
  return {};
}

// The rows of all sources together are exactly those the model has.
Result<void> Inquirer::check_found(std::vector<RowId> found, const char* how) {
  std::ranges::sort(found);
  std::vector<RowId> wanted;
  for (const auto& [id, row] : life_.rows()) {
    if (row.seen_at(moment_.sequence) && question_.matches(key_of(id))) wanted.push_back(id);
  }
  if (found == wanted) return {};
  return broken(std::string(how) + ": " + std::to_string(found.size()) + " rows where there are " +
                std::to_string(wanted.size()));
}

Result<void> Inquirer::ask() {
  draw_question();
  std::vector<RowId> found;
  for (const Opened& opened : opened_) TRY(ask_source(opened, found));
  if (question_.among != Question::Among::some) TRY(check_found(found, "open"));
  if (!question_.equal) return {};
  found.clear();
  for (const Opened& opened : opened_) TRY(find_in(opened, found));
  return check_found(found, "find");
}

Result<void> Inquirer::verify() {
  for (const Opened& opened : opened_) {
    TRY(opened.reader->verify());
    const IndexStats stats = TRY(opened.reader->stats());
    if (stats.rows < opened.source->rows()) return broken("stats() counts fewer rows than there are");
  }
  return {};
}

}  // namespace

Result<void> inquire(Life& life, int questions) {
  Inquirer inquirer(life);
  TRY(inquirer.open());
  for (int i = 0; i < questions; ++i) TRY(inquirer.ask());
  return {};
}

Result<void> verify_all(Life& life) {
  Inquirer inquirer(life);
  TRY(inquirer.open());
  return inquirer.verify();
}

}  // namespace mneme::conformance
