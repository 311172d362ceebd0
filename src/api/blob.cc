// Blobs piece by piece: BlobWriter, BlobReader.
#include "mneme/blob.h"

#include "api/blob_state.h"
#include "api/connection_state.h"
#include "api/guarded.h"
#include "base/coding.h"

namespace mneme {
namespace {

// The bytes of a value that stands for a blob: BlobRef | u64 stamp of the opening.
constexpr std::size_t kStampedBytes = kReferenceBytes + sizeof(std::uint64_t);

Error spoilt() {
  return Error(Code::invalid_argument, "this blob could not be written").with_hint("begin another one: write_blob()");
}

template <class State>
void leave_blob_in_child(std::unique_ptr<State>& state) noexcept {
  if (state && state->engine->in_child()) static_cast<void>(state.release());
}

}  // namespace

Result<BlobRef> reference_of(Engine& engine, const Value& value) {
  const Bytes bytes = as_bytes(value.bytes());
  ASSERT(value.is_reference() && bytes.size() == kStampedBytes);
  if (load<std::uint64_t>(bytes.data() + kReferenceBytes) != engine.stamp()) {
    return Error(Code::invalid_argument, "the value is a blob of another database, or of one opened earlier");
  }
  const auto ref = load<BlobRef>(bytes.data());
  if (engine.store().blobs().find(FileNumber{ref.file})) return ref;
  return Error(Code::invalid_argument, "the value is a blob whose BlobWriter is gone");
}

// ---- BlobWriter ------------------------------------------------------------------------------------------------

BlobWriter::State::~State() { engine->store().blobs().abandon(std::move(file)); }

Result<void> BlobWriter::State::begin_file() {
  memory = TRY(engine->store().budget().reserve(2 * kBlobFrameBytes, MemoryShare::queries, "blob"));
  file = TRY(engine->store().blobs().take());
  TRY(file.writer->begin(0));
  TRY(file.writer->append(head));
  head = {};
  return {};
}

Result<void> BlobWriter::State::add(Bytes piece) {
  TRY(engine->store().check_may_write());
  if (finished) return Error(Code::invalid_argument, "this blob is finished");
  if (failed) return spoilt();
  failed = true;  // Until the piece is in.
  if (!file.writer && head.size() + piece.size() <= engine->store().blob_inline_max()) {
    head.insert(head.end(), piece.begin(), piece.end());
  } else {
    if (!file.writer) TRY(begin_file());
    auto appended = file.writer->append(piece);
    if (!appended) engine->store().blobs().abandon(std::move(file));
    TRY(std::move(appended));
  }
  bytes += piece.size();
  failed = false;
  return {};
}

Result<Value> BlobWriter::State::end() {
  TRY(engine->store().check_may_write());
  if (failed) return spoilt();
  if (finished) return value();
  if (file.writer) {
    failed = true;
    BlobFiles& files = engine->store().blobs();
    const BlobRef ref = TRY(file.writer->end());
    held = file.file;
    TRY(files.make_durable(file));
    files.give_back(std::exchange(file, OpenBlobFile{}));
    reference = ref;
    failed = false;
  }
  finished = true;
  return value();
}

Value BlobWriter::State::value() const {
  if (!reference) return Value::blob(head);
  std::string stamped(kStampedBytes, '\0');
  std::memcpy(stamped.data(), &*reference, kReferenceBytes);
  const std::uint64_t stamp = engine->stamp();
  std::memcpy(stamped.data() + kReferenceBytes, &stamp, sizeof stamp);
  return reference_value(stamped);
}

Value BlobWriter::reference_value(std::string_view bytes) {
  Value value = Value::of_bytes({.kind = TypeKind::blob}, bytes);
  value.reference_ = true;
  return value;
}

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter& BlobWriter::operator=(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() { leave_blob_in_child(state_); }

std::uint64_t BlobWriter::size() const noexcept { return state_->bytes; }

Result<void> BlobWriter::append(std::span<const std::byte> bytes) {
  return guarded(*state_->engine, [&] { return state_->add(bytes); });
}

Result<Value> BlobWriter::finish() {
  return guarded(*state_->engine, [&] { return state_->end(); });
}

Result<BlobWriter> Database::write_blob() {
  return guarded(*state_->engine, [&]() -> Result<BlobWriter> {
    TRY(state_->engine->store().check_may_write());
    return BlobWriter(std::make_unique<BlobWriter::State>(state_->engine));
  });
}

// ---- BlobReader ------------------------------------------------------------------------------------------------

BlobReader::BlobReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobReader::BlobReader(BlobReader&&) noexcept = default;
BlobReader& BlobReader::operator=(BlobReader&&) noexcept = default;
BlobReader::~BlobReader() { leave_blob_in_child(state_); }

std::uint64_t BlobReader::size() const noexcept {
  return state_->blob.file ? state_->blob.reference.bytes : state_->blob.head.size();
}

Result<void> BlobReader::read(std::uint64_t offset, std::span<std::byte> into) const {
  return guarded(*state_->engine, [&]() -> Result<void> {
    TRY(state_->engine->store().check_open());
    const StoredBlob& blob = state_->blob;
    if (offset > size() || into.size() > size() - offset) {
      return Error(Code::invalid_argument, std::to_string(into.size()) + " bytes from " + std::to_string(offset) +
                                               " on reach beyond the " + std::to_string(size()) + " of the blob");
    }
    if (blob.file) return blob.file->read(blob.reference, offset, into);
    if (!into.empty()) std::memcpy(into.data(), blob.head.data() + offset, into.size());
    return {};
  });
}

Result<std::optional<BlobReader>> Connection::read_blob(std::string_view sql, std::span<const Value> parameters) {
  return in_session(*state_->core, [&](Session& session) -> Result<std::optional<BlobReader>> {
    auto blob = TRY(session.read_blob(sql, parameters));
    if (!blob) return std::optional<BlobReader>();
    auto reader = std::make_unique<BlobReader::State>();
    reader->engine = state_->core->engine;
    reader->blob = *std::move(blob);
    return std::optional(BlobReader(std::move(reader)));
  });
}

}  // namespace mneme
