// Scene: what the camera sees from a position: an embedding and a picture.
//
// The embedding stands for a vision model's: random Fourier features of the position, so that the cosine distance of
// two frames grows smoothly with how far apart they were taken (half a unit at about 4 m), plus a little noise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "path.h"

namespace mneme::demo {

inline constexpr std::size_t kEmbeddingDimension = 512;

class Scene {  // Immutable.
 public:
  explicit Scene(std::uint64_t seed);
  [[nodiscard]] std::vector<float> embedding(Position from, std::size_t frame) const;
  // A grey picture in the PGM format, square.
  [[nodiscard]] std::string picture(Position from, std::size_t side_pixels) const;

 private:
  struct Feature {
    Position wave;  // Radians per metre.
    double phase;
  };
  std::uint64_t seed_;
  std::vector<Feature> features_;
};

}  // namespace mneme::demo
