#include "picture.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

namespace mneme::demo {
namespace {

constexpr double kWidth = 1'000;
constexpr double kHeight = 760;
constexpr double kMargin = 60;
constexpr double kSide = 210;  // Room for labels, which stand outside of the path.
constexpr double kTop = 90;    // Room for the title.
constexpr std::size_t kLegsMax = 2'400;

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[400];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (static_cast<unsigned char>(c) >= ' ') {
      out += c;
    }
  }
  return out;
}

// From degrees to the sheet: north up, both axes to one scale of metres.
class Sheet {
 public:
  explicit Sheet(const std::vector<PathPoint>& path) {
    Degrees least = path.front().place;
    Degrees most = least;
    for (const auto& [seconds, place] : path) {
      least = {std::min(least.longitude, place.longitude), std::min(least.latitude, place.latitude)};
      most = {std::max(most.longitude, place.longitude), std::max(most.latitude, place.latitude)};
    }
    middle_ = {(least.longitude + most.longitude) / 2, (least.latitude + most.latitude) / 2};
    shrink_ = std::cos(middle_.latitude * std::numbers::pi / 180);
    const double wide = std::max((most.longitude - least.longitude) * shrink_, 1e-7);
    const double high = std::max(most.latitude - least.latitude, 1e-7);
    pixels_per_degree_ = std::min((kWidth - 2 * kSide) / wide, (kHeight - kTop - 2 * kMargin) / high);
  }
  [[nodiscard]] double x(Degrees at) const {
    return kWidth / 2 + (at.longitude - middle_.longitude) * shrink_ * pixels_per_degree_;
  }
  [[nodiscard]] double y(Degrees at) const {
    return kTop + (kHeight - kTop) / 2 - (at.latitude - middle_.latitude) * pixels_per_degree_;
  }
  [[nodiscard]] double pixels_per_metre() const { return pixels_per_degree_ * 180 / std::numbers::pi / 6'371'008.8; }

 private:
  Degrees middle_;
  double shrink_ = 1;
  double pixels_per_degree_ = 1;
};

void draw_before(const Sheet& sheet, const std::vector<PathPoint>& before, std::string& out) {
  out += "<g fill=\"#ffd166\" opacity=\"0.3\">\n";
  for (const auto& [seconds, place] : before) {
    out += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>\n", sheet.x(place), sheet.y(place));
  }
  out += "</g>\n";
}

// Early legs are blue, late ones red.
void draw_path(const Sheet& sheet, const std::vector<PathPoint>& path, std::string& out) {
  out += "<g stroke-width=\"2.2\" stroke-linecap=\"round\">\n";
  const std::size_t step = path.size() / kLegsMax + 1;
  for (std::size_t i = 0; i + step < path.size(); i += step) {
    const double late = static_cast<double>(i) / static_cast<double>(path.size());
    out += format("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"hsl(%.0f 85%% 62%%)\"/>\n",
                  sheet.x(path[i].place), sheet.y(path[i].place), sheet.x(path[i + step].place),
                  sheet.y(path[i + step].place), 205 + 150 * late);
  }
  out += "</g>\n";
}

// Labels stand on the side of their point that faces away from the middle; those of one place one below the other.
void draw_label(const Sheet& sheet, const PictureEvent& event, std::vector<std::pair<double, double>>& taken,
                std::string& out) {
  const double x = sheet.x(event.at.place);
  const bool left = x < kWidth / 2;
  double line = sheet.y(event.at.place) + 4;
  const auto is_taken = [&](const auto& at) { return std::abs(at.first - x) < 200 && std::abs(at.second - line) < 14; };
  while (std::ranges::any_of(taken, is_taken)) line += 1;
  taken.emplace_back(x, line);
  out += format(
      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" stroke=\"#10141a\" stroke-width=\"3\" paint-order=\"stroke\">",
      x + (left ? -13 : 13), line, left ? "end" : "start");
  out += format("<tspan fill=\"#7b8794\">%.0f s</tspan> ", event.at.seconds) + escaped(event.label) + "</text>\n";
}

void draw_events(const Sheet& sheet, const std::vector<PictureEvent>& events, std::string& out) {
  std::vector<std::pair<double, double>> taken;
  for (const PictureEvent& event : events) {
    out += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"%s\"/>\n", sheet.x(event.at.place),
                  sheet.y(event.at.place), event.important ? 6 : 4, event.important ? "#ef476f" : "#e8edf2");
    if (!event.label.empty()) draw_label(sheet, event, taken, out);
  }
}

// A bar of a round number of metres.
void draw_scale(const Sheet& sheet, std::string& out) {
  double metres = 1;
  while (metres * sheet.pixels_per_metre() < 60) metres *= metres == 2 ? 2.5 : 2;
  const double long_pixels = metres * sheet.pixels_per_metre();
  out += format("<path d=\"M%.0f %.0f v6 h%.1f v-6\" fill=\"none\" stroke=\"#7b8794\"/>", kMargin, kHeight - 40,
                long_pixels);
  out += format("<text x=\"%.1f\" y=\"%.0f\" fill=\"#7b8794\">%g m</text>\n", kMargin + long_pixels + 8, kHeight - 33,
                metres);
}

}  // namespace

std::vector<PathPoint> been_before(const std::vector<PathPoint>& path, double ago_seconds, double metres) {
  std::vector<PathPoint> found;
  for (const PathPoint& now : path) {
    for (const PathPoint& then : path) {
      if (then.seconds > now.seconds - ago_seconds) break;
      if (metres_between(then.place, now.place) > metres) continue;
      found.push_back(now);
      break;
    }
  }
  return found;
}

std::string svg(const Picture& picture) {
  std::string out = format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" font-family=\"system-ui, sans-serif\" "
      "font-size=\"12\" fill=\"#c3ccd6\">\n<rect width=\"%.0f\" height=\"%.0f\" fill=\"#10141a\"/>\n",
      kWidth, kHeight, kWidth, kHeight);
  out += "<text x=\"60\" y=\"44\" font-size=\"20\" fill=\"#ffffff\">" + escaped(picture.title) + "</text>\n";
  out +=
      "<text x=\"60\" y=\"66\"><tspan fill=\"hsl(205 85% 62%)\">early</tspan> to <tspan fill=\"hsl(355 85% 62%)\">"
      "late</tspan> · <tspan fill=\"#ffd166\">where it had been before</tspan> · <tspan "
      "fill=\"#ef476f\">touched</tspan> · "
      "noted</text>\n";
  if (!picture.path.empty()) {
    const Sheet sheet(picture.path);
    draw_before(sheet, been_before(picture.path, 15, 1.5), out);
    draw_path(sheet, picture.path, out);
    draw_events(sheet, picture.events, out);
    draw_scale(sheet, out);
  }
  return out + "</svg>\n";
}

}  // namespace mneme::demo
