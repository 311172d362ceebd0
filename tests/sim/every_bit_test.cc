// Every bit of a store that holds some of everything is flipped, one at a time; sectors are zeroed, swapped and set
// back, files cut and lost. After each all is asked that can be.
//
// Each answer is the one of before, or says `corrupt` and names a file; where all are, the check is asked. Damage that
// makes no difference must be to bytes that docs/format.md says nothing needs: padding, space, what is obsolete. Rows
// that are not in a damaged segment go on being read. Nothing asks for more memory than the sound store does, or twice
// its largest file. Every so often what can be is written anew by a flush and merges, and asked again: damage does not
// get a right checksum.
//   FLIPS=<n> so many of the bits, far apart   BITS=<1..8> so many of each byte, all bytes
//   SECTORS=<n> every n-th of what is done to sectors and files
//   FROM=<n> TO=<n> only those cases of each   JOBS=<threads>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "os/sim/sim_world.h"
#include "sim/answers.h"
#include "sim/campaign.h"
#include "sim/environment.h"
#include "sim/used_bytes.h"
#include "sim/whole_store.h"
#include "support/allocations.h"
#include "table/index_check.h"

namespace mneme::sim {
namespace {

constexpr std::uint64_t kFlips = 600;         // Without FLIPS or BITS.
constexpr std::uint64_t kSectorsEach = 16;    // Without SECTORS.
constexpr std::uint64_t kCasesARun = 16;      // Of the campaign.
constexpr std::uint64_t kRewrittenEach = 50;  // One of so many is followed by a flush and merges.
constexpr std::uint64_t kStoreBytesMin = 200 << 10;
constexpr std::size_t kSector = 512;

struct DamageTally {
  std::uint64_t cases = 0, refused = 0, reported = 0, checked = 0, harmless = 0, rewritten = 0, violations = 0;
  std::size_t largest_allocation = 0;
  std::vector<std::string> first_violations;

  [[nodiscard]] std::uint64_t found() const { return cases; }
  void add(DamageTally&& other) {
    cases += other.cases, refused += other.refused, reported += other.reported, checked += other.checked;
    harmless += other.harmless, rewritten += other.rewritten, violations += other.violations;
    largest_allocation = std::max(largest_allocation, other.largest_allocation);
    for (std::string& what : other.first_violations) first_violations.push_back(std::move(what));
  }
};

using FileBytes = std::shared_ptr<const ByteBuffer>;

struct Damage {
  std::string path;
  FileBytes bytes;  // The file's from then on; null: it is gone.
  std::string what;
  bool was_so = false;  // Some commits ago: what came since may stand elsewhere, in the log.
};

// What is known of the sound store. Immutable.
class Sound {
 public:
  Sound() {
    SimWorld sim(1, whole_.image);
    IndexKinds kinds = whole_store_kinds();
    const support::AllocationWatch watch;
    const auto store = Store::open(sim.world(), "db", whole_store_options(), &kinds).value();
    inquiry_.emplace(*store, kinds);
    answers_ = inquiry_->ask(*store, kinds).value();
    for (const Answer& answer : answers_) {
      INFO(answer.question);
      REQUIRE(!answer.error);
    }
    REQUIRE(store->check().value().problems.empty());
    allocation_max_ = watch.largest();
    used_ = used_bytes(whole_.image, *store);
    note_places(store->snapshot().value());
    for (const auto& [path, bytes] : whole_.image.files) {
      allocation_max_ = std::max(allocation_max_, 2 * bytes->size());
      bytes_ += bytes->size();
    }
  }

  [[nodiscard]] const DurableImage& image() const noexcept { return whole_.image; }
  [[nodiscard]] const DurableImage& before() const noexcept { return whole_.before; }
  [[nodiscard]] const Inquiry& inquiry() const noexcept { return *inquiry_; }
  [[nodiscard]] const std::vector<Answer>& answers() const noexcept { return answers_; }
  [[nodiscard]] std::size_t allocation_max() const noexcept { return allocation_max_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t used_bytes_in(const std::string& part_of_name) const {
    std::uint64_t count = 0;
    for (const auto& [path, used] : used_) {
      if (path.find(part_of_name) != std::string::npos) {
        count += static_cast<std::uint64_t>(std::ranges::count(used, true));
      }
    }
    return count;
  }
  [[nodiscard]] const std::set<std::pair<Encoding, bool>>& encodings() const noexcept { return encodings_; }
  // Whether it changes a byte that means something.
  [[nodiscard]] bool matters(const Damage& damage) const {
    const std::vector<bool>& used = used_.at(damage.path);
    const ByteBuffer& bytes = *whole_.image.files.at(damage.path);
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (used[i] && (damage.bytes == nullptr || i >= damage.bytes->size() || (*damage.bytes)[i] != bytes[i]))
        return true;
    }
    return false;
  }
  // Whether damage in a file may keep this table's rows from being read.
  [[nodiscard]] bool may_lie_in(const std::string& table, const std::string& path) const {
    const auto tables = tables_in_.find(path);
    return tables == tables_in_.end() || tables->second.contains(table);
  }

