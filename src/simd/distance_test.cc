// Distance kernels held against sums in double precision, element by element.
#include "simd/distance.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace mneme;
using namespace mneme::simd;

namespace {

constexpr std::size_t kVectors = 5;
constexpr Metric kMetrics[] = {Metric::l2, Metric::l2_squared, Metric::l1, Metric::negative_inner_product,
                               Metric::cosine};

struct Expected {
  double distance;
  double error;  // At most.
};

// By the definitions in distance.h, and what rounding in f32 may make of them: each of n terms is rounded, and a sum
// of n / 16 + 16 steps (16 sums at least in four lanes, joined at the end) rounds at every step.
Expected reference(Metric metric, const std::vector<double>& a, const std::vector<double>& b) {
  double squared = 0, magnitude = 0, product = 0, products = 0, a_square = 0, b_square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    squared += (a[i] - b[i]) * (a[i] - b[i]);
    magnitude += std::abs(a[i] - b[i]);
    product += a[i] * b[i];
    products += std::abs(a[i] * b[i]);
    a_square += a[i] * a[i];
    b_square += b[i] * b[i];
  }
  const double relative = (static_cast<double>(a.size()) / 16 + 16) * 0x1p-24;
  const double scale = std::sqrt(a_square * b_square);
  switch (metric) {
    case Metric::l2: return {std::sqrt(squared), relative * std::sqrt(squared)};
    case Metric::l2_squared: return {squared, relative * squared};
    case Metric::l1: return {magnitude, relative * magnitude};
    case Metric::negative_inner_product: return {-product, relative * products};
    case Metric::cosine: return {1 - product / scale, relative * (products / scale + 2)};
    case Metric::hamming: break;
  }
  return {};
}

template <class T>
std::vector<T> random_elements(std::size_t count, std::mt19937& random) {
  std::vector<T> elements(count);
  for (T& element : elements) {
    if constexpr (std::is_same_v<T, float>) {
      element = std::normal_distribution<float>()(random);
    } else {
      element = static_cast<T>(
          std::uniform_int_distribution<int>(std::numeric_limits<T>::min(), std::numeric_limits<T>::max())(random));
    }
  }
  return elements;
}

// Vectors at odd addresses, in memory that ends with the last one: a kernel that reads on is seen by the sanitizer.
template <class T>
void check_dimension(const InstructionSet& set, VectorElement element, std::size_t dimension, std::mt19937& random) {
  const std::size_t stride = dimension * sizeof(T) + 1;
  const auto query = random_elements<T>(dimension, random);
  const auto elements = random_elements<T>(dimension * kVectors, random);
  std::vector<char> memory(stride * kVectors);
  for (std::size_t i = 0; i < kVectors; ++i) {
    std::memcpy(memory.data() + 1 + i * stride, elements.data() + i * dimension, dimension * sizeof(T));
  }
  const std::vector<double> a(query.begin(), query.end());
  for (const Metric metric : kMetrics) {
    double got[kVectors];
    set.kernel(metric, element)(query.data(), memory.data() + 1, stride, kVectors, dimension, got);
    for (std::size_t i = 0; i < kVectors; ++i) {
      const auto first = elements.begin() + static_cast<std::ptrdiff_t>(i * dimension);
      const std::vector<double> b(first, first + static_cast<std::ptrdiff_t>(dimension));
      const Expected want = reference(metric, a, b);
      const bool inexact = std::is_same_v<T, float> || metric == Metric::cosine || metric == Metric::l2;
      INFO(std::string(set.name), " dimension ", dimension, " metric ", static_cast<int>(metric), " vector ", i);
      CHECK(std::abs(got[i] - want.distance) <= (inexact ? want.error + 1e-15 : 0.0));
    }
  }
}

template <class T>
double one_distance(Metric metric, VectorElement element, const std::vector<T>& a, const std::vector<T>& b) {
  double distance = 0;
  distance_kernel(metric, element)(a.data(), b.data(), a.size() * sizeof(T), 1, a.size(), &distance);
  for (const InstructionSet& set : instruction_sets().subspan(1)) {
    double other = 0;
    set.kernel(metric, element)(a.data(), b.data(), a.size() * sizeof(T), 1, a.size(), &other);
    INFO(std::string(set.name), " says ", other, ", not ", distance);
    CHECK((other == doctest::Approx(distance) || other == distance || (std::isnan(other) && std::isnan(distance))));
  }
  return distance;
}
double one_distance(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  return one_distance(metric, VectorElement::f32, a, b);
}

}  // namespace

TEST_CASE("distance: every dimension up to 70, and large ones with odd tails, agree with sums in double precision") {
  std::mt19937 random(1);
  std::vector<std::size_t> dimensions{100, 127, 128, 129, 511, 512, 513, 768, 1'001, 1'536, 4'099, 16'000};
  for (std::size_t dimension = 1; dimension <= 70; ++dimension) dimensions.push_back(dimension);
  for (const InstructionSet& set : instruction_sets()) {
    MESSAGE("on ", std::string(set.name));
    for (const std::size_t dimension : dimensions) {
      check_dimension<float>(set, VectorElement::f32, dimension, random);
      check_dimension<std::int8_t>(set, VectorElement::i8, dimension, random);
      check_dimension<std::uint8_t>(set, VectorElement::u8, dimension, random);
    }
  }
}

