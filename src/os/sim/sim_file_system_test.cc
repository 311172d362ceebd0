#include "os/sim/sim_file_system.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

namespace mneme::sim {
namespace {

constexpr CutPolicy kPolicies[] = {CutPolicy::p0, CutPolicy::p1, CutPolicy::p2, CutPolicy::p3,
                                   CutPolicy::p4, CutPolicy::p5, CutPolicy::p6, CutPolicy::p7};

std::string text_of(const DurableImage& image, const std::string& path) {
  const auto found = image.files.find(path);
  return found == image.files.end() ? "(missing)" : std::string(as_text(*found->second));
}

struct Disk {
  Disk() {
    files.create_directory("db").value();
    files.sync_directory(".", SyncSite::database_directory).value();
  }
  std::unique_ptr<File> make(const std::string& path) { return files.open(path, FileSystem::Open::create).value(); }
  // Two syncs later nothing that was synced before can be taken back, not even by p7.
  void settle() {
    for (int i = 0; i < 2; ++i) files.sync_directory("elsewhere", SyncSite::backup).value();
  }
  std::set<std::string> outcomes(CutPolicy policy, const std::string& path, std::uint64_t seeds = 200) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) seen.insert(text_of(files.cut(policy, seed), path));
    return seen;
  }
  SimFileSystem files;
};

TEST_CASE("sim disk: p0 keeps nothing unsynced and p1 keeps everything") {
  Disk disk;
  disk.make("db/f")->write(0, as_bytes("new")).value();
  CHECK(disk.outcomes(CutPolicy::p0, "db/f") == std::set<std::string>{"(missing)"});
  CHECK(disk.outcomes(CutPolicy::p1, "db/f") == std::set<std::string>{"new"});
}

TEST_CASE("sim disk: what was synced, with its name, survives every policy once two more syncs have passed") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->write(0, as_bytes("kept")).value();
  file->sync(SyncSite::log_data).value();
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  for (const CutPolicy policy : kPolicies) CHECK(disk.outcomes(policy, "db/f") == std::set<std::string>{"kept"});
}

TEST_CASE("sim disk: without a sync of the directory a new file's name may be lost, whatever was synced of the file") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->write(0, as_bytes("x")).value();
  file->sync(SyncSite::log_data).value();
  CHECK(disk.outcomes(CutPolicy::p4, "db/f") == std::set<std::string>{"(missing)", "x"});
}

TEST_CASE("sim disk: p7 takes back the last sync, or the last two, and never a third") {
  Disk disk;
  const auto file = disk.make("db/f");
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  for (const char* text : {"1", "12", "123"}) {
    file->write(0, as_bytes(text)).value();
    file->sync(SyncSite::log_data).value();
  }
  const auto seen = disk.outcomes(CutPolicy::p7, "db/f");
  CHECK(seen.contains("1"));
  CHECK(seen.contains("12"));
  CHECK(seen.contains("123"));
  CHECK_FALSE(seen.contains(""));
  CHECK(disk.outcomes(CutPolicy::p4, "db/f") == std::set<std::string>{"123"});
}

TEST_CASE("sim disk: p2 keeps a prefix of a file's writes; p3 keeps any subset of sectors, so later without earlier") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->allocate(1024).value();
  file->sync(SyncSite::log_file).value();
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  file->write(0, as_bytes("A")).value();
  file->write(512, as_bytes("B")).value();
  const auto marks = [&](CutPolicy policy) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const auto text = text_of(disk.files.cut(policy, seed), "db/f");
      seen.insert(std::string(text[0] != 0 ? "A" : "-") + (text[512] != 0 ? "B" : "-"));
    }
    return seen;
  };
  CHECK(marks(CutPolicy::p2) == std::set<std::string>{"--", "A-", "AB"});
  CHECK(marks(CutPolicy::p3) == std::set<std::string>{"--", "A-", "-B", "AB"});
}

TEST_CASE("sim disk: p5 may spoil a whole sector that was being written, its synced bytes too, and no other sector") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->write(0, as_bytes(std::string(1024, 'o'))).value();
  file->sync(SyncSite::log_data).value();
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  file->write(100, as_bytes("n")).value();
  bool spoiled = false;
  for (const auto& text : disk.outcomes(CutPolicy::p5, "db/f")) {
    CHECK(text.substr(512) == std::string(512, 'o'));
    spoiled = spoiled || text[200] != 'o';
  }
  CHECK(spoiled);
  for (const auto& text : disk.outcomes(CutPolicy::p4, "db/f")) CHECK(text[200] == 'o');
}

TEST_CASE("sim disk: p6 may show stale bytes where a file grew; the others show zeros") {
  Disk disk;
  const auto file = disk.make("db/f");
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  file->allocate(100).value();
  const auto zero = [](const std::string& text) { return std::ranges::all_of(text, [](char c) { return c == 0; }); };
  CHECK(std::ranges::all_of(disk.outcomes(CutPolicy::p4, "db/f"), zero));
  CHECK_FALSE(std::ranges::all_of(disk.outcomes(CutPolicy::p6, "db/f"), zero));
}

