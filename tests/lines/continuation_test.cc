#include "lines/continuation.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace parshall::lines {
namespace {

// An event's lines; '+' marks in the first column what must join, '!' what must not.
void CheckEvent(const std::string& name, const std::vector<std::string>& rows) {
  Continuation continuation;
  continuation.Open("[2026-11-21 09:32:30 +0000] [10558] [ERROR] Error handling request /error");
  for (const std::string& row : rows) {
    INFO(name << ": " << row);
    CHECK(continuation.Belongs(std::string_view(row).substr(1)) == (row[0] == '+'));
  }
}

TEST_CASE("Continuation takes a traceback up to the line that names the exception") {
  CheckEvent("gunicorn", {"+Traceback (most recent call last):", "+  File \"x.py\", line 1, in f",
                          "+    raise ValueError(\"boom\")", "+          ^^^^^^",
                          "+ValueError: boom", "!ValueError: boom"});
  CheckEvent("without message", {"+Traceback (most recent call last):", "+  File \"x.py\"",
                                 "+KeyboardInterrupt", "!unrelated"});
  CheckEvent("empty message", {"+Traceback (most recent call last):", "+AssertionError:", "!x"});
  CheckEvent("module, local class", {"+Traceback (most recent call last):", "+  File \"x.py\"",
                                     "+app.main.<locals>.Foo: bar", "!x"});
  CheckEvent("recursion", {"+Traceback (most recent call last):", "+  File \"x.py\", line 1, in f",
                           "+  [Previous line repeated 996 more times]",
                           "+RecursionError: maximum recursion depth exceeded", "!x"});
  CheckEvent("indented message", {"+Traceback (most recent call last):", "+ValueError: one",
                                  "+  two", "+\tthree", "!four"});
  CheckEvent("syntax error without header", {"+  File \"x.py\", line 3", "+    foo(", "+       ^",
                                             "+SyntaxError: '(' was never closed", "!x"});
}

TEST_CASE("Continuation follows chains with their blank lines") {
  const std::string during = "+During handling of the above exception, another exception occurred:";
  const std::string cause = "+The above exception was the direct cause of the following exception:";
  CheckEvent("during", {"+Traceback (most recent call last):", "+  File \"x.py\"", "+KeyError: 'a'",
                        "+", during, "+", "+Traceback (most recent call last):", "+  File \"y.py\"",
                        "+ValueError: b", "+", cause, "+", "+Traceback (most recent call last):",
                        "+  File \"z.py\"", "+app.errors.Foo", "!app.errors.Foo"});
  CheckEvent("blank lines lost on the way",
             {"+Traceback (most recent call last):", "+KeyError: 'a'", during,
              "+Traceback (most recent call last):", "+ValueError: b", "!x"});
  CheckEvent("sentence without a traceback before it", {"!" + during.substr(1)});
  CheckEvent("unrelated behind the sentence",
             {"+Traceback (most recent call last):", "+KeyError: 'a'", "+", during, "+", "!x"});
}

TEST_CASE("Continuation takes Java's stack traces with their causes") {
  CheckEvent("java",
             {"+java.lang.IllegalStateException: boom: \"x\"",
              "+\tat com.example.Foo.bar(Foo.java:10)", "+\t... 23 more",
              "+Caused by: java.io.IOException: no", "+\tat com.example.Foo.baz(Foo.java:4)",
              "+\tSuppressed: com.example.Outer$MyError", "+Caused by: a.b.C: d", "!next"});
  CheckEvent("thread", {"+Exception in thread \"main\" java.lang.OutOfMemoryError: heap",
                        "+\tat x.Y.z(Y.java)", "!x"});
  CheckEvent("without message", {"+com.example.Outer$MyException", "+\tat x.Y.z(Y.java)", "!at x"});
  CheckEvent("no exception", {"!com.example.Foo: started"});
  CheckEvent("a cause alone", {"!Caused by: java.io.IOException: no"});
  CheckEvent("a sentence", {"!the.java Exception"});
}

TEST_CASE("Continuation takes Go's panics with all goroutines") {
  CheckEvent("go", {"+panic: runtime error: index out of range [5] with length 3 [recovered]",
                    "+\tpanic: again", "+[signal SIGSEGV: segmentation violation code=0x1]", "+",
                    "+goroutine 1 [running]:", "+main.main()", "+\t/srv/app/main.go:10 +0x1d",
                    "+net/http.(*conn).serve(0xc0000b2000, {0x6c3, 0xc00})",
                    "+\t/usr/lib/go/src/net/http/server.go:2009 +0x5f4",
                    "+created by main.start in goroutine 1", "+\t/srv/app/main.go:4 +0x25", "+",
                    "+goroutine 18 [select, 2 minutes]:", "+runtime.gopark(...)", "+exit status 2",
                    "!next (line)"});
  CheckEvent("fatal", {"+fatal error: all goroutines are asleep - deadlock!", "+",
                       "+goroutine 1 [chan receive]:", "+main.main()", "+rax    0x0", "!done."});
  CheckEvent("no panic", {"!main.main()"});
}

TEST_CASE("Go's panics and Java's threads may open an event of their own") {
  for (const char* first : {"panic: boom", "Exception in thread \"main\" java.lang.Error: x"}) {
    INFO(first);
    CHECK(Continuation::StartsTraceback(first));
    Continuation continuation;
    continuation.Open(first);
    CHECK(continuation.Belongs("\tat x.Y.z(Y.java)"));
    CHECK(continuation.Belongs(first[0] == 'p' ? "main.main()" : "Caused by: a.b.CError"));
    CHECK_FALSE(continuation.Belongs("next"));
  }
}

TEST_CASE("Continuation takes exception groups") {
  CheckEvent("group", {"+  + Exception Group Traceback (most recent call last):",
                       "+  |   File \"x.py\", line 1, in <module>", "+  |     raise eg",
                       "+  | ExceptionGroup: two (2 sub-exceptions)",
                       "+  +-+---------------- 1 ----------------", "+    | ValueError: 1",
                       "+    +---------------- 2 ----------------", "+    | TypeError: 2",
                       "+    +------------------------------------", "!ValueError: not of it"});
}

TEST_CASE("Continuation refuses what could be anybody's line") {
  CheckEvent("unindented", {"!plain text"});
  CheckEvent("blank line without a traceback", {"!"});
  CheckEvent("exception name without a traceback", {"!ValueError: boom"});
  CheckEvent("second blank line",
             {"+Traceback (most recent call last):", "+ValueError: x", "+", "!"});
  CheckEvent("text in a traceback that was broken off",
             {"+Traceback (most recent call last):", "+  File \"x.py\"", "!Starting worker 12"});
  CheckEvent("access line in a traceback", {"+Traceback (most recent call last):",
                                            "!127.0.0.1 - - [21/Nov/2026:09:25:39 +0000]"});
  CheckEvent("address with colons", {"+Traceback (most recent call last):", "!::1 - - [x]"});
  CheckEvent("almost the header", {"!Traceback (most recent call last)"});
  CheckEvent("URL", {"+Traceback (most recent call last):", "!http://127.0.0.1:8000"});
}

TEST_CASE("Continuation answers no until an event is open") {
  Continuation continuation;
  CHECK_FALSE(continuation.open());
  CHECK_FALSE(continuation.Belongs("  indented"));
  CHECK_FALSE(continuation.Belongs("Traceback (most recent call last):"));
  continuation.Open();
  CHECK(continuation.open());
  CHECK(continuation.Belongs("  indented"));
  continuation.Close();
  CHECK_FALSE(continuation.Belongs("  indented"));
}

TEST_CASE("Continuation lets a bare traceback open an event") {
  CHECK(Continuation::StartsTraceback("Traceback (most recent call last):"));
  CHECK(Continuation::StartsTraceback("  + Exception Group Traceback (most recent call last):"));
  CHECK_FALSE(Continuation::StartsTraceback("ValueError: boom"));
  Continuation continuation;
  continuation.Open("Traceback (most recent call last):");
  CHECK(continuation.Belongs("  File \"x.py\""));
  CHECK(continuation.Belongs("ValueError: boom"));
  CHECK_FALSE(continuation.Belongs("x"));
}

struct Counts {
  size_t events = 0;
  size_t joined = 0;
  size_t strays = 0;
};

// The rule of gunicorn's error log, for this test: "[2026-11-21 09:32:30 +0000] [10554] [INFO] …".
Counts CountEvents(const std::string& name) {
  std::ifstream file(PARSHALL_TEST_DATA "/samples/gunicorn/" + name, std::ios::binary);
  REQUIRE(file.good());
  Counts counts;
  Continuation continuation;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("[2026-11-21 09:")) {
      continuation.Open(line);
      ++counts.events;
    } else {
      ++(continuation.Belongs(line) ? counts.joined : counts.strays);
    }
  }
  return counts;
}

