// The search for the reference reads message headers only, but for subscriptions and the reference's own topics.
#include "import/ulog_clock.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "import/try.h"

namespace mneme::cli {
namespace {

constexpr std::int64_t kYear2010Us = 1'262'304'000'000'000;
constexpr std::int64_t kYear2200Us = 7'258'118'400'000'000;
constexpr std::uint8_t kFix3d = 3;

template <class T>
std::optional<T> load(std::string_view data, std::optional<std::uint32_t> offset) noexcept {
  if (!offset || data.size() < *offset + sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, data.data() + *offset, sizeof value);
  return value;
}

struct ReferenceTopic {
  std::uint32_t timestamp = 0;
  std::uint32_t utc = 0;
  std::optional<std::uint32_t> relative;
  std::optional<std::uint32_t> fix_type;

  [[nodiscard]] std::optional<std::int64_t> offset_us(std::string_view data) const noexcept {
    const auto boot = load<std::uint64_t>(data, timestamp);
    const auto wall = load<std::uint64_t>(data, utc);
    if (!boot || !wall || *boot > std::uint64_t{kYear2010Us} || *wall < std::uint64_t{kYear2010Us} ||
        *wall > std::uint64_t{kYear2200Us}) {
      return std::nullopt;
    }
    const std::int64_t age = load<std::int32_t>(data, relative).value_or(0);
    return static_cast<std::int64_t>(*wall) - (static_cast<std::int64_t>(*boot) + age);
  }
  [[nodiscard]] bool is_fix(std::string_view data) const noexcept {
    return !fix_type || load<std::uint8_t>(data, fix_type).value_or(0) >= kFix3d;
  }
};

class ReferenceSearch {  // One thread at a time.
 public:
  Result<void> see(const UlogMessage& message) {
    if (message.type == 'F') return formats_.add(message.payload);
    if (message.type == 'A') return subscribe(message.payload);
    if (message.type == 'D') look(message.payload);
    return {};
  }
  [[nodiscard]] bool found() const noexcept { return found_; }
  [[nodiscard]] std::optional<std::int64_t> offset_us() const noexcept { return offset_us_; }

 private:
  Result<void> subscribe(std::string_view payload) {
    const auto id = load<std::uint16_t>(payload, 1);
    if (!id || payload.size() < 4) return {};
    const std::string_view topic = payload.substr(3);
    const auto utc = TRY(formats_.offset_of(topic, "time_utc_usec", UlogType::u64));
    const auto timestamp = TRY(formats_.offset_of(topic, "timestamp", UlogType::u64));
    if (!utc || !timestamp) return {};
    const auto relative = TRY(formats_.offset_of(topic, "timestamp_time_relative", UlogType::i32));
    const auto fix_type = TRY(formats_.offset_of(topic, "fix_type", UlogType::u8));
    topics_[*id] = {*timestamp, *utc, relative, fix_type};
    return {};
  }
  void look(std::string_view payload) {
    const auto id = load<std::uint16_t>(payload, 0);
    const auto topic = id && !topics_.empty() ? topics_.find(*id) : topics_.end();
    if (topic == topics_.end()) return;
    const std::string_view data = payload.substr(sizeof(std::uint16_t));
    const auto offset = topic->second.offset_us(data);
    if (!offset) return;
    found_ = topic->second.is_fix(data);
    if (found_ || !offset_us_) offset_us_ = offset;
  }
  UlogFormats formats_;
  std::map<std::uint16_t, ReferenceTopic> topics_;
  std::optional<std::int64_t> offset_us_;
  bool found_ = false;
};

}  // namespace

Result<std::optional<std::int64_t>> find_utc_offset_us(Input& input) {
  UlogScanner scanner = TRY(UlogScanner::open(input));
  ReferenceSearch search;
  while (!search.found()) {
    const Result<std::optional<UlogMessage>> message = scanner.next();
    if (!message || !*message || !search.see(**message)) break;
  }
  return search.offset_us();
}

std::uint64_t UlogTimestamps::read(std::string_view data, std::uint64_t log_clock_us) noexcept {
  std::uint64_t read = 0;
  std::memcpy(&read, data.data() + offset_, ulog_type_bytes(type_));
  if (type_ == UlogType::u64) return read;
  const std::uint64_t unit = type_ == UlogType::u8 ? 1'000 : 1;  // Eight bits count milliseconds.
  const std::uint64_t turn = unit << (8 * ulog_type_bytes(type_));
  // The first moment that reads like this and is not before the last of the series, nor half a turn behind the log.
  const std::uint64_t from = std::max(last_us_, log_clock_us - std::min(log_clock_us, turn / 2));
  last_us_ = from - from % turn + read * unit;
  if (last_us_ < from) last_us_ += turn;
  return last_us_;
}

}  // namespace mneme::cli
