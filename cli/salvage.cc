#include "salvage.h"

#include <cinttypes>
#include <cstdio>

#include "progress.h"

namespace mneme::cli {
namespace {

const char* kind_name(LossKind kind) {
  switch (kind) {
    case LossKind::rows: return "rows";
    case LossKind::deletes: return "deletes";
    case LossKind::commits: return "commits";
    case LossKind::duplicates: return "duplicates";
    case LossKind::files: return "files";
  }
  return "";
}

const char* count_name(LossCount count) {
  switch (count) {
    case LossCount::exact: return "exact";
    case LossCount::at_most: return "at most";
    case LossCount::unknown: return "unknown";
  }
  return "";
}

std::string rows_text(std::uint64_t rows, LossCount count) {
  if (count == LossCount::unknown) return rows == 0 ? "an unknown number" : std::to_string(rows) + " or more";
  return (count == LossCount::at_most ? "at most " : "") + std::to_string(rows);
}

std::string range_text(const char* what, std::uint64_t first, std::uint64_t last) {
  return first == 0 ? "" : std::string(", ") + what + " " + std::to_string(first) + "-" + std::to_string(last);
}

std::string loss_text(const SalvageLoss& loss) {
  std::string text = kind_name(loss.kind);
  if (!loss.table.empty()) text += " of " + loss.table;
  if (loss.kind == LossKind::rows) text += ": " + rows_text(loss.rows, loss.count);
  text += range_text("row ids", loss.first_row, loss.last_row) + range_text("LSN", loss.first_lsn, loss.last_lsn);
  if (loss.time) {
    text += ", " + Value::timestamp(loss.time->first_ns).to_text() + " to " +
            Value::timestamp(loss.time->last_ns).to_text();
  }
  return text + ": " + loss.file + " at offset " + std::to_string(loss.offset) + ": " + loss.reason;
}

void print_text(const SalvageReport& report) {
  for (const SalvagedTable& table : report.tables) {
    std::printf("%-32s %12" PRIu64 " rows, %s lost\n", table.name.c_str(), table.rows,
                rows_text(table.lost, table.count).c_str());
  }
  for (const SalvageLoss& loss : report.losses) std::printf("lost: %s\n", loss_text(loss).c_str());
  if (report.losses_unlisted > 0) std::printf("lost: %" PRIu64 " more places\n", report.losses_unlisted);
  for (const std::string& note : report.notes) std::printf("note: %s\n", note.c_str());
  std::printf("%s\n", report.complete() ? "nothing was lost" : "something was lost");
}

class Fields {  // Of one JSON object. One thread at a time.
 public:
  void text(const char* name, std::string_view value) { raw(name, json_string(value)); }
  void number(const char* name, std::uint64_t value) { raw(name, std::to_string(value)); }
  void raw(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "" : ",") + json_string(name) + ":" + value;
  }
  [[nodiscard]] std::string object() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

std::string json_of(const SalvageLoss& loss) {
  Fields fields;
  fields.text("kind", kind_name(loss.kind));
  fields.text("table", loss.table);
  fields.text("file", loss.file);
  fields.number("offset", loss.offset);
  fields.text("reason", loss.reason);
  fields.number("rows", loss.rows);
  fields.text("count", count_name(loss.count));
  fields.number("first_row", loss.first_row);
  fields.number("last_row", loss.last_row);
  fields.number("first_lsn", loss.first_lsn);
  fields.number("last_lsn", loss.last_lsn);
  fields.raw("first_time", loss.time ? json_string(Value::timestamp(loss.time->first_ns).to_text()) : "null");
  fields.raw("last_time", loss.time ? json_string(Value::timestamp(loss.time->last_ns).to_text()) : "null");
  return fields.object();
}

std::string json_of(const SalvagedTable& table) {
  Fields fields;
  fields.text("name", table.name);
  fields.number("rows", table.rows);
  fields.number("lost", table.lost);
  fields.text("count", count_name(table.count));
  return fields.object();
}

template <class List, class ToJson>
std::string json_list(const List& list, const ToJson& to_json) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ",") + to_json(item);
  return "[" + text + "]";
}

void print_json(const SalvageReport& report) {
  const auto plain = [](const auto& item) { return json_of(item); };
  Fields fields;
  fields.raw("complete", report.complete() ? "true" : "false");
  fields.raw("tables", json_list(report.tables, plain));
  fields.raw("losses", json_list(report.losses, plain));
  fields.number("losses_unlisted", report.losses_unlisted);
  fields.raw("notes", json_list(report.notes, [](const std::string& note) { return json_string(note); }));
  std::printf("%s\n", fields.object().c_str());
}

}  // namespace

Result<bool> salvage_to(const std::string& source, const std::string& destination, std::size_t memory_budget,
                        Mode mode) {
  SalvageOptions options;
  options.memory_budget = memory_budget;
  Result<SalvageReport> report = Error(Code::closed, "");
  {
    Progress progress("salvage");
    options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
    report = salvage(source, destination, options);
  }
  if (!report) return std::move(report).error();
  (mode == Mode::json || mode == Mode::jsonl) ? print_json(*report) : print_text(*report);
  return report->complete();
}

}  // namespace mneme::cli
