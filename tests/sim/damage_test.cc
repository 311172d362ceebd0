// Bytes go bad: every bit of a small store is flipped, sectors are zeroed, swapped and set back, files are cut and
// lost.
//
// Whatever was done, an opening and a full read give every row as it was, or less by whole commits of an unmarked tail,
// or `corrupt`; never another row, never a crash, and never an allocation out of proportion to the files.
#include <doctest/doctest.h>

#include <cstdio>

#include "os/sim/sim_world.h"
#include "sim/environment.h"
#include "sim/model.h"
#include "support/allocations.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kSector = 512;
using Files = std::map<std::string, std::shared_ptr<const ByteBuffer>>;

struct Tally {
  std::uint64_t cases = 0, unharmed = 0, reported = 0, cut = 0, violations = 0;
  std::size_t largest_allocation = 0;
  std::string first_violation;
};

bool holds_every_kind(SimFileSystem& files) {
  const DurableImage image = files.cut(CutPolicy::p1, 0);
  return std::ranges::all_of(
      std::array{"/CURRENT", "/MANIFEST-", ".log", ".seg", ".del", ".blob"}, [&](const char* part) {
        return std::ranges::any_of(image.files,
                                   [&](const auto& file) { return file.first.find(part) != std::string::npos; });
      });
}

// A store with some of everything, and the states it went through.
struct Sample {
  DurableImage image;
  DurableImage before;  // Some commits earlier.
  std::vector<State> states;

  explicit Sample(bool closed) {
    SimWorld sim(5);
    Model model(5);
    StoreOptions options = small_options();
    options.log_file_bytes = 8 << 10;
    auto store = Store::open(sim.world(), "db", options).value();
    for (int i = 0; i < 9; ++i) {
      if (i == 6) before = sim.files().cut(CutPolicy::p1, 0);
      store->commit(model.next(*store), Durability::commit).value();
      REQUIRE(model.committed(*store) == "");
      if (i == 3 || i == 5) REQUIRE(store->flush());  // Rows in segments, deletes of them, and a log behind.
    }
    if (closed) store->close().value();
    REQUIRE(holds_every_kind(sim.files()));
    image = sim.files().cut(CutPolicy::p1, 0);
    for (std::size_t i = 0; i <= model.commits(); ++i) states.push_back(model.after(i));
  }
};

class Damage {  // One thread at a time.
 public:
  Damage(const Sample& sample, Tally& tally) : sample_(sample), tally_(tally) {
    for (const auto& [path, bytes] : sample.image.files) file_bytes_max_ = std::max(file_bytes_max_, bytes->size());
    allocation_max_ = undamaged_allocation();
  }

  // Reads the store with `path` replaced.
  void with(const std::string& path, std::shared_ptr<const ByteBuffer> bytes, const std::string& what) {
    DurableImage image = sample_.image;
    image.files[path] = std::move(bytes);
    check(image, path, what);
  }

  void remove(const std::string& path) {
    DurableImage image = sample_.image;
    image.files.erase(path);
    check(image, path, "missing");
  }

 private:
  std::size_t undamaged_allocation() {
    SimWorld sim(1, sample_.image);
    const support::AllocationWatch watch;
    const auto state = read_all(sim);
    REQUIRE(state);
    REQUIRE(*state == sample_.states.back());
    return watch.largest();
  }

  static Result<State> read_all(SimWorld& sim) {
    auto store = TRY(Store::open(sim.world(), "db", small_options()));
    return read_state(*store, TRY(store->snapshot()));
  }

  void check(const DurableImage& image, const std::string& path, const std::string& how) {
    const std::string what = path + " " + how;
    ++tally_.cases;
    SimWorld sim(1, image);
    const support::AllocationWatch watch;
    const auto state = read_all(sim);
    tally_.largest_allocation = std::max(tally_.largest_allocation, watch.largest());
    if (watch.largest() > std::max(allocation_max_, 2 * file_bytes_max_)) {
      violation(what + ": an allocation of " + std::to_string(watch.largest()) + " bytes");
    }
    if (!state) {
      if (state.error().code() != Code::corrupt && state.error().code() != Code::unsupported) {
        violation(what + ": " + state.error().to_string());
      }
      ++tally_.reported;
    } else if (*state == sample_.states.back()) {
      ++tally_.unharmed;
    } else if (std::ranges::find(sample_.states, *state) != sample_.states.end()) {
      if (*state == sample_.states[sample_.states.size() - 2]) {
        ++tally_.cut;
      } else {
        violation(what + ": more than the last group was cut");
      }
    } else {
      violation(what + ": wrong rows");
    }
  }

