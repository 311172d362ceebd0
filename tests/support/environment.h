// What tests are told from outside: numbers by environment variables, and where real data lies.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace mneme::support {

inline std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The path of a file of the test data, which is not in the repository: MNEME_TEST_DATA names its folder, otherwise it
// is beside the one of the sources. Empty, saying so, where there is none.
inline std::string test_data(const std::string& source_folder, const std::string& name) {
  const char* folder = std::getenv("MNEME_TEST_DATA");
  std::string path = (folder != nullptr ? folder : source_folder + "/../shared/data") + "/" + name;
  if (::access(path.c_str(), R_OK) == 0) return path;
  std::printf("SKIPPED: %s is not there (MNEME_TEST_DATA names the folder of test data)\n", path.c_str());
  return {};
}

}  // namespace mneme::support
