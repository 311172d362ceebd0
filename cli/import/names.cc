// Names are cut at a code point's border, so that they stay valid UTF-8.
#include "import/names.h"

#include "import/utf8.h"

namespace mneme::cli {

std::string column_name(std::string_view foreign) {
  std::string name;
  for (const char c : clean_utf8(foreign)) {
    if (c >= 'A' && c <= 'Z') {
      name += static_cast<char>(c - 'A' + 'a');
    } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80) {
      name += c;
    } else if (name.empty() || name.back() != '_' || c == '_') {
      name += '_';  // "a - b" is a_b.
    }
  }
  if (name.size() > kNameBytesMax) name.resize(utf8_floor(name, kNameBytesMax));
  if (name.empty()) return "_";
  if (name.front() >= '0' && name.front() <= '9') name.insert(name.begin(), '_');
  return name;
}

std::string free_name(std::string name, std::set<std::string>& taken) {
  while (!taken.insert(name).second) name += '_';
  return name;
}

}  // namespace mneme::cli
