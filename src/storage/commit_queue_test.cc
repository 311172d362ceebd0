#include "storage/commit_queue.h"

#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "os/posix.h"
#include "os/sim/sim_world.h"

namespace mneme {
namespace {

using Told = CommitQueue::Told;

TEST_CASE("commit queue: who joins while nobody leads leads, the others are taken in the order they came") {
  PosixWorld real;
  Scheduler& scheduler = real.world().scheduler;
  CommitQueue queue;
  CommitQueue::Place a(scheduler), b(scheduler), c(scheduler), d(scheduler);
  CHECK(queue.join(a));
  CHECK_FALSE(queue.join(b));
  CHECK_FALSE(queue.join(c));
  CHECK(queue.take() == &a);
  CHECK(a.next() == &b);
  CHECK(b.next() == &c);
  CHECK(c.next() == nullptr);
  CHECK(queue.take() == nullptr);
  CHECK_FALSE(queue.join(d));  // a leads on.
  CHECK(queue.take() == &d);
  CHECK(d.next() == nullptr);
  queue.leave();
  CHECK(queue.join(a));
}

TEST_CASE("commit queue: the lead goes to the first who waits, who takes all who joined meanwhile") {
  PosixWorld real;
  Scheduler& scheduler = real.world().scheduler;
  CommitQueue queue;
  CommitQueue::Place a(scheduler), b(scheduler), c(scheduler);
  CHECK(queue.join(a));
  CHECK(queue.take() == &a);
  CHECK_FALSE(queue.join(b));
  CHECK_FALSE(queue.join(c));
  queue.leave();
  CHECK(b.wait(0) == Told::leads);
  CHECK(queue.take() == &b);
  CHECK(b.next() == &c);
  c.tell_done();
  CHECK(c.wait(0) == Told::done);
  queue.leave();
  CHECK(queue.join(a));
}

TEST_CASE("commit queue: whatever the order, one leads at a time and every place is taken once and told") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::SimWorld sim(seed);
    CommitQueue queue;
    int leaders = 0, taken = 0, done = 0;
    const auto lead = [&](CommitQueue::Place& own) {
      CHECK(++leaders == 1);
      CommitQueue::Place* place = queue.take();
      sim.scheduler().yield();
      --leaders;
      queue.leave();
      while (place != nullptr) {
        CommitQueue::Place* const next = place->next();
        ++taken;
        if (place != &own) place->tell_done();
        place = next;
      }
    };
    {
      std::vector<std::unique_ptr<Thread>> threads;
      for (int i = 0; i < 5; ++i) {
        threads.push_back(std::make_unique<Thread>(sim.scheduler(), "member", [&] {
          for (int round = 0; round < 4; ++round) {
            CommitQueue::Place own(sim.scheduler());
            if (queue.join(own) || own.wait(1) == Told::leads) lead(own);
            ++done;
          }
        }));
      }
    }
    CHECK(taken == 20);
    CHECK(done == 20);
  }
}

}  // namespace
}  // namespace mneme
