// Files of vectors, built by hand.
#include "import/vectors_reader.h"

#include <doctest/doctest.h>

#include "import/read_test.h"
#include "import/ulog_builder.h"

namespace {
using namespace mneme;
using namespace mneme::cli;

struct Read : MemoryRead<ImportSummary> {
  Read(const char* extension, const std::string& bytes)
      : MemoryRead(bytes, [&](Input& input, TableSink& into) {
          return read_vectors(input, *vector_format(extension), "t", into);
        }) {}
};
}  // namespace

TEST_CASE("vectors: each format gives ids from 0 and the elements") {
  const Read fvecs("x.fvecs", packed(std::int32_t{2}, 1.0F, 2.5F, std::int32_t{2}, -3.0F, 4.0F));
  CHECK(fvecs.sink.columns("t") == "id INT, v VECTOR(2)");
  CHECK(fvecs.sink.table("t").rows == Rows{{"0", "[1,2.5]"}, {"1", "[-3,4]"}});
  const Read bvecs("x.bvecs", packed(std::int32_t{3}, "\x01\x02\xff"));
  CHECK(bvecs.sink.columns("t") == "id INT, v VECTOR(3, u8)");
  CHECK(bvecs.sink.table("t").rows == Rows{{"0", "[1,2,255]"}});
  CHECK(Read("x.fbin", packed(1U, 1U, 0.5F)).sink.table("t").rows == Rows{{"0", "[0.5]"}});
  CHECK(Read("x.u8bin", packed(2U, 1U, "\x07\x08")).sink.table("t").rows == Rows{{"0", "[7]"}, {"1", "[8]"}});
  CHECK(Read("x.i8bin", packed(1U, 2U, "\xff\x08")).sink.table("t").rows == Rows{{"0", "[-1,8]"}});
  CHECK(!vector_format("x.csv"));
}

TEST_CASE("vectors: a size that does not fit the header is an error that names the offset") {
  CHECK(Read(".u8bin", packed(3U, 2U, "abcd")).error() == "vectors: at offset 0: 3 vectors promised, 2 there");
  CHECK(Read(".u8bin", packed(2U, 2U, "abc")).error() == "vectors: at offset 10: the file ends within vector 1");
  CHECK(Read(".u8bin", packed(2U)).error() == "vectors: at offset 4: the file ends within a number");
  CHECK(Read(".fbin", packed(0xffffffffU, 0xffffffffU)).error() ==
        "vectors: at offset 4: a dimension of 4294967295; a VECTOR has 1 to 16000");
  CHECK(Read(".fvecs", packed(0U)).error() == "vectors: at offset 0: a dimension of 0; a VECTOR has 1 to 16000");
  CHECK(Read(".bvecs", packed(1U, 'a', 2U, 'b')).error() ==
        "vectors: at offset 5: vector 1 has another dimension than the first");
  CHECK(Read(".bvecs", "").error() == "vectors: at offset 0: the file ends within a number");
}

TEST_CASE("vectors: a header without vectors is an empty table") {
  const Read read(".u8bin", packed(0U, 128U));
  REQUIRE_MESSAGE(read.summary, read.error());
  CHECK(read.sink.table("t").rows.empty());
}
