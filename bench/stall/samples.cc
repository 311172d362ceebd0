#include "stall/samples.h"

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdio>

namespace mneme::bench {
namespace {

double at(const std::vector<std::int64_t>& ascending, double part) {
  if (ascending.empty()) return 0;
  const auto place = static_cast<std::size_t>(part * static_cast<double>(ascending.size()));
  return static_cast<double>(ascending[std::min(place, ascending.size() - 1)]) * 1e-3;
}

}  // namespace

std::int64_t Samples::now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

long Samples::involuntary_switches() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

std::string samples_head() {
  return "| phase | call | samples | p50 us | p99 us | p99.9 us | max us | switched | p99.9 of the others | max of the "
         "others |\n|---|---|---|---|---|---|---|---|---|---|";
}

std::string Samples::row(const std::string& phase, const std::string& what) const {
  std::vector<std::int64_t> all, quiet;
  for (const Sample& sample : taken_) {
    all.push_back(sample.took_ns);
    if (!sample.switched) quiet.push_back(sample.took_ns);
  }
  std::ranges::sort(all);
  std::ranges::sort(quiet);
  char text[256];
  std::snprintf(text, sizeof text, "| %s | %s | %zu | %.2f | %.2f | %.2f | %.1f | %zu | %.2f | %.1f |", phase.c_str(),
                what.c_str(), all.size(), at(all, 0.5), at(all, 0.99), at(all, 0.999), at(all, 1),
                all.size() - quiet.size(), at(quiet, 0.999), at(quiet, 1));
  return text;
}

}  // namespace mneme::bench
