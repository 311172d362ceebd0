// A store that holds some of everything: every type, encoding and form of an index, every kind of file.
#pragma once

#include "index/index_kinds.h"
#include "os/sim/sim_file_system.h"
#include "storage/store.h"

namespace mneme::sim {

StoreOptions whole_store_options();
IndexKinds whole_store_kinds();

// Tables with keys of 64 bits, of two columns and of text, and with a hidden one; unique and other indexes; a column
// added later; rows in merged and in single segments, some of them deleted, and in the log only; a dropped table;
// values in blob files. Always the same bytes.
struct WholeStore {
  WholeStore();
  DurableImage image;   // It was closed.
  DurableImage before;  // Some commits and a flush earlier.
};

}  // namespace mneme::sim
