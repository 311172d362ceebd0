#include "sim/whole_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "index/ordered/ordered.h"
#include "os/sim/dice.h"
#include "os/sim/sim_world.h"
#include "sim/environment.h"
#include "table/transaction.h"
#include "types/value_column.h"

namespace mneme::sim {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr Type kFloats4{.kind = TypeKind::vector, .dimension = 4};
constexpr Type kFloats24{.kind = TypeKind::vector, .dimension = 24};  // Paged.
constexpr Type kHalves6{.kind = TypeKind::vector, .element = VectorElement::f16, .dimension = 6};
constexpr Type kBytes8{.kind = TypeKind::vector, .element = VectorElement::i8, .dimension = 8};
constexpr Type kWords8{.kind = TypeKind::vector, .element = VectorElement::u8, .dimension = 8};
constexpr Type kBits40{.kind = TypeKind::vector, .element = VectorElement::bit, .dimension = 40};
constexpr Type kMoney{.kind = TypeKind::decimal, .precision = 12, .scale = 3};

constexpr Type of(TypeKind kind) { return {.kind = kind}; }

// Makes rows; each column of each row its own, but for NULLs and where an encoding wants repetition.
class Maker {  // One thread at a time.
 public:
  std::string text(std::size_t bytes_max) {
    std::string made(1 + dice_.below(bytes_max), ' ');
    for (char& c : made) c = static_cast<char>('a' + dice_.below(26));
    return made;
  }
  Value of_type(const Type& type) {
    switch (type.kind) {
      case TypeKind::boolean: return dice_.coin();
      case TypeKind::integer: return draw();
      case TypeKind::floating: return static_cast<double>(draw()) / 1e9;
      case TypeKind::real: return static_cast<float>(dice_.below(100'000)) / 8.0F;
      case TypeKind::text: return text(20);
      case TypeKind::blob: return Value::of_bytes(type, noise(dice_.below(30)));
      case TypeKind::timestamp: return Value::timestamp(draw() / 8);
      case TypeKind::interval:
        return Interval{.months = small(), .days = small(), .ns = static_cast<std::int64_t>(small()) * kSecondNs};
      case TypeKind::date: return Value::date(small() * 17);
      case TypeKind::decimal: return Value::decimal(draw() >> 28, type.precision, type.scale);
      case TypeKind::json: return Value::json("{\"a\": [" + std::to_string(small()) + ", \"" + text(9) + "\"]}");
      case TypeKind::point: return Value::point(small() % 180, small() % 90);
      case TypeKind::point3: return Value::point3(small(), small() / 2.0, small() / 4.0);
      case TypeKind::uuid:
      case TypeKind::vector: return vector(type);
    }
    return {};
  }
  Value vector(const Type& type) {
    if (type.kind == TypeKind::vector && type.element == VectorElement::f32) {  // No NaN.
      std::vector<float> elements(type.dimension);
      for (float& element : elements) element = static_cast<float>(small()) / 16.0F;
      return Value::vector(elements);
    }
    std::string bytes = noise(type.width());
    if (type.kind == TypeKind::vector && type.element == VectorElement::f16) {
      for (std::size_t i = 1; i < bytes.size(); i += 2) bytes[i] = static_cast<char>(bytes[i] & 0x3b);
    }
    return Value::of_bytes(type, bytes);
  }
  std::string noise(std::size_t count) {
    std::string bytes(count, '\0');
    for (char& c : bytes) c = static_cast<char>(dice_.next());
    return bytes;
  }
  std::uint64_t below(std::uint64_t bound) { return dice_.below(bound); }

 private:
  std::int64_t draw() { return static_cast<std::int64_t>(dice_.next()); }
  std::int32_t small() { return static_cast<std::int32_t>(dice_.below(2'001)) - 1'000; }
  Dice dice_{11};
};

class SchemaMaker {  // One thread at a time.
 public:
  explicit SchemaMaker(std::string name) { schema_.name = std::move(name); }
  SchemaMaker& column(std::string name, Type type) {
    ColumnSchema& column = schema_.columns.emplace_back();
    column.id = ColumnId{schema_.next_column_id++};
    column.name = std::move(name);
    column.type = type;
    return *this;
  }
  SchemaMaker& hidden_key() {
    column("_id", of(TypeKind::integer));
    schema_.columns.back().hidden = schema_.columns.back().identity = true;
    schema_.columns.back().not_null = true;
    return *this;
  }
  SchemaMaker& index(const std::vector<std::string>& columns, bool unique = false) {
    IndexSchema& index = schema_.indexes.emplace_back();
    index.id = IndexId{schema_.next_index_id++};
    index.name = schema_.name + "_" + std::to_string(schema_.next_index_id);
    index.unique = unique;
    for (const std::string& name : columns) index.columns.push_back(schema_.find(name)->id);
    return *this;
  }
  SchemaMaker& primary_key(const std::vector<std::string>& columns) {
    index(columns, true);
    schema_.indexes.back().primary = true;
    schema_.primary_key = schema_.indexes.back().columns;
    for (const ColumnId id : schema_.primary_key) schema_.columns[*schema_.ordinal_of(id)].not_null = true;
    return *this;
  }
  SchemaMaker& time(const std::string& name) {
    schema_.time_column = schema_.find(name)->id;
    return *this;
  }
  TableSchema done() { return std::move(schema_); }

 private:
  TableSchema schema_;
};

std::vector<TableSchema> schemas() {
  std::vector<TableSchema> all;
  SchemaMaker kinds("kinds");
  kinds.column("id", of(TypeKind::integer));
  for (const Type& type : {of(TypeKind::boolean),
                           of(TypeKind::integer),
                           of(TypeKind::floating),
                           of(TypeKind::real),
                           of(TypeKind::text),
                           of(TypeKind::blob),
                           of(TypeKind::timestamp),
                           of(TypeKind::interval),
                           of(TypeKind::date),
                           kMoney,
                           of(TypeKind::uuid),
                           of(TypeKind::json),
                           kFloats4,
                           kFloats24,
                           kHalves6,
                           kBytes8,
                           kWords8,
                           kBits40,
                           of(TypeKind::point),
                           of(TypeKind::point3)}) {
    kinds.column(type_name(type), type);
  }
  all.push_back(kinds.primary_key({"id"}).index({"TEXT"}, true).index({"TIMESTAMP", "INT"}).done());
  all.push_back(SchemaMaker("keys")
                    .hidden_key()
                    .column("b", of(TypeKind::boolean))
                    .column("r", of(TypeKind::real))
                    .column("da", of(TypeKind::date))
                    .column("f", of(TypeKind::floating))
                    .column("iv", of(TypeKind::interval))
                    .column("de", kMoney)
                    .column("u", of(TypeKind::uuid))
                    .column("raw", of(TypeKind::blob))
                    .column("j", of(TypeKind::json))
                    .index({"b", "r", "da", "raw", "j"})
                    .index({"f", "iv", "de", "u"}, true)
                    .done());
  all.push_back(SchemaMaker("track")
                    .column("robot", of(TypeKind::text))
                    .column("at", of(TypeKind::timestamp))
                    .column("x", of(TypeKind::real))
                    .primary_key({"robot", "at"})
                    .time("at")
                    .done());
  all.push_back(SchemaMaker("words")
                    .column("word", of(TypeKind::text))
                    .column("n", of(TypeKind::integer))
                    .primary_key({"word"})
                    .done());
  all.push_back(SchemaMaker("clips")
                    .column("id", of(TypeKind::integer))
                    .column("body", of(TypeKind::blob))
                    .primary_key({"id"})
                    .done());
  SchemaMaker encoded("encoded");
  encoded.hidden_key();
  for (const char* name : {"all_null", "constant", "run_length", "dictionary", "packed", "delta", "delta_delta"}) {
    encoded.column(name, of(TypeKind::integer));
  }
  all.push_back(encoded.column("plain", of(TypeKind::floating))
                    .column("few_floats", of(TypeKind::floating))
                    .column("plain_text", of(TypeKind::text))
                    .column("constant_text", of(TypeKind::text))
                    .column("few_texts", of(TypeKind::text))
                    .done());
  all.push_back(SchemaMaker("events")
                    .hidden_key()
                    .column("at", of(TypeKind::timestamp))
                    .column("what", of(TypeKind::text))
                    .time("at")
                    .done());
  all.push_back(SchemaMaker("gone").column("id", of(TypeKind::integer)).primary_key({"id"}).done());
  return all;
}

// The value of a column of table `encoded` in row n, such that its block is best encoded as the column is called.
Value encoded_value(const std::string& name, std::int64_t n, Maker& maker) {
  if (name == "constant") return 77;
  if (name == "run_length") return (n / 40) * 1'000'000'007;
  if (name == "dictionary")
    return std::array<std::int64_t, 3>{5, -8'000'000'000'000'000'000, 1LL << 62}[maker.below(3)];
  if (name == "packed") return static_cast<std::int64_t>(maker.below(900)) + 1'000;
  if (name == "delta") return n * 5'000 + static_cast<std::int64_t>(maker.below(8));
  if (name == "delta_delta") return n * n * 3'000'000 + n % 2;
  if (name == "plain") return static_cast<double>(maker.below(1ULL << 60)) / 3.0;
  if (name == "few_floats") return 0.1 * static_cast<double>(maker.below(3));
  if (name == "plain_text") return maker.text(30);
  if (name == "constant_text") return "always the same";
  if (name == "few_texts") return std::array{"idle", "moving", "charging"}[maker.below(3)];
  return {};
}

class Builder {  // One thread at a time.
 public:
  explicit Builder(SimWorld& sim)
      : sim_(sim), store_(Store::open(sim.world(), "db", whole_store_options(), &kinds_).value()) {
    change([&](Transaction& transaction) {
      for (TableSchema& schema : schemas()) transaction.create_table(std::move(schema)).value();
    });
  }
  [[nodiscard]] Store& store() noexcept { return *store_; }

  // The parts of a life. A merge takes four segments of a table, so what has fewer stays as it was flushed.
  void live(DurableImage& before) {
    insert("kinds", 48);
    insert("encoded", 200);
    insert("keys", 48);
    insert("clips", 4);
    flush();
    for (int i = 0; i < 4; ++i) {
      insert("track", 20);
      flush();
    }
    merge();
    remove("kinds", 9);
    remove("track", 7);
    remove("keys", 5);
    flush();  // Deletes of rows in segments.
    insert("track", 20);
    insert("words", 100);
    insert("events", 40);
    insert("gone", 3);
    flush();
    change([](Transaction& transaction) { transaction.drop_table(transaction.find_table("gone")->id).value(); });
    rows_.erase("gone");
    before = sim_.files().cut(CutPolicy::p1, 0);
    remove("words", 11);
    flush();
    add_column();
    insert("kinds", 4);  // From here on in the log only.
    insert("events", 8);
    insert("clips", 1);
    remove("kinds", 13);
    remove("encoded", 50);
    insert("track", 5);
  }

  // Whether the store holds what was inserted and not removed since, byte for byte.
  void check() {
    const auto transaction = Transaction::begin(*store_, kinds_, 0).value();
    for (const auto& [table, expected] : rows_) {
      INFO(table);
      std::vector<std::string> found;
      each_row(*transaction, table,
               [&](const Batch& batch, std::size_t row, RowId) { found.push_back(text(batch, row)); });
      std::ranges::sort(found);
      std::vector<std::string> sorted = expected;
      std::ranges::sort(sorted);
      CHECK(found == sorted);
    }
  }

 private:
  template <class Body>
  void change(Body body) {
    const auto transaction = Transaction::begin(*store_, kinds_, 0).value();
    body(*transaction);
    transaction->commit(Durability::commit).value();
  }

  void insert(const std::string& table, std::int64_t count) {
    change([&](Transaction& transaction) {
      const auto schema = transaction.find_table(table);
      Batch batch;
      for (const ColumnSchema& column : schema->columns) batch.columns.emplace_back(column.type);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t n = ++inserted_[table];
        for (std::size_t c = 0; c < batch.columns.size(); ++c) {
          append_value(batch.columns[c], value(*schema, schema->columns[c], n));
        }
      }
      transaction.begin_statement();
      transaction.insert(schema->id, batch).value();
      transaction.check_unique().value();
      for (std::size_t row = 0; row < batch.rows(); ++row) rows_[table].push_back(text(batch, row));
    });
  }

  Value value(const TableSchema& schema, const ColumnSchema& column, std::int64_t n) {
    if (column.hidden) return {};
    if (schema.name == "encoded") return encoded_value(column.name, n, maker_);
    if (column.name == "id") return n * 3;
    if (column.name == "robot") return "robot_" + std::to_string(n % 3);
    if (column.name == "at") return Value::timestamp(1'700'000'000 * kSecondNs + n * kSecondNs / 50);
    if (column.name == "word") return maker_.text(6) + std::to_string(n);
    if (column.name == "TEXT") return "text " + std::to_string(n) + maker_.text(8);
    if (column.name == "body")
      return Value::of_bytes(column.type, maker_.noise(n % 3 == 0 ? 40 : 1'000 * static_cast<std::size_t>(n % 4 + 1)));
    if (n % 8 == 5 && !column.not_null) return {};
    return maker_.of_type(column.type);
  }

  // Every `each`-th row that is there now.
  void remove(const std::string& table, std::size_t each) {
    change([&](Transaction& transaction) {
      RowSet rows;
      std::size_t n = 0;
      each_row(transaction, table, [&](const Batch& batch, std::size_t row, RowId id) {
        if (++n % each != 0) return;
        rows.insert(id);
        auto& known = rows_[table];
        const auto found = std::ranges::find(known, text(batch, row));
        REQUIRE(found != known.end());
        known.erase(found);
      });
      transaction.begin_statement();
      transaction.remove(transaction.find_table(table)->id, rows).value();
    });
  }

  void add_column() {
    change([&](Transaction& transaction) {
      TableSchema schema = *transaction.find_table("events");
      ColumnSchema& column = schema.columns.emplace_back();
      column.id = ColumnId{schema.next_column_id++};
      column.name = "note";
      column.type = of(TypeKind::text);
      Column missing(column.type);
      append_value(missing, Value("none"));
      encode_column(missing, 0, 1, column.missing_value);
      transaction.alter_table(std::move(schema)).value();
    });
    for (std::string& row : rows_["events"]) row += "none|";
  }

  template <class Visit>
  void each_row(Transaction& transaction, const std::string& table, Visit visit) {
    const auto schema = transaction.find_table(table);
    ScanRequest request;
    request.table = schema->id;
    for (const ColumnSchema& column : schema->columns) request.columns.push_back(column.id);
    const auto reader = transaction.scan(std::move(request)).value();
    std::vector<RowId> ids;
    while (const auto batch = reader->next(ids).value()) {
      for (std::size_t row = 0; row < batch->rows(); ++row) visit(*batch, row, ids[row]);
    }
  }

  static std::string text(const Batch& batch, std::size_t row) {
    std::string made;
    for (const Column& column : batch.columns) {
      if (!column.is_null(row)) made += as_text(column.bytes_at(row));
      made += column.is_null(row) ? "NULL|" : "|";
    }
    return made;
  }

  void flush() { store_->flush().value(); }
  void merge() {
    while (store_->step(sim_.clock().monotonic_ns() + kSecondNs).value()) {
    }
  }

  SimWorld& sim_;
  IndexKinds kinds_ = whole_store_kinds();
  std::unique_ptr<Store> store_;
  Maker maker_;
  std::map<std::string, std::int64_t> inserted_;
  std::map<std::string, std::vector<std::string>> rows_;  // As text, of each table that is there at the end.
};

// A manifest is made with 64 KiB of zeros for the edits to come. What is left of a page of them is enough to damage.
void drop_space(DurableImage& image) {
  for (auto& [path, bytes] : image.files) {
    if (path.find("MANIFEST-") == std::string::npos) continue;
    const auto end =
        std::ranges::find_if(bytes->rbegin(), bytes->rend(), [](std::byte b) { return b != std::byte{0}; });
    const auto used = static_cast<std::size_t>(bytes->rend() - end);
    bytes = std::make_shared<ByteBuffer>(bytes->begin(),
                                         bytes->begin() + static_cast<std::ptrdiff_t>((used / 4096 + 1) * 4096));
  }
}

}  // namespace

StoreOptions whole_store_options() {
  StoreOptions options = small_options();
  options.log_file_bytes = 8 << 10;
  options.blob_file_bytes = 16 << 10;
  return options;
}
IndexKinds whole_store_kinds() { return IndexKinds(ordered_kind()); }

WholeStore::WholeStore() {
  SimWorld sim(9);
  Builder builder(sim);
  builder.live(before);
  builder.check();
  builder.store().close().value();
  image = sim.files().cut(CutPolicy::p1, 0);
  drop_space(image);
}

}  // namespace mneme::sim
