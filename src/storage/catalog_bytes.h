// The catalogue as the manifest keeps it: every table's schema as of one LSN, opaque bytes to the manifest itself.
//
//     tables u32 | for each, by id: schema bytes, sized
#pragma once

#include "storage/version.h"

namespace mneme {

void encode_catalog(const Version& version, ByteBuffer& out);
// The tables, without rows. No bytes: none. corrupt: the bytes do not fit.
Result<Version> decode_catalog(Bytes bytes);

}  // namespace mneme