 private:
  void note_places(const Snapshot& snapshot) {
    for (const auto& [id, table] : snapshot.version->tables) {
      for (const TableSegment& segment : table.segments) {
        tables_in_[segment.file->path()].insert(table.schema->name);
        const auto file = segment.file->open().value();
        note_encodings(*file->find(id));
      }
    }
  }

  void note_encodings(const Segment& segment) {
    for (std::size_t column = 0; column < segment.columns().size(); ++column) {
      for (std::size_t block = 0; block < segment.blocks(column); ++block) {
        encodings_.emplace(segment.block_info(column, block).value().encoding,
                           segment.columns()[column].type.is_variable());
      }
    }
  }

  WholeStore whole_;
  std::optional<Inquiry> inquiry_;
  std::vector<Answer> answers_;
  std::size_t allocation_max_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::vector<bool>> used_;
  std::map<std::string, std::set<std::string>> tables_in_;  // Of segments.
  std::set<std::pair<Encoding, bool>> encodings_;           // Of blocks; true: of text.
};

class DamageRun {  // Of one damage. One thread at a time.
 public:
  DamageRun(const Sound& sound, const Damage& damage, DamageTally& tally)
      : sound_(sound), damage_(damage), tally_(tally), sim_(1, damaged()) {}

  void run(bool rewrite) {
    ++tally_.cases;
    const support::AllocationWatch watch;
    auto store = Store::open(sim_.world(), "db", whole_store_options(), &kinds_);
    if (store) {
      look(**store);
    } else {
      ++tally_.refused;
      must_name_file(store.error(), "opening");
    }
    tally_.largest_allocation = std::max(tally_.largest_allocation, watch.largest());
    if (watch.largest() > sound_.allocation_max()) violation("an allocation of " + std::to_string(watch.largest()));
    if (store && rewrite) look_again(std::move(*store));
  }

 private:
  DurableImage damaged() {
    DurableImage image = sound_.image();
    if (damage_.bytes != nullptr) {
      image.files[damage_.path] = damage_.bytes;
    } else {
      image.files.erase(damage_.path);
    }
    return image;
  }

  void look(Store& store) {
    if (!ask(store)) {
      ++tally_.reported;
      return;
    }
    const auto problems = find_problems(store);
    if (!problems) return violation("check: " + problems.error().to_string());
    if (problems->empty()) {
      ++tally_.harmless;
      if (!damage_.was_so && sound_.matters(damage_)) violation("nobody saw it");
    } else {
      ++tally_.checked;
      must_name_file(Error(Code::corrupt, problems->front()), "check");
    }
  }

  Result<std::vector<std::string>> find_problems(Store& store) {
    StoreCheck checked = TRY(store.check());
    const Snapshot snapshot = TRY(store.snapshot());
    TRY(check_indexes(snapshot, kinds_, store.budget(), checked.problems));
    return std::move(checked.problems);
  }

  // Whether there was an answer to everything. Those there are must be right.
  bool ask(Store& store) {
    const auto answers = sound_.inquiry().ask(store, kinds_);
    if (!answers) {
      violation("asking: " + answers.error().to_string());
      return true;
    }
    if (answers->size() != sound_.answers().size()) {
      violation("other questions");
      return true;
    }
    bool all = true;
    for (std::size_t i = 0; i < answers->size(); ++i) all = judge((*answers)[i], sound_.answers()[i]) && all;
    return all;
  }

  bool judge(const Answer& found, const Answer& right) {
    if (!found.error) {
      if (found.digest != right.digest) violation("wrong: " + found.table + ", " + found.question);
      return true;
    }
    must_name_file(*found.error, found.table + ", " + found.question);
    if (!sound_.may_lie_in(found.table, damage_.path)) {
      violation("has no rows of " + found.table + ": " + found.error->to_string());
    }
    return false;
  }

  void look_again(std::unique_ptr<Store> store) {
    ++tally_.rewritten;
    must_name_file(write_anew(*store), "writing anew");
    store.reset();
    const auto again = Store::open(sim_.world(), "db", whole_store_options(), &kinds_);
    if (again) {
      ask(**again);
    } else {
      must_name_file(again.error(), "opening again");
    }
  }

