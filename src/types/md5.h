// MD5 (RFC 1321), for md5() of SQL: a fingerprint, never a safeguard.
#pragma once

#include <string>

#include "base/bytes.h"

namespace mneme {

std::string md5_hex(Bytes bytes);  // 32 lower-case digits.

}  // namespace mneme
