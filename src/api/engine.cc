#include "api/engine.h"

#include "index/ordered/ordered.h"
#include "table/index_check.h"

namespace mneme {
namespace {

constexpr std::uint64_t kLogFileBytesMin = std::uint64_t{64} << 10;
constexpr std::uint64_t kLogFileBytesMax = std::uint64_t{4} << 30;

}  // namespace

Result<std::shared_ptr<Engine>> Engine::open(std::string_view directory, const Options& options) {
  if (directory.empty()) return Error(Code::invalid_argument, "the directory's name is empty");
  if (options.threads != 0 && options.threads != 1) {
    return Error(Code::invalid_argument, "threads is " + std::to_string(options.threads) + "; it may be 0 or 1");
  }
  if (options.log_file_bytes < kLogFileBytesMin || options.log_file_bytes > kLogFileBytesMax) {
    return Error(Code::invalid_argument, "log_file_bytes is " + std::to_string(options.log_file_bytes) +
                                             "; it may be from " + std::to_string(kLogFileBytesMin) + " to " +
                                             std::to_string(kLogFileBytesMax));
  }
  std::shared_ptr<Engine> engine(new Engine(options));
  const World world = engine->world_.world();
  std::string path(directory);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (!options.create_if_missing && !options.read_only && !TRY(world.files.exists(path + "/CURRENT"))) {
    return Error(Code::not_found, path + ": there is no database here");
  }
  std::vector<std::unique_ptr<IndexKind>> known;
  // Among the segments: what a crash leaves there is a stray like any other, and goes at the next open.
  engine->scratch_ = std::make_unique<ScratchFiles>(world.files, path + "/seg");
  known.push_back(ordered_kind(engine->scratch_.get()));
  auto kinds = std::make_unique<IndexKinds>(std::move(known));
  StoreOptions store;
  store.memory_budget = options.memory_budget;
  store.log_file_bytes = options.log_file_bytes;
  store.threads = static_cast<unsigned>(options.threads);
  engine->directory_ = path;
  auto open = options.read_only ? Store::open_read_only : Store::open;
  engine->store_ = TRY(open(world, std::move(path), store, kinds.get()));
  engine->kinds_ = std::move(kinds);
  return engine;
}

// The store would wait for its maintenance thread, which a child does not have, and write the end of its log.
Engine::~Engine() {
  if (in_child()) static_cast<void>(store_.release());
}

Result<void> Engine::check_indexes(std::vector<std::string>& problems) {
  const Snapshot snapshot = TRY(store_->snapshot());
  return mneme::check_indexes(snapshot, *kinds_, store_->budget(), problems);
}

Error Engine::refuse_child() const {
  return Error(Code::busy, directory_ + ": was opened before this process was forked from another, which still has it")
      .with_hint("open it in the process that uses it, after fork()");
}

}  // namespace mneme
