// Power is cut after every operation of the disk, in all eight ways; what comes back is held against the model.
//
//   SEED=<n>   one run of that seed     STATES=<n>   at least that many distinct states     JOBS=<n>   so many threads
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "sim/campaign.h"
#include "sim/crash_run.h"
#include "sim/environment.h"

namespace mneme::sim {
namespace {

// Of the clock on the wall, and of all processors together.
struct Time {
  std::chrono::steady_clock::time_point wall = std::chrono::steady_clock::now();
  std::clock_t busy = std::clock();
};

void print(const char* what, const CrashTally& tally, const Time& begin) {
  const Time end;
  const double seconds = std::chrono::duration<double>(end.wall - begin.wall).count();
  const double busy = static_cast<double>(end.busy - begin.busy) / CLOCKS_PER_SEC;
  const auto n = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%s: %.0f s, %llu runs, %llu flushes, %llu merges, %llu commits and %llu merges with blobs, %llu blobs carried "
      "on, %llu backups, %llu cuts, %llu distinct images, %zu of them only of cuts in recovery, %zu recoveries, %llu "
      "cut again in recovery, %llu of them "
      "twice and %llu three times, %llu lives after cuts, %llu records that an older one could hide, %llu lived on, "
      "%llu states with their indexes, %llu openings told what one of those was, %llu lies of the disk reported, %llu "
      "violations; %.0f images and %.0f "
      "openings a second of a core\n",
      what, seconds, n(tally.runs), n(tally.flushes), n(tally.merges), n(tally.blob_commits), n(tally.blob_moves),
      n(tally.carried), n(tally.backups), n(tally.cuts), n(tally.found()), tally.again.size(), tally.checked.size(),
      n(tally.nested[0]), n(tally.nested[1]), n(tally.nested[2]), n(tally.power_came_back), n(tally.hidden),
      n(tally.lived_on), n(tally.indexed), n(tally.alike), n(tally.lies_reported), n(tally.violations),
      static_cast<double>(tally.found()) / busy, static_cast<double>(tally.indexed + tally.alike) / busy);
}

// Of every place in the engine that makes something durable: read from its sources, so that none can be forgotten.
std::set<std::string> sync_sites_in_use() {
  std::set<std::string> sites;
  for (const auto& entry : std::filesystem::directory_iterator(MNEME_SOURCE_DIR "/src/storage")) {
    if (entry.path().extension() != ".cc" || entry.path().stem().string().ends_with("_test")) continue;
    std::ifstream file(entry.path());
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    constexpr std::string_view kName = "SyncSite::";
    for (std::size_t at = text.find(kName); at != std::string::npos; at = text.find(kName, at + 1)) {
      const std::size_t begin = at + kName.size();
      sites.insert(text.substr(begin, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", begin) - begin));
    }
  }
  return sites;
}

// Every single call, every pair of two, and each third sequence of three.
std::vector<Call> calls_of(std::uint64_t number) {
  std::vector<Call> calls;
  const std::size_t length = number < kCalls ? 1 : number < kCalls + kCalls * kCalls ? 2 : 3;
  if (length > 1) number -= kCalls;
  if (length > 2) number = (number - kCalls * kCalls) * 3 % (kCalls * kCalls * kCalls);
  for (std::size_t i = 0; i < length; ++i) {
    calls.push_back(static_cast<Call>(number % kCalls));
    number /= kCalls;
  }
  return calls;
}

// What was found of each site, by its number.
struct Controls {
  std::map<std::size_t, std::string> lines;
  std::uint64_t violations = 0;  // None is asked for: every site has its turn.
  [[nodiscard]] std::uint64_t found() const { return lines.size(); }
  void add(Controls&& other) { lines.merge(other.lines); }
};

// `control` says what it found at a site, or nothing; each site runs once, on as many threads as there are.
Controls for_every_site(const std::function<std::string(SyncSite site)>& control) {
  Campaign<Controls> campaign([&](std::uint64_t number, Controls& into) {
    const auto site = static_cast<std::size_t>(number - 1);
    into.lines[site] = control(static_cast<SyncSite>(site));
  });
  campaign.run_below(1 + kSyncSiteNames.size());
  return campaign.tally();
}

// What goes wrong first with the syncs of one site mistreated; empty: nothing in so many seeds.
std::string caught(SyncFault fault, std::uint64_t seeds) {
  CrashTally tally;
  for (std::uint64_t seed = 1; seed <= seeds && tally.violations == 0; ++seed) CrashRun(seed, tally).run(4, fault);
  return tally.first_violation;
}

}  // namespace

TEST_CASE("crash: whatever the disk kept, recovery finds a prefix of the commits with every acknowledged one") {
  const Time begin;
  const std::uint64_t only = environment("SEED", 0);
  Campaign<CrashTally> campaign([&](std::uint64_t number, CrashTally& into) {
    const std::uint64_t seed = only != 0 ? only : number;
    CrashRun(seed, into).run(seed % 4 < 2 ? 8 : 4, {});
  });
  only != 0 ? campaign.run_below(2) : campaign.run_until(environment("STATES", cases(10'000)));
  const CrashTally& tally = campaign.tally();
  print("crash points", tally, begin);
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  if (only != 0) return;
  CHECK(tally.flushes > tally.runs);
  CHECK(tally.merges > 0);
  CHECK(tally.backups > 0);
  CHECK(tally.nested[1] > 0);
  CHECK(tally.indexed > 0);
  CHECK(tally.alike > 0);
  if (tally.runs < 8) return;  // Under a sanitizer, or asked for few: rarer things need not have come by.
  CHECK(tally.nested[2] > 0);
  CHECK(tally.hidden > 0);
  CHECK(tally.blob_commits > tally.runs);
  CHECK(tally.blob_moves > 0);
  CHECK(tally.carried > 0);
}

TEST_CASE("crash: every sequence of one and two calls, and a third of those of three, can be cut at any operation") {
  const Time begin;
  const std::uint64_t twos = kCalls + kCalls * kCalls;
  Campaign<CrashTally> campaign(
      [](std::uint64_t number, CrashTally& into) { CrashRun(number, into).run(calls_of(number - 1)); });
  campaign.run_below(1 + environment("SEQUENCES", cases(twos + 100)));
  print("sequences of calls", campaign.tally(), begin);
  INFO(campaign.tally().first_violation);
  CHECK(campaign.tally().violations == 0);
}

// The positive controls: each sync that the store makes, taken away, must be missed by the test above. They show what
// the cuts can see, which is the same under a sanitizer, and there takes ten times as long.
TEST_CASE("crash: without any one of its syncs the store loses or spoils something, and the cuts find it" *
          doctest::skip(kIsSanitized)) {
  std::set<std::string> sites = sync_sites_in_use();
  CHECK(sites.size() > 10);
  const auto without = [&](SyncSite site) {
    return sites.contains(std::string(sync_site_name(site))) ? caught({.site = site}, 60) : "";
  };
  const Controls all = for_every_site(without);
  for (const auto& [site, found] : all.lines) {
    const std::string name(kSyncSiteNames[site]);
    if (sites.erase(name) == 0) continue;
    std::printf("without %-20s %s\n", name.c_str(), found.empty() ? "nothing found" : found.c_str());
    INFO(name);
    CHECK(found != "");
  }
  CHECK(sites.empty());  // All of them have a name here.
}

// Files and directories that the same edit or rename refers to may be synced in any order before it: only a sync that
// comes after that one is late.
TEST_CASE("crash: with any one of its syncs done after others that follow it, the cuts find it" *
          doctest::skip(kIsSanitized)) {
  const auto late = [](SyncSite site) -> std::string {
    // Late by any number it does no harm: the syncs of the manifest's name and CURRENT's, which follow, are of the same
    // directory. It stands before them because a disk may lie about two.
    if (site == SyncSite::database_directory) return "may be late";
    for (unsigned late_by = 1; late_by <= 4; ++late_by) {
      const std::string found = caught({.site = site, .late_by = late_by}, 9);
      if (!found.empty()) return std::to_string(late_by) + ": " + found;
    }
    return "";
  };
  const Controls all = for_every_site(late);
  for (const auto& [site, found] : all.lines) {
    std::printf("late     %-20s by %s\n", kSyncSiteNames[site].data(),
                found.empty() ? "4: nothing found" : found.c_str());
    INFO(kSyncSiteNames[site]);
    CHECK(found != "");
  }
}

}  // namespace mneme::sim
