// Aggregates that keep one of the values: least, greatest, first, last; and string_agg, which keeps them all.
#include <string>

#include "query/folding.h"
#include "query/value_order.h"
#include "types/key.h"

namespace mneme::query {
namespace {

template <class T>
struct ExtremeState {
  T value{};
  bool any = false;
};

template <class T>
struct Extreme {
  using Value = T;
  using State = ExtremeState<T>;
  static constexpr std::string_view kName = "min or max";
  bool greatest;
  bool add(State& state, const T& value) const noexcept {
    if (state.any && (greatest ? order(value, state.value) <= 0 : order(value, state.value) >= 0)) return true;
    state = {value, true};
    return true;
  }
  Result<void> finish(const State& state, Column& out) const {
    state.any ? out.append(state.value) : out.append_null();
    return {};
  }
};

// Memory of a string beyond the object itself.
std::size_t outside_bytes(const std::string& text) noexcept {
  return text.capacity() > std::string().capacity() ? text.capacity() : 0;
}

// Accumulators whose states own bytes: they count them as they grow.
template <class State>
class Owning : public Accumulator {  // One thread at a time.
 public:
  void resize(std::size_t groups) override { states_.resize(groups); }
  [[nodiscard]] std::size_t memory_bytes() const noexcept override {
    return states_.capacity() * sizeof(State) + outside_bytes_;
  }
  [[nodiscard]] std::size_t state_bytes() const noexcept override { return sizeof(State); }

 protected:
  void assign(std::string& to, std::string_view bytes) {
    outside_bytes_ -= outside_bytes(to);
    to.assign(bytes);
    outside_bytes_ += outside_bytes(to);
  }
  void append(std::string& to, std::string_view bytes) {
    outside_bytes_ -= outside_bytes(to);
    to.append(bytes);
    outside_bytes_ += outside_bytes(to);
  }
  std::vector<State> states_;

 private:
  std::size_t outside_bytes_ = 0;
};

struct TextState {
  std::string text;
  bool any = false;
};

class OfTexts : public Owning<TextState> {  // One thread at a time.
 public:
  Result<void> finish(std::size_t first, std::size_t count, Column& out) const final {
    for (std::size_t group = first; group < first + count; ++group) {
      states_[group].any ? out.append_bytes(as_bytes(states_[group].text)) : out.append_null();
    }
    return {};
  }
};

class TextExtreme final : public OfTexts {  // One thread at a time.
 public:
  explicit TextExtreme(bool greatest) : greatest_(greatest) {}
  Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) override {
    const Column& column = *arguments.front();
    for (std::size_t row = 0; row < groups.size(); ++row) {
      if (column.is_null(row)) continue;
      const std::string_view text = as_text(column.bytes_at(row));
      TextState& state = states_[groups[row]];
      if (state.any && (greatest_ ? text <= state.text : text >= state.text)) continue;
      assign(state.text, text);
      state.any = true;
    }
    return {};
  }

 private:
  const bool greatest_;
};

struct AtTimeState {
  std::string time;   // Its key: bytes in the order of time.
  std::string value;  // The layout's bytes.
  bool any = false;
  bool is_null = false;
};

class AtTime final : public Owning<AtTimeState> {  // One thread at a time.
 public:
  explicit AtTime(bool last) : last_(last) {}
  Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) override {
    const Column& values = *arguments[0];
    const Column& times = *arguments[1];
    for (std::size_t row = 0; row < groups.size(); ++row) {
      if (times.is_null(row)) continue;
      key_.clear();
      encode_key_column(times, row, key_);
      AtTimeState& state = states_[groups[row]];
      const std::string_view time = as_text(key_);
      if (state.any && (last_ ? time < state.time : time >= state.time)) continue;
      assign(state.time, time);
      state.any = true;
      state.is_null = values.is_null(row);
      assign(state.value, state.is_null ? std::string_view() : as_text(values.bytes_at(row)));
    }
    return {};
  }
  Result<void> finish(std::size_t first, std::size_t count, Column& out) const override {
    for (std::size_t group = first; group < first + count; ++group) {
      const AtTimeState& state = states_[group];
      if (!state.any || state.is_null) {
        out.append_null();
      } else if (out.type().is_variable()) {
        out.append_bytes(as_bytes(state.value));
      } else {
        out.append_fixed(as_bytes(state.value));
      }
    }
    return {};
  }

 private:
  const bool last_;
  ByteBuffer key_;
};

class StringAgg final : public OfTexts {  // One thread at a time.
 public:
  Result<void> add(std::span<const Column* const> arguments, std::span<const GroupNumber> groups) override {
    const Column& texts = *arguments[0];
    const Column& delimiters = *arguments[1];
    for (std::size_t row = 0; row < groups.size(); ++row) {
      if (texts.is_null(row)) continue;
      TextState& state = states_[groups[row]];
      // A row's delimiter stands before its text; a NULL one is nothing.
      if (state.any && !delimiters.is_null(row)) append(state.text, as_text(delimiters.bytes_at(row)));
      append(state.text, as_text(texts.bytes_at(row)));
      state.any = true;
    }
    return {};
  }
};

}  // namespace

AccumulatorPtr make_extreme(const Type& argument, bool greatest) {
  switch (argument.kind) {
    case TypeKind::boolean: return folding(Extreme<std::uint8_t>{greatest});
    case TypeKind::integer:
    case TypeKind::timestamp:
    case TypeKind::decimal: return folding(Extreme<std::int64_t>{greatest});
    case TypeKind::date: return folding(Extreme<std::int32_t>{greatest});
    case TypeKind::floating: return folding(Extreme<double>{greatest});
    case TypeKind::real: return folding(Extreme<float>{greatest});
    case TypeKind::interval: return folding(Extreme<Interval>{greatest});
    case TypeKind::uuid: return folding(Extreme<Uuid>{greatest});
    case TypeKind::text:
    case TypeKind::blob: return std::make_unique<TextExtreme>(greatest);
    case TypeKind::json:
    case TypeKind::vector:
    case TypeKind::point:
    case TypeKind::point3: return nullptr;
  }
  return nullptr;
}

AccumulatorPtr make_at_time(const Type&, const Type& time, bool last) {
  return is_key_type(time) ? std::make_unique<AtTime>(last) : nullptr;
}

AccumulatorPtr make_string_agg() { return std::make_unique<StringAgg>(); }

}  // namespace mneme::query
