// The demo: `mneme_demo [--database DIR] [--picture FILE] [LOG.ulg]`. Exit status 0 if every check held, else 1.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "flight_demo.h"
#include "log_demo.h"

namespace {

using namespace mneme;

struct Arguments {
  demo::DemoPaths paths{"demo.mneme", "demo.svg"};
  std::string log;  // Empty: the simulated flight.
};

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    if (word == "--database" && i + 1 < count) {
      arguments.paths.database = words[++i];
    } else if (word == "--picture" && i + 1 < count) {
      arguments.paths.picture = words[++i];
    } else if (!word.starts_with('-') && arguments.log.empty()) {
      arguments.log = word;
    } else {
      return false;
    }
  }
  return true;
}

// What an earlier demo left is removed; anything else that is there is not ours to remove.
bool make_room(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::exists(directory, error)) return true;
  if (!std::filesystem::exists(directory + "/CURRENT", error)) return false;
  return std::filesystem::remove_all(directory, error) > 0;
}

}  // namespace

int main(int count, char** words) {
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fprintf(stderr, "usage: %s [--database DIR] [--picture FILE] [LOG.ulg]\n", words[0]);
    return EXIT_FAILURE;
  }
  if (!make_room(arguments.paths.database)) {
    std::fprintf(stderr, "demo: '%s' is there and is not a database\n", arguments.paths.database.c_str());
    return EXIT_FAILURE;
  }
  demo::Terminal terminal(demo::Terminal::Voice::loud);
  const auto done = arguments.log.empty() ? demo::fly({}, arguments.paths, terminal)
                                          : demo::replay(arguments.log, arguments.paths, terminal);
  if (!done) std::fprintf(stderr, "demo: %s\n", done.error().to_string().c_str());
  std::printf("%zu checks, %zu failed\n", terminal.checks(), terminal.failed());
  return done && terminal.failed() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
