// ResultHome: where a statement's results go when their user is done with them, so that the next one finds its memory.
#pragma once

#include <atomic>
#include <memory>

namespace mneme {

struct ResultData;

class ResultHome {  // Thread-safe. Keeps one result.
 public:
  ResultHome() = default;
  ResultHome(const ResultHome&) = delete;
  ResultHome& operator=(const ResultHome&) = delete;
  ~ResultHome();
  [[nodiscard]] std::unique_ptr<ResultData> take() noexcept;  // Null: there is none.
  // To the home it came from, if that has room; else it goes.
  static void give_back(std::unique_ptr<ResultData> data) noexcept;

 private:
  static constexpr std::size_t kBytesMax = 16 * 1024;  // Of a result that is kept.
  // Acquire when taken, release when left: what one wrote there the other reads.
  std::atomic<ResultData*> idle_{nullptr};
};

}  // namespace mneme
