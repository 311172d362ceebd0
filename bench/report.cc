#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace mneme::bench {
namespace {

template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

double least(const Line& line) { return *std::ranges::min_element(line.samples); }
double greatest(const Line& line) { return *std::ranges::max_element(line.samples); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::string target_text(const Verdict& verdict) {
  if (verdict.want == Want::nothing) return "";
  return std::string(verdict.want == Want::at_least ? ">= " : "<= ") + number_text(verdict.target) + " " + verdict.unit;
}

template <class Items, class Text>
std::string joined(const Items& items, Text text) {
  std::string out;
  for (const auto& item : items) out += (out.empty() ? "" : ", ") + text(item);
  return out;
}

std::string json_of(const Line& line) {
  return format("{\"what\": %s, \"engine\": %s, \"durability\": %s, \"unit\": %s, ", quoted(line.what).c_str(),
                quoted(line.engine).c_str(), quoted(line.durability).c_str(), quoted(line.unit).c_str()) +
         format("\"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"samples\": %zu}", median(line.samples), least(line),
                greatest(line), line.samples.size());
}

std::string json_of(const Verdict& verdict) {
  return format("{\"what\": %s, \"value\": %.6g, \"unit\": %s, \"wanted\": %s, \"outcome\": %s}",
                quoted(verdict.what).c_str(), verdict.value, quoted(verdict.unit).c_str(),
                quoted(target_text(verdict)).c_str(), quoted(verdict.outcome()).c_str());
}

bool write_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace

std::string Verdict::outcome() const {
  if (!void_because.empty()) return "void: " + void_because;
  if (want == Want::nothing) return "";
  return (want == Want::at_least ? value >= target : value <= target) ? "reached" : "missed";
}

void Report::section(std::string_view title) {
  sections_.push_back({std::string(title), {}, {}, {}});
  std::printf("\n%s\n", sections_.back().title.c_str());
  std::fflush(stdout);
}

void Report::note(std::string_view text) {
  sections_.back().notes.emplace_back(text);
  std::printf("  (%s)\n", sections_.back().notes.back().c_str());
}

double Report::line(Line line) {
  const double middle = median(line.samples);
  std::printf("  %-44s %-22s %-10s %12s %-8s [%s .. %s]\n", line.what.c_str(), line.engine.c_str(),
              line.durability.c_str(), number_text(middle).c_str(), line.unit.c_str(), number_text(least(line)).c_str(),
              number_text(greatest(line)).c_str());
  std::fflush(stdout);
  sections_.back().lines.push_back(std::move(line));
  return middle;
}

void Report::verdict(Verdict verdict) {
  std::printf("  %-44s %s %s   %s   %s\n", ("=> " + verdict.what).c_str(), number_text(verdict.value).c_str(),
              verdict.unit.c_str(), target_text(verdict).c_str(), verdict.outcome().c_str());
  std::fflush(stdout);
  sections_.back().verdicts.push_back(std::move(verdict));
}

bool Report::write_json(const std::string& path) const {
  const auto section_json = [](const Section& section) {
    return "{\"title\": " + quoted(section.title) + ",\n  \"notes\": [" +
           joined(section.notes, [](const std::string& note) { return quoted(note); }) + "],\n  \"lines\": [" +
           joined(section.lines, [](const Line& line) { return json_of(line); }) + "],\n  \"verdicts\": [" +
           joined(section.verdicts, [](const Verdict& v) { return json_of(v); }) + "]}";
  };
  return write_file(path, "{\"sections\": [" + joined(sections_, section_json) + "]}\n");
}

bool Report::write_markdown(const std::string& path) const {
  std::string out =
      "# Benchmarks\n\nThe latest run of `./dev bench core --markdown docs/benchmarks.md`. Every line is a median of "
      "its "
      "samples, the least and\nthe greatest beside it; peers ran in the same run on the same file system.\n";
  for (const Section& section : sections_) {
    out += "\n## " + section.title + "\n";
    for (const std::string& note : section.notes) out += "- " + note + "\n";
    if (!section.lines.empty()) out += "\n| what | engine | durable at | median | spread |\n|---|---|---|---|---|\n";
    for (const Line& line : section.lines) {
      out += "| " + line.what + " | " + line.engine + " | " + line.durability + " | " +
             number_text(median(line.samples)) + " " + line.unit + " | " + number_text(least(line)) + " .. " +
             number_text(greatest(line)) + " |\n";
    }
    if (!section.verdicts.empty()) out += "\n| figure | value | wanted | outcome |\n|---|---|---|---|\n";
    for (const Verdict& verdict : section.verdicts) {
      out += "| " + verdict.what + " | " + number_text(verdict.value) + " " + verdict.unit + " | " +
             target_text(verdict) + " | " + verdict.outcome() + " |\n";
    }
  }
  return write_file(path, out);
}

double median(std::vector<double> samples) {
  if (samples.empty()) return 0;
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::ranges::nth_element(samples, middle);
  return *middle;
}

std::string number_text(double value) {
  if (std::abs(value) < 10'000) return format("%.4g", value);
  std::string digits = format("%.0f", value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace mneme::bench