  void violation(const std::string& what) {
    if (tally_.violations++ == 0) tally_.first_violation = what;
  }

  const Sample& sample_;
  Tally& tally_;
  std::size_t file_bytes_max_ = 0;
  std::size_t allocation_max_ = 0;
};

bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

// Every byte of a sector that holds something, one bit of it or (BITS=8) each; every 61st bit of one that does not.
void flip_every_bit(const std::string& path, const ByteBuffer& bytes, Damage& damage) {
  const std::uint64_t bits = environment("BITS", 1);
  for (std::size_t sector = 0; sector < bytes.size(); sector += kSector) {
    const auto part = Bytes(bytes).subspan(sector, std::min<std::size_t>(kSector, bytes.size() - sector));
    const bool empty = all_zero(part);
    for (std::size_t bit = 0; bit < part.size() * 8; bit += empty ? 61 : 1) {
      if (!empty && (bit + bit / 8 * 3) % 8 >= bits) continue;
      auto changed = std::make_shared<ByteBuffer>(bytes);
      (*changed)[sector + bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      damage.with(path, std::move(changed),
                  "bit " + std::to_string(bit % 8) + " of byte " + std::to_string(sector + bit / 8));
    }
  }
}

void spoil_sectors(const std::string& path, const ByteBuffer& bytes, const Files& before, Damage& damage) {
  const auto older = before.find(path);
  for (std::size_t at = 0; at + kSector <= bytes.size(); at += kSector) {
    if (all_zero(Bytes(bytes).subspan(at, kSector))) continue;
    const auto begin = static_cast<std::ptrdiff_t>(at);
    auto zeroed = std::make_shared<ByteBuffer>(bytes);
    std::fill_n(zeroed->begin() + begin, kSector, std::byte{0});
    damage.with(path, std::move(zeroed), "zeroed at " + std::to_string(at));
    for (std::size_t other = at + kSector; other + kSector <= bytes.size() && other < at + 8 * kSector;
         other += kSector) {
      auto swapped = std::make_shared<ByteBuffer>(bytes);
      std::swap_ranges(swapped->begin() + begin, swapped->begin() + begin + kSector,
                       swapped->begin() + static_cast<std::ptrdiff_t>(other));
      damage.with(path, std::move(swapped),
                  "sectors swapped at " + std::to_string(at) + " and " + std::to_string(other));
    }
    if (older == before.end() || older->second->size() < at + kSector) continue;
    auto stale = std::make_shared<ByteBuffer>(bytes);
    std::copy_n(older->second->begin() + begin, kSector, stale->begin() + begin);
    damage.with(path, std::move(stale), "set back at " + std::to_string(at));
  }
}

void cut_short(const std::string& path, const ByteBuffer& bytes, Damage& damage) {
  for (std::size_t size = 0; size < bytes.size(); size += size < 8192 ? 61 : 1021) {
    damage.with(path, std::make_shared<ByteBuffer>(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)),
                "cut to " + std::to_string(size) + " bytes");
  }
}

void damage_everything(const Sample& sample, Tally& tally) {
  Damage damage(sample, tally);
  for (const auto& [path, bytes] : sample.image.files) {
    if (path.ends_with("/LOCK")) continue;  // Its bytes are for people.
    damage.remove(path);
    cut_short(path, *bytes, damage);
    spoil_sectors(path, *bytes, sample.before.files, damage);
    flip_every_bit(path, *bytes, damage);
  }
}

void report(const char* what, const Tally& tally) {
  std::printf(
      "damage, %s: %llu cases, %llu reported, %llu unharmed, %llu last groups cut, largest "
      "allocation %zu, "
      "%llu violations\n",
      what, static_cast<unsigned long long>(tally.cases), static_cast<unsigned long long>(tally.reported),
      static_cast<unsigned long long>(tally.unharmed), static_cast<unsigned long long>(tally.cut),
      tally.largest_allocation, static_cast<unsigned long long>(tally.violations));
  INFO(tally.first_violation);
  CHECK(tally.violations == 0);
  CHECK(tally.reported > 0);
}

}  // namespace

TEST_CASE("damage: a store that was closed gives every row as it was, or reports the damage; nothing is cut") {
  Tally tally;
  damage_everything(Sample(true), tally);
  report("closed", tally);
  CHECK(tally.cut == 0);
}

TEST_CASE("damage: of a store whose process was killed at most the last group may be cut") {
  Tally tally;
  damage_everything(Sample(false), tally);
  report("killed", tally);
}

}  // namespace mneme::sim
