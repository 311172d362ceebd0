// Vectors and places through the resolver: expected values by hand, names and errors as pgvector and PostGIS have them.

#include "query/testing.h"

namespace mneme::query {
namespace {

using testing::apply;
using testing::Arg;
using testing::arguments_of;
using testing::call;
using testing::cast;

Arg v3(const char* text) { return {"VECTOR(3)", text}; }
Arg point(const char* text) { return {"POINT", text}; }
Arg point3(const char* text) { return {"POINT3", text}; }
Arg number(const char* text) { return {"FLOAT", text}; }

TEST_CASE("vectors: the operators") {
  CHECK(apply("<->", {v3("[0,0,0]"), v3("[3,4,0]")}) == "5");
  CHECK(apply("<+>", {v3("[0,0,0]"), v3("[3,4,0]")}) == "7");
  CHECK(apply("<#>", {v3("[1,2,3]"), v3("[4,5,6]")}) == "-32");
  CHECK(apply("<#>", {v3("[1,0,0]"), v3("[0,1,0]")}) == "0");
  CHECK(apply("<=>", {v3("[1,0,0]"), v3("[0,1,0]")}) == "1");
  CHECK(apply("<=>", {v3("[1,0,0]"), v3("[-2,0,0]")}) == "2");
  CHECK(apply("<=>", {v3("[1,2,3]"), v3("[1,2,3]")}) == "0");
  CHECK(apply("<=>", {v3("[0,0,0]"), v3("[1,2,3]")}) == "NaN");
  CHECK(apply("<~>", {Arg("VECTOR(5, bit)", "10110"), Arg("VECTOR(5, bit)", "00111")}) == "2");
  CHECK(apply("<->", {v3(nullptr), v3("[1,2,3]")}) == "NULL");
  CHECK(apply("<->", {v3("[1,2,3]"), nullptr}) == "NULL");
}

TEST_CASE("vectors: elements of every kind, and of two") {
  CHECK(apply("<->", {Arg("VECTOR(2, u8)", "[0,255]"), "[0,0]"}) == "255");
  CHECK(apply("<+>", {Arg("VECTOR(2, i8)", "[-128,127]"), Arg("VECTOR(2, i8)", "[0,0]")}) == "255");
  CHECK(apply("<->", {Arg("VECTOR(2, f16)", "[0.5,-2]"), "[0.5,1]"}) == "3");
  CHECK(apply("<->", {Arg("VECTOR(2, i8)", "[3,0]"), Arg("VECTOR(2)", "[0,4]")}) == "5");
  CHECK(apply("<->", {Arg("VECTOR(2, i8)", "[3,0]"), Arg("VECTOR(2, u8)", "[0,4]")}) == "5");
}

TEST_CASE("vectors: a literal takes the other side's dimension, and another one is refused") {
  CHECK(apply("<->", {v3("[0,0,0]"), "[3,4,0]"}) == "5");
  CHECK(apply("<->", {"[3,4,0]", v3("[0,0,0]")}) == "5");
  CHECK(apply("<->", {v3("[0,0,0]"), "[3,4]"}) == "22000");
  CHECK(apply("<->", {v3("[0,0,0]"), Arg("VECTOR(2)", "[3,4]")}) == "22000");
  CHECK(call("cosine_distance", {v3("[0,0,0]"), Arg("VECTOR(2)", "[3,4]")}) == "22000");
  const auto error = resolve_operator("<->", arguments_of({v3(""), Arg("VECTOR(2)", "")}), {3, 7}).error();
  CHECK(error.message().find("different vector dimensions 3 and 2") != std::string_view::npos);
}

TEST_CASE("vectors: what has no distance is no operator, and the error helps") {
  CHECK(apply("<->", {"[1]", "[2]"}) == "42883");
  CHECK(apply("<->", {v3("[1,2,3]"), Arg("INT", "1")}) == "42883");
  CHECK(apply("<->", {Arg("TEXT", "[1,2,3]"), v3("[1,2,3]")}) == "42883");
  CHECK(apply("<~>", {v3("[1,2,3]"), v3("[1,2,3]")}) == "42883");
  CHECK(apply("<->", {Arg("VECTOR(2, bit)", "10"), Arg("VECTOR(2, bit)", "01")}) == "42883");
  CHECK(call("l2_distance", {v3("[1,2,3]")}) == "42883");
}

TEST_CASE("vectors: the functions") {
  CHECK(call("l2_distance", {v3("[0,0,0]"), v3("[3,4,0]")}) == "5");
  CHECK(call("vector_l2_squared_distance", {v3("[0,0,0]"), v3("[3,4,0]")}) == "25");
  CHECK(call("l1_distance", {v3("[0,0,0]"), v3("[3,4,0]")}) == "7");
  CHECK(call("inner_product", {v3("[1,2,3]"), v3("[4,5,6]")}) == "32");
  CHECK(call("inner_product", {v3("[1,0,0]"), v3("[0,1,0]")}) == "0");
  CHECK(call("cosine_distance", {v3("[1,0,0]"), v3("[0,1,0]")}) == "1");
  CHECK(call("vector_dims", {v3("[1,2,3]")}) == "3");
  CHECK(call("vector_dims", {v3(nullptr)}) == "NULL");
  CHECK(call("vector_norm", {v3("[2,3,6]")}) == "7");
}

TEST_CASE("vectors: to text and back, and to other elements") {
  CHECK(cast(Arg("TEXT", " [1, 2.5,-3e1 ] "), "VECTOR(3)") == "[1,2.5,-30]");
  CHECK(cast(Arg("TEXT", "[1,2]"), "VECTOR(3)") == "22000");
  CHECK(cast(Arg("TEXT", "[1,NaN,3]"), "VECTOR(3)") == "22000");
  CHECK(cast(v3("[1,2,3]"), "TEXT") == "[1,2,3]");
  CHECK(cast(v3("[1,2,3]"), "VECTOR(3, u8)") == "[1,2,3]");
  CHECK(cast(v3("[1,2,300]"), "VECTOR(3, u8)") == "22003");
  CHECK(cast(v3("[1,2,3]"), "VECTOR(2)") == "22000");
}

TEST_CASE("places: makers check, readers read") {
  CHECK(call("st_makepoint", {number("179.5"), Arg("INT", "0")}) == "POINT(179.5 0)");
  CHECK(call("st_makepoint", {number("1"), number("2"), number("3")}) == "POINT(1 2 3)");
  CHECK(call("st_makepoint", {number("0"), number("91")}) == "22003");
  CHECK(call("st_makepoint", {number("0"), number("NaN")}) == "22003");
  CHECK(call("st_makepoint", {number("0"), number(nullptr)}) == "NULL");
  CHECK(call("st_x", {point("POINT(1.5 2)")}) == "1.5");
  CHECK(call("st_y", {point("POINT(1.5 2)")}) == "2");
  CHECK(call("st_z", {point3("POINT(1 2 3)")}) == "3");
  CHECK(call("st_z", {point("POINT(1 2)")}) == "42883");
  CHECK(call("st_astext", {point3("1,2,3")}) == "POINT(1 2 3)");
}

TEST_CASE("places: metres on Earth, metres in space, and never between the two") {
  CHECK(call("st_distance", {point3("0,0,0"), point3("3,4,12")}) == "13");
  CHECK(call("st_distance", {point("0,0"), point3("3,4,12")}) == "42883");
  CHECK(call("st_distance", {point("0,0"), "(0,0)"}) == "0");
  CHECK(call("st_dwithin", {point("0,0"), point("1,0"), number("111000")}) == "f");  // A degree is 111,195 m.
  CHECK(call("st_dwithin", {point("0,0"), point("1,0"), number("111200")}) == "t");
  CHECK(call("st_dwithin", {point("179.5,0"), point("-180,0"), Arg("INT", "60000")}) == "t");
  CHECK(call("st_dwithin", {point3("0,0,0"), point3("3,4,12"), number("13")}) == "t");
  CHECK(call("st_dwithin", {point3("0,0,0"), point3("3,4,12"), number("12.9")}) == "f");
  CHECK(call("st_dwithin", {point("0,0"), point("0,0"), number("0")}) == "t");
  CHECK(call("st_dwithin", {point("0,0"), point("0,0"), number("-1")}) == "22023");
  CHECK(call("st_dwithin", {point("0,0"), point(nullptr), number("1")}) == "NULL");
}

TEST_CASE("places: within a box is off its edge, covered by it on the edge, too") {
  CHECK(call("st_makeenvelope", {number("-10.5"), number("0"), number("10"), number("5")}) == "BOX(-10.5 0,10 5)");
  CHECK(call("st_makebox2d", {point("1,2"), point("3,4")}) == "BOX(1 2,3 4)");
  CHECK(call("st_3dmakebox", {point3("1,2,3"), point3("3,4,5")}) == "BOX3D(1 2 3,3 4 5)");
  CHECK(call("st_makeenvelope", {number("0"), number("5"), number("1"), number("4")}) == "22023");
  CHECK(call("st_within", {point("1,1"), "BOX(0 0,2 2)"}) == "t");
  CHECK(call("st_within", {point("2,1"), "BOX(0 0,2 2)"}) == "f");
  CHECK(call("st_coveredby", {point("2,1"), "BOX(0 0,2 2)"}) == "t");
  CHECK(call("st_contains", {"BOX3D(0 0 0,2 2 2)", point3("1,1,1")}) == "t");
  CHECK(call("st_covers", {"BOX(170 -1,-170 1)", point("-180,0")}) == "t");
  CHECK(call("st_within", {point("1,1"), "BOX(0 0,2)"}) == "22P02");
  CHECK(call("st_within", {point(nullptr), "BOX(0 0,2 2)"}) == "NULL");
}

}  // namespace
}  // namespace mneme::query
