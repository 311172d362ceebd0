#include "scene.h"

#include <cmath>
#include <numbers>

#include "draw.h"

namespace mneme::demo {
namespace {
enum Stream : std::uint64_t { kWaves = 100, kPhases, kNoise };
constexpr double kLengthMetres = 4;
constexpr double kNoiseLevel = 0.05;
}  // namespace

Scene::Scene(std::uint64_t seed) : seed_(seed), features_(kEmbeddingDimension) {
  for (std::size_t i = 0; i < kEmbeddingDimension; ++i) {
    Feature& feature = features_[i];
    feature.wave = (1 / kLengthMetres) * Position{normal(seed, kWaves, 3 * i), normal(seed, kWaves, 3 * i + 1),
                                                  normal(seed, kWaves, 3 * i + 2)};
    feature.phase = 2 * std::numbers::pi * uniform(seed, kPhases, i);
  }
}

std::vector<float> Scene::embedding(Position from, std::size_t frame) const {
  std::vector<float> values(kEmbeddingDimension);
  for (std::size_t i = 0; i < kEmbeddingDimension; ++i) {
    const auto& [wave, phase] = features_[i];
    const double noise = kNoiseLevel * normal(seed_, kNoise, frame * kEmbeddingDimension + i);
    values[i] = static_cast<float>(std::cos(wave.x * from.x + wave.y * from.y + wave.z * from.z + phase) + noise);
  }
  return values;
}

std::string Scene::picture(Position from, std::size_t side_pixels) const {
  std::string image = "P5\n" + std::to_string(side_pixels) + " " + std::to_string(side_pixels) + "\n255\n";
  image.reserve(image.size() + side_pixels * side_pixels);
  const double metres_per_pixel = 2 * from.z / static_cast<double>(side_pixels);  // The higher, the more ground.
  for (std::size_t row = 0; row < side_pixels; ++row) {
    for (std::size_t column = 0; column < side_pixels; ++column) {
      const double x = from.x + metres_per_pixel * (static_cast<double>(column) - static_cast<double>(side_pixels) / 2);
      const double y = from.y + metres_per_pixel * (static_cast<double>(side_pixels) / 2 - static_cast<double>(row));
      const double light = std::sin(0.9 * x) * std::cos(0.7 * y) + 0.5 * std::sin(0.31 * (x + y));
      image.push_back(static_cast<char>(static_cast<unsigned char>(127 + 80 * light)));
    }
  }
  return image;
}

}  // namespace mneme::demo
