#include "storage/log_files.h"

#include <charconv>

#include "storage/log_record.h"

namespace mneme {
namespace {
constexpr std::string_view kSuffix = ".log";
constexpr std::size_t kZeroPieceBytes = std::size_t{256} << 10;
}  // namespace

std::string log_path(const std::string& wal_directory, FileNumber number) {
  return wal_directory + "/" + std::to_string(raw(number)) + std::string(kSuffix);
}

std::optional<FileNumber> log_number(const std::string& name) {
  if (name.size() <= kSuffix.size() || !name.ends_with(kSuffix) || name.front() == '0') return std::nullopt;
  const char* end = name.data() + name.size() - kSuffix.size();
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(name.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return FileNumber{number};
}

Result<PreparedLog> LogPreparation::run() {
  const std::string path = log_path(options_.wal_directory, header_.number);
  auto made = make_file(path);
  if (!made) {
    // Give the space back; the first error is the one to report.
    if (made.error().code() != Code::already_exists) static_cast<void>(files_->unlink(path).has_value());
    return std::move(made).error();
  }
  PreparedLog prepared;
  prepared.file = *std::move(made);
  prepared.header = header_;
  prepared.bytes = header_.bytes;

  // Both before the first record in it can be acknowledged.
  sync_failed_ = true;
  TRY(prepared.file->sync(SyncSite::log_file));
  if (!spare_) TRY(files_->sync_directory(options_.wal_directory, SyncSite::log_directory));
  sync_failed_ = false;
  return prepared;
}

// A spare is renamed, not copied: until the header is rewritten its old number does not fit its name, so that nobody
// reads it. Its bytes stay: they never verify under the new header. The new name is durable before that: torn under the
// old one, beside records of a cut tail that fitted it, the header would pass for a damaged one.
Result<void> LogPreparation::rename_spare(const std::string& path) {
  TRY(files_->rename(log_path(options_.wal_directory, *spare_), path));
  sync_failed_ = true;
  TRY(files_->sync_directory(options_.wal_directory, SyncSite::log_directory));
  sync_failed_ = false;
  return {};
}

Result<std::unique_ptr<File>> LogPreparation::make_file(const std::string& path) {
  if (spare_) TRY(rename_spare(path));
  auto file = TRY(files_->open(path, spare_ ? FileSystem::Open::read_write : FileSystem::Open::create));
  if (TRY(file->size()) < options_.file_bytes) TRY(file->allocate(options_.file_bytes));
  if (!spare_) TRY(zero(*file));
  header_.bytes = TRY(file->size());
  TRY(file->write(0, encode_header(kLogMagic, header_)));
  return file;
}

// Written, not only allocated: the first write to an allocated block would make every commit's sync a metadata sync.
Result<void> LogPreparation::zero(File& file) const {
  const ByteBuffer zeros(std::min<std::uint64_t>(kZeroPieceBytes, options_.file_bytes));
  for (std::uint64_t at = 0; at < options_.file_bytes; at += zeros.size()) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), options_.file_bytes - at));
    TRY(file.write(at, Bytes(zeros).first(count)));
  }
  return {};
}

}  // namespace mneme
