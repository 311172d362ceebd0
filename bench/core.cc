// `bench_core [--full] [--only NAME] [--directory DIR] [--duckdb LIBRARY] [--json FILE] [--markdown FILE]`: without
// --full everything runs at tiny sizes, so that it cannot rot; the figures then mean nothing.
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "workload.h"

namespace {

using namespace mneme::bench;

struct Arguments {
  std::string only, directory = "bench_data", duckdb, json, markdown;
  bool full = false;
};

bool parse(int count, char** words, Arguments& arguments) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto take = [&](const char* name, std::string& to) {
      if (word != name || i + 1 == count) return false;
      to = words[++i];
      return true;
    };
    if (word == "--full") {
      arguments.full = true;
    } else if (!take("--only", arguments.only) && !take("--directory", arguments.directory) &&
               !take("--duckdb", arguments.duckdb) && !take("--json", arguments.json) &&
               !take("--markdown", arguments.markdown)) {
      return false;
    }
  }
  return true;
}

constexpr std::pair<const char*, void (*)(World&)> kBenches[] = {
    {"commit", bench_commit}, {"insert", bench_insert}, {"read", bench_point_read}, {"queries", bench_queries},
    {"open", bench_open},     {"memory", bench_memory}, {"nearest", bench_nearest}, {"size", bench_size}};

}  // namespace

int main(int count, char** words) {
  if (count == 5 && std::string_view(words[1]) == "--memory-step") {
    return memory_step(words[2], words[3], std::strtoull(words[4], nullptr, 10));
  }
  Arguments arguments;
  if (!parse(count, words, arguments)) {
    std::fprintf(stderr, "usage: see the head of core.cc\n");
    return EXIT_FAILURE;
  }
  std::filesystem::create_directories(arguments.directory);
  if (arguments.full && is_memory_backed(arguments.directory))
    fail("'" + arguments.directory + "' is in memory: no disk to sync");
  Report report;
  report.section("Machine");
  report.note(machine_text(arguments.directory));
  World world{arguments.directory, arguments.duckdb, arguments.full ? full_sizes() : Sizes{}, report};
  for (const auto& [name, bench] : kBenches) {
    if (arguments.only.empty() || arguments.only == name) bench(world);
  }
  std::filesystem::remove_all(arguments.directory);
  if (!arguments.json.empty() && !report.write_json(arguments.json)) fail("cannot write " + arguments.json);
  if (!arguments.markdown.empty() && !report.write_markdown(arguments.markdown))
    fail("cannot write " + arguments.markdown);
  return EXIT_SUCCESS;
}
