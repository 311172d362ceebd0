// ResultHome: where a statement's results go when their user is done with them, so that the next one finds its memory.
#pragma once

#include <atomic>
#include <memory>

namespace mneme {

struct ResultData;

// The surprising decision: a result at home still holds its home, so that nothing is counted when results come and go.
// That circle is broken by close(), which the home's owner calls at its end: from then on results that come back go.
class ResultHome {  // Thread-safe, but take() and close(): its owner's. Keeps one result.
 public:
  ResultHome() = default;
  ResultHome(const ResultHome&) = delete;
  ResultHome& operator=(const ResultHome&) = delete;
  [[nodiscard]] std::unique_ptr<ResultData> take() noexcept;  // Null: there is none.
  void close() noexcept;
  // To the home it came from, if that has room; else it goes.
  static void give_back(std::unique_ptr<ResultData> data) noexcept;

 private:
  static constexpr std::size_t kBytesMax = 16 * 1024;  // Of a result that is kept.
  // Where nothing can be put any more.
  [[nodiscard]] ResultData* closed() noexcept { return reinterpret_cast<ResultData*>(this); }
  // Acquire when taken, release when left: what one wrote there the other reads.
  std::atomic<ResultData*> idle_{nullptr};
};

}  // namespace mneme
