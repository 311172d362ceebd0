// Blobs: a picture of any size in a row. Those over 64 KiB lie outside of the rows, so that a table of pictures scans
// as fast as one without them; a part of one is read without the rest, and one that is too long for memory is written
// and read piece by piece.
#include <cstddef>
#include <string>

#include "example.h"
#include "mneme/database.h"

using mneme::Value;

namespace {

std::string picture(std::size_t bytes) {
  std::string pixels(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) pixels[i] = static_cast<char>(i * 31 + i / 257);
  return pixels;
}

Value as_blob(const std::string& bytes) { return Value::blob(std::as_bytes(std::span(bytes))); }

// A recording of many pictures, none of which is kept.
Value record(mneme::BlobWriter& writer, std::size_t pictures) {
  const std::string frame = picture(100'000);
  for (std::size_t i = 0; i < pictures; ++i) writer.append(std::as_bytes(std::span(frame))).value();
  return writer.finish().value();
}

}  // namespace

int main() {
  const example::Scratch scratch;
  const std::string small = picture(1'000);
  const std::string large = picture(3'000'000);
  {
    auto db = mneme::Database::open(scratch / "db").value();
    auto connection = db.connect();
    connection.execute("CREATE TABLE shot (id INT PRIMARY KEY, image BLOB)").value();
    connection.execute("INSERT INTO shot VALUES (1, $1), (2, $2)", {as_blob(small), as_blob(large)}).value();

    auto writer = db.write_blob().value();
    connection.execute("INSERT INTO shot VALUES (3, $1)", {record(writer, 200)}).value();
    db.close().value();
  }
  auto db = mneme::Database::open(scratch / "db").value();
  auto connection = db.connect();
  const auto sizes = connection.execute("SELECT length(image) FROM shot ORDER BY id").value();
  example::expect(sizes.value(0, 0).as_int() == 1'000 && sizes.value(1, 0).as_int() == 3'000'000, "the sizes");

  const auto whole = connection.execute("SELECT image FROM shot WHERE id = 2").value();
  example::expect(whole.value(0, 0).bytes() == large, "three megabytes come back bit for bit");

  const auto part = connection.execute("SELECT substring(image FROM 2000001 FOR 16) FROM shot WHERE id = 2").value();
  example::expect(part.value(0, 0).bytes() == large.substr(2'000'000, 16), "sixteen bytes out of its middle");

  const auto recording = connection.read_blob("SELECT image FROM shot WHERE id = 3").value();
  example::expect(recording && recording->size() == 20'000'000, "the recording is there");
  connection.execute("DELETE FROM shot WHERE id = 3").value();  // A reader goes on reading what it found.
  std::string frame(100'000, '\0');
  recording->read(150 * frame.size(), std::as_writable_bytes(std::span(frame))).value();
  example::expect(frame == picture(100'000), "the 151st picture of it");
  db.close().value();
}
