cmake_minimum_required(VERSION 3.25)
# Run at each build: writes OUTPUT, which says of which commit the sources of SOURCE_DIR are. Empty when they are not a git
# checkout of their own, as those of a tarball. Touched only when that has changed.
set(commit "")
execute_process(COMMAND git -C ${SOURCE_DIR} rev-parse --show-toplevel OUTPUT_VARIABLE top
  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
file(REAL_PATH ${SOURCE_DIR} source)
if(failed STREQUAL "0" AND top STREQUAL source)
  execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --abbrev=8 --exclude=* OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"#include \"app/version.h\"

namespace parshall::app {
const char* const kCommit = \"@commit@\";
}  // namespace parshall::app
")
