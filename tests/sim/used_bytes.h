// Which bytes of a store's files mean something, by docs/format.md: the others are padding, space and what is obsolete.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "os/sim/sim_file_system.h"
#include "storage/store.h"

namespace mneme::sim {

// By path, of every file; true: the byte is of something that a reader of the database needs. `store` was opened on
// `image`, which is sound.
std::map<std::string, std::vector<bool>> used_bytes(const DurableImage& image, Store& store);

}  // namespace mneme::sim