TEST_CASE("sim disk: a rename shows the old file or the new one, never none, and both names never after its sync") {
  Disk disk;
  for (const char* name : {"db/CURRENT", "db/CURRENT.tmp"}) {
    const auto file = disk.make(name);
    file->write(0, as_bytes(name[10] == 0 ? "old" : "new")).value();
    file->sync(SyncSite::current_file).value();
  }
  disk.files.sync_directory("db", SyncSite::current_directory).value();
  disk.settle();
  disk.files.rename("db/CURRENT.tmp", "db/CURRENT").value();
  CHECK(disk.outcomes(CutPolicy::p4, "db/CURRENT") == std::set<std::string>{"old", "new"});
  disk.files.sync_directory("db", SyncSite::current_directory).value();
  disk.settle();
  CHECK(disk.outcomes(CutPolicy::p4, "db/CURRENT") == std::set<std::string>{"new"});
  CHECK(disk.outcomes(CutPolicy::p4, "db/CURRENT.tmp") == std::set<std::string>{"(missing)"});
}

TEST_CASE("sim disk: after a failed sync readers see the new bytes, the disk keeps the old, and a retry is counted") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->write(0, as_bytes("old")).value();
  file->sync(SyncSite::log_data).value();
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.settle();
  file->write(0, as_bytes("new")).value();
  disk.files.fail(Fault{.at_operation = disk.files.operations() + 1});
  CHECK(file->sync(SyncSite::log_data).error().code() == Code::io);
  CHECK(disk.files.retried_syncs() == 0);
  CHECK(file->sync(SyncSite::log_data).has_value());  // It says so.
  CHECK(disk.files.retried_syncs() == 1);
  disk.settle();
  ByteBuffer seen(3);
  CHECK(file->read(0, seen).value() == 3);
  CHECK(as_text(seen) == "new");
  CHECK(disk.outcomes(CutPolicy::p1, "db/f") == std::set<std::string>{"old"});
}

TEST_CASE("sim disk: what a failed sync dropped is gone once the cache is, and whole again once written anew") {
  Disk disk;
  const auto file = disk.make("db/f");
  file->write(0, as_bytes("old old")).value();
  file->sync(SyncSite::log_data).value();
  file->write(0, as_bytes("new")).value();
  disk.files.fail(Fault{.at_operation = disk.files.operations() + 1});
  CHECK(file->sync(SyncSite::log_data).error().code() == Code::io);
  SUBCASE("forgotten") {
    file->write(4, as_bytes("mid")).value();  // Not synced yet, but on its way.
    file->forget_cached();
    ByteBuffer seen(7);
    CHECK(file->read(0, seen).value() == 7);
    CHECK(as_text(seen) == "old mid");
  }
  SUBCASE("written anew") { file->write(0, as_bytes("new")).value(); }
  file->sync(SyncSite::log_data).value();
  CHECK(disk.files.retried_syncs() == 0);
}

TEST_CASE("sim disk: a fault strikes at its operation, once or from then on; a torn write leaves half") {
  Disk disk;
  const auto file = disk.make("db/f");
  disk.files.fail(Fault{.at_operation = disk.files.operations() + 2, .kind = Fault::Kind::no_space, .sticky = true});
  CHECK(file->write(0, as_bytes("ab")).has_value());
  CHECK(file->write(2, as_bytes("cd")).error().code() == Code::full);
  CHECK(file->write(2, as_bytes("cd")).error().code() == Code::full);
  disk.files.fail(Fault{.at_operation = disk.files.operations() + 1, .kind = Fault::Kind::torn_write});
  CHECK(file->write(2, as_bytes("efgh")).error().code() == Code::io);
  CHECK(file->write(6, as_bytes("!")).has_value());
  CHECK(disk.outcomes(CutPolicy::p1, "db/f") == std::set<std::string>{std::string("abef\0\0!", 7)});
}

TEST_CASE("sim disk: beyond its capacity a write or an allocation is full, and room given back can be used") {
  Disk disk;
  disk.files.set_capacity(100);
  const auto file = disk.make("db/f");
  CHECK(file->allocate(90).has_value());
  CHECK(disk.make("db/g")->allocate(20).error().code() == Code::full);
  CHECK(file->write(50, as_bytes(std::string(40, 'x'))).has_value());  // Inside what is allocated.
  file->truncate(10).value();
  CHECK(disk.files.open("db/g", FileSystem::Open::read_write).value()->allocate(20).has_value());
}

TEST_CASE("sim disk: the syncs of an ignored site say ok and do nothing") {
  Disk disk;
  const auto file = disk.make("db/f");
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.files.ignore_syncs_of(SyncSite::log_data);
  file->write(0, as_bytes("x")).value();
  CHECK(file->sync(SyncSite::log_data).has_value());
  disk.settle();
  CHECK(disk.outcomes(CutPolicy::p0, "db/f") == std::set<std::string>{""});
  CHECK(disk.files.syncs_at(SyncSite::log_data) == 1);
}

