// Nearest: ORDER BY a distance of a vector column to one vector, with a LIMIT. Looks at that column alone, where it
// lies, keeps the best rows in a heap, and reads their other columns at the end.
//
// With a WHERE the columns it names are read first, and only vectors of the rows that are left are looked at.
// Rows that have gone are measured too: asking whether a row is there costs more than its distance, so that is asked
// only of rows that would enter the heap. NULLs come last and are kept aside until the heap is full.
#include <algorithm>
#include <bit>
#include <utility>

#include "query/late_rows.h"
#include "query/operators.h"
#include "query/vector_metric.h"
#include "simd/prefetch.h"

namespace mneme::query {
namespace {

constexpr std::size_t kWantedMax = 10'000;
// Vectors are measured a slice at a time; before each, what lies so far ahead of it is asked of the memory. Smaller and
// larger slices, and those that go less or farther ahead, were slower over 50 MB.
constexpr std::size_t kSliceBytes = 1'024;
constexpr std::size_t kSliceRowsMin = 2;        // A kernel's call has a cost of its own,
constexpr std::size_t kSliceRowsMinCosine = 8;  // which is here that of one vector more.
constexpr std::size_t kAheadBytes = 8'192;

// A distance of a column of the scan to a vector.
struct Measure {
  std::size_t position = 0;  // Among the scan's columns.
  ColumnId column{};
  Type type;
  simd::DistanceKernel kernel = nullptr;
  Column query;  // One row, not NULL.
  std::size_t slice_rows = 0;
};

bool is_free_of_columns(const Expression& e) {
  return e.kind != ExpressionKind::column &&
         std::ranges::all_of(e.children, [](const auto& child) { return is_free_of_columns(*child); });
}

// The distance that the sort's only key is; none: it is something else.
Result<std::optional<Measure>> measure_of(const TopPlan& top, const ExecutionContext& context) {
  const SortKey& key = top.sort.keys.front();
  const bool ascending = top.sort.keys.size() == 1 && !key.descending && !key.nulls_first;
  if (!ascending || key.expression->kind != ExpressionKind::column) return std::optional<Measure>();
  const Expression& call = *top.project.expressions[key.expression->index];
  if (call.kind != ExpressionKind::call || call.children.size() != 2) return std::optional<Measure>();
  const bool column_first = call.children[0]->kind == ExpressionKind::column;
  const Expression& column = *call.children[column_first ? 0 : 1];
  const Expression& other = *call.children[column_first ? 1 : 0];
  const auto metric = metric_of(*call.function);
  const bool fits = metric && column.kind == ExpressionKind::column && column.type.kind == TypeKind::vector &&
                    column.type == other.type && is_free_of_columns(other);
  if (!fits) return std::optional<Measure>();
  // The root is not needed to order: it tells apart what its square does, being of a float or a small integer.
  const simd::Metric measured = *metric == simd::Metric::l2 ? simd::Metric::l2_squared : *metric;
  const simd::DistanceKernel kernel = simd::distance_kernel(measured, column.type.element);
  Column query = TRY(evaluate_once(other, context));
  if (kernel == nullptr || query.is_null(0)) return std::optional<Measure>();
  const std::size_t slice_rows = std::max(kSliceBytes / column.type.width(),
                                          *metric == simd::Metric::cosine ? kSliceRowsMinCosine : kSliceRowsMin);
  return std::optional<Measure>(std::in_place, Measure{column.index, top.scan.table_columns[column.index], column.type,
                                                       kernel, std::move(query), slice_rows});
}

// Numbers in the order of SQL: NaN is the greatest. REQUIRES: not -0 beside 0 in doubt; a distance is never -0 < 0.
std::uint64_t order_of(double distance) noexcept {
  if (distance != distance) return ~std::uint64_t{0};
  const auto bits = std::bit_cast<std::uint64_t>(distance + 0.0);  // -0 becomes 0.
  return (bits >> 63) != 0 ? ~bits : bits | std::uint64_t{1} << 63;
}

struct Candidate {
  std::uint64_t order = 0;
  std::uint64_t arrival = 0;  // Among equals the first to come wins, as in a sort.
  Place place;
  friend bool operator<(const Candidate& a, const Candidate& b) noexcept {
    return a.order != b.order ? a.order < b.order : a.arrival < b.arrival;
  }
};

class NearestOperator final : public Operator {  // One thread at a time.
 public:
  NearestOperator(const TopPlan& top, Measure measure, std::vector<bool> filtered_by, std::size_t wanted,
                  std::unique_ptr<PlacedReader> reader, Reservation memory, ExecutionContext& context)
      : scan_(top.scan),
        measure_(std::move(measure)),
        filtered_by_(std::move(filtered_by)),
        wanted_(wanted),
        reader_(std::move(reader)),
        late_(top, *reader_, context),
        memory_(std::move(memory)),
        context_(context) {}

