// What the figures were measured on, without a name by which the machine could be found.
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <string>

#include "report.h"

namespace mneme::bench {
namespace {

// The rest of the first line of `path` that begins with `key`, without blanks and colons before it.
std::string value_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t begin = line.find_first_not_of(" \t:", key.size());
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "unknown";
}

std::string file_system(const std::string& directory) {
  static const std::map<long, const char*> names = {
      {0xEF53, "ext4"},      {0x58465342, "xfs"},     {0x9123683E, "btrfs"}, {0x01021994, "tmpfs"},
      {0x858458F6, "ramfs"}, {0x794C7630, "overlay"}, {0x2FC12FC1, "zfs"},   {0xF2F52010, "f2fs"}};
  struct statfs about{};
  if (statfs(directory.c_str(), &about) != 0) return "unknown file system";
  const auto found = names.find(static_cast<long>(about.f_type));
  return found == names.end() ? "file system of type " + std::to_string(about.f_type) : found->second;
}

}  // namespace

std::string machine_text(const std::string& directory) {
  utsname system{};
  uname(&system);
  const double memory_gib = std::stod("0" + value_of("/proc/meminfo", "MemTotal")) / (1024 * 1024);
  return value_of("/proc/cpuinfo", "model name") + ", " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + " CPUs, " +
         number_text(memory_gib) + " GiB RAM; " + system.sysname + " " + system.release + "; " +
         file_system(directory) + "; load average when it began " + value_of("/proc/loadavg", "").substr(0, 4);
}

bool is_memory_backed(const std::string& directory) {
  const std::string name = file_system(directory);
  return name == "tmpfs" || name == "ramfs";
}

}  // namespace mneme::bench
