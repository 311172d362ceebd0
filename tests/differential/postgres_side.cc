// PostgreSQL through libpq, where the build has it: every value as the server's text, every error with its SQLSTATE.
#include "differential/other_side.h"

#ifdef MNEME_HAS_LIBPQ

#include <libpq-fe.h>

#include <cstdlib>

namespace mneme::differential {
namespace {

class PostgresSide final : public OtherSide {  // One thread at a time.
 public:
  explicit PostgresSide(PGconn* connection) : connection_(connection) { restart(); }
  ~PostgresSide() override { PQfinish(connection_); }

  Outcome execute(const std::string& sql) override {
    Outcome outcome;
    PGresult* result = PQexec(connection_, sql.c_str());
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      for (int row = 0; row < PQntuples(result); ++row) outcome.rows.push_back(row_of(result, row));
      if (!sql.starts_with("SELECT") && !sql.starts_with("WITH")) {
        outcome.changed = std::strtoull(PQcmdTuples(result), nullptr, 10);
      }
    } else {
      outcome.ok = false;
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      outcome.sqlstate = state != nullptr ? state : "08006";
      outcome.message = PQerrorMessage(connection_);
    }
    PQclear(result);
    return outcome;
  }

  void restart() override {
    if (PQtransactionStatus(connection_) != PQTRANS_IDLE) execute("ROLLBACK");
    execute("DROP SCHEMA IF EXISTS differential CASCADE");
    execute("CREATE SCHEMA differential");
    execute("SET search_path = differential");
  }
  [[nodiscard]] std::string_view name() const override { return "PostgreSQL"; }
  [[nodiscard]] Dialect dialect() const override { return Dialect::postgres; }

 private:
  static Row row_of(const PGresult* result, int row) {
    Row out;
    for (int i = 0; i < PQnfields(result); ++i) {
      if (PQgetisnull(result, row, i) != 0) {
        out.emplace_back();
      } else {
        out.emplace_back(
            std::string(PQgetvalue(result, row, i), static_cast<std::size_t>(PQgetlength(result, row, i))));
      }
    }
    return out;
  }

  PGconn* connection_;
};

}  // namespace

std::unique_ptr<OtherSide> make_postgres_side(const std::string& folder) {
  const std::string options =
      " user=mneme dbname=postgres client_encoding=UTF8 options='-c TimeZone=UTC -c extra_float_digits=1 -c "
      "client_min_messages=error -c synchronous_commit=off -c jit=off'";
  PGconn* connection = PQconnectdb(("host=" + folder + options).c_str());
  if (PQstatus(connection) != CONNECTION_OK) {
    std::fprintf(stderr, "PostgreSQL: %s", PQerrorMessage(connection));
    PQfinish(connection);
    return nullptr;
  }
  return std::make_unique<PostgresSide>(connection);
}

}  // namespace mneme::differential

#else

namespace mneme::differential {

std::unique_ptr<OtherSide> make_postgres_side(const std::string&) { return nullptr; }

}  // namespace mneme::differential

#endif
