// For tests: a disk in memory that can lose power. What was synced stays; every 512-byte sector written since is
// independently kept, lost or (with garbage) turned to noise; every name changed since is independently kept or lost.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>

#include "os/file.h"

namespace mneme {

class TestDisk final : public FileSystem {  // One thread at a time.
 public:
  struct Inode {
    ByteBuffer now;
    ByteBuffer durable;
    std::set<std::uint64_t> dirty;  // Sectors written since the last sync.
    bool sync_failed = false;
  };
  using Node = std::shared_ptr<Inode>;

  bool garbage = false;      // A power cut may turn touched sectors to noise.
  int fail_after = -1;       // I/O calls until one fails; negative: never.
  bool fail_sticky = false;  // All that follow fail too.
  Code fail_code = Code::io;
  bool fail_syncs = false;
  std::optional<SyncSite> ignored_site;  // As if its syncs were not in the code.
  std::map<SyncSite, int> syncs;
  int calls = 0;
  int retried_syncs = 0;  // Must stay 0.

  void crash(std::mt19937_64& random) {
    std::map<std::string, Node> names = durable_names_;
    for (const auto& change : pending_) {
      if (random() % 2 == 0) change(names);
    }
    for (const auto& [name, node] : now_) cut(*node, random);
    for (const auto& [name, node] : names) cut(*node, random);
    now_ = durable_names_ = names;
    pending_.clear();
    for (const auto& [name, node] : names) node->sync_failed = false;
  }
  void kill() {  // The process dies, the page cache lives.
    for (const auto& [name, node] : now_) node->sync_failed = false;
  }
  ByteBuffer& bytes(const std::string& path) { return now_.at(path)->now; }
  bool has(const std::string& path) const { return now_.contains(path); }

  Result<void> step() {
    ++calls;
    if (fail_after < 0 || fail_after-- > 0) return {};
    fail_after = fail_sticky ? 0 : -1;
    return Error(fail_code, "injected");
  }
  Result<void> sync_inode(Inode& node, SyncSite site) {
    ++syncs[site];
    if (node.sync_failed) ++retried_syncs;
    auto stepped = step();
    if (!stepped || fail_syncs) {
      node.sync_failed = true;
      return Error(Code::io, "sync failed");
    }
    if (ignored_site == site) return {};
    node.durable = node.now;
    node.dirty.clear();
    return {};
  }

  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;
  Result<void> create_directory(const std::string&) override { return {}; }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    TRY(step());
    std::vector<std::string> names;
    for (const auto& [path, node] : now_) {
      if (path.starts_with(directory + "/") && path.find('/', directory.size() + 1) == std::string::npos) {
        names.push_back(path.substr(directory.size() + 1));
      }
    }
    return names;
  }
  Result<bool> exists(const std::string& path) override {
    TRY(step());
    return now_.contains(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    TRY(step());
    if (!has(from)) return Error(Code::not_found, from);
    const Node node = now_.at(from);
    change([from, to, node](auto& names) {
      names.erase(from);
      names[to] = node;
    });
    return {};
  }
  Result<void> unlink(const std::string& path) override {
    TRY(step());
    if (!has(path)) return Error(Code::not_found, path);
    change([path](auto& names) { names.erase(path); });
    return {};
  }
  Result<void> sync_directory(const std::string&, SyncSite site) override {
    ++syncs[site];
    TRY(step());
    if (fail_syncs) return Error(Code::io, "sync failed");
    if (ignored_site == site) return {};
    durable_names_ = now_;
    pending_.clear();
    return {};
  }
  Result<void> link(const std::string&, const std::string&) override { return Error(Code::unsupported, "link"); }
  Result<std::unique_ptr<FileLock>> lock(const std::string&, const std::string&) override {
    return Error(Code::unsupported, "lock");
  }

 private:
  static constexpr std::uint64_t kSector = 512;

  void change(std::function<void(std::map<std::string, Node>&)> change) {
    change(now_);
    pending_.push_back(std::move(change));
  }
  void cut(Inode& node, std::mt19937_64& random) const {
    if (node.dirty.empty() && node.now.size() == node.durable.size()) {
      node.now = node.durable;
      return;
    }
    ByteBuffer image = node.durable;
    if (random() % 2 == 0) image.resize(node.now.size());
    for (const std::uint64_t sector : node.dirty) {
      const auto begin = static_cast<std::size_t>(sector * kSector);
      const auto end = std::min({begin + kSector, image.size(), node.now.size()});
      const auto fate = random() % (garbage ? 3 : 2);
      for (std::size_t i = begin; i < end && fate != 0; ++i) {
        image[i] = fate == 1 ? node.now[i] : static_cast<std::byte>(random());
      }
    }
    node.now = node.durable = std::move(image);
    node.dirty.clear();
  }

  std::map<std::string, Node> now_;
  std::map<std::string, Node> durable_names_;
  std::vector<std::function<void(std::map<std::string, Node>&)>> pending_;
};

class TestFile final : public File {  // One thread at a time.
 public:
  void forget_cached() noexcept override {}
  TestFile(TestDisk& disk, TestDisk::Node node) : disk_(disk), node_(std::move(node)) {}
  Result<std::size_t> read(std::uint64_t offset, MutableBytes into) override {
    TRY(disk_.step());
    if (offset >= node_->now.size()) return std::size_t{0};
    const auto count = std::min<std::size_t>(into.size(), node_->now.size() - static_cast<std::size_t>(offset));
    std::copy_n(node_->now.begin() + static_cast<std::ptrdiff_t>(offset), count, into.begin());
    return count;
  }
  Result<void> write(std::uint64_t offset, Bytes bytes) override {
    const auto stepped = disk_.step();
    if (!stepped) bytes = bytes.first(bytes.size() / 2);  // A failed write may have written some.
    const auto end = static_cast<std::size_t>(offset) + bytes.size();
    if (node_->now.size() < end) node_->now.resize(end);
    std::copy(bytes.begin(), bytes.end(), node_->now.begin() + static_cast<std::ptrdiff_t>(offset));
    for (auto at = offset / 512; at * 512 < end && !bytes.empty(); ++at) node_->dirty.insert(at);
    return stepped;
  }
  Result<void> allocate(std::uint64_t bytes) override {
    TRY(disk_.step());
    if (node_->now.size() < bytes) node_->now.resize(static_cast<std::size_t>(bytes));
    return {};
  }
  Result<void> truncate(std::uint64_t bytes) override {
    TRY(disk_.step());
    node_->now.resize(static_cast<std::size_t>(bytes));
    return {};
  }
  Result<void> sync(SyncSite site) override { return disk_.sync_inode(*node_, site); }
  Result<std::uint64_t> size() override {
    TRY(disk_.step());
    return std::uint64_t{node_->now.size()};
  }

 private:
  TestDisk& disk_;
  TestDisk::Node node_;
};

inline Result<std::unique_ptr<File>> TestDisk::open(const std::string& path, Open mode) {
  TRY(step());
  if (mode == Open::create) {
    if (has(path)) return Error(Code::already_exists, path);
    change([path, node = std::make_shared<Inode>()](auto& names) { names[path] = node; });
  }
  if (!has(path)) return Error(Code::not_found, path);
  return std::unique_ptr<File>(new TestFile(*this, now_.at(path)));
}

}  // namespace mneme
