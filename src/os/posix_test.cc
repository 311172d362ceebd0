#include "os/posix.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/process.h"
#include "os/thread.h"

namespace mneme {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    char pattern[] = "mneme-posix-test-XXXXXX";
    REQUIRE(::mkdtemp(pattern) != nullptr);
    path = pattern;
  }
  ~TemporaryDirectory() {
    const auto files = make_posix_file_system();
    for (const auto& name : files->list(path).value()) files->unlink(path + "/" + name).value();
    ::rmdir(path.c_str());
  }
  std::string path;
};

TEST_CASE("posix: what is written is read back, also past a hole, and a read stops at the end of the file") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  const auto file = files->open(directory.path + "/f", FileSystem::Open::create).value();
  file->write(10, as_bytes("hello")).value();
  ByteBuffer got(100);
  CHECK(file->read(8, got).value() == 7);
  CHECK(as_text(Bytes(got).first(7)) == std::string("\0\0hello", 7));
  CHECK(file->read(15, got).value() == 0);
  CHECK(file->read(1000, got).value() == 0);
  file->forget_cached();  // Nothing was synced: all of it is still there.
  CHECK(file->read(10, got).value() == 5);
  CHECK(file->sync(SyncSite::log_data).has_value());
  CHECK(files->sync_directory(directory.path, SyncSite::log_directory).has_value());
}

TEST_CASE("posix: allocate grows a file with zeros and never shrinks it") {
  TemporaryDirectory directory;
  const auto file = make_posix_file_system()->open(directory.path + "/f", FileSystem::Open::create).value();
  file->write(0, as_bytes("abc")).value();
  file->allocate(10'000).value();
  CHECK(file->size().value() == 10'000);
  file->allocate(5).value();
  CHECK(file->size().value() == 10'000);
  ByteBuffer got(4);
  CHECK(file->read(0, got).value() == 4);
  CHECK(as_text(got) == std::string("abc\0", 4));
  file->truncate(2).value();
  CHECK(file->size().value() == 2);
}

TEST_CASE("posix: a missing file is not_found, an existing one already_exists, and the message names the path") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  const auto missing = files->open(directory.path + "/none", FileSystem::Open::read_only);
  CHECK(missing.error().code() == Code::not_found);
  CHECK(missing.error().message().find("/none") != std::string::npos);
  CHECK(files->open(directory.path + "/f", FileSystem::Open::create).has_value());
  CHECK(files->open(directory.path + "/f", FileSystem::Open::create).error().code() == Code::already_exists);
  CHECK(files->list(directory.path + "/nowhere").error().code() == Code::not_found);
  CHECK(files->create_directory(directory.path).has_value());  // There already: fine.
  CHECK(files->create_directory(directory.path + "/f").error().code() ==
        Code::already_exists);  // A file is in the way.
}

TEST_CASE("posix: a full device shows in write as full, never as success") {
  const auto file = make_posix_file_system()->open("/dev/full", FileSystem::Open::read_write);
  if (!file) return;
  CHECK((*file)->write(0, as_bytes("x")).error().code() == Code::full);
}

TEST_CASE("posix: rename replaces its target, unlink removes, list is sorted") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  files->open(directory.path + "/b", FileSystem::Open::create).value()->write(0, as_bytes("new")).value();
  files->open(directory.path + "/a", FileSystem::Open::create).value()->write(0, as_bytes("older")).value();
  CHECK(files->list(directory.path).value() == std::vector<std::string>{"a", "b"});
  files->rename(directory.path + "/b", directory.path + "/a").value();
  CHECK(files->list(directory.path).value() == std::vector<std::string>{"a"});
  CHECK(files->open(directory.path + "/a", FileSystem::Open::read_only).value()->size().value() == 3);
  files->unlink(directory.path + "/a").value();
  CHECK_FALSE(files->exists(directory.path + "/a").value());
}

TEST_CASE("posix: a lock has one owner, whose note the refused one reads, until it lets go") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  auto first = files->lock(directory.path + "/LOCK", "pid 1234");
  REQUIRE(first.has_value());
  const auto second = files->lock(directory.path + "/LOCK", "pid 5678");
  CHECK(second.error().code() == Code::busy);
  CHECK(second.error().message().find("pid 1234") != std::string::npos);
  CHECK(second.error().message().find("process " + std::to_string(::getpid())) != std::string::npos);
  first = Error(Code::closed, "let go");
  const auto third = files->lock(directory.path + "/LOCK", "a");  // Its note is shorter than what is there.
  REQUIRE(third.has_value());
  const std::string told = files->lock(directory.path + "/LOCK", "b").error().message();
  CHECK(told.find("writer: a, process " + std::to_string(::getpid())) != std::string::npos);
  CHECK(told.find('\n') == std::string::npos);
}

