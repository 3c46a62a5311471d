#include "app/heartbeat.h"

#include <catch2/catch.hpp>

namespace parshall::app {
namespace {

TEST_CASE("Heartbeat beats while batches pass or the pipeline waits for what is outside") {
  Heartbeat heart(60'000);
  struct Row {
    const char* name;
    int64_t at_ms;
    pipeline::Pulse pulse;
    bool wanted;
  };
  const Row rows[] = {
      {"the first look", 0, {5, false}, true},
      {"too early for another", 10'000, {60, false}, false},
      {"half of the time is over", 29'500, {150, false}, true},
      {"nothing passed since", 60'000, {150, false}, false},
      {"still nothing", 80'000, {150, false}, false},
      {"the output is full", 80'001, {150, true}, true},
      {"for a long time", 120'000, {150, true}, true},
      {"it takes records again, a moment ago", 155'000, {150, false}, false},
      {"and one batch has passed", 155'001, {151, false}, true},
      {"in less than half of the time", 155'002, {152, true}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(heart.Due(row.pulse, row.at_ms) == row.wanted);
  }
}

TEST_CASE("Heartbeat is silent when nobody watches, and looks often enough when somebody does") {
  Heartbeat silent(std::nullopt);
  CHECK_FALSE(silent.Due({1, false}, 0));
  CHECK(silent.look_every_ms(1000) == 1000);
  CHECK(Heartbeat(60'000).look_every_ms(1000) == 1000);
  CHECK(Heartbeat(2'000).look_every_ms(1000) == 250);
  CHECK(Heartbeat(1).look_every_ms(1000) == 1);
}

}  // namespace
}  // namespace parshall::app