  Result<std::optional<Batch>> next() override {
    if (!looked_) {
      looked_ = true;
      TRY(look_at_all());
    }
    const std::size_t count = std::min(late_.rows_per_batch(), found_.size() - at_);
    if (count == 0) return std::optional<Batch>();
    const auto places = std::span(found_).subspan(at_, count);
    Batch batch = TRY(late_.read(places));
    at_ += batch.rows();
    return std::optional<Batch>(std::move(batch));
  }

 private:
  Result<void> look_at_all() {
    TRY(hold(memory_, wanted_ * (sizeof(Candidate) + 2 * sizeof(Place))));
    bool more = wanted_ > 0;
    while (more) {
      TRY(check_stop(context_));
      more = TRY(scan_.filter != nullptr ? look_at_kept() : look_at_run());
    }
    std::sort(heap_.begin(), heap_.end());
    for (const Candidate& candidate : heap_) found_.push_back(candidate.place);
    const std::size_t rest = std::min(nulls_.size(), wanted_ - heap_.size());
    found_.insert(found_.end(), nulls_.begin(), nulls_.begin() + static_cast<std::ptrdiff_t>(rest));
    return {};
  }

  // False: there are no more.
  Result<bool> look_at_run() {
    const std::optional<ValueRun> run = run_ ? std::exchange(run_, std::nullopt) : TRY(reader_->next_run());
    if (!run) return false;
    run_ = TRY(reader_->next_run());
    const Bytes after = run_ ? Bytes(run_->values.values, run_->values.rows * measure_.type.width()) : Bytes();
    TRY(look_at(*run, 0, run->values.rows, after));
    return run_.has_value();
  }

  // The rows of the next batch that the filter keeps.
  Result<bool> look_at_kept() {
    std::optional<Batch> read = TRY(reader_->next(row_ids_));
    if (!read) return false;
    reader_->places(places_);
    const Batch batch = spread(*std::move(read), scan_, filtered_by_);
    const Selection kept = TRY(filter(*scan_.filter, over(batch, places_.size(), context_)));
    for (std::size_t i = 0; i < kept.size();) {
      const Place place = places_[kept[i]];
      if (!run_ || !holds(*run_, place)) run_ = TRY(reader_->run_at(place, measure_.column));
      const std::size_t row = place.ordinal - run_->first.ordinal;
      std::size_t count = 1;  // Of rows that lie one after another.
      while (i + count < kept.size() && row + count < run_->values.rows &&
             places_[kept[i + count]].source == place.source &&
             places_[kept[i + count]].ordinal == place.ordinal + count) {
        ++count;
      }
      TRY(look_at(*run_, row, count, {}));
      i += count;
    }
    return true;
  }

  static bool holds(const ValueRun& run, Place place) noexcept {
    return place.source == run.first.source && place.ordinal >= run.first.ordinal &&
           place.ordinal - run.first.ordinal < run.values.rows;
  }

  // `after`: what will be looked at next.
  Result<void> look_at(const ValueRun& run, std::size_t first, std::size_t count, Bytes after) {
    const std::size_t width = measure_.type.width();
    distances_.resize(std::max(distances_.size(), count));
    measure({run.values.values + first * width, count * width}, after);
    for (std::size_t i = 0; i < count; ++i) {
      if (distances_[i] >= bound_) continue;  // False of NaN, either way.
      TRY(consider(run, first + i, distances_[i], seen_ + i));
    }
    seen_ += count;
    return {};
  }

