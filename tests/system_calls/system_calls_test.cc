// What the kernel may answer to a system call beyond yes and no: it was interrupted, it moved a part, there is no
// quota. The first two are nobody's business above src/os; the last is `full`, of which file; a sync has one chance.
//
//   STEP=<n>   every how manieth call of a store's life meets its fault: 1 is all of them
#include <doctest/doctest.h>

#include <cstdio>
#include <optional>

#include "os/posix.h"
#include "sim/environment.h"
#include "sim/model.h"
#include "support/scratch_directory.h"
#include "system_calls/faulty_calls.h"

namespace mneme::system_calls {
namespace {

using sim::Model;
using support::ScratchDirectory;

class Disarmed {  // At the end of a test nothing is left armed.
 public:
  Disarmed() = default;
  Disarmed(const Disarmed&) = delete;
  Disarmed& operator=(const Disarmed&) = delete;
  ~Disarmed() { disarm(); }
};

struct Files : Disarmed {
  ScratchDirectory folder = ScratchDirectory::in_memory();
  std::unique_ptr<FileSystem> files = make_posix_file_system();
  const std::string path = folder / "file";

  std::unique_ptr<File> file() { return files->open(path, FileSystem::Open::create).value(); }
  void check_error(const Result<void>& done, Code code) const {
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code() == code);
    CHECK(done.error().message().find(path) != std::string::npos);
  }
};

ByteBuffer some_bytes(std::size_t count) {
  ByteBuffer bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * i % 251);
  return bytes;
}

