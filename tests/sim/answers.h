// All that a store answers, in few words: every row by a scan, every index in its order, keys looked for in each way.
//
// Two stores that give the same answers are the same to whoever asks them; rows may have moved between files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "index/index_kinds.h"
#include "storage/store.h"

namespace mneme::sim {

struct Answer {
  std::string question;
  std::string table;
  std::uint64_t digest = 0;
  std::optional<Error> error;  // Instead of one.
};

class Inquiry {  // Immutable: any number of threads may ask at once, each its own store.
 public:
  // Makes up the questions, among them one for a few keys of each index, from what the store holds now.
  Inquiry(Store& store, const IndexKinds& kinds);
  Inquiry(const Inquiry&) = delete;
  ~Inquiry();
  // In the same order each time. Fails where no question can be asked at all.
  Result<std::vector<Answer>> ask(Store& store, const IndexKinds& kinds) const;

 private:
  struct Table;
  std::vector<std::unique_ptr<const Table>> tables_;
};

}  // namespace mneme::sim
