#include "full/small_disk.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace mneme::full {
namespace {

// Before the process has other threads, and once: mounts made from here on are nobody else's.
std::string own_mount_namespace() {
  static const std::string missing = [] {
    if (::geteuid() != 0) return std::string("root");
    const bool own = ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return own ? std::string() : std::string("a mount namespace: ") + std::strerror(errno);
  }();
  return missing;
}

bool runs(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

// In memory where that is possible: what the file system does to a slow disk below is not asked here.
std::string new_image(const support::ScratchDirectory& folder, std::uint64_t bytes) {
  std::string path = "/dev/shm/mneme-test-disk-XXXXXX";
  int image = ::mkstemp(path.data());
  if (image < 0) {
    path = folder / "image";
    image = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  }
  if (image < 0 || ::ftruncate(image, static_cast<off_t>(bytes)) != 0) ::abort();
  ::close(image);
  return path;
}

}  // namespace

SmallDisk::SmallDisk(std::uint64_t bytes) : missing_(own_mount_namespace()) {
  if (!missing_.empty()) return;
  const std::string image = new_image(folder_, bytes), mountpoint = folder_ / "disk";
  if (::mkdir(mountpoint.c_str(), 0700) != 0) ::abort();
  // -m 0: no blocks only for root, who this is.
  if (!runs("mkfs.ext4 -q -F -m 0 " + image)) {
    missing_ = "mkfs.ext4";
  } else if (!runs("mount -t ext4 -o loop " + image + " " + mountpoint)) {
    missing_ = "loop devices";
  } else {
    mounted_ = true;
  }
  ::unlink(image.c_str());  // The loop device holds it.
}

SmallDisk::~SmallDisk() {
  if (mounted_) ::umount2((folder_ / "disk").c_str(), MNT_DETACH);
}

std::uint64_t SmallDisk::free_bytes() const {
  struct statvfs about{};
  if (::statvfs((folder_ / "disk").c_str(), &about) != 0) ::abort();
  return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

void SmallDisk::fill_but(std::uint64_t bytes) {
  make_room();
  const int ballast = ::open((*this / "ballast").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  off_t end = 0;
  // In ever smaller steps: what the ballast's own map takes is not known before.
  for (std::uint64_t step = std::uint64_t{1} << 20; step >= 1024;) {
    const std::uint64_t free = free_bytes();
    const bool fits = free >= bytes + step;
    if (fits && ::posix_fallocate(ballast, end, static_cast<off_t>(step)) == 0) {
      end += static_cast<off_t>(step);
    } else {
      step /= 2;
    }
  }
  ::close(ballast);
}

void SmallDisk::make_room() { ::unlink((*this / "ballast").c_str()); }

}  // namespace mneme::full