// A store over real files, opened three times; what it was told is held against the model.
class Life {  // One thread at a time.
 public:
  Life(const Plan& plan, std::optional<Code> allowed) : allowed_(allowed) { arm(plan); }
  ~Life() { disarm(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // What went wrong; empty: nothing.
  std::string run() {
    for (int i = 0; i < 3; ++i) live();
    disarm();
    live();
    if (counts().retried_syncs != 0) violation("a failed sync was tried again");
    return wrong_;
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  void violation(const std::string& what) {
    if (wrong_.empty()) wrong_ = what;
  }

  // True: it was done. Else it was refused as it may be, or that is noted.
  template <class T>
  bool done(const Result<T>& outcome, const char* what) {
    if (outcome) return true;
    ++refused_;
    const Error& error = outcome.error();
    // What was refused in the midst of a write may close the manifest until the next opening.
    const bool later = refused_ > 1 && error.code() == Code::io;
    if (!allowed_ || (error.code() != *allowed_ && !later)) violation(what + (": " + error.to_string()));
    if (error.message().find(folder_.path()) == std::string::npos) {
      violation(std::string(what) + " does not say where: " + error.to_string());
    }
    return false;
  }

  std::unique_ptr<Store> open() {
    auto opened = Store::open(world_.world(), folder_ / "db", sim::small_options());
    if (done(opened, "open")) return *std::move(opened);
    disarm();
    opened = Store::open(world_.world(), folder_ / "db", sim::small_options());
    if (opened) return *std::move(opened);
    violation("open once nothing fails: " + opened.error().to_string());
    return nullptr;
  }

  void live() {
    const auto store = open();
    if (!store || !settle(*store)) return;
    for (int i = 0; i < 4 && wrong_.empty(); ++i) {
      if (i % 2 == 1) done(store->flush(), "flush");
      if (i == 2) done(store->vacuum(), "vacuum");
      if (!commit(*store)) return;
    }
    if (done(store->close(), "close")) acknowledged_ = model_.commits();
  }

  bool commit(Store& store) {
    Model before = model_;
    WriteSet writes;
    {
      const Unfailing oracle;
      writes = model_.next(store);
    }
    const bool durable = model_.random()() % 3 != 0;
    if (!done(store.commit(std::move(writes), durable ? Durability::commit : Durability::os), "commit")) {
      attempt_.emplace(std::exchange(model_, std::move(before)));
      return false;
    }
    const Unfailing oracle;
    if (const std::string wrong = model_.committed(store); !wrong.empty()) return violation("commit: " + wrong), false;
    if (durable) acknowledged_ = model_.commits();
    return true;
  }

  // The commit that was refused is there whole or not at all, and nothing is missing that was acknowledged.
  bool settle(Store& store) {
    const Unfailing oracle;
    const auto state = sim::read_state(store, store.snapshot().value());
    if (!state) return violation("read: " + state.error().to_string()), false;
    if (attempt_ && attempt_->committed(store).empty()) model_ = *attempt_;
    attempt_.reset();
    if (model_.rewind(*state, acknowledged_)) return true;
    return violation("what is there is not what was committed"), false;
  }

  const std::optional<Code> allowed_;
  const ScratchDirectory folder_ = ScratchDirectory::in_memory();
  PosixWorld world_;
  Model model_{1};
  std::optional<Model> attempt_;
  std::size_t acknowledged_ = 0;
  std::uint64_t refused_ = 0;
  std::string wrong_;
};

struct Sweep {
  std::uint64_t cases = 0;
  std::uint64_t struck = 0;
  std::uint64_t refused = 0;
};

// Every call of a store's life that the fault can meet, in its turn.
Sweep sweep(Fault fault, bool sticky, std::optional<Code> allowed) {
  Sweep sum;
  for (std::uint64_t at = 1, step = support::environment("STEP", sim::kIsSanitized ? 25 : 5);; at += step) {
    Life life({fault, at, sticky}, allowed);
    const std::string wrong = life.run();
    INFO("fault ", static_cast<int>(fault), sticky ? " from call " : " at call ", at);
    REQUIRE(wrong == "");
    if (counts().chances < at) break;
    ++sum.cases;
    sum.struck += counts().struck;
    sum.refused += life.refused() != 0;
  }
  return sum;
}

void print(const char* what, const Sweep& sum) {
  std::printf("system calls %s: %llu cases, %llu calls met, %llu lives with something refused\n", what,
              static_cast<unsigned long long>(sum.cases), static_cast<unsigned long long>(sum.struck),
              static_cast<unsigned long long>(sum.refused));
}

}  // namespace

TEST_CASE_FIXTURE(Files, "system calls: what is interrupted is made again, and what moved in part is carried on") {
  const ByteBuffer bytes = some_bytes(5'000);
  for (const Fault fault : {Fault::interrupted, Fault::in_part}) {
    arm({fault, 1, true});
    const auto written = file();
    written->allocate(10'000).value();
    written->write(100, bytes).value();
    written->truncate(9'000).value();
    ByteBuffer got(5'000);
    CHECK(written->read(100, got).value() == got.size());
    CHECK(got == bytes);
    CHECK(written->read(8'990, got).value() == 10);
    CHECK(written->size().value() == 9'000);
    CHECK(counts().struck >= 5);
    disarm();
    files->unlink(path).value();
  }
}

TEST_CASE_FIXTURE(Files, "system calls: no space and no quota are full, and the message names the file") {
  for (const Fault fault : {Fault::no_space, Fault::no_quota}) {
    arm({fault, 1, true});
    check_error(files->open(path, FileSystem::Open::create).error(), Code::full);
    disarm();
    const auto made = file();
    arm({fault, 1, true});
    check_error(made->allocate(10'000), Code::full);
    check_error(made->write(0, some_bytes(10)), Code::full);
    disarm();
    files->unlink(path).value();
  }
}

TEST_CASE_FIXTURE(Files, "system calls: a sync that was interrupted is an error, and not made again") {
  const auto made = file();
  made->write(0, some_bytes(10)).value();
  arm({Fault::interrupted_sync, 1, false});
  check_error(made->sync(SyncSite::log_data), Code::io);
  CHECK(counts().syncs == 1);
  arm({Fault::interrupted_sync, 1, false});
  CHECK(files->sync_directory(folder.path(), SyncSite::log_directory).error().code() == Code::io);
  CHECK(counts().syncs == 1);
  // The control of the counter that the sweeps below hold to 0.
  arm({Fault::interrupted_sync, 1, false});
  CHECK_FALSE(made->sync(SyncSite::log_data).has_value());
  CHECK(made->sync(SyncSite::log_data).has_value());
  CHECK(counts().retried_syncs == 1);
}

TEST_CASE_FIXTURE(Files, "system calls: a write that moves nothing is an error, and does not go on for ever") {
  const auto made = file();
  arm({Fault::nothing_moved, 1, true});
  check_error(made->write(0, some_bytes(10)), Code::io);
}

TEST_CASE("system calls: whichever is interrupted or moves a part, a store does not notice") {
  for (const Fault fault : {Fault::interrupted, Fault::in_part}) {
    for (const bool sticky : {false, true}) {
      const Sweep sum = sweep(fault, sticky, std::nullopt);
      CHECK(sum.struck >= sum.cases);
      CHECK(sum.refused == 0);
      print(fault == Fault::interrupted ? "interrupted" : "moved in part", sum);
    }
  }
}

TEST_CASE("system calls: whichever finds no space or no quota, a store says so, loses nothing and goes on later") {
  for (const Fault fault : {Fault::no_space, Fault::no_quota}) {
    for (const bool sticky : {false, true}) {
      const Sweep sum = sweep(fault, sticky, Code::full);
      CHECK(sum.refused * 2 > sum.cases);
      print(fault == Fault::no_space ? "without space" : "without quota", sum);
    }
  }
}

TEST_CASE("system calls: whichever sync is interrupted, it is a failed one: none is tried again, nothing is lost") {
  for (const bool sticky : {false, true}) {
    const Sweep sum = sweep(Fault::interrupted_sync, sticky, Code::io);
    CHECK(sum.refused * 2 > sum.cases);
    print("that sync, interrupted", sum);
  }
}

}  // namespace mneme::system_calls
