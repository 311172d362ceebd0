// How large the library is, stripped.
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "workload.h"

namespace mneme::bench {

void bench_size(World& world) {
  world.report.section("Size");
  Dl_info about{};
  auto* function = &type_name;
  if (dladdr(reinterpret_cast<void*>(function), &about) == 0 || about.dli_fname == nullptr) fail("dladdr");
  const std::string stripped = fresh_directory(world, "size") + "/libmneme.so";
  const std::string command = "strip -o '" + stripped + "' '" + about.dli_fname + "'";
  if (std::system(command.c_str()) != 0) fail(command);
  const double mib = static_cast<double>(std::filesystem::file_size(stripped)) / (1024 * 1024);
  world.report.line({"libmneme.so, stripped", "mneme", "-", "MiB", {mib}});
  world.report.verdict(
      {"libmneme.so, stripped", mib, "MiB", Want::at_most, 1.2, world.sizes.full ? "" : "a small run"});
}

}  // namespace mneme::bench
