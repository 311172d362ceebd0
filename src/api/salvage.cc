#include "mneme/salvage.h"

#include <algorithm>
#include <array>

#include "api/guarded.h"
#include "salvage/salvage_store.h"

namespace mneme {
namespace {

constexpr std::size_t kBudgetMin = 2 * MemoryBudget::kBytesMin;

std::string without_slashes(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

Result<void> check_places(FileSystem& files, const std::string& source, const std::string& destination) {
  if (source.empty() || destination.empty()) return Error(Code::invalid_argument, "a directory's name is empty");
  if (!TRY(files.exists(source))) return Error(Code::not_found, source + ": there is no such directory");
  const auto is_ours = [](const std::string& name) {
    return name.starts_with("MANIFEST-") || name == "CURRENT" || name == "wal" || name == "seg";
  };
  const auto names = TRY(files.list(source));
  if (std::ranges::none_of(names, is_ours)) {
    return Error(Code::not_found, source + ": nothing in it is of a database");
  }
  if (destination == source || destination.starts_with(source + "/")) {
    return Error(Code::invalid_argument, destination + ": lies in what is to be salvaged");
  }
  if (TRY(files.exists(destination)) && !TRY(files.list(destination)).empty()) {
    return Error(Code::already_exists, "'" + destination + "' is not empty");
  }
  return {};
}

// What a writer changes while it is read fits nothing else. A lock that cannot be asked is damage like any other.
Result<void> refuse_writer(FileSystem& files, const std::string& source) {
  const std::string path = source + "/LOCK";
  const auto locked = files.is_locked(path);
  if (!locked || !*locked) return {};
  std::array<std::byte, 256> note{};
  const auto file = files.open(path, FileSystem::Open::read_only);
  const auto bytes = file ? (*file)->read(0, note) : Result<std::size_t>(std::size_t{0});
  const std::string_view text = as_text(Bytes(note).first(bytes ? *bytes : 0));
  return Error(Code::busy, "'" + path + "' is locked: " + std::string(text.substr(0, text.find('\n'))))
      .with_hint("close the database there first");
}

Result<SalvageReport> salvage_into(const std::string& from, const std::string& to, const SalvageOptions& options) {
  PosixWorld world;
  FileSystem& files = world.world().files;
  Options opening;
  opening.memory_budget = std::max(options.memory_budget, kBudgetMin) / 2;
  const auto engine = TRY(Engine::open(to, opening));
  auto report = TRY(salvage_store(world.world(), from, engine->store(), engine->kinds(), options));
  TRY(engine->store().close());
  TRY(refuse_writer(files, from));  // Nor may it have come meanwhile.
  return report;
}

}  // namespace

Result<SalvageReport> salvage(std::string_view source, std::string_view destination, const SalvageOptions& options) {
  return guarded([&]() -> Result<SalvageReport> {
    const std::string from = without_slashes(source), to = without_slashes(destination);
    PosixWorld world;
    TRY(check_places(world.world().files, from, to));
    TRY(refuse_writer(world.world().files, from));
    auto report = guarded([&] { return salvage_into(from, to, options); });
    if (report) return report;
    // It may be the best there is, as of a full disk, but nobody shall take it for all.
    return std::move(report).error().during("salvage to '" + to + "', which has a part at most and is to be removed");
  });
}

}  // namespace mneme
