// Picture: a flight seen from above, as SVG: the path coloured by time, where it has been before, and what happened.
#pragma once

#include <string>
#include <vector>

#include "path.h"

namespace mneme::demo {

struct PathPoint {
  double seconds = 0;  // Since the flight began.
  Degrees place;
};
struct PictureEvent {
  PathPoint at;
  std::string label;
  bool important = false;  // Drawn larger.
};
struct Picture {
  std::string title;
  std::vector<PathPoint> path;  // In the order of time.
  std::vector<PictureEvent> events;
};

// The points of a path where it had been, at least `ago_seconds` earlier, within `metres`.
std::vector<PathPoint> been_before(const std::vector<PathPoint>& path, double ago_seconds, double metres);

std::string svg(const Picture& picture);

}  // namespace mneme::demo
