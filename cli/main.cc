// mneme: the command line. `mneme DIR` is a shell; with -c, -f or standard input it runs SQL; import, info, check and
// backup are commands, and salvage, which opens nothing but reads what is left. Exit status 0, or 1 after an error,
// which stands on standard error, or when a salvage lost something.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "commands.h"
#include "run_sql.h"
#include "salvage.h"
#include "shell.h"

namespace mneme::cli {
namespace {

struct Arguments {
  std::string directory;
  std::vector<std::string> statements;
  std::string file;
  std::string mode = "table";
  bool timing = false;
  bool read_only = false;
  std::optional<std::size_t> memory_mib;
  std::string import_file;
  std::string table;
  std::string destination;
};

// -f -, and what comes through a pipe, are standard input.
Result<std::string> read_text(const std::string& path) {
  std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
  if (file == nullptr) return Error(Code::not_found, path + ": cannot be read");
  std::string text;
  char piece[65'536];
  for (std::size_t count = 0; (count = std::fread(piece, 1, sizeof piece, file)) > 0;) text.append(piece, count);
  const bool failed = std::ferror(file) != 0;
  if (file != stdin) std::fclose(file);
  if (failed) return Error(Code::io, path + ": reading failed");
  return text;
}

Result<void> run_statements(Database& database, const Arguments& arguments, const RunOptions& options) {
  Connection connection = database.connect();
  for (const std::string& sql : arguments.statements) {
    if (auto done = run_sql(connection, sql, options); !done) return done;
  }
  if (!arguments.file.empty() || arguments.statements.empty()) {
    auto text = read_text(arguments.file.empty() ? "-" : arguments.file);
    if (!text) return std::move(text).error();
    if (auto done = run_sql(connection, *text, options); !done) return done;
  }
  return {};
}

Result<int> run_salvage(const Arguments& arguments) {
  SalvageOptions options;
  if (arguments.memory_mib) options.memory_budget = *arguments.memory_mib << 20;
  const auto complete = salvage_to(arguments.directory, arguments.destination, options.memory_budget,
                                   mode_of(arguments.mode).value_or(Mode::table));
  if (!complete) return complete.error();
  return *complete ? 0 : 1;
}

Result<int> run(const CLI::App& app, const Arguments& arguments) {
  Options options;
  if (arguments.memory_mib) options.memory_budget = *arguments.memory_mib << 20;
  const bool only_reads = app.got_subcommand("info") || app.got_subcommand("check") || app.got_subcommand("backup");
  options.create_if_missing = !only_reads;
  options.read_only = arguments.read_only;
  auto database = Database::open(arguments.directory, options);
  if (!database) return std::move(database).error();
  const RunOptions how{.mode = mode_of(arguments.mode).value_or(Mode::table), .timing = arguments.timing};
  const bool interactive = app.get_subcommands().empty() && arguments.statements.empty() && arguments.file.empty() &&
                           isatty(STDIN_FILENO) != 0;
  Result<void> done;
  if (app.got_subcommand("import")) {
    done = import_path(*database, arguments.import_file, arguments.table);
  } else if (app.got_subcommand("info")) {
    done = print_info(*database);
  } else if (app.got_subcommand("check")) {
    done = check(*database);
  } else if (app.got_subcommand("backup")) {
    done = database->backup(arguments.destination);
  } else if (interactive) {
    run_shell(*database, how);
  } else {
    done = run_statements(*database, arguments, how);
  }
  auto closed = database->close();
  if (!done) return std::move(done).error();
  if (!closed) return std::move(closed).error();
  return 0;
}

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("DIR", arguments.directory, "the database's directory")->required();
  app.add_option("-c,--command", arguments.statements, "run this SQL")->expected(1)->take_all();
  app.add_option("-f,--file", arguments.file, "run the SQL in this file (-: standard input)");
  app.add_option("--mode", arguments.mode, "table, csv, json or jsonl")
      ->check(CLI::IsMember({"table", "csv", "json", "jsonl"}));
  app.add_flag("--timing", arguments.timing, "print how long each statement took");
  app.add_flag("--read-only", arguments.read_only, "read beside the process that writes; changes are refused");
  app.add_option("--memory", arguments.memory_mib, "memory budget in MiB (64; to salvage, 128)")
      ->check(CLI::Range(4, 1 << 20));
  CLI::App* import = app.add_subcommand("import", "load a ULog, CSV, JSON lines or vector file");
  import->add_option("FILE", arguments.import_file, "the file")->required();
  import->add_option("--table", arguments.table, "the table's name (ULog: a prefix of all names)");
  app.add_subcommand("info", "what the database holds");
  app.add_subcommand("check", "verify every block, index and invariant");
  CLI::App* backup = app.add_subcommand("backup", "copy the database, beside running writers");
  backup->add_option("DEST", arguments.destination, "the copy's directory")->required();
  CLI::App* salvage = app.add_subcommand("salvage", "save what is readable of a damaged database in a new one");
  salvage->add_option("DEST", arguments.destination, "the new database's directory, empty or not there")->required();
  app.require_subcommand(0, 1);
}

// The exit status: nothing has gone well that could not be printed.
int ended(Result<int> done) {
  if (const auto written = flush_output(); done && !written) done = written.error();
  if (!done) print_error(done.error());
  return done ? *done : 1;
}

}  // namespace
}  // namespace mneme::cli

int main(int argc, char** argv) {
  CLI::App app("mneme: an embedded multimodal database");
  mneme::cli::Arguments arguments;
  mneme::cli::declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error) == 0 ? 0 : 1;
    return mneme::cli::ended(status);
  }
  const auto done =
      app.got_subcommand("salvage") ? mneme::cli::run_salvage(arguments) : mneme::cli::run(app, arguments);
  return mneme::cli::ended(done);
}
