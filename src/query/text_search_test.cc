// Parts of texts.
#include "query/text_search.h"

#include <doctest/doctest.h>

#include <string>

namespace mneme::query {

TEST_CASE("text search: a part is found where it begins first, at or behind the place asked for") {
  CHECK(find_part("abcabc", "bc") == 1);
  CHECK(find_part("abcabc", "bc", 2) == 4);
  CHECK(find_part("abcabc", "bc", 5) == std::string_view::npos);
  CHECK(find_part("abcabc", "abcabc") == 0);
  CHECK(find_part("abcabc", "abcabcd") == std::string_view::npos);
}

TEST_CASE("text search: the empty part is everywhere, and nothing else is in a text without an address") {
  CHECK(find_part("abc", "", 3) == 3);
  CHECK(find_part({}, "") == 0);
  CHECK(find_part({}, "a") == std::string_view::npos);
  CHECK(find_part(std::string(), "a") == std::string_view::npos);
}

}  // namespace mneme::query
