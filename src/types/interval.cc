#include "types/interval.h"

#include <array>
#include <limits>

#include "types/date_time.h"
#include "types/number.h"
#include "types/text_cursor.h"
#include "types/text_form.h"

namespace mneme {
namespace {

constexpr std::int64_t kAmountMax = 1'000'000'000'000'000'000;  // Of what stands before a unit.
constexpr std::size_t kFractionDigitsMax = 18;

struct NamedUnit {
  std::string_view name;
  TimeUnit unit;
};
constexpr TimeUnit kSecond{.ns = kNsPerSecond};
constexpr TimeUnit kMinute{.ns = kNsPerMinute};
constexpr TimeUnit kHour{.ns = kNsPerHour};
constexpr TimeUnit kDay{.days = 1};
constexpr TimeUnit kMonth{.months = 1};
constexpr TimeUnit kYear{.months = 12};
constexpr std::array<NamedUnit, 45> kUnits{{
    {"s", kSecond},
    {"sec", kSecond},
    {"secs", kSecond},
    {"second", kSecond},
    {"seconds", kSecond},
    {"m", kMinute},
    {"min", kMinute},
    {"mins", kMinute},
    {"minute", kMinute},
    {"minutes", kMinute},
    {"h", kHour},
    {"hr", kHour},
    {"hrs", kHour},
    {"hour", kHour},
    {"hours", kHour},
    {"d", kDay},
    {"day", kDay},
    {"days", kDay},
    {"w", {.days = 7}},
    {"week", {.days = 7}},
    {"weeks", {.days = 7}},
    {"mon", kMonth},
    {"mons", kMonth},
    {"month", kMonth},
    {"months", kMonth},
    {"y", kYear},
    {"yr", kYear},
    {"yrs", kYear},
    {"year", kYear},
    {"years", kYear},
    {"quarter", {.months = 3}},
    {"decade", {.months = 120}},
    {"decades", {.months = 120}},
    {"century", {.months = 1'200}},
    {"centuries", {.months = 1'200}},
    {"millennium", {.months = 12'000}},
    {"millennia", {.months = 12'000}},
    {"ms", {.ns = 1'000'000}},
    {"msec", {.ns = 1'000'000}},
    {"millisecond", {.ns = 1'000'000}},
    {"milliseconds", {.ns = 1'000'000}},
    {"us", {.ns = 1'000}},
    {"microsecond", {.ns = 1'000}},
    {"microseconds", {.ns = 1'000}},
    {"ns", {.ns = 1}},
}};
constexpr std::array<NamedUnit, 2> kNanoseconds{{{"nanosecond", {.ns = 1}}, {"nanoseconds", {.ns = 1}}}};

// A number of units: digits before the point, and `fraction` / `fraction_of` behind it.
struct Amount {
  bool negative = false;
  std::int64_t whole = 0;
  std::int64_t fraction = 0;
  std::int64_t fraction_of = 1;
};

class IntervalReader {  // One thread at a time.
 public:
  explicit IntervalReader(std::string_view text) : cursor_(text) {}

  // Whether the text has the form; the sums are then in months(), days(), ns().
  bool read() {
    if (to_lower(cursor_.peek()) == 'p') return read_iso();
    bool any = false;
    for (cursor_.skip_spaces(), cursor_.accept('@'), cursor_.skip_spaces(); !cursor_.at_end(); cursor_.skip_spaces()) {
      if (any && is_letter(cursor_.peek())) return ago();
      if (!field()) return false;
      any = true;
    }
    return any;
  }
  [[nodiscard]] Wide months() const noexcept { return months_; }
  [[nodiscard]] Wide days() const noexcept { return days_; }
  [[nodiscard]] Wide ns() const noexcept { return ns_; }

 private:
  bool ago() {
    if (!equals_ignoring_case(cursor_.letters(), "ago")) return false;
    months_ = -months_;
    days_ = -days_;
    ns_ = -ns_;
    cursor_.skip_spaces();
    return cursor_.at_end();
  }

  // A number with its unit, 04:05:06, or years-months.
  bool field() {
    Amount amount;
    if (!sign_and_whole(amount)) return false;
    if (cursor_.peek() == ':') return time_of_day(amount);
    if (cursor_.peek() == '-' && is_digit(cursor_.peek(1))) return years_months(amount);
    fraction(amount);
    cursor_.skip_spaces();
    if (cursor_.at_end()) return add(amount, kSecond);
    if (is_digit(cursor_.peek()) && amount.fraction == 0) return add(amount, kDay) && at_time();
    const auto unit = time_unit(cursor_.letters());
    return unit && add(amount, *unit);
  }
  // "1 04:05:06": a number without a unit is days only before a time of day.
  [[nodiscard]] bool at_time() const noexcept {
    std::size_t digits = 0;
    while (is_digit(cursor_.peek(digits))) ++digits;
    return cursor_.peek(digits) == ':';
  }

  bool sign_and_whole(Amount& amount) {
    amount.negative = cursor_.accept('-');
    if (!amount.negative) cursor_.accept('+');
    cursor_.skip_spaces();
    if (!cursor_.at_digit() && !(cursor_.peek() == '.' && is_digit(cursor_.peek(1)))) return false;
    amount.whole = number_of(cursor_.digits(), kAmountMax);
    return true;
  }
  void fraction(Amount& amount) {
    if (!cursor_.accept('.')) return;
    for (const char c : cursor_.digits().substr(0, kFractionDigitsMax)) {
      amount.fraction = amount.fraction * 10 + (c - '0');
      amount.fraction_of *= 10;
    }
  }

  // hours:minutes[:seconds[.fraction]], or minutes:seconds.fraction.
  bool time_of_day(const Amount& first) {
    cursor_.accept(':');
    std::int64_t hours = first.whole;
    const std::string_view second = cursor_.digits();
    std::int64_t minutes = number_of(second, 99);
    std::int64_t seconds = 0;
    if (cursor_.accept(':')) {
      const std::string_view third = cursor_.digits();
      if (third.empty()) return false;
      seconds = number_of(third, 99);
    } else if (cursor_.peek() == '.') {
      seconds = minutes;
      minutes = hours;
      hours = 0;
    }
    if (second.empty() || minutes > 59 || seconds > 60) return false;
    const Wide ns =
        Wide{hours} * kNsPerHour + minutes * kNsPerMinute + seconds * kNsPerSecond + parse_fraction_ns(cursor_);
    ns_ += first.negative ? -ns : ns;
    return true;
  }

  bool years_months(const Amount& years) {
    cursor_.accept('-');
    const std::int64_t months = number_of(cursor_.digits(), 99);
    if (months > 11) return false;
    const Wide sum = Wide{years.whole} * 12 + months;
    months_ += years.negative ? -sum : sum;
    return true;
  }

  // Fractions run down: of a year into whole months, of a month into days of 30, of a day into time.
  bool add(const Amount& amount, const TimeUnit& unit) {
    const Wide sign = amount.negative ? -1 : 1;
    const Wide half = amount.fraction_of / 2;
    months_ += sign * amount.whole * unit.months;
    days_ += sign * amount.whole * unit.days;
    ns_ += sign * amount.whole * unit.ns;
    if (amount.fraction == 0) return true;
    if (unit.months >= 12) {
      months_ += sign * ((Wide{amount.fraction} * unit.months + half) / amount.fraction_of);
      return true;
    }
    const Wide days_ns = Wide{unit.months * 30 + unit.days} * kNsPerDay;
    const Wide part = (amount.fraction * (days_ns + unit.ns) + half) / amount.fraction_of;
    if (days_ns > 0) days_ += sign * (part / kNsPerDay);
    ns_ += sign * (days_ns > 0 ? part % kNsPerDay : part);
    return true;
  }

  // P1Y2M3W4DT5H6M7.8S, each field with a sign of its own.
  bool read_iso() {
    cursor_.take(1);
    bool in_time = false;
    bool any = false;
    while (!cursor_.at_end()) {
      if (!in_time && (cursor_.accept('T') || cursor_.accept('t'))) {
        in_time = true;
        any = false;  // A T without a field behind it says nothing.
        continue;
      }
      Amount amount;
      if (!sign_and_whole(amount)) return false;
      fraction(amount);
      if (cursor_.at_end()) return false;
      const char letter = to_lower(cursor_.take(1)[0]);
      const std::string_view date_units = "ymwd";
      const std::string_view time_units = "hms";
      if ((in_time ? time_units : date_units).find(letter) == std::string_view::npos) return false;
      add(amount, letter == 'm' && !in_time ? kMonth : *time_unit(std::string_view(&letter, 1)));
      any = true;
    }
    return any;
  }

  TextCursor cursor_;
  Wide months_ = 0;
  Wide days_ = 0;
  Wide ns_ = 0;
};

template <class T>
bool fits(Wide value) noexcept {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

}  // namespace

std::optional<TimeUnit> time_unit(std::string_view name) noexcept {
  for (const auto& unit : kUnits) {
    if (equals_ignoring_case(name, unit.name)) return unit.unit;
  }
  for (const auto& unit : kNanoseconds) {
    if (equals_ignoring_case(name, unit.name)) return unit.unit;
  }
  return std::nullopt;
}

Result<Interval> make_interval(Wide months, Wide days, Wide ns) {
  if (!fits<std::int32_t>(months) || !fits<std::int32_t>(days) || !fits<std::int64_t>(ns)) {
    return Error(Code::invalid_argument, "interval out of range").with_sqlstate("22008");
  }
  return Interval{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days), static_cast<std::int64_t>(ns)};
}

Result<Interval> parse_interval(std::string_view text) {
  IntervalReader reader(trim_spaces(text));
  if (!reader.read()) return invalid_syntax("interval", text, "22007");
  auto made = make_interval(reader.months(), reader.days(), reader.ns());
  if (made) return made;
  return Error(Code::invalid_argument, "interval field value out of range: " + quoted_for_message(text))
      .with_sqlstate("22015");
}

// PostgreSQL's form: a field after a negative one says + when it is positive.
void print_interval(const Interval& interval, std::string& out) {
  const std::size_t start = out.size();
  bool after_negative = false;
  const auto field = [&](std::int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (out.size() > start) out += ' ';
    if (after_negative && value > 0) out += '+';
    print_integer(value, out);
    out += ' ';
    out += unit;
    if (value != 1) out += 's';
    after_negative = value < 0;
  };
  field(interval.months / 12, "year");
  field(interval.months % 12, "mon");
  field(interval.days, "day");
  if (interval.ns == 0 && out.size() > start) return;
  if (out.size() > start) out += ' ';
  if (interval.ns < 0) {
    out += '-';
  } else if (after_negative) {
    out += '+';
  }
  // The lowest INT has no positive counterpart: it is printed as 2^63 - 1 ns, the last digit of which is lost.
  print_time_of_day(interval.ns == INT64_MIN ? INT64_MAX : interval.ns < 0 ? -interval.ns : interval.ns, out);
}

Wide interval_length_ns(const Interval& interval) noexcept {
  return (Wide{interval.months} * 30 + interval.days) * kNsPerDay + interval.ns;
}

}  // namespace mneme
