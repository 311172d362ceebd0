// A database on the real file system and blobs to put into it.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <random>

#include "mneme/database.h"
#include "support/scratch_directory.h"

namespace mneme {

constexpr std::size_t kInRowMax = 64 << 10;  // Longer ones lie in files.

inline std::string noise(std::size_t bytes, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}
inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }
inline Value blob(std::string_view text) { return Value::blob(bytes_of(text)); }

struct BlobFixture {  // One thread at a time.
  support::ScratchDirectory directory;
  Database db = Database::open(directory / "db", {.threads = 0}).value();
  Connection connection = db.connect();

  BlobFixture() { run("CREATE TABLE shot (id INT PRIMARY KEY, image BLOB, note TEXT)"); }

  ResultSet run(std::string_view sql, std::initializer_list<Value> values = {}) {
    CAPTURE(sql);
    auto result = connection.execute(sql, values);
    if (!result) FAIL(result.error().to_string());
    return std::move(result).value();
  }
  std::string error_of(std::string_view sql, std::initializer_list<Value> values = {}) {
    CAPTURE(sql);
    const auto result = connection.execute(sql, values);
    REQUIRE_FALSE(result.has_value());
    return result.error().to_string();
  }
  void reopen() {
    db.close().value();
    db = Database::open(directory / "db", {.threads = 0}).value();
    connection = db.connect();
  }
  BlobWriter write(std::string_view text, std::size_t piece = 10'000) {
    auto writer = db.write_blob().value();
    for (std::size_t at = 0; at < text.size(); at += piece) writer.append(bytes_of(text.substr(at, piece))).value();
    REQUIRE(writer.size() == text.size());
    return writer;
  }
  BlobReader read(std::int64_t id) {
    return std::move(connection.read_blob("SELECT image FROM shot WHERE id = $1", {id}).value()).value();
  }
  // VACUUM until nothing is left to do: files go two syncs after nobody wants them.
  void settle() {
    for (int i = 0; i < 4; ++i) run("VACUUM");
  }
  std::size_t blob_files() const { return files().size(); }
  std::uint64_t blob_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& path : files()) bytes += std::filesystem::file_size(path);
    return bytes;
  }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "db/blob")) found.push_back(entry.path());
    return found;
  }
  std::string problems() {
    std::string all;
    for (const std::string& problem : db.check().value().problems) all += problem + "; ";
    return all;
  }
};

inline std::string part(const BlobReader& reader, std::uint64_t offset, std::size_t bytes) {
  std::string text(bytes, '\0');
  const auto done = reader.read(offset, std::as_writable_bytes(std::span(text)));
  return done ? text : done.error().to_string();
}

}  // namespace mneme
