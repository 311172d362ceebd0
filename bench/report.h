// Report: the lines that a benchmark measured, printed as they come and kept for JSON and Markdown. A line is the
// median of its samples with the least and the greatest beside it; a verdict compares two medians with what is to be
// reached.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mneme::bench {

struct Line {
  std::string what;
  std::string engine;
  std::string durability;  // When its commits count as done; "-" where nothing is written.
  std::string unit;
  std::vector<double> samples;
};

enum class Want { at_least, at_most, nothing };

struct Verdict {
  std::string what;
  double value = 0;
  std::string unit;  // "x" of ratios.
  Want want = Want::nothing;
  double target = 0;
  std::string void_because;                   // Not empty: neither reached nor missed.
  [[nodiscard]] std::string outcome() const;  // "reached", "missed", "void", "".
};

class Report {  // One thread at a time.
 public:
  void section(std::string_view title);
  void note(std::string_view text);
  double line(Line line);  // Returns its median.
  void verdict(Verdict verdict);
  bool write_json(const std::string& path) const;
  bool write_markdown(const std::string& path) const;

 private:
  struct Section {
    std::string title;
    std::vector<std::string> notes;
    std::vector<Line> lines;
    std::vector<Verdict> verdicts;
  };
  std::vector<Section> sections_;
};

double median(std::vector<double> samples);
// Four significant figures, thousands grouped: "1,234,567", "0.01234".
std::string number_text(double value);

// "CPU, cores, RAM; kernel; file system" of this machine and of the directory measured in.
std::string machine_text(const std::string& directory);
bool is_memory_backed(const std::string& directory);  // tmpfs and its kin: no place to measure a sync.

}  // namespace mneme::bench
