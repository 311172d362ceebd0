// Functions of POINT, POINT3 and boxes, under PostGIS's names.
#include <array>

#include "query/adapt.h"
#include "query/signature.h"
#include "types/box.h"
#include "types/great_circle.h"
#include "types/point.h"

namespace mneme::query {
namespace {

template <std::size_t N>
using Place = std::array<double, N>;

Result<Place<2>> make_point(double longitude, double latitude) {
  const Place<2> point{longitude, latitude};
  TRY(check_point(point));
  return point;
}
Result<Place<3>> make_point3(double x, double y, double z) {
  const Place<3> point{x, y, z};
  TRY(check_point(point));
  return point;
}

template <std::size_t N, std::size_t kIndex>
double coordinate(Place<N> point) {
  return point[kIndex];
}
template <std::size_t N>
std::string as_text(Place<N> point) {
  std::string text;
  print_point(point, text);
  return text;
}

template <std::size_t N>
double distance(Place<N> a, Place<N> b) {
  return distance_m(a, b);
}
template <std::size_t N>
Result<bool> is_within_radius(Place<N> a, Place<N> b, double radius_m) {
  if (radius_m >= 0) return within_m(a, b, radius_m);
  return Error(Code::invalid_argument, "the radius of ST_DWithin must not be negative").with_sqlstate("22023");
}

template <std::size_t N>
Result<std::string> box_of(Place<N> low, Place<N> high) {
  const Box<N> box{low, high};
  TRY(check_box(box));
  std::string text;
  print_box(box, text);
  return text;
}
Result<std::string> make_envelope(double west, double south, double east, double north) {
  return box_of(Place<2>{west, south}, Place<2>{east, north});
}

// ST_Within(place, box): a constant box is read once.
template <std::size_t N, bool kEdge, bool kBoxFirst>
Result<void> in_box(Operands operands, std::size_t rows, Column& out) {
  const Operand& places = operands[kBoxFirst ? 1 : 0];
  const Operand& boxes = operands[kBoxFirst ? 0 : 1];
  Box<N> box;
  bool is_read = false;
  return try_map_rows<std::uint8_t>(operands, rows, out, [&](std::size_t row, std::uint8_t& result) -> Result<void> {
    if (!is_read || !boxes.constant) {
      const std::string_view text = boxes.at<StringRef>(row).view();
      if constexpr (N == 2) {
        box = TRY(parse_box(text));
      } else {
        box = TRY(parse_box3(text));
      }
      is_read = true;
    }
    const auto& place = places.at<Place<N>>(row);
    result = static_cast<std::uint8_t>(kEdge ? is_covered(place, box) : is_inside(place, box));
    return {};
  });
}

constexpr TypeKind kP2 = TypeKind::point;
constexpr TypeKind kP3 = TypeKind::point3;
constexpr TypeKind kF = TypeKind::floating;
constexpr TypeKind kT = TypeKind::text;
constexpr TypeKind kB = TypeKind::boolean;

constexpr Signature kSignatures[] = {
    signature("st_makepoint", adapt<make_point>, returns<kP2>, kF, kF),
    signature("st_makepoint", adapt<make_point3>, returns<kP3>, kF, kF, kF),
    signature("st_point", adapt<make_point>, returns<kP2>, kF, kF),
    signature("st_x", adapt<coordinate<2, 0>>, returns<kF>, kP2),
    signature("st_y", adapt<coordinate<2, 1>>, returns<kF>, kP2),
    signature("st_x", adapt<coordinate<3, 0>>, returns<kF>, kP3),
    signature("st_y", adapt<coordinate<3, 1>>, returns<kF>, kP3),
    signature("st_z", adapt<coordinate<3, 2>>, returns<kF>, kP3),
    signature("st_astext", adapt<as_text<2>>, returns<kT>, kP2),
    signature("st_astext", adapt<as_text<3>>, returns<kT>, kP3),
    signature("st_distance", adapt<distance<2>>, returns<kF>, kP2, kP2),
    signature("st_distance", adapt<distance<3>>, returns<kF>, kP3, kP3),
    signature("st_3ddistance", adapt<distance<3>>, returns<kF>, kP3, kP3),
    signature("st_dwithin", adapt<is_within_radius<2>>, returns<kB>, kP2, kP2, kF),
    signature("st_dwithin", adapt<is_within_radius<3>>, returns<kB>, kP3, kP3, kF),
    signature("st_3ddwithin", adapt<is_within_radius<3>>, returns<kB>, kP3, kP3, kF),
    signature("st_makeenvelope", adapt<make_envelope>, returns<kT>, kF, kF, kF, kF),
    signature("st_makebox2d", adapt<box_of<2>>, returns<kT>, kP2, kP2),
    signature("st_3dmakebox", adapt<box_of<3>>, returns<kT>, kP3, kP3),
    signature("st_within", in_box<2, false, false>, returns<kB>, kP2, kT),
    signature("st_within", in_box<3, false, false>, returns<kB>, kP3, kT),
    signature("st_coveredby", in_box<2, true, false>, returns<kB>, kP2, kT),
    signature("st_coveredby", in_box<3, true, false>, returns<kB>, kP3, kT),
    signature("st_contains", in_box<2, false, true>, returns<kB>, kT, kP2),
    signature("st_contains", in_box<3, false, true>, returns<kB>, kT, kP3),
    signature("st_covers", in_box<2, true, true>, returns<kB>, kT, kP2),
    signature("st_covers", in_box<3, true, true>, returns<kB>, kT, kP3),
};

}  // namespace

std::span<const Signature> geo_signatures() noexcept { return kSignatures; }

}  // namespace mneme::query
