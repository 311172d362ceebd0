#include "log_copy.h"

#include <algorithm>
#include <map>

#include "import/input.h"
#include "import/try.h"
#include "import/ulog_reader.h"

namespace mneme::demo {
namespace {

using cli::ColumnBatch;
using cli::ImportTable;
using cli::TableBatch;

// Knows by name the columns of one table's batches.
class Columns {
 public:
  explicit Columns(const ImportTable& table) : name_(table.name) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) ordinals_[table.columns[i].name] = i;
  }
  [[nodiscard]] const std::string& table() const { return name_; }
  // REQUIRES for all three: a topic that PX4 logs with this column.
  [[nodiscard]] std::int64_t integer(const TableBatch& batch, std::size_t row, const std::string& column) const {
    return at(batch, column).value<std::int64_t>(row);
  }
  template <std::size_t N>
  [[nodiscard]] std::array<float, N> floats(const TableBatch& batch, std::size_t row,
                                            const std::array<const char*, N>& columns) const {
    std::array<float, N> values;
    std::ranges::transform(columns, values.begin(),
                           [&](const char* column) { return at(batch, column).value<float>(row); });
    return values;
  }
  [[nodiscard]] std::string text(const TableBatch& batch, std::size_t row, const std::string& column) const {
    return std::string(at(batch, column).text_at(row));
  }

 private:
  [[nodiscard]] const ColumnBatch& at(const TableBatch& batch, const std::string& column) const {
    return batch.columns[ordinals_.at(column)];
  }
  std::string name_;
  std::map<std::string, std::size_t> ordinals_;
};

class CopySink final : public cli::TableSink {
 public:
  Result<std::size_t> begin_table(const ImportTable& table) override {
    tables_.emplace_back(table);
    return tables_.size() - 1;
  }
  Result<void> append(std::size_t number, const TableBatch& batch) override {
    const Columns& columns = tables_[number];
    for (std::size_t row = 0; row < batch.rows(); ++row) copy(columns, batch, row);
    return {};
  }
  LogCopy copy_;

 private:
  void copy(const Columns& columns, const TableBatch& batch, std::size_t row) {
    const auto t_us = [&] { return columns.integer(batch, row, "t_us"); };
    if (columns.table() == "sensor_combined") {
      copy_.imu.push_back(
          {t_us(),
           columns.floats<3>(batch, row, {"accelerometer_m_s2_0", "accelerometer_m_s2_1", "accelerometer_m_s2_2"})});
    } else if (columns.table() == "vehicle_local_position") {
      copy_.poses.push_back(
          {t_us(), columns.floats<3>(batch, row, {"x", "y", "z"}), columns.floats<3>(batch, row, {"vx", "vy", "vz"})});
    } else if (columns.table() == "vehicle_attitude") {
      copy_.attitudes.push_back({t_us(), columns.floats<4>(batch, row, {"q_0", "q_1", "q_2", "q_3"})});
    } else if (columns.table() == "log_messages") {
      copy_.messages.push_back({t_us(), columns.text(batch, row, "level_name"), columns.text(batch, row, "message")});
    }
  }
  std::vector<Columns> tables_;
};

void add_moments(LogCopy& copy) {
  for (const LogCopy::Pose& pose : copy.poses) {
    const auto end = std::ranges::upper_bound(copy.imu, pose.t_us, {}, &LogCopy::Imu::t_us);
    if (end - copy.imu.begin() < static_cast<std::ptrdiff_t>(kFeltSamples)) continue;
    LogCopy::Moment moment{pose.t_us, pose.at, {}};
    for (auto sample = end - kFeltSamples; sample != end; ++sample) {
      moment.felt.insert(moment.felt.end(), sample->acceleration.begin(), sample->acceleration.end());
    }
    copy.moments.push_back(std::move(moment));
  }
}

}  // namespace

Result<LogCopy> copy_of_log(const std::string& path) {
  const auto input = TRY(cli::open_input(path));
  CopySink sink;
  TRY(cli::read_ulog(*input, sink));
  LogCopy copy = std::move(sink.copy_);
  if (copy.imu.empty() || copy.poses.empty() || copy.attitudes.empty()) {
    return Error(Code::not_found,
                 "'" + path + "' has no rows of sensor_combined, vehicle_local_position or vehicle_attitude");
  }
  const auto by_time = [](auto& rows) { std::ranges::stable_sort(rows, {}, [](const auto& row) { return row.t_us; }); };
  by_time(copy.imu);
  by_time(copy.poses);
  by_time(copy.attitudes);
  by_time(copy.messages);
  add_moments(copy);
  return copy;
}

}  // namespace mneme::demo
