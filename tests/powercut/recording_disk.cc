// A disk that remembers: one file of a FUSE file system, to lie under a loop device, whose every write and flush is
// put into a journal in the order in which they arrive. Cut anywhere, the journal says what a disk that lost its power
// there could hold.
//
//     recording_disk IMAGE JOURNAL MOUNTPOINT
//
// MOUNTPOINT/disk has the bytes of IMAGE, which itself is never changed. MOUNTPOINT/position reads as the number of
// records so far: what was acknowledged before this was read is under the records before it. The journal is a sequence
// of records, little-endian:
//     offset: u64 | size: u64 | bytes: u8[size]        a flush has offset and size of all ones, and no bytes
//
// A write is recorded before it is answered, and all requests are answered one after another: when a flush arrives,
// each write that was answered before it lies before it. The kernel's page cache above the file writes through.
#define FUSE_USE_VERSION 34
#include <fuse_lowlevel.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace {

constexpr fuse_ino_t kDisk = 2;
constexpr fuse_ino_t kPosition = 3;
constexpr double kForeverS = 1e9;  // Nothing but the disk's contents ever changes.

struct Disk {  // One thread at a time.
  std::FILE* journal = nullptr;
  std::byte* bytes = nullptr;  // A private mapping of the image.
  std::size_t size = 0;
  std::uint64_t records = 0;

  bool record(std::uint64_t offset, std::uint64_t count, const void* data, std::size_t data_bytes) {
    const std::array<std::uint64_t, 2> head{offset, count};
    if (std::fwrite(head.data(), sizeof head, 1, journal) != 1) return false;
    if (data_bytes != 0 && std::fwrite(data, data_bytes, 1, journal) != 1) return false;
    if (std::fflush(journal) != 0) return false;
    ++records;
    return true;
  }
};

Disk& disk_of(fuse_req_t request) { return *static_cast<Disk*>(fuse_req_userdata(request)); }

bool attributes_of(const Disk& disk, fuse_ino_t node, struct stat& out) {
  out = {};
  out.st_ino = node;
  out.st_nlink = 1;
  out.st_mode = node == FUSE_ROOT_ID ? S_IFDIR | 0700 : S_IFREG | 0600;
  if (node == kDisk) out.st_size = static_cast<off_t>(disk.size);
  return node >= FUSE_ROOT_ID && node <= kPosition;
}

void lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  fuse_entry_param entry{};
  if (parent == FUSE_ROOT_ID && std::strcmp(name, "disk") == 0) entry.ino = kDisk;
  if (parent == FUSE_ROOT_ID && std::strcmp(name, "position") == 0) entry.ino = kPosition;
  if (entry.ino == 0) {
    fuse_reply_err(request, ENOENT);
    return;
  }
  attributes_of(disk_of(request), entry.ino, entry.attr);
  entry.attr_timeout = kForeverS;
  entry.entry_timeout = kForeverS;
  fuse_reply_entry(request, &entry);
}

void get_attributes(fuse_req_t request, fuse_ino_t node, fuse_file_info* /*file*/) {
  struct stat attributes;
  if (attributes_of(disk_of(request), node, attributes)) {
    fuse_reply_attr(request, &attributes, kForeverS);
  } else {
    fuse_reply_err(request, ENOENT);
  }
}

// Who opens or syncs may also set times: that changes nothing here.
void set_attributes(fuse_req_t request, fuse_ino_t node, struct stat* /*wanted*/, int what, fuse_file_info* file) {
  if ((what & FUSE_SET_ATTR_SIZE) != 0) {
    fuse_reply_err(request, EPERM);
  } else {
    get_attributes(request, node, file);
  }
}

void open_file(fuse_req_t request, fuse_ino_t node, fuse_file_info* file) {
  file->direct_io = node == kPosition;  // Its contents differ at every read.
  file->keep_cache = node == kDisk;
  fuse_reply_open(request, file);
}

void read_file(fuse_req_t request, fuse_ino_t node, std::size_t size, off_t offset, fuse_file_info* /*file*/) {
  const Disk& disk = disk_of(request);
  const auto begin = static_cast<std::size_t>(offset);
  if (node == kPosition) {
    const std::string text = std::to_string(disk.records) + "\n";
    const std::size_t from = std::min(begin, text.size());
    fuse_reply_buf(request, text.data() + from, std::min(size, text.size() - from));
    return;
  }
  const std::size_t from = std::min(begin, disk.size);
  fuse_reply_buf(request, reinterpret_cast<const char*>(disk.bytes) + from, std::min(size, disk.size - from));
}

void write_file(fuse_req_t request, fuse_ino_t node, const char* data, std::size_t size, off_t offset,
                fuse_file_info* /*file*/) {
  Disk& disk = disk_of(request);
  const auto begin = static_cast<std::size_t>(offset);
  if (node != kDisk || begin > disk.size || size > disk.size - begin) {
    fuse_reply_err(request, ENOSPC);
  } else if (!disk.record(begin, size, data, size)) {
    fuse_reply_err(request, EIO);
  } else {
    std::memcpy(disk.bytes + begin, data, size);
    fuse_reply_write(request, size);
  }
}

void sync_file(fuse_req_t request, fuse_ino_t /*node*/, int /*data_only*/, fuse_file_info* /*file*/) {
  const bool recorded = disk_of(request).record(UINT64_MAX, UINT64_MAX, nullptr, 0);
  fuse_reply_err(request, recorded ? 0 : EIO);
}

bool map_image(const char* path, Disk& disk) {
  std::FILE* image = std::fopen(path, "rb");
  struct stat attributes;
  if (image == nullptr || ::fstat(::fileno(image), &attributes) != 0) return false;
  disk.size = static_cast<std::size_t>(attributes.st_size);
  void* bytes = ::mmap(nullptr, disk.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, ::fileno(image), 0);
  std::fclose(image);
  disk.bytes = static_cast<std::byte*>(bytes);
  return bytes != MAP_FAILED;
}

int serve(Disk& disk, const char* mountpoint) {
  fuse_lowlevel_ops operations{};
  operations.lookup = lookup;
  operations.getattr = get_attributes;
  operations.setattr = set_attributes;
  operations.open = open_file;
  operations.read = read_file;
  operations.write = write_file;
  operations.fsync = sync_file;
  char name[] = "recording_disk";
  char* arguments[] = {name, nullptr};
  fuse_args args = FUSE_ARGS_INIT(1, arguments);
  fuse_session* session = fuse_session_new(&args, &operations, sizeof operations, &disk);
  if (session == nullptr || fuse_set_signal_handlers(session) != 0) return 1;
  if (fuse_session_mount(session, mountpoint) != 0) return 1;
  const int status = fuse_session_loop(session);
  fuse_session_unmount(session);
  return status == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return std::fputs("usage: recording_disk IMAGE JOURNAL MOUNTPOINT\n", stderr), 2;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Never left behind, however its parent ends.
  Disk disk;
  disk.journal = std::fopen(argv[2], "wb");
  if (disk.journal == nullptr || !map_image(argv[1], disk)) return std::perror("recording_disk"), 1;
  return serve(disk, argv[3]);
}