// Read off the files: their lines that begin with "[2026", and all others.
TEST_CASE("Continuation joins the tracebacks of gunicorn's error logs") {
  struct Row {
    const char* name;
    size_t events;
    size_t joined;
  };
  const Row rows[] = {
      {"boot-failure.err.log", 8, 27},         // one traceback of 27 lines
      {"combined.err.log", 14, 43},            // four of 9 lines, one of 7
      {"combined-D-micros.err.log", 13, 34},   // three of 9, one of 7
      {"combined-L-seconds.err.log", 12, 25},  // two of 9, one of 7
      {"debug-level.err.log", 139, 102},       // 86 lines of configuration, one of 9, one of 7
      {"ipv6.err.log", 9, 16},                 // one of 9, one of 7
      {"json-format.err.log", 12, 25},         // two of 9, one of 7
      {"lifecycle.err.log", 50, 9},            // one of 9
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Counts counts = CountEvents(row.name);
    CHECK(counts.events == row.events);
    CHECK(counts.joined == row.joined);
    CHECK(counts.strays == 0);
  }
}

TEST_CASE("Continuation keeps inside of random lines") {
  std::mt19937 random(8);
  const char* pieces[] = {"Traceback (most recent call last):",
                          "  File \"",
                          "ValueError",
                          ": ",
                          "",
                          "\xFF",
                          " ",
                          "\t",
                          "During handling of the above exception, ",
                          "another exception occurred:",
                          "  + Exception Group ",
                          "."};
  for (int i = 0; i < 100000; ++i) {
    Continuation continuation;
    continuation.Open();
    bool open = true;
    for (int j = 0; j < 6; ++j) {
      std::string text;
      for (unsigned n = random() % 4; n > 0; --n) text += pieces[random() % std::size(pieces)];
      const std::vector<char> block(text.begin(), text.end());
      const bool belongs = continuation.Belongs({block.data(), block.size()});
      REQUIRE((open || !belongs));  // closed is closed
      open = belongs;
      REQUIRE(continuation.open() == open);
    }
  }
}

TEST_CASE("Continuation for any line takes every line, and goes on after a restart") {
  Continuation continuation;
  continuation.OpenForAny();
  for (const char* line : {"use db;", "", "Traceback (most recent call last):", "x"}) {
    CHECK(continuation.Belongs(line));
  }
  Continuation resumed;
  resumed.Resume(continuation.position());
  CHECK(resumed.Belongs("UPDATE etc"));
  resumed.Close();
  CHECK_FALSE(resumed.Belongs("use db;"));
  resumed.Resume(200);  // means nothing: an open event without a traceback
  CHECK((resumed.Belongs("  indented") && !resumed.Belongs("use db;")));
}

}  // namespace
}  // namespace parshall::lines
