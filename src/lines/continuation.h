#pragma once
// Which lines belong to the event before them: Python tracebacks with their chains and groups,
// Java's stack traces, Go's panics, and indented lines. Decides only; joining, and its bound, are
// the pipeline's.

#include <cstdint>
#include <string_view>

namespace parshall::lines {

// Follows one event line by line. The caller asks only about lines that no rule matched; a line
// that a rule matched begins an event of its own and ends this one. What belongs:
// - a line that begins with a blank or a tab (frames, source lines, carets, exception groups,
// configuration dumps);
// - "Traceback (most recent call last):" and the unindented line that closes it ("ValueError:
// boom", "app.errors.Foo");
// - the sentences by which Python chains exceptions, with the blank lines around them;
// - Java: "java.lang.IllegalStateException: boom" (a name with dots that ends in Exception or
// Error, "Exception in thread …" before it or not), and from there on "Caused by: …";
// - Go: "panic: …", and from there on "goroutine 1 [running]:", the calls, "created by …",
// "[signal …]", registers and blank lines between them;
// - a blank line in or right behind a traceback (it may be the first of a chain; a line too many
// does no harm). A message of an exception that goes on in unindented lines ends the event: such
// lines could be anybody's. One thread. Holds a state of one byte.
class Continuation {
 public:
  // A line that a multiline rule matched, or a bare traceback (StartsTraceback), opens an event.
  // `line` may be empty.
  void Open(std::string_view line = {});
  // Every line belongs to it that the caller asks about (`multiline: any`).
  void OpenForAny() { state_ = State::kAny; }
  void Close() { state_ = State::kClosed; }
  bool open() const { return state_ != State::kClosed; }

  // Where it stands in the event, as a number for a state that outlives the run; and back there
  // again. A number that means nothing is taken for an open event without a traceback.
  uint8_t position() const { return static_cast<uint8_t>(state_); }
  void Resume(uint8_t position);

  // Whether `line` belongs to the open event. When not, the event is closed: until Open(), all
  // answers are false.
  bool Belongs(std::string_view line);

  // A traceback's first line: without an event before it, it may open one (a process that died with
  // it).
  static bool StartsTraceback(std::string_view line);

 private:
  enum class State : uint8_t {
    kClosed,
    kNone,            // open, no traceback in sight
    kInTraceback,     // between the header and the line that names the exception
    kAfterException,  // that line is through; a chain may follow
    kAfterBlank,      // and a blank line
    kChained,         // the sentence is through; a blank line and the next traceback follow
    kInJava,          // behind the line that names a Java exception
    kInGo,            // behind a panic
    kAny,             // whatever comes
  };

  State After(std::string_view line) const;
  State AfterUnindented(std::string_view line) const;

  State state_ = State::kClosed;
};

}  // namespace parshall::lines