TEST_CASE("sim disk: a delayed sync of a site says ok and is done before the operation after the syncs it waits for") {
  Disk disk;
  const auto file = disk.make("db/f"), other = disk.make("db/g");
  disk.files.sync_directory("db", SyncSite::log_directory).value();
  disk.files.delay_syncs_of(SyncSite::log_data, 1);
  file->write(0, as_bytes("x")).value();
  CHECK(file->sync(SyncSite::log_data).has_value());
  other->write(0, as_bytes("y")).value();
  CHECK(disk.outcomes(CutPolicy::p0, "db/f") == std::set<std::string>{""});
  other->sync(SyncSite::segment_data).value();
  CHECK(disk.outcomes(CutPolicy::p0, "db/f") == std::set<std::string>{""});
  CHECK(disk.outcomes(CutPolicy::p0, "db/g") == std::set<std::string>{"y"});
  other->write(0, as_bytes("z")).value();
  CHECK(disk.outcomes(CutPolicy::p0, "db/f") == std::set<std::string>{"x"});
}

TEST_CASE("sim disk: same operations, policy and seed give the same image; a reboot from it changes neither") {
  const auto run = [](SimFileSystem& files) {
    files.create_directory("db").value();
    for (int i = 0; i < 5; ++i) {
      const auto file = files.open("db/" + std::to_string(i), FileSystem::Open::create).value();
      file->write(0, as_bytes(std::string(3'000, static_cast<char>('a' + i)))).value();
      if (i % 2 == 0) file->sync(SyncSite::log_data).value();
    }
  };
  SimFileSystem a;
  SimFileSystem b;
  run(a);
  run(b);
  std::set<std::uint64_t> distinct;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const CutPolicy policy : kPolicies) {
      const DurableImage image = a.cut(policy, seed);
      REQUIRE(image.hash() == b.cut(policy, seed).hash());
      distinct.insert(image.hash());
      SimFileSystem rebooted(image);
      const auto before = image.hash();
      for (const auto& [path, bytes] : image.files) {
        rebooted.open(path, FileSystem::Open::read_write).value()->write(0, as_bytes("changed")).value();
      }
      REQUIRE(image.hash() == before);
      if (image.directories.contains("db")) REQUIRE(rebooted.cut(CutPolicy::p0, 1).hash() == before);
    }
  }
  CHECK(distinct.size() > 100);
}

TEST_CASE("sim disk: who asks the same is told the same of disks that differ in what was not asked for, of no others") {
  const auto told = [](const std::string& text, bool has_other = false) {
    Disk disk;
    disk.make("db/f")->write(0, as_bytes(text)).value();
    if (has_other) disk.make("db/other")->write(0, as_bytes("never read")).value();
    disk.files.note_answers();
    ByteBuffer into(4);
    static_cast<void>(disk.files.open("db/f", FileSystem::Open::read_only).value()->read(0, into));
    const std::uint64_t read = disk.files.take_told();
    disk.files.note_answers();
    static_cast<void>(disk.files.exists("db/other"));
    const std::uint64_t asked = disk.files.take_told();
    disk.files.note_answers();
    static_cast<void>(disk.files.list("db"));
    return std::array{read, asked, disk.files.take_told()};
  };
  const auto first = told("same, and what was not read");
  CHECK(told("same") == first);
  CHECK(told("Same")[0] != first[0]);
  CHECK(told("sam")[0] != first[0]);
  CHECK(told(std::string("sam\0", 4))[0] != told("sam")[0]);
  const auto other = told("same", true);
  CHECK(other[0] == first[0]);
  CHECK(other[1] != first[1]);
  CHECK(other[2] != first[2]);
}

TEST_CASE("sim disk: the files that were read are known by their names, as long as those are theirs") {
  Disk disk;
  disk.make("db/f")->write(0, as_bytes("read")).value();
  disk.make("db/g")->write(0, as_bytes("not read")).value();
  const auto file = disk.files.open("db/f", FileSystem::Open::read_only).value();
  ByteBuffer into(4);
  file->read(0, into).value();
  const auto read = disk.files.take_read();
  REQUIRE(read);
  CHECK(read->files.size() == 1);
  CHECK(text_of(*read, "db/f") == "read");
  CHECK(disk.files.take_read()->files.empty());
  file->read(0, into).value();
  disk.files.rename("db/g", "db/f").value();
  CHECK(!disk.files.take_read());
}

TEST_CASE("sim disk: the call after an operation comes for each one that changes the disk or syncs, reads excepted") {
  Disk disk;
  int calls = 0;
  disk.files.after_operation([&] { ++calls; });
  const auto file = disk.make("db/f");    // 1
  file->write(0, as_bytes("x")).value();  // 2
  ByteBuffer into(1);
  file->read(0, into).value();
  file->sync(SyncSite::log_data).value();                            // 3
  disk.files.rename("db/f", "db/g").value();                         // 4
  disk.files.sync_directory("db", SyncSite::log_directory).value();  // 5
  disk.files.unlink("db/g").value();                                 // 6
  CHECK(calls == 6);
}

}  // namespace
}  // namespace mneme::sim
