// What connections, their statements and their streams share: one Session under one lock.
#pragma once

#include <type_traits>

#include "api/guarded.h"
#include "api/session.h"
#include "os/thread.h"

namespace mneme {

struct ConnectionCore {  // Thread-safe through its mutex.
  explicit ConnectionCore(std::shared_ptr<Engine> of)
      : engine(std::move(of)), mutex(engine->scheduler()), session(engine) {}
  const std::shared_ptr<Engine> engine;
  Mutex mutex;
  Session session GUARDED_BY(mutex);
};

// What fails has failed the open transaction, if there is one.
template <class Body>
auto judged(Session& session, Body& body) noexcept {
  auto outcome = guarded([&] { return body(session); });
  if (!outcome) session.fail();
  return outcome;
}

// One call of the session, at the border of the library: nothing is thrown past it, one at a time, and whatever fails
// inside a transaction has failed it. `body` takes the session and returns a Result.
template <class Body>
auto in_session(ConnectionCore& core, Body body) noexcept {
  using Outcome = std::invoke_result_t<Body, Session&>;
  return guarded(*core.engine, [&]() -> Outcome {
    Lock lock(core.mutex);
    return judged(core.session, body);
  });
}

// In a child made by fork() what it inherited is left as it stands: its locks may be held by threads that are not
// there.
template <class State>
void leave_in_child(std::unique_ptr<State>& state) noexcept {
  if (state && state->core->engine->in_child()) static_cast<void>(state.release());
}

struct Connection::State {
  std::shared_ptr<ConnectionCore> core;
};

struct Statement::State {
  std::shared_ptr<ConnectionCore> core;
  std::shared_ptr<PreparedStatement> prepared;
};

struct RowStream::State {
  // Made when nothing can fail any more: its end takes the lock under which it is made.
  State(std::shared_ptr<ConnectionCore> of, std::shared_ptr<PreparedStatement> statement, OpenStream stream)
      : core(std::move(of)), prepared(std::move(statement)), open(std::move(stream)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();
  const std::shared_ptr<ConnectionCore> core;
  const std::shared_ptr<PreparedStatement> prepared;
  OpenStream open;
  std::optional<Batch> batch;
  bool ended = false;
  std::optional<Error> failed;  // What next() said; operators that failed are not asked again.
};

}  // namespace mneme
