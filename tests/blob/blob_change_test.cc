// Changes of rows with long blobs: what is not touched is not written again, and what nobody refers to goes.
#include "blob/fixture.h"
#include "os/posix.h"
#include "os/thread.h"

namespace mneme {

TEST_CASE("blob: an update of other columns writes no blob; the rows refer to the same bytes") {
  BlobFixture f;
  const std::string text = noise(1'000'000);
  for (std::int64_t id = 1; id <= 5; ++id) f.run("INSERT INTO shot VALUES ($1, $2, 'a')", {id, blob(text)});
  f.settle();
  const std::uint64_t bytes = f.blob_bytes();
  CHECK(bytes > 5'000'000);
  for (int round = 0; round < 6; ++round) {
    f.run("UPDATE shot SET note = note || 'b'");
    f.run("UPDATE shot SET image = image, id = id + 10 WHERE id = $1", {round * 10 + 1});
    if (round % 2 == 0) f.settle();
    CHECK(f.blob_bytes() == bytes);
  }
  CHECK(f.run("SELECT count(*) FROM shot WHERE image = $1 AND note = 'abbbbbb'", {blob(text)}).value(0, 0).as_int() ==
        5);
  CHECK(f.problems() == "");
  f.reopen();
  CHECK(f.run("SELECT count(*) FROM shot WHERE image = $1", {blob(text)}).value(0, 0).as_int() == 5);
  f.run("DELETE FROM shot WHERE id <> 61");
  f.settle();
  f.run("INSERT INTO shot VALUES (100, NULL, '')");
  f.settle();
  CHECK(f.run("SELECT image FROM shot WHERE id = 61").value(0, 0).bytes() == text);
  CHECK(f.blob_bytes() < bytes / 2);  // The file was mostly garbage: it was emptied.
  CHECK(f.problems() == "");
}

TEST_CASE("blob: rows of two tables may refer to the same bytes, which stay as long as one does") {
  BlobFixture f;
  const std::string text = noise(500'000);
  f.run("INSERT INTO shot VALUES (1, $1, 'a')", {blob(text)});
  f.run("CREATE TABLE kept (id INT PRIMARY KEY, image BLOB)");
  const std::uint64_t bytes = f.blob_bytes();
  f.run("INSERT INTO kept SELECT id, image FROM shot");
  CHECK(f.blob_bytes() == bytes);
  f.run("DROP TABLE shot");
  f.settle();
  CHECK(f.run("SELECT image FROM kept").value(0, 0).bytes() == text);
  f.reopen();
  CHECK(f.run("SELECT image FROM kept").value(0, 0).bytes() == text);
  f.run("DELETE FROM kept");
  f.run("INSERT INTO kept VALUES (2, NULL)");
  f.settle();
  f.settle();
  CHECK(f.blob_bytes() == 0);
}

TEST_CASE("blob: a plan says what it does not read") {
  BlobFixture f;
  const auto plan = [&](std::string_view sql) {
    std::string text;
    for (const auto row : f.run("EXPLAIN " + std::string(sql))) text += std::string(row[0].as_text()) + "\n";
    return text;
  };
  CHECK(plan("SELECT id, length(image) FROM shot").find("image by reference") != std::string::npos);
  CHECK(plan("SELECT count(image) FROM shot WHERE image IS NOT NULL").find("image by reference") != std::string::npos);
  CHECK(plan("SELECT substr(image, 1, 5) FROM shot WHERE length(image) > 5").find("image in part") !=
        std::string::npos);
  CHECK(plan("UPDATE shot SET note = 'x'").find("image by reference") != std::string::npos);
  CHECK(plan("DELETE FROM shot WHERE note = 'x'").find("image by reference") != std::string::npos);
  for (const char* sql :
       {"SELECT image FROM shot", "SELECT md5(image) FROM shot", "SELECT length(image), image FROM shot",
        "SELECT DISTINCT image FROM shot", "SELECT count(DISTINCT image) FROM shot",
        "SELECT id FROM shot WHERE image = '\\x01'", "SELECT id FROM shot ORDER BY image",
        "DELETE FROM shot RETURNING image", "UPDATE shot SET image = image || image"}) {
    CAPTURE(sql);
    const std::string text = plan(sql);
    CHECK(text.find("by reference") == std::string::npos);
    CHECK(text.find("in part") == std::string::npos);
  }
}

TEST_CASE("blob: a join, a change by a subquery or by another table reads no byte of blobs it does not look at") {
  BlobFixture f;
  f.db.close().value();
  f.db = Database::open(f.directory / "db", {.memory_budget = 16 << 20, .threads = 0}).value();
  f.connection = f.db.connect();
  const std::string piece = noise(100'000);
  for (std::int64_t id = 1; id <= 4; ++id) {  // Each alone is twice the budget.
    auto writer = f.db.write_blob().value();
    for (int i = 0; i < 330; ++i) writer.append(bytes_of(piece)).value();
    f.run("INSERT INTO shot VALUES ($1, $2, 'a')", {id, writer.finish().value()});
  }
  f.run("CREATE TABLE mark (shot INT, at INT, note TEXT)");
  f.run("INSERT INTO mark SELECT i % 4 + 1, i, 'm' || i FROM generate_series(0, 99) s(i)");
  const auto count = [&](std::string_view sql, std::initializer_list<Value> values = {}) {
    return f.run(sql, values).value(0, 0).as_int();
  };
  CHECK(count("SELECT sum(length(image)) FROM shot s JOIN mark m ON s.id = m.shot WHERE m.at < 8") == 8 * 33'000'000);
  CHECK(count("SELECT sum(length(image)) FROM mark m JOIN shot s ON s.id = m.shot WHERE m.at < 8") == 8 * 33'000'000);
  CHECK(count("SELECT sum(length(image)) FROM shot s LEFT JOIN mark m ON s.id = m.shot AND m.at < 0") == 132'000'000);
  CHECK(count("SELECT count(*) FROM mark m FULL JOIN shot s ON s.id = m.at WHERE length(s.image) > 5") == 4);
  CHECK(count("SELECT sum(length(image)) FROM shot s, mark m WHERE s.id < m.at AND m.at < 3") == 33'000'000);
  CHECK(count("SELECT count(*) FROM shot s JOIN mark m ON s.id = m.shot AND substr(image, 3, 2) = $1::BLOB "
              "WHERE m.at < 8",
              {blob(piece.substr(2, 2))}) == 8);
  CHECK(count("SELECT sum(length(image)) FROM mark m ASOF JOIN shot s ON m.at >= s.id") == 99 * 33'000'000LL);
  CHECK(count("SELECT sum(n) FROM (SELECT length(image) AS n FROM (SELECT image FROM shot UNION ALL "
              "SELECT image FROM shot) u) v") == 264'000'000);
  CHECK(count("SELECT sum(length(image)) FROM (SELECT DISTINCT ON (note) note, image FROM shot ORDER BY note, id) d") ==
        33'000'000);
  f.run("UPDATE shot SET note = m.note FROM mark m WHERE m.at = shot.id");
  CHECK(f.run("SELECT note FROM shot WHERE id = 3").value(0, 0).as_text() == "m3");
  f.run("UPDATE shot SET note = 'in' WHERE id IN (SELECT shot FROM mark WHERE at > 90)");
  f.run("DELETE FROM shot WHERE id IN (SELECT shot FROM mark WHERE at = 1)");
  f.run("DELETE FROM shot USING mark m WHERE m.shot = id AND m.at = 2");
  f.run("DELETE FROM shot WHERE NOT EXISTS (SELECT 1 FROM mark m WHERE m.shot = shot.id AND m.at = 3)");
  CHECK(count("SELECT sum(length(image)) FROM shot WHERE note = 'in'") == 33'000'000);
  CHECK(f.error_of("SELECT image FROM shot s JOIN mark m ON s.id = m.shot").find("memory_budget") != std::string::npos);
}

TEST_CASE("blob: rows whose parts add up to more than the budget come in shorter batches") {
  BlobFixture f;  // 64 MiB.
  const std::string text = noise(2'000'000);
  for (std::int64_t id = 1; id <= 60; ++id) {
    auto writer = f.write(text, text.size());
    f.run("INSERT INTO shot VALUES ($1, $2, '')", {id, writer.finish().value()});
  }
  CHECK(f.run("SELECT count(*) FROM shot WHERE length(substr(image, 2)) = 1999999").value(0, 0).as_int() == 60);
  CHECK(f.run("SELECT count(*) FROM shot WHERE md5(image) = md5($1::BLOB)", {blob(text)}).value(0, 0).as_int() == 60);
  auto stream = f.connection.query("SELECT image FROM shot ORDER BY note, id LIMIT 50").value();
  std::size_t rows = 0;
  for (;;) {
    const auto batch = stream.next().value();
    if (!batch) break;
    rows += batch->rows();
  }
  CHECK(rows == 50);
}

TEST_CASE("blob: a BLOB column gets no index once values lie in files, and is told why") {
  BlobFixture f;
  f.run("INSERT INTO shot VALUES (1, $1, '')", {blob(noise(100))});
  f.run("CREATE INDEX short_ones ON shot (image)");
  f.run("DROP INDEX short_ones");
  f.run("INSERT INTO shot VALUES (2, $1, '')", {blob(noise(100'000))});
  for (const char* sql : {"CREATE INDEX by_image ON shot (image)", "CREATE UNIQUE INDEX by_image ON shot (image)"}) {
    for (int round = 0; round < 2; ++round) {
      const std::string told = f.error_of(sql);
      CHECK(told.find("BLOB column 'image' of table 'shot' has values in blob files: it cannot get an index") !=
            std::string::npos);
      CHECK(told.find("md5") != std::string::npos);
      f.run("VACUUM");
    }
  }
  CHECK(f.run("SELECT length(image) FROM shot WHERE id = 2").value(0, 0).as_int() == 100'000);
  f.run("DELETE FROM shot WHERE id = 2");
}

TEST_CASE("blob: writers, readers, updates, maintenance and a backup beside each other") {
  support::ScratchDirectory directory;
  auto db = Database::open(directory / "db", {}).value();
  db.connect().execute("CREATE TABLE shot (id INT PRIMARY KEY, image BLOB, note INT)").value();
  constexpr std::int64_t kWriters = 3, kEach = 25;
  const auto text_of = [](std::int64_t id) {
    return noise(70'000 + static_cast<std::size_t>(id) % 7 * 50'000, static_cast<std::uint64_t>(id));
  };
  const PosixWorld world;
  Scheduler& scheduler = const_cast<PosixWorld&>(world).world().scheduler;
  const auto write = [&](std::int64_t first) {
    auto connection = db.connect();
    for (std::int64_t id = first; id < first + kEach; ++id) {
      auto writer = db.write_blob().value();
      const std::string text = text_of(id);
      for (std::size_t at = 0; at < text.size(); at += 20'000) {
        writer.append(bytes_of(std::string_view(text).substr(at, 20'000))).value();
      }
      connection.execute("INSERT INTO shot VALUES ($1, $2, 0)", {id, writer.finish().value()}).value();
      connection.execute("UPDATE shot SET note = note + 1 WHERE id = $1", {id}).value();
      if (id % 3 == 0) connection.execute("DELETE FROM shot WHERE id = $1", {id}).value();
      if (id % 10 == 0) connection.execute("VACUUM").value();
    }
  };
  std::size_t wrong = 0;
  {
    std::vector<std::unique_ptr<Thread>> threads;
    for (std::int64_t i = 0; i < kWriters; ++i) {
      threads.push_back(std::make_unique<Thread>(scheduler, "writer", [&, i] { write(i * 1'000 + 1); }));
    }
    auto connection = db.connect();
    for (int round = 0; round < 40; ++round) {
      for (const auto row : connection.execute("SELECT id FROM shot ORDER BY note DESC, id DESC LIMIT 5").value()) {
        const std::int64_t id = row[0].as_int();
        const auto reader = connection.read_blob("SELECT image FROM shot WHERE id = $1", {id}).value();
        if (reader && part(*reader, 60'000, 10'000) != text_of(id).substr(60'000, 10'000)) ++wrong;
      }
      if (round == 20) db.backup(directory / "copy").value();
    }
  }
  CHECK(wrong == 0);
  for (const char* name : {"db", "copy"}) {
    if (std::string_view(name) == "copy") {
      db.close().value();
      db = Database::open(directory / "copy", {}).value();
    }
    CHECK(db.check().value().problems.empty());
    for (const auto row : db.connect().execute("SELECT id, image FROM shot").value()) {
      wrong += row[1].bytes() != text_of(row[0].as_int());
    }
    CHECK(wrong == 0);
  }
}

// What a power cut would leave of a database that is open: the files as they are.
std::filesystem::path image_of(const BlobFixture& f) {
  std::filesystem::copy(f.directory / "db", f.directory / "image", std::filesystem::copy_options::recursive);
  return f.directory / "image";
}

TEST_CASE("blob: a commit that ends more rows than recovery looks for at once brings its blob back with it") {
  BlobFixture f;
  const std::string text = noise(100'000);
  f.run("INSERT INTO shot SELECT g, NULL, '' FROM generate_series(1, 100001) AS s(g)");
  f.settle();
  f.run("BEGIN");
  f.run("DELETE FROM shot");
  f.run("INSERT INTO shot VALUES (1, $1, 'kept')", {blob(text)});
  f.run("COMMIT");
  f.db.sync().value();
  Database again = Database::open(image_of(f).string(), {.threads = 0}).value();
  const ResultSet rows = again.connect().execute("SELECT image, note FROM shot").value();
  REQUIRE(rows.rows() == 1);
  CHECK(rows.value(0, 0).bytes() == text);
}

TEST_CASE("blob: a row of an open transaction holds its blob when its writer has gone") {
  BlobFixture f;
  const std::string text = noise(300'000);
  Connection other = f.db.connect();
  f.run("BEGIN");
  {
    auto writer = f.write(text);
    f.run("INSERT INTO shot VALUES (1, $1, '')", {writer.finish().value()});
  }
  for (int i = 0; i < 4; ++i) other.execute("VACUUM").value();
  CHECK(f.run("SELECT image FROM shot").value(0, 0).bytes() == text);
  f.run("COMMIT");
  f.settle();
  CHECK(f.run("SELECT image FROM shot").value(0, 0).bytes() == text);
  CHECK(f.problems() == "");
}

TEST_CASE("blob: a check finds nothing wrong where a table with blobs was dropped beside another in one segment") {
  BlobFixture f;
  f.run("CREATE TABLE pose (id INT PRIMARY KEY)");
  f.run("INSERT INTO shot VALUES (1, $1, '')", {blob(noise(200'000))});
  f.run("INSERT INTO pose VALUES (1)");
  f.settle();
  f.run("DROP TABLE shot");
  f.run("INSERT INTO pose VALUES (2)");
  f.run("INSERT INTO pose VALUES (3)");
  CHECK(f.problems() == "");
}

}  // namespace mneme
