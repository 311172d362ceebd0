// Blobs piece by piece: for those that are too long to hold in memory, or of which only a part is wanted.
//
//     auto writer = db.write_blob().value();
//     while (camera.more()) writer.append(camera.read()).value();
//     connection.execute("INSERT INTO shot VALUES ($1, $2)", {id, writer.finish().value()}).value();
//
//     auto reader = connection.read_blob("SELECT image FROM shot WHERE id = $1", {id}).value();
//     reader->read(offset, buffer).value();
//
// All sizes and offsets are bytes; offsets count from 0. A blob has at most 2,147,483,647 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "mneme/export.h"
#include "mneme/result.h"
#include "mneme/value.h"

namespace mneme {

// Writes a blob of any length with 128 KiB of memory. Nobody sees it before a statement has stored its value and that
// is committed; what is not stored when the writer goes, or the process, takes no room for long.
class MNEME_API BlobWriter {  // One thread at a time. Must not outlive its database.
 public:
  BlobWriter(BlobWriter&&) noexcept;
  BlobWriter& operator=(BlobWriter&&) noexcept;
  ~BlobWriter();

  // Adds bytes at the end. full: the disk is, or the memory budget, or the blob is too long; this writer then takes no
  // more, and its bytes are gone.
  Result<void> append(std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t size() const noexcept;  // Bytes appended.
  // Ends the blob and makes its bytes durable. The value stands for them: bound to a statement or given to an
  // appender, once or several times, while this writer lives. Asked again it gives the same. io: the sync failed.
  // Statements store the value without reading it where it goes into a BLOB column without an index; whoever
  // computes with it otherwise (md5($1)) reads it into memory first.
  Result<Value> finish();

 private:
  friend class Database;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  static Value reference_value(std::string_view bytes);
  std::unique_ptr<State> state_;
};

// One blob of a row as a query saw it: it stays readable, and the same, when its transaction ends and when the row is
// changed or deleted. Its file cannot go meanwhile, so let go of readers.
class MNEME_API BlobReader {  // Thread-safe: threads may read parts at once. Must not outlive its database.
 public:
  BlobReader(BlobReader&&) noexcept;
  BlobReader& operator=(BlobReader&&) noexcept;
  ~BlobReader();

  [[nodiscard]] std::uint64_t size() const noexcept;  // In bytes.
  // Fills `into` with the bytes from `offset` on. invalid_argument: they reach beyond the end. corrupt: names the file
  // and the offset where it is damaged; other parts of the blob stay readable.
  Result<void> read(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  friend class Connection;
  struct State;
  explicit BlobReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace mneme
