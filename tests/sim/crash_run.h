// One run of the crash test: a store works on a simulated disk, power is cut after every operation in all eight ways,
// and each image that a cut leaves is opened and held against the model.
#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "index/index_kinds.h"
#include "index/ordered/ordered.h"
#include "os/posix.h"
#include "os/sim/sim_world.h"
#include "sim/model.h"

namespace mneme::sim {

struct CrashTally {
  std::unordered_set<std::uint64_t> images;   // Distinct durable images, by hash,
  std::unordered_set<std::uint64_t> again;    // and those that were seen only where power was cut in recovery.
  std::unordered_set<std::uint64_t> checked;  // Image and what was acknowledged when it was cut.
  std::uint64_t cuts = 0;
  std::uint64_t violations = 0;
  std::uint64_t runs = 0, flushes = 0, merges = 0, backups = 0;
  std::uint64_t blob_commits = 0, blob_moves = 0;  // Commits, and maintenance, that wrote to blob files.
  std::uint64_t carried = 0;                       // Rows of updates that left their blob where it was.
  std::uint64_t nested[3] = {};                    // Cuts in the midst of recovery, of recovery from such a cut, ...
  std::uint64_t indexed = 0;                       // States whose indexes were held against their rows.
  std::uint64_t alike = 0;                         // Openings that the disk told what it had told one of those.
  std::uint64_t power_came_back = 0;               // Lives on what a cut had left, their commits cut again.
  std::uint64_t hidden = 0;         // Acknowledged commits whose record a replay that looks no further would not find.
  std::uint64_t lived_on = 0;       // Recovered stores that went on until nothing was left to do.
  std::uint64_t lies_reported = 0;  // Under p7 open may say `corrupt`: what the disk had called synced is not there.
  std::string first_violation;

  [[nodiscard]] std::uint64_t found() const { return images.size() + again.size(); }
  void add_image(std::uint64_t hash);
  void add_image_of_recovery(std::uint64_t hash);
  void add(CrashTally&& other);  // Of another thread.
};

// What is wrong with the syncs of one site, for the positive controls.
struct SyncFault {
  SyncSite site{};
  unsigned late_by = 0;  // Each second one is done only after so many other syncs; 0: none is done.
};

// What an application and the host of a store may call.
enum class Call : std::uint8_t {
  insert,
  update,
  end,
  carry,
  create_table,
  drop_table,
  add_column,
  change_indexes,
  flush,
  step,
  backup,
  reopen
};
constexpr std::size_t kCalls = 12;
std::string text_of(std::span<const Call> calls);

class CrashRun {  // One thread at a time.
 public:
  CrashRun(std::uint64_t seed, CrashTally& tally) : seed_(seed), model_(seed), dice_(seed), tally_(tally) {}

  // `lives` openings of the store with some random commits each; each finds all that was written in those before. Then,
  // without a fault, some more, each of which finds what a power cut left of the one before.
  void run(int lives, std::optional<SyncFault> fault);
  // These calls one after the other, on a store that holds some of everything; power is cut only during them.
  void run(std::span<const Call> calls);

 private:
  struct Pending {  // An image cut while a commit was under way: the state after it is known only once it returned.
    State state;
    std::size_t acknowledged = 0;
    std::uint64_t policy = 0;
    std::uint64_t cut = 0;
  };

  struct Recovered {               // A disk that was opened.
    std::uint64_t state = 0;       // Hash of what was found there.
    std::uint64_t operations = 0;  // From the opening to the end, after each of which power may be cut.
  };
  struct ReadState {     // What was read from a store after its opening.
    DurableImage files;  // From these of the disk's files.
    State state;
  };

  World world(SimFileSystem& disk) { return {disk, clock_, *scheduler_, random_}; }
  std::unique_ptr<Store> open();
  bool live(Store& store);
  bool live_after_cuts();
  bool power_came_back(Store& store);
  bool live_alike(Store& store);
  std::string commit(Store& store, WriteSet writes, bool durable);
  std::string close(Store& store);
  std::string back_up(Store& store);
  std::string maintain(Store& store);
  std::string work_on(Store& store, bool flush, std::uint64_t steps_most);
  Result<void> steps(Store& store, std::uint64_t most);
  std::string prepare(Store& store);
  std::string call(std::unique_ptr<Store>& store, Call call);

  void cut_in_every_way();
  void recover(const DurableImage& image, HashedBytes& hashed, std::size_t policy, std::uint64_t cut);
  std::string recover_to_the_same(SimFileSystem& disk, HashedBytes& hashed, const State& expected);
  std::string recover_again(const DurableImage& image, HashedBytes& hashed, const State& expected, std::size_t depth);
  bool would_cut(std::uint64_t operations, std::uint64_t every);
  Result<State> open_and_cut(SimFileSystem& disk, HashedBytes& hashed, std::uint64_t every,
                             std::vector<DurableImage>& images);
  Result<State> open_and_read(SimFileSystem& disk, const std::string& directory = "db");
  const State* known_state(SimFileSystem& disk, std::uint64_t told) const;
  Result<State> read_all(Store& store);
  std::string live_on(SimFileSystem& disk, std::size_t policy);
  void check(const Pending& found);
  void settle_pending();
  void violation(const std::string& what, std::uint64_t cut);

  const std::uint64_t seed_;
  Model model_;
  Dice dice_;  // Of what is done with the images.
  CrashTally& tally_;
  std::unique_ptr<Scheduler> scheduler_ = make_posix_scheduler();
  SimClock clock_;
  SimRandom random_{1};
  IndexKinds kinds_{ordered_kind()};
  SimFileSystem disk_;
  std::string doing_;  // Said with a violation.
  bool in_flight_ = false;
  std::uint64_t cuts_ = 0;
  std::size_t acknowledged_ = 0;  // Commits that must survive.
  std::optional<State> backup_;   // What the backup that was made holds.
  std::vector<Pending> pending_;
  std::unordered_map<std::uint64_t, Recovered> recovered_;  // By the hash of the disk.
  std::unordered_map<std::uint64_t, ReadState> read_;       // By what the disk told the opening.
};

}  // namespace mneme::sim
