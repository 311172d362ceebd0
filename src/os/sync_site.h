// The name of every place that makes something durable, passed to each sync. The simulated file system can ignore the
// syncs of one site, so that a test shows of each that it is needed: remove it, and an invariant must break.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace mneme {

enum class SyncSite : std::uint8_t {
  log_data,            // Records of the log.
  log_file,            // A new or recycled log file's header and zeros, before its first record.
  log_directory,       // The name of a new log file.
  database_directory,  // The names of wal/, seg/, blob/ and LOCK in a new database.
  manifest_data,       // One edit.
  manifest_file,       // A new manifest, before CURRENT names it.
  manifest_directory,  // The name of a new manifest.
  current_file,        // CURRENT.tmp, before it is renamed.
  current_directory,   // The rename of CURRENT.
  segment_data,
  segment_directory,
  delete_data,
  delete_directory,
  blob_data,
  blob_directory,
  backup,  // Everything a backup writes.
};

constexpr std::array<std::string_view, 16> kSyncSiteNames{
    "log_data",          "log_file",      "log_directory",      "database_directory",
    "manifest_data",     "manifest_file", "manifest_directory", "current_file",
    "current_directory", "segment_data",  "segment_directory",  "delete_data",
    "delete_directory",  "blob_data",     "blob_directory",     "backup"};

constexpr std::string_view sync_site_name(SyncSite site) noexcept {
  return kSyncSiteNames[static_cast<std::size_t>(site)];
}

}  // namespace mneme