  void measure(Bytes vectors, Bytes after) noexcept {
    const std::size_t width = measure_.type.width();
    const std::size_t slice_bytes = measure_.slice_rows * width;
    for (std::size_t at = 0; at < vectors.size(); at += slice_bytes) {
      const std::size_t ahead = at + std::max(kAheadBytes, slice_bytes);
      const Bytes there = ahead < vectors.size() ? vectors.subspan(ahead)
                                                 : after.subspan(std::min(ahead - vectors.size(), after.size()));
      simd::prefetch(there.data(), std::min(slice_bytes, there.size()));
      const std::size_t rows = std::min(slice_bytes, vectors.size() - at) / width;
      measure_.kernel(measure_.query.data(), vectors.data() + at, width, rows, measure_.type.dimension,
                      distances_.data() + at / width);
    }
  }

  Result<void> consider(const ValueRun& run, std::size_t row, double distance, std::uint64_t arrival) {
    const Place place{run.first.source, run.first.ordinal + static_cast<std::uint32_t>(row)};
    const auto& validity = run.values.validity;
    const bool full = heap_.size() == wanted_;
    if (!validity.empty() && (validity[row / 64] >> (row % 64) & 1) == 0) {
      if (full || nulls_.size() == wanted_) return {};
      if (TRY(reader_->is_there(place))) nulls_.push_back(place);
      return {};
    }
    const Candidate candidate{order_of(distance), arrival, place};
    if (full && !(candidate < heap_.front())) return {};
    if (!TRY(reader_->is_there(place))) return {};
    if (full) {
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::push_heap(heap_.begin(), heap_.end());
    if (heap_.size() == wanted_) set_bound();
    return {};
  }

  // Distances from here on are refused at a glance; NaN refuses none.
  void set_bound() noexcept {
    const std::uint64_t worst = heap_.front().order;
    const std::uint64_t bits = (worst >> 63) != 0 ? worst ^ std::uint64_t{1} << 63 : ~worst;
    bound_ = std::bit_cast<double>(bits);
  }

  const Scan& scan_;
  const Measure measure_;
  const std::vector<bool> filtered_by_;  // Columns of the scan.
  const std::size_t wanted_;
  const std::unique_ptr<PlacedReader> reader_;
  const LateRows late_;
  Reservation memory_;
  ExecutionContext& context_;
  std::vector<RowId> row_ids_;
  std::vector<Place> places_;    // Of the batch at hand.
  std::optional<ValueRun> run_;  // With a filter: the last one a kept row lay in. Else: the one to look at next.
  std::vector<double> distances_;
  std::vector<Candidate> heap_;  // The worst in front.
  std::vector<Place> nulls_;     // The first rows whose vector is NULL.
  double bound_ = std::bit_cast<double>(~std::uint64_t{0} >> 1);
  std::uint64_t seen_ = 0;
  std::vector<Place> found_;
  std::size_t at_ = 0;
  bool looked_ = false;
};

}  // namespace

Result<OperatorPtr> make_nearest(const Plan& plan, ExecutionContext& context) {
  const auto top = top_plan_of(plan);
  if (!top) return OperatorPtr();
  std::optional<Measure> measure = TRY(measure_of(*top, context));
  if (!measure) return OperatorPtr();
  const RowWindow window = TRY(row_window(top->sort.limit, top->sort.offset, context));
  if (window.end() > kWantedMax) return OperatorPtr();
  std::vector<bool> columns(top->scan.table_columns.size());
  if (top->scan.filter != nullptr) {
    mark_columns(*top->scan.filter, columns);
    if (columns[measure->position] || std::ranges::find(columns, true) == columns.end()) return OperatorPtr();
  } else {
    columns[measure->position] = true;
  }
  auto reader = TRY(read_columns(top->scan, columns, context));
  Reservation memory = TRY(context.budget.reserve(0, MemoryShare::queries, "nearest"));
  return OperatorPtr(std::make_unique<NearestOperator>(*top, *std::move(measure), std::move(columns), window.end(),
                                                       std::move(reader), std::move(memory), context));
}

}  // namespace mneme::query
