// The kernels of distance.h, written once with Highway and compiled by this file for each instruction set in turn.
//
// Highway is used by its headers alone: its own dispatch would make the library need libhwy.so where it runs, and the
// choice is a few lines (docs/decisions/005-highway.md).
#include "simd/distance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

// Of the sets Highway knows, those that are worth their bytes: AVX3_DL adds nothing that is used, SSE4 little to what
// every x86-64 has, and of scalable vectors (SVE, RVV) no variable can be a member.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (HWY_AVX3_DL | HWY_SSE4 | HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_IS_DEBUG_BUILD
#define HWY_IS_DEBUG_BUILD 0  // Its assertions, too, are in libhwy.so.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "simd/distance.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace mneme::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// How the elements of a kind are loaded and summed. `Sum` is a vector of partial sums.
template <class Element>
struct FloatLanes {
  using Stored = Element;
  using Tag = hn::ScalableTag<float>;
  using Values = hn::Vec<Tag>;
  using Sum = Values;
  static constexpr std::size_t kCount = hn::MaxLanes(Tag());

  static HWY_INLINE Values load(const Stored* from) {
    [[maybe_unused]] Stored one{};
    if constexpr (kCount == 1) {  // Without vectors Highway reads through the pointer, which need not be aligned.
      const void* unaligned = from;
      std::memcpy(static_cast<void*>(&one), unaligned, sizeof one);
      from = &one;
    }
    if constexpr (std::is_same_v<Stored, float>) {
      return hn::LoadU(Tag(), from);
    } else {
      return hn::PromoteTo(Tag(), hn::LoadU(hn::Rebind<hwy::float16_t, Tag>(), from));
    }
  }
  static HWY_INLINE Sum zero() { return hn::Zero(Tag()); }
  static HWY_INLINE Sum add(Sum a, Sum b) { return hn::Add(a, b); }
  static HWY_INLINE Sum multiply_add(Values a, Values b, Sum sum) { return hn::MulAdd(a, b, sum); }
  static HWY_INLINE Sum add_magnitude(Values a, Sum sum) { return hn::Add(hn::Abs(a), sum); }
  static HWY_INLINE double total(Sum sum) { return static_cast<double>(hn::GetLane(hn::SumOfLanes(Tag(), sum))); }
};

// Bytes are widened to i16, whose products are added in pairs to i32. No sum overflows: 255^2 * 16,000 < 2^31.
template <class Element>
struct IntegerLanes {
  using Stored = Element;
  using Tag = hn::ScalableTag<std::int16_t>;
  using SumTag = hn::ScalableTag<std::int32_t>;
  using Values = hn::Vec<Tag>;
  struct Sum {
    hn::Vec<SumTag> low;
    hn::Vec<SumTag> high;  // On CPUs that cannot add pairs; elsewhere it stays zero and costs nothing.
  };
  static constexpr std::size_t kCount = hn::MaxLanes(Tag());

  static HWY_INLINE Values load(const Stored* from) {
    return hn::PromoteTo(Tag(), hn::LoadU(hn::Rebind<Stored, Tag>(), from));
  }
  static HWY_INLINE Sum zero() { return {hn::Zero(SumTag()), hn::Zero(SumTag())}; }
  static HWY_INLINE Sum add(Sum a, Sum b) { return {hn::Add(a.low, b.low), hn::Add(a.high, b.high)}; }
  static HWY_INLINE Sum multiply_add(Values a, Values b, Sum sum) {
    sum.low = hn::ReorderWidenMulAccumulate(SumTag(), a, b, sum.low, sum.high);
    return sum;
  }
  static HWY_INLINE Sum add_magnitude(Values a, Sum sum) {
    return multiply_add(hn::Abs(a), hn::Set(Tag(), std::int16_t{1}), sum);
  }
  static HWY_INLINE double total(Sum sum) {
    return static_cast<double>(hn::GetLane(hn::SumOfLanes(SumTag(), hn::Add(sum.low, sum.high))));
  }
};

// What one pair of vectors contributes, term by term.
struct SquaredDifference {
  template <class Lanes>
  static HWY_INLINE typename Lanes::Sum add(typename Lanes::Values a, typename Lanes::Values b,
                                            typename Lanes::Sum sum) {
    const auto difference = hn::Sub(a, b);
    return Lanes::multiply_add(difference, difference, sum);
  }
};
struct AbsoluteDifference {
  template <class Lanes>
  static HWY_INLINE typename Lanes::Sum add(typename Lanes::Values a, typename Lanes::Values b,
                                            typename Lanes::Sum sum) {
    return Lanes::add_magnitude(hn::Sub(a, b), sum);
  }
};
struct Product {
  template <class Lanes>
  static HWY_INLINE typename Lanes::Sum add(typename Lanes::Values a, typename Lanes::Values b,
                                            typename Lanes::Sum sum) {
    return Lanes::multiply_add(a, b, sum);
  }
};

