// Distances between vectors, by the widest instructions this CPU has.
//
// A kernel measures one query against many vectors that lie `stride_bytes` apart. A pair is measured alike alone and in
// any run of vectors, to the last bit: what a scan finds, an index finds. Between CPUs the last bits of f32 and f16 may
// differ, since their sums are formed in as many lanes as there are.
//
// f32 and f16 are summed in f32: the relative error of a sum of n terms of one sign is below (n / 16 + 16) * 2^-24, and
// a sum beyond 3.4e38 is infinite. i8, u8 and bits are summed exactly up to kVectorDimensionMax. NaN and infinities
// go where IEEE 754 takes them; a vector of zeros has no direction, and its cosine distance to anything is NaN. Cosine
// distances are within 0 .. 2, of a vector to itself 0.
#pragma once

#include <cstddef>
#include <span>

#include "mneme/type.h"

namespace mneme::simd {

enum class Metric : std::uint8_t {
  l2,                      // sqrt(sum (a - b)^2)
  l2_squared,              // sum (a - b)^2: the same order, cheaper
  l1,                      // sum |a - b|
  negative_inner_product,  // -(sum a * b)
  cosine,                  // 1 - sum a * b / sqrt(sum a^2 * sum b^2)
  hamming,                 // the number of bits that differ; of vectors of bits alone
};

// distances[i] = metric(query, vectors + i * stride_bytes). No alignment is asked for. Reads `dimension` elements of
// each vector and no byte more.
using DistanceKernel = void (*)(const void* query, const void* vectors, std::size_t stride_bytes, std::size_t count,
                                std::size_t dimension, double* distances);

// Null where the metric is not of these elements: hamming is of bits, and bits have no other.
DistanceKernel distance_kernel(Metric metric, VectorElement element) noexcept;

// The kernels as compiled for one set of instructions. All of them are correct; distance_kernel takes the first.
struct InstructionSet {
  const char* name;  // "AVX2"
  DistanceKernel (*kernel)(Metric metric, VectorElement element) noexcept;
};
// Those this CPU has, the widest first; never empty.
std::span<const InstructionSet> instruction_sets() noexcept;

}  // namespace mneme::simd
