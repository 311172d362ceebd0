// Blobs piece by piece: what a writer was given is what readers get, in bounded memory, and nothing of it is there
// before its row is.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "blob/fixture.h"

namespace mneme {
namespace {

std::uint64_t peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

// Byte i of a blob that is never whole in memory.
char byte_at(std::uint64_t i) { return static_cast<char>(i * 31 + i / 65'521); }

void flip(const std::filesystem::path& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char was = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(was ^ 1));
}

}  // namespace

// First: the process's peak is still small.
TEST_CASE("blob: a hundred megabytes are written and read under a budget of 64 MiB, and take little of it") {
  constexpr std::uint64_t kBytes = 100'000'000;
  constexpr std::size_t kPiece = 250'000;
  BlobFixture f;
  const std::uint64_t before_kib = peak_kib();
  auto writer = f.db.write_blob().value();
  std::string piece(kPiece, '\0');
  for (std::uint64_t at = 0; at < kBytes; at += kPiece) {
    for (std::size_t i = 0; i < kPiece; ++i) piece[i] = byte_at(at + i);
    writer.append(bytes_of(piece)).value();
  }
  f.run("INSERT INTO shot VALUES (1, $1, 'long')", {writer.finish().value()});
  for (int round = 0; round < 2; ++round) {
    const BlobReader reader = f.read(1);
    REQUIRE(reader.size() == kBytes);
    bool same = true;
    for (std::uint64_t at = 0; at < kBytes; at += kPiece) {
      reader.read(at, std::as_writable_bytes(std::span(piece))).value();
      for (std::size_t i = 0; i < kPiece; ++i) same = same && piece[i] == byte_at(at + i);
    }
    CHECK(same);
    CHECK(f.run("SELECT length(image) FROM shot").value(0, 0).as_int() == kBytes);
    CHECK(f.run("SELECT substr(image, 99999991) FROM shot").value(0, 0).bytes()[9] == byte_at(kBytes - 1));
    f.run("UPDATE shot SET note = 'longer'");
    CHECK(f.problems() == "");
    f.run("VACUUM");
  }
  CHECK(f.db.info().value().memory_peak < (8 << 20));
#ifndef __SANITIZE_ADDRESS__
  CHECK(peak_kib() - before_kib < 24 * 1024);
#endif
  // All at once is more than the budget has: that is told, and the database goes on.
  const std::string told = f.error_of("SELECT image FROM shot");
  CHECK(told.find("a blob of 100000000 bytes is more than memory_budget leaves for it") != std::string::npos);
  CHECK(told.find("read_blob()") != std::string::npos);
  CHECK(f.run("SELECT note FROM shot").value(0, 0).as_text() == "longer");
}

TEST_CASE("blob: of every length and however it is cut, what was written is what is read, also after a reopen") {
  BlobFixture f;
  const std::size_t lengths[] = {0, 1, kInRowMax - 1, kInRowMax, kInRowMax + 1, 65'528, 65'529, 131'056, 300'001};
  std::int64_t id = 0;
  for (const std::size_t length : lengths) {
    for (const std::size_t piece : {std::size_t{7'001}, std::size_t{65'528}, std::size_t{1'000'000}}) {
      auto writer = f.write(noise(length, length + 1), piece);
      f.run("INSERT INTO shot VALUES ($1, $2, NULL)", {++id, writer.finish().value()});
    }
  }
  for (int round = 0; round < 3; ++round) {
    id = 0;
    for (const std::size_t length : lengths) {
      const std::string want = noise(length, length + 1);
      for (int i = 0; i < 3; ++i) {
        const BlobReader reader = f.read(++id);
        REQUIRE(reader.size() == length);
        CHECK(part(reader, 0, length) == want);
        for (std::size_t at : {std::size_t{0}, std::size_t{65'527}, std::size_t{65'528}, length / 2}) {
          at = std::min(at, length);
          const std::size_t count = std::min<std::size_t>(1'000, length - at);
          CHECK(part(reader, at, count) == want.substr(at, count));
        }
        CHECK(f.run("SELECT image FROM shot WHERE id = $1", {id}).value(0, 0).bytes() == want);
      }
    }
    if (round == 0) f.settle();
    if (round == 1) f.reopen();
  }
  CHECK(f.problems() == "");
}

TEST_CASE("blob: a value in a row and one in a file differ for nobody who reads") {
  BlobFixture f;
  f.run("INSERT INTO shot VALUES (1, $1, ''), (2, NULL, ''), (3, $2, '')", {blob("abc"), blob(noise(200'000))});
  const BlobReader reader = f.read(1);
  CHECK(reader.size() == 3);
  CHECK(part(reader, 1, 2) == "bc");
  CHECK(part(reader, 3, 0).empty());
  for (const std::int64_t id : {1, 3}) {
    const BlobReader one = f.read(id);
    for (const auto& [at, count] : {std::pair{one.size(), std::size_t{1}}, std::pair{one.size() + 1, std::size_t{0}},
                                    std::pair{~std::uint64_t{0}, std::size_t{2}}}) {
      std::string into(count, '\0');
      const auto beyond = one.read(at, std::as_writable_bytes(std::span(into)));
      REQUIRE_FALSE(beyond.has_value());
      CHECK(beyond.error().code() == Code::invalid_argument);
    }
  }
  CHECK_FALSE(f.connection.read_blob("SELECT image FROM shot WHERE id = 2").value().has_value());  // NULL.
  CHECK_FALSE(f.connection.read_blob("SELECT image FROM shot WHERE id = 9").value().has_value());  // No row.
  CHECK(f.connection.read_blob("SELECT image FROM shot").error().sqlstate() == "21000");
  CHECK(f.connection.read_blob("SELECT id FROM shot WHERE id = 1").error().sqlstate() == "42804");
  CHECK(f.connection.read_blob("SELECT image, image FROM shot WHERE id = 1").error().sqlstate() == "42804");
  CHECK(f.connection.read_blob("DELETE FROM shot").error().sqlstate() == "42804");
  CHECK(part(*f.connection.read_blob("SELECT image FROM shot ORDER BY length(image) DESC NULLS LAST LIMIT 1").value(),
             5, 9) == noise(200'000).substr(5, 9));
}

TEST_CASE("blob: a reader goes on reading what it saw, beside an update, a delete and the end of its transaction") {
  BlobFixture f;
  const std::string first = noise(300'000, 1), second = noise(300'000, 2);
  auto writer = std::optional(f.write(first));
  f.run("INSERT INTO shot VALUES (1, $1, '')", {writer->finish().value()});
  writer.reset();
  f.settle();
  f.run("BEGIN");
  auto reader = std::optional(f.read(1));
  auto other = f.db.connect();
  other.execute("UPDATE shot SET image = $1 WHERE id = 1", {blob(second)}).value();
  f.run("COMMIT");
  f.settle();
  CHECK(part(*reader, 0, first.size()) == first);
  CHECK(part(f.read(1), 0, second.size()) == second);
  f.run("DELETE FROM shot");
  f.run("INSERT INTO shot VALUES (5, NULL, '')");
  f.settle();
  CHECK(part(*reader, 100'000, 70'000) == first.substr(100'000, 70'000));
  const std::size_t with_reader = f.blob_files();
  CHECK(with_reader > 0);
  reader.reset();
  f.run("INSERT INTO shot VALUES (6, NULL, '')");
  f.settle();
  CHECK(f.blob_files() < with_reader);
}

TEST_CASE("blob: what a writer began and nobody stored takes no room, and no row sees it") {
  BlobFixture f;
  {
    const auto begun = f.write(noise(3'000'000));
    CHECK(f.blob_bytes() > 2'000'000);
  }
  CHECK(f.blob_bytes() < 100'000);  // Given back at once, not at some later merge.
  {
    auto finished = f.write(noise(3'000'000));
    finished.finish().value();
  }
  f.settle();
  CHECK(f.blob_bytes() < 100'000);
  f.run("BEGIN");
  auto stored = f.write(noise(3'000'000));
  f.run("INSERT INTO shot VALUES (1, $1, '')", {stored.finish().value()});
  CHECK(part(f.read(1), 5, 5) == noise(3'000'000).substr(5, 5));            // Its own transaction sees it,
  CHECK(f.db.connect().execute("SELECT * FROM shot").value().rows() == 0);  // others do not.
  f.run("ROLLBACK");
  CHECK(f.run("SELECT * FROM shot").rows() == 0);
  f.run("INSERT INTO shot VALUES (1, $1, '')", {stored.finish().value()});
  CHECK(part(f.read(1), 5, 5) == noise(3'000'000).substr(5, 5));
  CHECK(f.problems() == "");
}

TEST_CASE("blob: the value of a writer is for this opening of this database, while the writer lives") {
  BlobFixture f, other;
  auto writer = std::optional(f.write(noise(200'000)));
  const Value value = writer->finish().value();
  CHECK(value.is_reference());
  CHECK(writer->finish().value() == value);
  CHECK_FALSE(writer->append(bytes_of("more")).has_value());
  CHECK(other.error_of("INSERT INTO shot VALUES (1, $1, '')", {value}).find("another database") != std::string::npos);
  writer.reset();
  f.settle();
  CHECK(f.error_of("INSERT INTO shot VALUES (1, $1, '')", {value}).find("BlobWriter is gone") != std::string::npos);
  CHECK(f.error_of("SELECT md5($1)", {value}).find("BlobWriter is gone") != std::string::npos);
  f.reopen();
  CHECK(f.error_of("INSERT INTO shot VALUES (1, $1, '')", {value}).find("opened earlier") != std::string::npos);
  CHECK(f.run("SELECT * FROM shot").rows() == 0);
  auto closed = f.db.write_blob().value();
  f.db.close().value();
  CHECK(closed.append(bytes_of("a")).error().code() == Code::closed);
  CHECK(f.db.write_blob().error().code() == Code::closed);
}

TEST_CASE("blob: statements that need its bytes read them, whatever they do with the value") {
  BlobFixture f;
  const std::string text = noise(150'000);
  auto writer = f.write(text);
  const Value value = writer.finish().value();
  CHECK(f.run("SELECT $1::BLOB", {value}).value(0, 0).bytes() == text);
  CHECK(f.run("SELECT length($1::BLOB), substr($1, 3, 4), $1 IS NULL", {value}).value(0, 1).bytes() ==
        text.substr(2, 4));
  CHECK(f.run("SELECT md5($1::BLOB) = md5($2::BLOB)", {value, blob(text)}).value(0, 0).as_bool());
  f.run("INSERT INTO shot VALUES (1, $1, ''), (2, $1, ''), (3, substr($1, 1, 10), md5($1))", {value});
  CHECK(f.run("SELECT id FROM shot WHERE image = $1 ORDER BY id", {value}).rows() == 2);
  CHECK(f.run("INSERT INTO shot VALUES (4, $1, '') RETURNING image", {value}).value(0, 0).bytes() == text);
  f.run("UPDATE shot SET image = $1 WHERE id = 3", {value});
  f.run("INSERT INTO shot VALUES (1, $1, 'twice') ON CONFLICT (id) DO UPDATE SET image = excluded.image", {value});
  CHECK(f.run("SELECT count(DISTINCT image) FROM shot").value(0, 0).as_int() == 1);
  f.db.table("shot").value().insert({{"id", 7}, {"image", value}}).value();
  CHECK(part(f.read(7), 0, text.size()) == text);
  f.run("INSERT INTO shot VALUES (8, NULL, $1), (9, NULL, $2)", {value, blob(text)});  // Converted, as any blob is.
  CHECK(f.run("SELECT count(DISTINCT note) FROM shot WHERE id IN (8, 9)").value(0, 0).as_int() == 1);
  CHECK(f.connection.execute("SELECT * FROM shot WHERE id = $1", {value}).error().code() == Code::invalid_argument);
  f.run("CREATE TABLE keyed (k BLOB PRIMARY KEY)");
  f.run("INSERT INTO keyed VALUES (substr($1::BLOB, 1, 100))", {value});
  CHECK(f.run("SELECT count(*) FROM keyed WHERE k = substr($1::BLOB, 1, 100)", {value}).value(0, 0).as_int() == 1);
}

TEST_CASE("blob: an appender takes it, and holds it until it commits") {
  BlobFixture f;
  auto appender = f.db.appender("shot").value();
  for (std::int64_t id = 1; id <= 3; ++id) {
    auto writer = f.write(noise(100'000, static_cast<std::uint64_t>(id)));
    appender.append(id, writer.finish().value(), "x").value();
  }
  f.settle();
  appender.flush().value();
  for (std::int64_t id = 1; id <= 3; ++id) {
    CHECK(part(f.read(id), 0, 100'000) == noise(100'000, static_cast<std::uint64_t>(id)));
  }
  auto writer = f.write(noise(100'000));
  CHECK_FALSE(appender.append(4, 5, writer.finish().value()).has_value());
  f.run("CREATE TABLE keyed (k BLOB PRIMARY KEY)");
  auto keyed = f.db.appender("keyed").value();
  keyed.begin_row();
  keyed.put(writer.finish().value());
  CHECK(keyed.end_row().error().message().find("'k' has an index") != std::string::npos);
}

TEST_CASE("blob: the file of a row that an appender refused or dropped goes, those of its other rows stay") {
  BlobFixture f;
  auto appender = f.db.appender("shot").value();
  {  // Writers at work at once have a file each.
    auto added = f.write(noise(100'000, 1)), refused = f.write(noise(100'000, 2)), open = f.write(noise(100'000, 3));
    appender.append(1, added.finish().value(), "x").value();
    CHECK_FALSE(appender.append(2, refused.finish().value(), 5).has_value());
    appender.begin_row();
    appender.put(3);
    appender.put(open.finish().value());
    CHECK(f.blob_files() == 3);
  }
  f.settle();
  CHECK(f.blob_files() == 2);  // The refused row's has gone; the row at hand may yet be ended.
  appender.flush().value();    // Drops the row at hand.
  f.settle();
  CHECK(f.blob_files() == 1);
  CHECK(part(f.read(1), 0, 100'000) == noise(100'000, 1));
  CHECK(f.run("SELECT * FROM shot").rows() == 1);
  CHECK(f.problems() == "");
}

TEST_CASE("blob: damage is told with the table, the column, the file and the offset; what is sound stays readable") {
  BlobFixture f;
  const std::string text = noise(400'000);
  auto writer = f.write(text);
  f.run("INSERT INTO shot VALUES (1, $1, '')", {writer.finish().value()});
  f.run("VACUUM");
  const auto file = f.files().front();
  const std::uint64_t frame = 4096 + 4 * 65'536;  // The fifth.
  flip(file, frame + 1'000);
  const std::string place =
      file.filename().string() + "': the checksum of a frame does not fit at offset " + std::to_string(frame);
  const BlobReader reader = f.read(1);
  CHECK(part(reader, 0, 4 * 65'528) == text.substr(0, 4 * 65'528));
  CHECK(part(reader, 5 * 65'528, 60'000) == text.substr(5 * 65'528, 60'000));
  CHECK(part(reader, 4 * 65'528 - 1, 2).find(place) != std::string::npos);
  CHECK(f.run("SELECT length(image), substr(image, 11, 20) FROM shot").value(0, 1).bytes() == text.substr(10, 20));
  CHECK(f.error_of("SELECT substr(image, 262113, 1) FROM shot").find(place) != std::string::npos);
  const std::string whole = f.error_of("SELECT image FROM shot");
  CHECK(whole.find(place) != std::string::npos);
  CHECK(whole.find("table 'shot', column 'image'") != std::string::npos);
  CHECK(f.problems().find("table 'shot', row 1, column 'image'") != std::string::npos);
  CHECK(f.problems().find(place) != std::string::npos);
  flip(file, frame + 1'000);
  CHECK(f.problems() == "");
  std::filesystem::resize_file(file, frame);
  CHECK(f.error_of("SELECT image FROM shot").find("corrupt") != std::string::npos);
  CHECK(f.problems().find("row 1, column 'image'") != std::string::npos);
  std::filesystem::remove(file);
  f.reopen();
  CHECK(f.run("SELECT id, length(image) FROM shot").value(0, 1).as_int() == 400'000);
  for (const char* sql : {"SELECT image FROM shot", "SELECT substr(image, 1, 2) FROM shot"}) {
    const std::string gone = f.error_of(sql);
    CHECK(gone.find("is missing, but rows refer to it") != std::string::npos);
    CHECK(gone.find(file.filename().string()) != std::string::npos);
  }
  CHECK_FALSE(f.connection.read_blob("SELECT image FROM shot").has_value());
  CHECK(f.problems().find("row 1, column 'image'") != std::string::npos);
}

}  // namespace mneme
