// Where a run says that it stands, for the next run.

#include <catch2/catch.hpp>

#include "pipeline/intake.h"
#include "tests/pipeline/kit.h"

namespace parshall::pipeline {

TEST_CASE("Half a line is read again by the source that read it, whoever else has its name") {
  using testing::Step;
  const std::string name = "access.log.1";  // of a file that is 2 by now, and of the next one
  Intake intake(std::make_unique<testing::ScriptedSet>(
                    std::vector<std::string>{name, name},
                    std::vector<Step>{{Step::kBytes, 0, "first\nhalf a line"},
                                      {Step::kBytes, 1, "the next file's first line\n"}}),
                {});
  Batch batch;
  REQUIRE(intake.Take(&batch));
  REQUIRE(intake.Take(&batch));

  const std::vector<bytes::FilePosition> positions = intake.Positions();
  REQUIRE(positions.size() == 2);
  CHECK(positions[0].offset == 6);
  CHECK(positions[1].offset == 27);
}

}  // namespace parshall::pipeline