TEST_CASE("distance: no sum of bytes overflows at the largest dimension") {
  const std::vector<std::uint8_t> zeros(kVectorDimensionMax, 0), full(kVectorDimensionMax, 255);
  const std::vector<std::int8_t> low(kVectorDimensionMax, -128), high(kVectorDimensionMax, 127);
  CHECK(one_distance(Metric::l2_squared, VectorElement::u8, zeros, full) == 255.0 * 255 * kVectorDimensionMax);
  CHECK(one_distance(Metric::negative_inner_product, VectorElement::u8, full, full) ==
        -255.0 * 255 * kVectorDimensionMax);
  CHECK(one_distance(Metric::l2_squared, VectorElement::i8, low, high) == 255.0 * 255 * kVectorDimensionMax);
  CHECK(one_distance(Metric::negative_inner_product, VectorElement::i8, low, low) ==
        -128.0 * 128 * kVectorDimensionMax);
  CHECK(one_distance(Metric::l1, VectorElement::i8, low, high) == 255.0 * kVectorDimensionMax);
}

TEST_CASE("distance: a vector is measured alike alone and among others, to the last bit") {
  std::mt19937 random(2);
  for (const std::size_t dimension : {3UL, 31UL, 128UL, 515UL}) {
    const auto query = random_elements<float>(dimension, random);
    const auto vectors = random_elements<float>(dimension * kVectors, random);
    for (const Metric metric : kMetrics) {
      double together[kVectors];
      const DistanceKernel kernel = distance_kernel(metric, VectorElement::f32);
      kernel(query.data(), vectors.data(), dimension * sizeof(float), kVectors, dimension, together);
      for (std::size_t i = 0; i < kVectors; ++i) {
        double alone = 0;
        kernel(query.data(), vectors.data() + i * dimension, 0, 1, dimension, &alone);
        CHECK(alone == together[i]);
      }
    }
  }
}

TEST_CASE("distance: of a vector to itself it is exactly 0") {
  std::mt19937 random(3);
  for (std::size_t dimension = 1; dimension < 300; dimension += 7) {
    const auto a = random_elements<float>(dimension, random);
    CHECK(one_distance(Metric::l2, a, a) == 0);
    CHECK(one_distance(Metric::l1, a, a) == 0);
    CHECK(one_distance(Metric::cosine, a, a) == 0);
  }
}

TEST_CASE("distance: a vector of zeros has no direction") {
  const std::vector<float> zeros(5, 0.0F), ones(5, 1.0F);
  CHECK(std::isnan(one_distance(Metric::cosine, zeros, ones)));
  CHECK(std::isnan(one_distance(Metric::cosine, ones, zeros)));
  CHECK(std::isnan(one_distance(Metric::cosine, zeros, zeros)));
  const double nothing = one_distance(Metric::negative_inner_product, zeros, ones);
  CHECK(nothing == 0);
  CHECK_FALSE(std::signbit(nothing));
}

TEST_CASE("distance: NaN and infinities go where IEEE 754 takes them, in the tail as in the bulk") {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::size_t dimension = 131;
  for (const std::size_t at : {0UL, 64UL, 127UL, 128UL, 130UL}) {
    std::vector<float> ones(dimension, 1.0F), odd = ones;
    odd[at] = std::numeric_limits<float>::quiet_NaN();
    for (const Metric metric : kMetrics) CHECK(std::isnan(one_distance(metric, ones, odd)));
    odd[at] = infinity;
    CHECK(one_distance(Metric::l2, ones, odd) == std::numeric_limits<double>::infinity());
    CHECK(one_distance(Metric::l1, ones, odd) == std::numeric_limits<double>::infinity());
    CHECK(one_distance(Metric::negative_inner_product, ones, odd) == -std::numeric_limits<double>::infinity());
    CHECK(std::isnan(one_distance(Metric::l2, odd, odd)));  // Infinity less infinity.
  }
  CHECK(std::isinf(one_distance(Metric::l2, {3e38F, 0}, {-3e38F, 0})));  // Beyond f32.
}

TEST_CASE("distance: halves are measured as the numbers they stand for") {
  // 1, -2, 0.5 and the smallest subnormal in binary16, by the format's definition.
  const std::vector<std::uint16_t> a{0x3c00, 0xc000, 0x3800, 0x0001}, zeros(4, 0);
  const double tiny = 0x1p-24;
  CHECK(one_distance(Metric::l2_squared, VectorElement::f16, a, zeros) == doctest::Approx(5.25).epsilon(1e-7));
  CHECK(one_distance(Metric::l1, VectorElement::f16, a, zeros) == doctest::Approx(3.5).epsilon(1e-7));
  CHECK(one_distance(Metric::negative_inner_product, VectorElement::f16, a, a) == doctest::Approx(-5.25).epsilon(1e-7));
  CHECK(one_distance<std::uint16_t>(Metric::l1, VectorElement::f16, {1}, {0}) == tiny);
}

TEST_CASE("distance: of bits it is the number that differ, and bits have no other") {
  std::mt19937 random(4);
  for (const std::size_t dimension : {1UL, 7UL, 8UL, 65UL, 512UL, 1'000UL, 16'000UL}) {
    const std::size_t bytes = (dimension + 7) / 8;
    auto a = random_elements<std::uint8_t>(bytes, random);
    auto b = random_elements<std::uint8_t>(bytes, random);
    if (dimension % 8 != 0) a.back() = b.back() = 0;  // As stored: bits behind the last one are 0.
    double want = 0;
    for (std::size_t i = 0; i < bytes * 8; ++i) want += ((a[i / 8] ^ b[i / 8]) >> (i % 8)) & 1;
    double got = -1;
    for (const InstructionSet& set : instruction_sets()) {
      set.kernel(Metric::hamming, VectorElement::bit)(a.data(), b.data(), bytes, 1, dimension, &got);
      CHECK(got == want);
    }
  }
  CHECK_FALSE(static_cast<bool>(distance_kernel(Metric::l2, VectorElement::bit)));
  CHECK_FALSE(static_cast<bool>(distance_kernel(Metric::hamming, VectorElement::f32)));
}
