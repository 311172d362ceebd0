#include "differential/minimise.h"

#include <utility>

namespace mneme::differential {
namespace {

class Minimiser {  // One thread at a time.
 public:
  Minimiser(Minimal& best, const OtherSides& others, std::size_t tries_max, const Tamper& tamper)
      : best_(best), others_(others), tries_max_(tries_max), tamper_(tamper) {}

  void run() {
    bool smaller = true;
    while (smaller && !exhausted()) {
      smaller = drop_steps();
      smaller = shrink_steps() || smaller;
    }
  }

 private:
  [[nodiscard]] bool exhausted() const { return best_.tries >= tries_max_; }

  // Whether the life still shows a difference between the same two, of the same kind.
  bool still_differs(const Life& life) {
    if (exhausted()) return false;
    ++best_.tries;
    Counts counts;
    auto difference = play(life, others_, counts, tamper_);
    if (!difference || difference->between != best_.difference.between) return false;
    if (kind_of(difference->detail) != kind_of(best_.difference.detail)) return false;
    best_.difference = *std::move(difference);
    return true;
  }

  void cut_tail(Life& life) const {
    if (best_.difference.step + 1 < life.size()) life.resize(best_.difference.step + 1);
  }

  bool drop_steps() {
    bool any = false;
    for (std::size_t part = best_.life.size() / 2; part > 0; part /= 2) {
      for (std::size_t begin = 0; begin + part <= best_.life.size();) {
        Life fewer = best_.life;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(begin),
                    fewer.begin() + static_cast<std::ptrdiff_t>(begin + part));
        if (still_differs(fewer)) {
          cut_tail(fewer);
          best_.life = std::move(fewer);
          any = true;
        } else {
          begin += part;
        }
      }
    }
    return any;
  }

  bool shrink_steps() {
    bool any = false;
    for (std::size_t i = best_.life.size(); i-- > 0;) {
      while (i < best_.life.size() && !exhausted() && shrink(i)) any = true;
    }
    return any;
  }

  bool shrink(std::size_t step) {
    Life life = best_.life;
    if (!reduce(life[step].tree, [&] { return still_differs(life); })) return false;
    cut_tail(life);
    best_.life = std::move(life);
    return true;
  }

  Minimal& best_;
  const OtherSides& others_;
  const std::size_t tries_max_;
  const Tamper& tamper_;
};

}  // namespace

Minimal minimise(Life life, Difference difference, const OtherSides& others, std::size_t tries_max,
                 const Tamper& tamper) {
  if (difference.step + 1 < life.size()) life.resize(difference.step + 1);
  Minimal best{.life = std::move(life), .difference = std::move(difference), .tries = 0};
  Minimiser(best, others, tries_max, tamper).run();
  return best;
}

}  // namespace mneme::differential
