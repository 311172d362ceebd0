// What a BlobWriter and a BlobReader hold, and how a value that stands for a blob is told from its bytes.
#pragma once

#include <optional>

#include "api/engine.h"
#include "mneme/blob.h"

namespace mneme {

// Where the blob lies that the value stands for. invalid_argument: it is of another database or another opening of this
// one, or the writer that gave it is gone and no row has it. REQUIRES: value.is_reference().
Result<BlobRef> reference_of(Engine& engine, const Value& value);

struct BlobWriter::State {  // One thread at a time.
  explicit State(std::shared_ptr<Engine> of) : engine(std::move(of)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();
  Result<void> add(Bytes bytes);
  Result<void> begin_file();
  Result<Value> end();
  [[nodiscard]] Value value() const;

  const std::shared_ptr<Engine> engine;
  Reservation memory;
  ByteBuffer head;                 // While the blob is short enough for a row.
  OpenBlobFile file;               // Else its bytes are here,
  std::shared_ptr<BlobFile> held;  // and stay as long as this.
  std::optional<BlobRef> reference;
  std::uint64_t bytes = 0;
  bool finished = false;
  bool failed = false;
};

struct StoredBlob {  // Of a row: in a file, or its bytes.
  std::shared_ptr<BlobFile> held;
  std::shared_ptr<const BlobFileReader> file;  // Null: `head` is all of it.
  BlobRef reference;
  ByteBuffer head;
};

struct BlobReader::State {  // Immutable.
  std::shared_ptr<Engine> engine;
  StoredBlob blob;
};

}  // namespace mneme