TEST_CASE("posix: a byte of a file is locked by one open file, as long as that is open") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  const std::string path = directory.path + "/READERS";
  auto first = files->open(path, FileSystem::Open::create).value();
  const auto second = files->open(path, FileSystem::Open::read_write).value();
  CHECK(first->try_lock(100).value());
  CHECK(first->try_lock(100).value());  // It has it.
  CHECK_FALSE(second->try_lock(100).value());
  CHECK(second->try_lock(101).value());
  CHECK(second->is_locked(0, 1'000).value());
  CHECK(second->is_locked(100, 1).value());
  CHECK_FALSE(second->is_locked(101, 899).value());  // Its own.
  CHECK_FALSE(second->is_locked(0, 100).value());
  files->open(path, FileSystem::Open::read_only).value();  // And closed again: another descriptor is no matter.
  CHECK_FALSE(second->try_lock(100).value());
  first.reset();
  CHECK(second->try_lock(100).value());
}

TEST_CASE("posix: a file that somebody has locked is told from one that nobody has") {
  TemporaryDirectory directory;
  const auto files = make_posix_file_system();
  const std::string path = directory.path + "/LOCK";
  CHECK(files->is_locked(path).error().code() == Code::not_found);
  auto lock = files->lock(path, "a writer").value();
  CHECK(files->is_locked(path).value());
  lock.reset();
  CHECK_FALSE(files->is_locked(path).value());
}

TEST_CASE("posix: a process is known from another one that was given its number") {
  const ProcessIdentity here = this_process();
  CHECK(here.pid == static_cast<std::uint32_t>(::getpid()));
  CHECK(here.started != 0);
  CHECK(is_alive(here));
  ProcessIdentity earlier = here;
  --earlier.started;
  CHECK_FALSE(is_alive(earlier));
  ProcessIdentity elsewhere = here;
  elsewhere.boot[0] ^= std::byte{1};
  CHECK_FALSE(is_alive(elsewhere));
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(this_process().pid == here.pid);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("posix: between an owner's lock and its note nobody is told of the owner before it") {
  TemporaryDirectory directory;
  const std::string path = directory.path + "/LOCK";
  const auto files = make_posix_file_system();
  files->lock(path, "the first").value().reset();  // Its note stays behind.
  const int owner = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(owner >= 0);
  const auto take = [&](off_t byte) {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte;
    lock.l_len = 1;
    REQUIRE(::fcntl(owner, F_OFD_SETLK, &lock) == 0);
  };
  take(0);
  const auto refused = files->lock(path, "late");
  CHECK(refused.error().code() == Code::busy);
  CHECK(refused.error().message().find("the first") == std::string::npos);
  const std::string note = "the second, process 1\n";
  REQUIRE(::pwrite(owner, note.data(), note.size(), 0) == static_cast<ssize_t>(note.size()));
  take(1);
  CHECK(files->lock(path, "late").error().message().find("the second, process 1") != std::string::npos);
  ::close(owner);
  CHECK(files->lock(path, "late").has_value());
}

TEST_CASE("posix: threads run, a waiter wakes at a notify and times out without one") {
  PosixWorld owner;
  Scheduler& scheduler = owner.world().scheduler;
  Mutex mutex(scheduler);
  CondVar changed(scheduler);
  int turns = 0;
  {
    Thread other(scheduler, "a name longer than fifteen characters", [&] {
      Lock lock(mutex);
      ++turns;
      changed.notify_all();
    });
    Lock lock(mutex);
    while (turns == 0) changed.wait(mutex);
  }
  CHECK(turns == 1);
  Lock lock(mutex);
  const auto before = owner.world().clock.monotonic_ns();
  while (changed.wait_for(mutex, 2'000'000)) {
  }
  CHECK(owner.world().clock.monotonic_ns() - before >= 2'000'000);
}

}  // namespace
}  // namespace mneme
