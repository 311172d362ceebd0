// The appender: the fast way in for a sensor. It collects rows in columns and commits a batch at a time; what flush()
// has not returned for may be lost with the process.
#include "example.h"
#include "mneme/database.h"

int main() {
  const example::Scratch scratch;
  constexpr std::int64_t kRows = 100'000;
  {
    auto db = mneme::Database::open(scratch / "db").value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE imu (ts TIMESTAMP NOT NULL, ax FLOAT, ay FLOAT, label TEXT)").value();
    auto imu = db.appender("imu").value();
    for (std::int64_t i = 0; i < kRows; ++i) {
      imu.append(i * 5'000'000, 0.5 * static_cast<double>(i), -1.0, i % 2 == 0 ? "even" : "odd").value();
    }
    imu.flush(mneme::Durability::commit).value();  // When this returns, all of it is on the disk.

    // The order of some columns can be chosen; the others take their default.
    const std::string columns[] = {"label", "ts"};
    auto labels = db.appender("imu", columns).value();
    std::string label = "late";  // Any text will do: a literal, a view, a string of the program's own.
    labels.append(label, kRows * 5'000'000).value();
    labels.append(std::string("late"), kRows * 5'000'000 + 1).value();
    labels.append(std::string_view(label), kRows * 5'000'000 + 2).value();
    labels.flush().value();

    // A row that does not fit is refused by itself, and the next one is fine.
    const auto wrong = labels.append("no time", nullptr);
    const auto refused = wrong ? labels.flush() : mneme::Result<void>(wrong.error());
    example::expect(!refused, "NULL is refused where the table says NOT NULL");
    db.close().value();
  }
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  const auto sums = connection.execute("SELECT count(*), max(ax), count(ay) FROM imu WHERE label <> 'late'").value();
  example::expect(sums.value(0, 0).as_int() == kRows, "every row is there after a reopen");
  example::expect(sums.value(0, 1).as_double() == 0.5 * (kRows - 1), "with its values");
  const auto late = connection.execute("SELECT count(*) FROM imu WHERE label = 'late'").value();
  example::expect(late.value(0, 0).as_int() == 3, "text is taken from a string, a view and a temporary");
  db.close().value();
}
