#include "storage/manifest_state.h"

#include <algorithm>

namespace mneme {
namespace {

Error does_not_fit(const std::string& what) { return Error(Code::corrupt, "manifest edit: " + what); }

template <class T>
Result<void> raise(T& value, const std::optional<T>& to, const char* what) {
  if (!to) return {};
  if (*to < value) return does_not_fit(std::string(what) + " goes back");
  value = *to;
  return {};
}

Result<void> remove_segment(ManifestState& state, const SegmentRemoval& removal) {
  const auto found = state.segments.find(removal.file);
  if (found == state.segments.end()) {
    return does_not_fit("removes segment " + std::to_string(raw(removal.file)) + ", which is not there");
  }
  auto& parts = found->second.parts;
  if (removal.table != TableId{}) {
    const auto gone = std::erase_if(parts, [&](const SegmentPartInfo& part) { return part.table == removal.table; });
    if (gone == 0) return does_not_fit("removes a table's part of a segment that has none");
    if (!parts.empty()) return {};
  }
  state.segments.erase(found);
  std::erase_if(state.deletes, [&](const auto& entry) { return entry.first.first == removal.file; });
  return {};
}

Result<void> remove_files(ManifestState& state, const ManifestEdit& edit) {
  // Delete files first: one may be named beside its segment, which takes the rest along.
  for (const DeleteFile& file : edit.removed_deletes) {
    if (state.deletes.erase({file.segment, file.sequence}) == 0) {
      return does_not_fit("removes a delete file that is not there");
    }
  }
  for (const SegmentRemoval& removal : edit.removed_segments) TRY(remove_segment(state, removal));
  for (const TableId table : edit.removed_tables) {
    if (state.tables.erase(table) == 0) return does_not_fit("removes a table that is not there");
  }
  return {};
}

Result<void> add_segment(ManifestState& state, const SegmentInfo& segment) {
  if (segment.file == FileNumber{} || segment.parts.empty())
    return does_not_fit("adds a segment without a file or rows");
  if (!state.segments.emplace(segment.file, segment).second) {
    return does_not_fit("adds segment " + std::to_string(raw(segment.file)) + " twice");
  }
  return {};
}

Result<void> add_files(ManifestState& state, const ManifestEdit& edit) {
  for (const SegmentInfo& segment : edit.segments) TRY(add_segment(state, segment));
  for (const DeleteFile& file : edit.deletes) {
    if (!state.segments.contains(file.segment)) return does_not_fit("adds a delete file of no segment");
    if (!state.deletes.emplace(std::pair(file.segment, file.sequence), file).second) {
      return does_not_fit("adds a delete file twice");
    }
  }
  for (const TableMark& mark : edit.tables) {
    TableMark& table = state.tables[mark.table];
    if (mark.flushed_to < table.flushed_to || mark.next_key < table.next_key) {
      return does_not_fit("turns a table's mark back");
    }
    table = mark;
  }
  return {};
}

Result<void> raise_counters(ManifestState& state, const ManifestEdit& edit) {
  if (edit.catalog) {
    if (edit.catalog->lsn < state.catalog.lsn) return does_not_fit("has an older catalogue checkpoint");
    state.catalog = *edit.catalog;
  }
  if (edit.log_start) {
    if (edit.log_start->lsn < state.log_start.lsn || edit.log_start->file < state.log_start.file) {
      return does_not_fit("turns the start of the log back");
    }
    state.log_start = *edit.log_start;
  }
  if (edit.origin) {
    if (state.origin != 0 && state.origin != *edit.origin) return does_not_fit("changes the origin");
    state.origin = *edit.origin;
  }
  TRY(raise(state.epoch, edit.epoch, "the epoch"));
  TRY(raise(state.known_synced, edit.known_synced, "the known-synced LSN"));
  TRY(raise(state.next_file, edit.next_file, "the next file number"));
  TRY(raise(state.next_row, edit.next_row, "the next row"));
  return raise(state.next_table, edit.next_table, "the next table");
}

template <class Map>
auto values_of(const Map& map) {
  std::vector<typename Map::mapped_type> values;
  values.reserve(map.size());
  for (const auto& entry : map) values.push_back(entry.second);
  return values;
}

}  // namespace

Result<void> ManifestState::apply(const ManifestEdit& edit) {
  ManifestState changed = *this;  // Edits are rare and states small: a copy is the simplest all or nothing.
  TRY(changed.fold(edit));
  *this = std::move(changed);
  return {};
}

Result<void> ManifestState::fold(const ManifestEdit& edit) {
  TRY(remove_files(*this, edit));
  TRY(add_files(*this, edit));
  return raise_counters(*this, edit);
}

ManifestEdit ManifestState::as_edit() const {
  ManifestEdit edit;
  edit.segments = values_of(segments);
  edit.deletes = values_of(deletes);
  edit.tables = values_of(tables);
  edit.catalog = catalog;
  edit.epoch = epoch;
  edit.known_synced = known_synced;
  edit.log_start = log_start;
  edit.next_file = next_file;
  edit.next_row = next_row;
  edit.next_table = next_table;
  edit.origin = origin;
  return edit;
}

}  // namespace mneme
