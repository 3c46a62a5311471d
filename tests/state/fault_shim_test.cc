// The shim as a library that is loaded before others, with programs that anybody knows.

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

#include "tests/state/kit.h"

using namespace parshall::state;

namespace {

// The status of a command under the shim, as a shell says it: 128 + 9 for SIGKILL.
int RunWith(const std::string& environment, const std::string& command) {
  // ASAN_OPTIONS does nothing to these programs; they stand for what a sanitized one needs.
  const std::string whole =
      environment + " LD_PRELOAD=" PARSHALL_FAULT_SHIM " " + command + " 2>/dev/null; exit $?";
  const int status = std::system(whole.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("The fault shim fails, kills, tears and logs in any program it is loaded into") {
  const TempDir temp;
  const TempDir logs;
  const std::string path = "FAULT_PATH=" + temp.path() + " ";
  const std::string text(1000, 'x');
  WriteFile(logs / "in", text);
  const std::string copy = "dd bs=1000 if=" + (logs / "in") + " of=" + (temp / "out");  // one write
  const std::string move = "mv " + (temp / "out") + " " + (temp / "moved");

  CHECK(RunWith("FAULT_PATH=/nowhere FAULT_DO=EIO", copy) == 0);
  CHECK(ReadFile(temp / "out") == text);
  CHECK(RunWith(path + "FAULT_CALL=write FAULT_DO=ENOSPC", copy) == 1);
  CHECK(ReadFile(temp / "out").empty());
  CHECK(RunWith(path + "FAULT_CALL=write FAULT_AT=2 FAULT_DO=ENOSPC", copy) == 0);
  CHECK(RunWith(path + "FAULT_CALL=write FAULT_AT=1 FAULT_DO=torn", copy) == 128 + SIGKILL);
  CHECK(ReadFile(temp / "out") == text.substr(0, 500));
  CHECK(RunWith(path + "FAULT_CALL=write FAULT_AT=1 FAULT_DO=kill", copy) == 128 + SIGKILL);
  CHECK(ReadFile(temp / "out").empty());
  CHECK(RunWith(path + "FAULT_CALL=write FAULT_AT=1 FAULT_DO=after", copy) == 128 + SIGKILL);
  CHECK(ReadFile(temp / "out") == text);
  CHECK(RunWith(path + "FAULT_CALL=rename FAULT_DO=EACCES", move) == 1);
  CHECK(IsThere(temp / "out"));
  CHECK(RunWith(path + "FAULT_CALL=rename,unlink FAULT_LOG=" + (logs / "log"), move) == 0);
  CHECK(ReadFile(logs / "log") == "rename\t" + (temp / "out") + "\t" + (temp / "moved") + "\n");
  CHECK(RunWith(path + "FAULT_DO=nonsense", copy) == 128 + SIGABRT);
}