// The last elements of a vector, fewer than the lanes, with zeros behind them: they add nothing to any sum.
template <class Lanes>
HWY_INLINE typename Lanes::Values load_rest(const typename Lanes::Stored* from, std::size_t count) {
  HWY_ALIGN typename Lanes::Stored padded[Lanes::kCount] = {};
  const void* unaligned = from;
  std::memcpy(static_cast<void*>(padded), unaligned, count * sizeof(typename Lanes::Stored));
  return Lanes::load(padded);
}

// Four sums side by side, as an addition is done several cycles after the next could begin.
template <class Term, class Lanes>
HWY_INLINE double sum_of(const typename Lanes::Stored* a, const typename Lanes::Stored* b, std::size_t dimension) {
  constexpr std::size_t kStep = Lanes::kCount;
  auto first = Lanes::zero();
  auto second = Lanes::zero();
  auto third = Lanes::zero();
  auto fourth = Lanes::zero();
  std::size_t i = 0;
  for (; i + 4 * kStep <= dimension; i += 4 * kStep) {
    first = Term::template add<Lanes>(Lanes::load(a + i), Lanes::load(b + i), first);
    second = Term::template add<Lanes>(Lanes::load(a + i + kStep), Lanes::load(b + i + kStep), second);
    third = Term::template add<Lanes>(Lanes::load(a + i + 2 * kStep), Lanes::load(b + i + 2 * kStep), third);
    fourth = Term::template add<Lanes>(Lanes::load(a + i + 3 * kStep), Lanes::load(b + i + 3 * kStep), fourth);
  }
  for (; i + kStep <= dimension; i += kStep) {
    first = Term::template add<Lanes>(Lanes::load(a + i), Lanes::load(b + i), first);
  }
  if (i < dimension) {
    second = Term::template add<Lanes>(load_rest<Lanes>(a + i, dimension - i), load_rest<Lanes>(b + i, dimension - i),
                                       second);
  }
  return Lanes::total(Lanes::add(Lanes::add(first, second), Lanes::add(third, fourth)));
}

// The sums of a * b and of b * b in one pass. Both are formed in the same order, so that of a vector with itself they
// are equal to the last bit and its cosine distance is 0.
struct Products {
  double of_both = 0;
  double of_second = 0;
};
template <class Lanes>
HWY_INLINE Products products_of(const typename Lanes::Stored* a, const typename Lanes::Stored* b,
                                std::size_t dimension) {
  constexpr std::size_t kStep = Lanes::kCount;
  auto both = Lanes::zero();
  auto both_next = Lanes::zero();
  auto square = Lanes::zero();
  auto square_next = Lanes::zero();
  std::size_t i = 0;
  for (; i + 2 * kStep <= dimension; i += 2 * kStep) {
    const auto here = Lanes::load(b + i);
    const auto next = Lanes::load(b + i + kStep);
    both = Lanes::multiply_add(Lanes::load(a + i), here, both);
    both_next = Lanes::multiply_add(Lanes::load(a + i + kStep), next, both_next);
    square = Lanes::multiply_add(here, here, square);
    square_next = Lanes::multiply_add(next, next, square_next);
  }
  for (; i < dimension; i += kStep) {
    const std::size_t count = std::min(kStep, dimension - i);
    const auto here = load_rest<Lanes>(b + i, count);
    both = Lanes::multiply_add(load_rest<Lanes>(a + i, count), here, both);
    square = Lanes::multiply_add(here, here, square);
  }
  return {Lanes::total(Lanes::add(both, both_next)), Lanes::total(Lanes::add(square, square_next))};
}

template <Metric kMetric, class Lanes>
void measure(const void* query, const void* vectors, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
             double* distances) {
  using Stored = typename Lanes::Stored;
  const auto* a = static_cast<const Stored*>(query);
  [[maybe_unused]] const double square_of_query =
      kMetric == Metric::cosine ? products_of<Lanes>(a, a, dimension).of_second : 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto* b = reinterpret_cast<const Stored*>(static_cast<const std::byte*>(vectors) + i * stride_bytes);
    if constexpr (kMetric == Metric::l2_squared) {
      distances[i] = sum_of<SquaredDifference, Lanes>(a, b, dimension);
    } else if constexpr (kMetric == Metric::l1) {
      distances[i] = sum_of<AbsoluteDifference, Lanes>(a, b, dimension);
    } else if constexpr (kMetric == Metric::negative_inner_product) {
      distances[i] = 0.0 - sum_of<Product, Lanes>(a, b, dimension);  // Not -x: of nothing in common it is 0, not -0.
    } else {
      const Products products = products_of<Lanes>(a, b, dimension);
      const double similarity = products.of_both / std::sqrt(square_of_query * products.of_second);
      distances[i] = 1.0 - (similarity > 1 ? 1.0 : similarity < -1 ? -1.0 : similarity);  // NaN stays NaN.
    }
  }
}

