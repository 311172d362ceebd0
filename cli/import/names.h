// What a foreign name becomes in SQL, so that it can be written without quotes: letters, digits and underscores,
// lower case; anything else is an underscore, and a leading digit gets one in front. Non-ASCII letters stay.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace mneme::cli {

constexpr std::size_t kNameBytesMax = 255;

std::string column_name(std::string_view foreign);
// `name`, with as many underscores behind it as make it new; then taken.
std::string free_name(std::string name, std::set<std::string>& taken);

}  // namespace mneme::cli
