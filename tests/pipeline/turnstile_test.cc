#include "pipeline/turnstile.h"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace parshall::pipeline {

TEST_CASE("A turnstile lets tickets through in their order, whoever holds them") {
  Turnstile turnstile;
  CHECK(turnstile.IsTurn(0));
  CHECK_FALSE(turnstile.IsTurn(1));
  constexpr uint64_t kTickets = 2000;
  constexpr uint64_t kThreads = 4;
  std::vector<uint64_t> order;  // only the holder of the turn touches it
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (uint64_t ticket = kThreads - 1 - thread; ticket < kTickets; ticket += kThreads) {
        turnstile.Wait(ticket);
        order.push_back(ticket);
        turnstile.Pass();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(order.size() == kTickets);
  for (uint64_t ticket = 0; ticket < kTickets; ++ticket) REQUIRE(order[ticket] == ticket);
  CHECK(turnstile.IsTurn(kTickets));
}

}  // namespace parshall::pipeline