void measure_bits(const void* query, const void* vectors, std::size_t stride_bytes, std::size_t count,
                  std::size_t dimension, double* distances) {
  using Tag = hn::ScalableTag<std::uint64_t>;
  constexpr std::size_t kLanes = hn::MaxLanes(Tag());
  const std::size_t bytes = (dimension + 7) / 8;
  const auto* a = static_cast<const std::byte*>(query);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* b = static_cast<const std::byte*>(vectors) + i * stride_bytes;
    auto sum = hn::Zero(Tag());
    for (std::size_t at = 0; at < bytes; at += kLanes * 8) {
      HWY_ALIGN std::uint64_t padded[2][kLanes] = {};
      const std::size_t size = std::min(kLanes * 8, bytes - at);
      std::memcpy(padded[0], a + at, size);
      std::memcpy(padded[1], b + at, size);
      const auto differing = hn::Xor(hn::Load(Tag(), padded[0]), hn::Load(Tag(), padded[1]));
      sum = hn::Add(sum, hn::PopulationCount(differing));
    }
    distances[i] = static_cast<double>(hn::GetLane(hn::SumOfLanes(Tag(), sum)));
  }
}

template <class Lanes>
void measure_l2(const void* query, const void* vectors, std::size_t stride_bytes, std::size_t count,
                std::size_t dimension, double* distances) {
  measure<Metric::l2_squared, Lanes>(query, vectors, stride_bytes, count, dimension, distances);
  for (std::size_t i = 0; i < count; ++i) distances[i] = std::sqrt(distances[i]);
}

template <class Lanes>
DistanceKernel of_lanes(Metric metric) noexcept {
  switch (metric) {
    case Metric::l2: return measure_l2<Lanes>;
    case Metric::l2_squared: return measure<Metric::l2_squared, Lanes>;
    case Metric::l1: return measure<Metric::l1, Lanes>;
    case Metric::negative_inner_product: return measure<Metric::negative_inner_product, Lanes>;
    case Metric::cosine: return measure<Metric::cosine, Lanes>;
    case Metric::hamming: return nullptr;
  }
  return nullptr;
}

DistanceKernel kernel(Metric metric, VectorElement element) noexcept {
  switch (element) {
    case VectorElement::f32: return of_lanes<FloatLanes<float>>(metric);
    case VectorElement::f16: return of_lanes<FloatLanes<hwy::float16_t>>(metric);
    case VectorElement::i8: return of_lanes<IntegerLanes<std::int8_t>>(metric);
    case VectorElement::u8: return of_lanes<IntegerLanes<std::uint8_t>>(metric);
    case VectorElement::bit: return metric == Metric::hamming ? measure_bits : nullptr;
  }
  return nullptr;
}

}  // namespace mneme::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mneme::simd {
namespace {

struct Available {
  std::array<InstructionSet, 4> sets{};
  std::size_t count = 0;
};

// What was compiled, the CPU has and the operating system saves.
Available find_available() noexcept {
  Available found;
  const auto add = [&](InstructionSet set) { found.sets[found.count++] = set; };
#if HWY_ARCH_X86
  __builtin_cpu_init();
  const bool has_sse4 =
      __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("aes");
  const bool has_avx2 = has_sse4 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                        __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#if HWY_TARGETS & HWY_AVX3
  if (has_avx512) add({"AVX-512", N_AVX3::kernel});
#endif
#if HWY_TARGETS & HWY_AVX2
  if (has_avx2) add({"AVX2", N_AVX2::kernel});
#endif
#endif
#if HWY_STATIC_TARGET != HWY_AVX2 && HWY_STATIC_TARGET != HWY_AVX3
  add({hwy::TargetName(HWY_STATIC_TARGET), HWY_STATIC_DISPATCH(kernel)});  // What the compiler may use everywhere.
#endif
  return found;
}

}  // namespace

std::span<const InstructionSet> instruction_sets() noexcept {
  static const Available kAvailable = find_available();
  return std::span(kAvailable.sets).first(kAvailable.count);
}

DistanceKernel distance_kernel(Metric metric, VectorElement element) noexcept {
  return instruction_sets().front().kernel(metric, element);
}

}  // namespace mneme::simd
#endif
