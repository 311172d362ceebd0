// Batches: a large answer as it is computed, column by column, without a Value for each cell; one batch is held at a
// time, whatever the size of the answer.
#include "example.h"
#include "mneme/database.h"

int main() {
  const example::Scratch scratch;
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  connection.execute("CREATE TABLE sample (n INT, half FLOAT, kind TEXT)").value();
  auto samples = db.appender("sample").value();
  for (std::int64_t n = 0; n < 50'000; ++n) {
    samples.begin_row();
    samples.put(n);
    if (n % 10 == 0) {
      samples.put(nullptr);
    } else {
      samples.put(0.5 * static_cast<double>(n));
    }
    samples.put(n % 2 == 0 ? "even" : "odd");
    samples.end_row().value();
  }
  samples.flush().value();

  std::int64_t rows = 0;
  std::int64_t sum = 0;
  std::int64_t nulls = 0;
  std::int64_t odd = 0;
  {
    auto stream = connection.query("SELECT n, half, kind FROM sample").value();
    example::expect(stream.columns()[1].name == "half", "columns are known before the first batch");
    while (const auto batch = stream.next().value()) {
      const auto* numbers = batch->values<std::int64_t>(0);  // rows() of them, one after another.
      for (std::size_t i = 0; i < batch->rows(); ++i) {
        sum += numbers[i];
        nulls += batch->is_null(1, i) ? 1 : 0;
        odd += batch->text(2, i) == "odd" ? 1 : 0;
      }
      rows += static_cast<std::int64_t>(batch->rows());
      example::expect(batch->rows() <= 2'048, "a batch is small");
    }
  }
  example::expect(rows == 50'000 && sum == 49'999 * std::int64_t{25'000}, "every row comes once");
  example::expect(nulls == 5'000 && odd == 25'000, "NULLs and texts with them");

  // The rows of a result that is held whole are there in batches, too.
  const auto result = connection.execute("SELECT n FROM sample WHERE n < 5000").value();
  std::size_t held = 0;
  for (std::size_t i = 0; i < result.batches(); ++i) held += result.batch(i).rows();
  example::expect(held == result.rows() && held == 5'000, "a result is its batches");
  db.close().value();
}
