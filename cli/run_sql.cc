#include "run_sql.h"

#include <chrono>

namespace mneme::cli {
namespace {

void print_result(const ResultSet& result, const RunOptions& options) {
  if (!result.columns().empty() || result.rows() > 0) {
    RowPrinter printer(stdout, options.mode, result.columns());
    for (std::size_t i = 0; i < result.batches(); ++i) printer.add(result.batch(i));
    printer.finish();
    return;
  }
  if (!options.say_done) return;
  if (result.changed_rows() > 0) {
    std::printf("%llu rows changed\n", static_cast<unsigned long long>(result.changed_rows()));
  } else {
    std::puts("done");
  }
}

Result<void> stream(Statement& statement, const RunOptions& options) {
  auto opened = statement.query();
  if (!opened) return std::move(opened).error();
  RowPrinter printer(stdout, options.mode, opened->columns());
  for (;;) {
    auto batch = opened->next();
    if (!batch) return std::move(batch).error();
    if (!*batch) break;
    printer.add(**batch);
    if (auto written = flush_output(); !written) return written;
  }
  printer.finish();
  return {};
}

Result<void> run(Connection& connection, std::string_view sql, const RunOptions& options) {
  if (const auto count = count_statements(sql); count && *count == 1) {  // To prepare several is an error.
    auto single = connection.prepare(sql);
    if (!single) return std::move(single).error();
    if (single->is_query() && single->parameters() == 0) return stream(*single, options);
  }
  return connection.execute_script(sql, [&](const ResultSet& result) { print_result(result, options); });
}

}  // namespace

Result<void> run_sql(Connection& connection, std::string_view sql, const RunOptions& options) {
  const auto begun = std::chrono::steady_clock::now();
  auto outcome = run(connection, sql, options);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
  if (auto written = flush_output(); outcome && !written) outcome = std::move(written);
  if (options.timing) std::fprintf(stderr, "time: %.3f ms\n", took.count());
  return outcome;
}

void print_error(const Error& error) { std::fprintf(stderr, "error: %s\n", error.to_string().c_str()); }

}  // namespace mneme::cli
