// Rows are few, so they are appended value by value.
#include "import/ulog_side_tables.h"

#include <cstring>

#include "import/try.h"
#include "import/ulog_rows.h"
#include "import/ulog_value.h"
#include "import/utf8.h"

namespace mneme::cli {
namespace {

constexpr std::size_t kInfoBytesMax = 1024 * 1024;  // Of one value; a longer one continues as another item.
constexpr std::array<std::string_view, 8> kLevels{"EMERGENCY", "ALERT",  "CRITICAL", "ERROR",
                                                  "WARNING",   "NOTICE", "INFO",     "DEBUG"};

constexpr Type kInt{.kind = TypeKind::integer};
constexpr Type kFloat{.kind = TypeKind::floating};
constexpr Type kText{.kind = TypeKind::text};
constexpr Type kBool{.kind = TypeKind::boolean};
constexpr Type kTime{.kind = TypeKind::timestamp};

std::vector<ImportTable> schemas() {
  return {
      {"parameters", {{"t_us", kInt}, {"ts", kTime}, {"name", kText}, {"type", kText}, {"value", kFloat}}},
      {"parameter_defaults",
       {{"name", kText}, {"type", kText}, {"value", kFloat}, {"is_system", kBool}, {"is_setup", kBool}}},
      {"log_messages",
       {{"t_us", kInt}, {"ts", kTime}, {"level", kInt}, {"level_name", kText}, {"tag", kInt}, {"message", kText}}},
      {"info", {{"name", kText}, {"type", kText}, {"item", kInt}, {"value", kText}}},
      {"dropouts", {{"t_us", kInt}, {"ts", kTime}, {"duration_ms", kInt}}},
  };
}

Error too_short(const UlogMessage& message) {
  return Error(Code::corrupt,
               "ULog: " + describe(message) + ": too short, " + std::to_string(message.payload.size()) + " bytes");
}

template <class T>
T load(std::string_view bytes, std::size_t at) noexcept {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

UlogSideTables::UlogSideTables(TableSink& sink, UlogSummary& summary) : sink_(sink), summary_(summary) {
  for (const ImportTable& table : schemas()) batches_.emplace_back(table);
}

Result<void> UlogSideTables::begin() {
  for (const ImportTable& table : schemas()) {
    numbers_.push_back(TRY(sink_.begin_table(table)));
    ++summary_.tables;
  }
  return {};
}

Result<bool> UlogSideTables::take(const UlogMessage& message, std::uint64_t clock_us) {
  switch (message.type) {
    case 'P': TRY(parameter(message, clock_us)); return true;
    case 'Q': TRY(parameter_default(message)); return true;
    case 'L': TRY(log_message(message, false)); return true;
    case 'C': TRY(log_message(message, true)); return true;
    case 'I': TRY(info(message, false)); return true;
    case 'M': TRY(info(message, true)); return true;
    case 'O': TRY(dropout(message, clock_us)); return true;
    default: return false;
  }
}

void UlogSideTables::append_time(TableBatch& batch, std::optional<std::uint64_t> t_us) const {
  const bool fits = t_us && *t_us >> 63 == 0;
  if (!fits) {
    batch.columns[0].append_null();
    batch.columns[1].append_null();
    return;
  }
  const auto time = static_cast<std::int64_t>(*t_us);
  batch.columns[0].append(time);
  const auto ns = summary_.utc_offset_us ? ulog_wall_ns(time, *summary_.utc_offset_us) : std::nullopt;
  if (ns) {
    batch.columns[1].append(*ns);
  } else {
    batch.columns[1].append_null();
  }
}

Result<void> UlogSideTables::parameter(const UlogMessage& message, std::uint64_t clock_us) {
  const UlogPair pair = TRY(parse_ulog_pair(message, message.payload));
  const auto value = ulog_parameter(pair);
  if (!value) return too_short(message).during("a parameter is an int32_t or a float");
  TableBatch& batch = batches_[kParameters];
  append_time(batch, in_data_ ? std::optional(clock_us) : std::nullopt);
  batch.columns[2].append_text(pair.key.name);
  batch.columns[3].append_text(pair.key.type);
  batch.columns[4].append(*value);
  return end_row(kParameters);
}

// u8 kinds: bit 0, the system's default; bit 1, the default of the vehicle's setup; then as a parameter.
Result<void> UlogSideTables::parameter_default(const UlogMessage& message) {
  if (message.payload.empty()) return too_short(message);
  const auto kinds = load<std::uint8_t>(message.payload, 0);
  const UlogPair pair = TRY(parse_ulog_pair(message, message.payload.substr(1)));
  const auto value = ulog_parameter(pair);
  if (!value) return too_short(message).during("a parameter is an int32_t or a float");
  TableBatch& batch = batches_[kDefaults];
  batch.columns[0].append_text(pair.key.name);
  batch.columns[1].append_text(pair.key.type);
  batch.columns[2].append(*value);
  batch.columns[3].append(static_cast<std::uint8_t>(kinds & 1));
  batch.columns[4].append(static_cast<std::uint8_t>(kinds >> 1 & 1));
  return end_row(kDefaults);
}

// u8 level, as a digit | u16 tag, if tagged | u64 microseconds | text
Result<void> UlogSideTables::log_message(const UlogMessage& message, bool tagged) {
  const std::size_t time_at = tagged ? 3 : 1;
  const std::string_view payload = message.payload;
  if (payload.size() < time_at + 8) return too_short(message);
  end_definitions();
  TableBatch& batch = batches_[kMessages];
  append_time(batch, load<std::uint64_t>(payload, time_at));
  const std::int64_t level = load<std::uint8_t>(payload, 0) - '0';
  if (level >= 0 && level < 8) {
    batch.columns[2].append(level);
    batch.columns[3].append_text(kLevels[static_cast<std::size_t>(level)]);
  } else {
    batch.columns[2].append_null();
    batch.columns[3].append_null();
  }
  if (tagged) {
    batch.columns[4].append(std::int64_t{load<std::uint16_t>(payload, 1)});
  } else {
    batch.columns[4].append_null();
  }
  batch.columns[5].append_text(clean_utf8(payload.substr(time_at + 8)));
  return end_row(kMessages);
}

// A multi message begins with u8 is_continued: 1 if its value goes on where the last one of the name ended.
Result<void> UlogSideTables::info(const UlogMessage& message, bool multi) {
  if (message.payload.empty()) return too_short(message);
  const bool continued = multi && message.payload[0] != 0;
  const UlogPair pair = TRY(parse_ulog_pair(message, message.payload.substr(multi ? 1 : 0)));
  const bool same = info_.any && multi && info_.name == pair.key.name;
  if (!same || !continued || info_.value.size() + pair.value.size() > kInfoBytesMax) {
    TRY(end_info());
    info_.item = same ? info_.item + 1 : 0;
    info_.value.clear();
  }
  info_.any = true;
  info_.name = pair.key.name;
  info_.type = ulog_type_text(pair.key);
  info_.value += ulog_value_text(pair.key, pair.value);
  return {};
}

Result<void> UlogSideTables::end_info() {
  if (!info_.any) return {};
  TableBatch& batch = batches_[kInfo];
  batch.columns[0].append_text(info_.name);
  batch.columns[1].append_text(info_.type);
  batch.columns[2].append(info_.item);
  batch.columns[3].append_text(info_.value);
  return end_row(kInfo);
}

Result<void> UlogSideTables::dropout(const UlogMessage& message, std::uint64_t clock_us) {
  if (message.payload.size() < 2) return too_short(message);
  ++summary_.dropouts;
  append_time(batches_[kDropouts], clock_us);
  batches_[kDropouts].columns[2].append(std::int64_t{load<std::uint16_t>(message.payload, 0)});
  return end_row(kDropouts);
}

Result<void> UlogSideTables::end_row(Table table) { return batches_[table].full() ? deliver(table) : Result<void>(); }

Result<void> UlogSideTables::deliver(Table table) {
  TableBatch& batch = batches_[table];
  if (batch.rows() == 0) return {};
  summary_.rows += batch.rows();
  TRY(sink_.append(numbers_[table], batch));
  batch.clear();
  return {};
}

Result<void> UlogSideTables::finish() {
  TRY(end_info());
  info_ = {};
  for (std::size_t table = 0; table < batches_.size(); ++table) TRY(deliver(static_cast<Table>(table)));
  return {};
}

}  // namespace mneme::cli
