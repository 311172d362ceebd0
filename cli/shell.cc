#include "shell.h"

#include <histedit.h>

#include <cstdlib>
#include <memory>

#include "commands.h"

namespace mneme::cli {
namespace {

constexpr int kHistoryLines = 1'000;
constexpr const char* kHelp =
    ".tables             the tables, with their rows\n"
    ".schema [TABLE]     the statements that make them\n"
    ".import FILE [TABLE]  a ULog, CSV, JSON lines or vector file\n"
    ".mode table|csv|json|jsonl\n"
    ".timing on|off\n"
    ".help  .quit\n"
    "Everything else is SQL; a statement ends with ';'.\n";

std::string continued_prompt(bool in_statement) { return in_statement ? "   ...> " : "mneme> "; }

// libedit with a history file. One thread at a time.
class LineReader {
 public:
  LineReader() : history_(history_init(), &history_end), edit_(el_init("mneme", stdin, stdout, stderr), &el_end) {
    HistEvent event;
    history(history_.get(), &event, H_SETSIZE, kHistoryLines);
    history(history_.get(), &event, H_SETUNIQUE, 1);
    if (const char* home = std::getenv("HOME")) file_ = std::string(home) + "/.mneme_history";
    if (!file_.empty()) history(history_.get(), &event, H_LOAD, file_.c_str());
    el_set(edit_.get(), EL_CLIENTDATA, this);
    el_set(edit_.get(), EL_PROMPT, &LineReader::prompt);
    el_set(edit_.get(), EL_EDITOR, "emacs");
    el_set(edit_.get(), EL_HIST, history, history_.get());
    el_source(edit_.get(), nullptr);
  }
  ~LineReader() {
    HistEvent event;
    if (!file_.empty()) history(history_.get(), &event, H_SAVE, file_.c_str());
  }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  std::optional<std::string> read(bool in_statement) {
    prompt_ = continued_prompt(in_statement);
    int count = 0;
    const char* line = el_gets(edit_.get(), &count);
    if (line == nullptr || count <= 0) return std::nullopt;
    HistEvent event;
    if (count > 1) history(history_.get(), &event, H_ENTER, line);
    return std::string(line, static_cast<std::size_t>(count));
  }

 private:
  static char* prompt(EditLine* edit) {
    LineReader* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return self->prompt_.data();
  }
  std::unique_ptr<History, decltype(&history_end)> history_;
  std::unique_ptr<EditLine, decltype(&el_end)> edit_;
  std::string file_;
  std::string prompt_;
};

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r\n", at)) != std::string::npos) {
    const std::size_t end = line.find_first_of(" \t\r\n", at);
    words.push_back(line.substr(at, end - at));
    at = std::min(end, line.size());
  }
  return words;
}

Result<void> set_mode(const std::vector<std::string>& words, RunOptions& options) {
  const auto mode = words.size() == 2 ? mode_of(words[1]) : std::nullopt;
  if (!mode) return Error(Code::invalid_argument, ".mode is table, csv, json or jsonl");
  options.mode = *mode;
  return {};
}

Result<void> run_dot_command(Database& database, const std::vector<std::string>& words, RunOptions& options) {
  const std::string& name = words[0];
  if (name == ".help") return std::fputs(kHelp, stdout), Result<void>();
  if (name == ".tables") return print_tables(database);
  if (name == ".schema") return print_schema(database, words.size() > 1 ? words[1] : "");
  if (name == ".mode") return set_mode(words, options);
  if (name == ".timing" && words.size() == 2 && (words[1] == "on" || words[1] == "off")) {
    options.timing = words[1] == "on";
    return {};
  }
  if (name == ".import" && (words.size() == 2 || words.size() == 3)) {
    return import_path(database, words[1], words.size() == 3 ? words[2] : "");
  }
  return Error(Code::invalid_argument, "no such command: " + name + " (.help lists them)");
}

}  // namespace

int run_shell(Database& database, RunOptions options) {
  options.say_done = true;
  Connection connection = database.connect();
  LineReader reader;
  std::string text;
  std::puts("mneme. A statement ends with ';'. .help lists the commands.");
  while (auto line = reader.read(!text.empty())) {
    const auto words = words_of(*line);
    if (text.empty() && !words.empty() && words[0][0] == '.') {
      if (words[0] == ".quit" || words[0] == ".exit") break;
      if (auto done = run_dot_command(database, words, options); !done) print_error(done.error());
      continue;
    }
    text += *line;
    if (words_of(text).empty()) text.clear();
    if (text.empty() || !is_complete_sql(text)) continue;
    if (auto done = run_sql(connection, text, options); !done) print_error(done.error());
    text.clear();
  }
  return 0;
}

}  // namespace mneme::cli