  Result<void> write_anew(Store& store) {
    TRY(store.flush());
    while (TRY(store.step(sim_.clock().monotonic_ns() + 1'000'000'000))) {
    }
    return store.close();
  }

  void must_name_file(const Result<void>& outcome, const std::string& when) {
    if (outcome) return;
    const Error& error = outcome.error();
    const bool of_damage = error.code() == Code::corrupt || error.code() == Code::unsupported;
    if (!of_damage || error.message().find("db/") == std::string::npos) violation(when + ": " + error.to_string());
  }

  void violation(const std::string& what) {
    if (tally_.violations++ < 5) {
      tally_.first_violations.push_back(damage_.path + ", " + damage_.what + ": " + what);
    }
  }

  const Sound& sound_;
  const Damage& damage_;
  DamageTally& tally_;
  SimWorld sim_;
  IndexKinds kinds_ = whole_store_kinds();
};

class Flips {  // Immutable. The bits of all files, one after another.
 public:
  explicit Flips(const Sound& sound) : sound_(sound) {}
  [[nodiscard]] std::uint64_t count() const { return bits_ != 0 ? bits_ * sound_.bytes() : flips_; }
  [[nodiscard]] Damage at(std::uint64_t number) const {
    if (bits_ != 0) return flip(number / bits_, static_cast<unsigned>((number % bits_ + number / bits_ * 3) % 8));
    // One in each of as many equal parts, at another place of each.
    const std::uint64_t part = std::max<std::uint64_t>(sound_.bytes() * 8 / flips_, 1);
    const std::uint64_t bit = number * part + number * 7'919 % part;
    return flip(bit / 8, static_cast<unsigned>(bit % 8));
  }

 private:
  [[nodiscard]] Damage flip(std::uint64_t byte, unsigned bit) const {
    auto file = sound_.image().files.begin();
    for (; byte >= file->second->size(); ++file) byte -= file->second->size();
    auto changed = std::make_shared<ByteBuffer>(*file->second);
    (*changed)[static_cast<std::size_t>(byte)] ^= static_cast<std::byte>(1U << bit);
    return {.path = file->first,
            .bytes = std::move(changed),
            .what = "bit " + std::to_string(bit) + " of byte " + std::to_string(byte)};
  }
  const Sound& sound_;
  const std::uint64_t bits_ = environment("BITS", 0);
  const std::uint64_t flips_ = environment("FLIPS", cases(kFlips));
};

// What is done to sectors and to whole files, which is made when it is asked for. Immutable.
class Spoils {
 public:
  explicit Spoils(const Sound& sound) : sound_(sound) {
    for (const auto& [path, bytes] : sound.image().files) {
      all_.push_back({path, Kind::removed});
      if (sound.before().files.contains(path)) all_.push_back({path, Kind::older});
      for (std::size_t at = 0; at < bytes->size(); at += kSector) {
        all_.push_back({path, Kind::cut, at});
        if (at + kSector > bytes->size()) continue;
        all_.push_back({path, Kind::zeroed, at});
        all_.push_back({path, Kind::set_back, at});
        for (const std::size_t away : {kSector, 8 * kSector}) {  // Pages are swapped as well.
          if (at + away + kSector <= bytes->size()) all_.push_back({path, Kind::swapped, at, at + away});
        }
      }
    }
  }
  [[nodiscard]] std::uint64_t count() const { return all_.size() / each_; }
  // None: it would change nothing.
  [[nodiscard]] std::optional<Damage> at(std::uint64_t number) const {
    const Spoil& spoil = all_[static_cast<std::size_t>(number * each_ + number % each_)];
    const FileBytes& sound = sound_.image().files.at(spoil.path);
    // A manifest that has lost its last edits says what it said before them.
    const bool was_so =
        spoil.kind == Kind::older || spoil.kind == Kind::set_back || spoil.path.find("MANIFEST-") != std::string::npos;
    Damage damage{spoil.path, nullptr, spoil.text(), was_so};
    if (spoil.kind == Kind::removed) return damage;
    const auto older = sound_.before().files.find(spoil.path);
    auto bytes = std::make_shared<ByteBuffer>(spoil.kind == Kind::older ? *older->second : *sound);
    const auto begin = bytes->begin() + static_cast<std::ptrdiff_t>(spoil.at);
    switch (spoil.kind) {
      case Kind::cut: bytes->resize(spoil.at); break;
      case Kind::zeroed: std::fill_n(begin, kSector, std::byte{0}); break;
      case Kind::swapped: swap_sectors(*bytes, spoil); break;
      case Kind::set_back:
        if (older == sound_.before().files.end() || older->second->size() < spoil.at + kSector) return std::nullopt;
        std::copy_n(older->second->begin() + static_cast<std::ptrdiff_t>(spoil.at), kSector, begin);
        break;
      case Kind::removed:
      case Kind::older: break;
    }
    if (*bytes == *sound) return std::nullopt;
    damage.bytes = std::move(bytes);
    return damage;
  }

 private:
  enum class Kind : std::uint8_t { removed, older, cut, zeroed, set_back, swapped };
  struct Spoil {
    std::string path;
    Kind kind;
    std::size_t at = 0;
    std::size_t other = 0;
    [[nodiscard]] std::string text() const {
      constexpr const char* kNames[] = {"removed", "an older file", "cut", "zeroed", "set back", "swapped"};
      return kNames[static_cast<std::size_t>(kind)] + (" at " + std::to_string(at));
    }
  };
  // A page, where the other one is a page away.
  static void swap_sectors(ByteBuffer& bytes, const Spoil& spoil) {
    const std::size_t count = std::min(spoil.other - spoil.at, bytes.size() - spoil.other);
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(spoil.at);
    std::swap_ranges(begin, begin + static_cast<std::ptrdiff_t>(count),
                     bytes.begin() + static_cast<std::ptrdiff_t>(spoil.other));
  }

  const Sound& sound_;
  std::vector<Spoil> all_;
  const std::uint64_t each_ = environment("SECTORS", kSectorsEach);
};

void report(const char* what, const DamageTally& tally) {
  std::printf(
      "damage of everything, %s: %llu cases, %llu refused at opening, %llu reported by an answer, %llu by the check, "
      "%llu harmless in bytes without meaning, %llu written anew, largest allocation %zu, %llu violations\n",
      what, static_cast<unsigned long long>(tally.cases), static_cast<unsigned long long>(tally.refused),
      static_cast<unsigned long long>(tally.reported), static_cast<unsigned long long>(tally.checked),
      static_cast<unsigned long long>(tally.harmless), static_cast<unsigned long long>(tally.rewritten),
      tally.largest_allocation, static_cast<unsigned long long>(tally.violations));
  for (const std::string& violation : tally.first_violations) std::printf("  %s\n", violation.c_str());
  CHECK(tally.violations == 0);
  CHECK(tally.refused + tally.reported + tally.checked > 0);
}

// `at` gives the damage of a number below `count`, or none.
template <class At>
void run_all(const Sound& sound, std::uint64_t count, At at, const char* what) {
  const std::uint64_t from = environment("FROM", 0), to = std::min(environment("TO", count), count);
  Campaign<DamageTally> campaign([&](std::uint64_t run, DamageTally& tally) {
    const std::uint64_t first = from + (run - 1) * kCasesARun;
    for (std::uint64_t number = first; number < std::min(first + kCasesARun, to); ++number) {
      const std::optional<Damage> damage = at(number);
      if (damage) DamageRun(sound, *damage, tally).run(number % kRewrittenEach == 0);
    }
  });
  campaign.run_below(1 + (to - std::min(from, to) + kCasesARun - 1) / kCasesARun);
  report(what, campaign.tally());
}

}  // namespace

TEST_CASE("damage: of a store that holds some of everything no flipped bit is answered wrongly or passes unseen") {
  const Sound sound;
  CHECK(sound.bytes() >= kStoreBytesMin);
  for (const char* kind : {"CURRENT", "MANIFEST-", ".log", ".seg", ".del", ".blob"}) {
    INFO(kind);
    CHECK(sound.used_bytes_in(kind) > 0);
  }
  for (int encoding = 0; encoding <= static_cast<int>(Encoding::paged); ++encoding) {
    INFO(encoding);
    CHECK(sound.encodings().contains({static_cast<Encoding>(encoding), false}));
  }
  for (const Encoding encoding : {Encoding::plain, Encoding::constant, Encoding::dictionary}) {
    INFO(static_cast<int>(encoding));
    CHECK(sound.encodings().contains({encoding, true}));
  }
  const Flips flips(sound);
  std::printf("damage of everything: %zu files of %llu bytes, %llu of which mean something\n",
              sound.image().files.size(), static_cast<unsigned long long>(sound.bytes()),
              static_cast<unsigned long long>(sound.used_bytes_in("")));
  run_all(sound, flips.count(), [&](std::uint64_t number) { return flips.at(number); }, "bits flipped");
}

TEST_CASE("damage: nor do sectors zeroed, swapped and set back, nor files cut and lost") {
  const Sound sound;
  const Spoils spoils(sound);
  run_all(sound, spoils.count(), [&](std::uint64_t number) { return spoils.at(number); }, "sectors and files");
}

}  // namespace mneme::sim
