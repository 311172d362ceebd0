#include "salvage/losses.h"

#include <algorithm>

namespace mneme {
namespace {

constexpr std::size_t kNotesMax = 1'000;

bool continues(const SalvageLoss& last, const SalvageLoss& next) {
  return last.kind == next.kind && last.kind == LossKind::rows && last.table == next.table && last.file == next.file &&
         last.offset == next.offset && last.reason == next.reason;
}

void widen(SalvageLoss& last, const SalvageLoss& next) {
  const auto least = [](std::uint64_t a, std::uint64_t b) { return a == 0 || b == 0 ? a + b : std::min(a, b); };
  last.rows += next.rows;
  last.count = std::max(last.count, next.count);
  last.first_row = least(last.first_row, next.first_row);
  last.last_row = std::max(last.last_row, next.last_row);
  last.first_lsn = least(last.first_lsn, next.first_lsn);
  last.last_lsn = std::max(last.last_lsn, next.last_lsn);
  if (!next.time) return;
  if (!last.time) last.time = next.time;
  last.time->first_ns = std::min(last.time->first_ns, next.time->first_ns);
  last.time->last_ns = std::max(last.time->last_ns, next.time->last_ns);
}

}  // namespace

SalvagedTable& Losses::table_of(const std::string& name) {
  SalvagedTable& table = tables_[name];
  table.name = name;
  return table;
}

void Losses::add(SalvageLoss loss) {
  if (loss.kind == LossKind::rows && !loss.table.empty()) {
    SalvagedTable& table = table_of(loss.table);
    table.lost += loss.rows;
    table.count = std::max(table.count, loss.count);
  }
  uncounted_ = uncounted_ || loss.kind == LossKind::commits || loss.kind == LossKind::files;
  if (!report_.losses.empty() && continues(report_.losses.back(), loss)) return widen(report_.losses.back(), loss);
  if (report_.losses.size() == kListedMax) {
    ++report_.losses_unlisted;
    return;
  }
  report_.losses.push_back(std::move(loss));
}

void Losses::note(std::string what) {
  if (report_.notes.size() < kNotesMax) report_.notes.push_back(std::move(what));
}

std::string Losses::inside(const std::string& path) const {
  return path.starts_with(directory_ + "/") ? path.substr(directory_.size() + 1) : path;
}

SalvageReport Losses::take() {
  for (auto& [name, table] : tables_) {
    if (uncounted_) table.count = LossCount::unknown;
    report_.tables.push_back(std::move(table));
  }
  return std::move(report_);
}

}  // namespace mneme
