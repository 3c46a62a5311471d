#include "lines/continuation.h"

#include <algorithm>

namespace parshall::lines {
namespace {

constexpr std::string_view kHeader = "Traceback (most recent call last):";
constexpr std::string_view kGroupHeader = "Exception Group Traceback (most recent call last):";
constexpr std::string_view kDuring =
    "During handling of the above exception, another exception occurred:";
constexpr std::string_view kCause =
    "The above exception was the direct cause of the following exception:";
constexpr size_t kExceptionNameBytesMax = 256;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '<' || c == '>' || static_cast<unsigned char>(c) >= 0x80;
}

// "ValueError", "ValueError: boom", "app.errors.Foo: x", "__main__.f.<locals>.E".
bool NamesException(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  if (name.empty() || name.size() > kExceptionNameBytesMax) return false;
  if (name[0] == '.' || (name[0] >= '0' && name[0] <= '9')) return false;
  if (!std::all_of(name.begin(), name.end(), IsNameByte)) return false;
  const std::string_view rest = line.substr(name.size());
  return rest.size() <= 1 || rest[1] == ' ';
}

constexpr std::string_view kJavaThread = "Exception in thread \"";
constexpr std::string_view kJavaCause = "Caused by: ";
constexpr std::string_view kGoPanic = "panic: ";
constexpr std::string_view kGoFatal = "fatal error: ";
constexpr std::string_view kGoroutine = "goroutine ";

// "java.lang.IllegalStateException: boom", "com.example.Outer$MyError".
bool NamesJavaException(std::string_view line) {
  if (line.starts_with(kJavaThread)) return true;
  const std::string_view name = line.substr(0, line.find(':'));
  if (name.empty() || name.size() > kExceptionNameBytesMax) return false;
  if (name.find('.') == std::string_view::npos || name[0] < 'a' || name[0] > 'z') return false;
  const bool plain =
      std::all_of(name.begin(), name.end(), [](char c) { return IsNameByte(c) || c == '$'; });
  if (!plain || !(name.ends_with("Exception") || name.ends_with("Error"))) return false;
  const std::string_view rest = line.substr(name.size());
  return rest.size() <= 1 || rest[1] == ' ';
}

// "main.(*Server).serve(0xc000012345, {0x1, 0x2})": no blank before the first parenthesis.
bool IsGoCall(std::string_view line) {
  const size_t open = line.find('(');
  return open != std::string_view::npos && open > 0 && line.ends_with(')') &&
         line.find(' ') >= open && line.substr(0, open).find('.') != std::string_view::npos;
}

// "rax    0x0", as a fatal signal prints them.
bool IsRegister(std::string_view line) {
  const size_t blank = line.find(' ');
  if (blank == std::string_view::npos || blank > 6) return false;
  const size_t value = line.find_first_not_of(' ', blank);
  return value != std::string_view::npos && line.substr(value).starts_with("0x");
}

bool BelongsToPanic(std::string_view line) {
  return line.starts_with(kGoroutine) || line.starts_with("created by ") ||
         line.starts_with("[signal ") || line.starts_with(kGoPanic) ||
         line.starts_with("exit status ") || line.starts_with("runtime stack:") || IsGoCall(line) ||
         IsRegister(line);
}

}  // namespace

bool Continuation::StartsTraceback(std::string_view line) {
  return line == kHeader || line == kGroupHeader || line.starts_with(kGoPanic) ||
         line.starts_with(kJavaThread) ||
         (line.starts_with("  + ") && line.substr(4) == kGroupHeader);
}

void Continuation::Open(std::string_view line) {
  if (line == kHeader) {
    state_ = State::kInTraceback;
  } else if (line.starts_with(kGoPanic)) {
    state_ = State::kInGo;
  } else if (line.starts_with(kJavaThread)) {
    state_ = State::kInJava;
  } else {
    state_ = StartsTraceback(line) ? State::kAfterException : State::kNone;
  }
}

void Continuation::Resume(uint8_t position) {
  const auto state = static_cast<State>(position);
  state_ = state > State::kClosed && state <= State::kAny ? state : State::kNone;
}

// The state behind `line`, or kClosed when it does not belong.
Continuation::State Continuation::After(std::string_view line) const {
  if (state_ == State::kClosed || state_ == State::kAny) return state_;
  if (line.empty()) {
    if (state_ == State::kAfterException) return State::kAfterBlank;
    const bool inside =
        state_ == State::kInTraceback || state_ == State::kChained || state_ == State::kInGo;
    return inside ? state_ : State::kClosed;
  }
  if (line == kHeader) return State::kInTraceback;
  // All lines of a group are indented: no unindented line will name its exception.
  if (line == kGroupHeader || (line.starts_with("  + ") && StartsTraceback(line))) {
    return State::kAfterException;
  }
  if (line[0] == ' ' || line[0] == '\t') {
    // A SyntaxError is logged without a header when only the exception is formatted.
    if (state_ == State::kNone && line.starts_with("  File \"")) return State::kInTraceback;
    return state_ == State::kAfterBlank ? State::kAfterException : state_;
  }
  return AfterUnindented(line);
}

Continuation::State Continuation::AfterUnindented(std::string_view line) const {
  switch (state_) {
    case State::kInTraceback:
      return NamesException(line) ? State::kAfterException : State::kClosed;
    case State::kAfterException:
    case State::kAfterBlank:
      return line == kDuring || line == kCause ? State::kChained : State::kClosed;
    case State::kInJava:
      return line.starts_with(kJavaCause) || NamesJavaException(line) ? State::kInJava
                                                                      : State::kClosed;
    case State::kInGo:
      return BelongsToPanic(line) ? State::kInGo : State::kClosed;
    case State::kNone:
      if (NamesJavaException(line)) return State::kInJava;
      if (line.starts_with(kGoPanic) || line.starts_with(kGoroutine) ||
          line.starts_with(kGoFatal)) {
        return State::kInGo;
      }
      break;
    case State::kClosed:
    case State::kAny:
    case State::kChained:
      break;
  }
  return State::kClosed;
}

bool Continuation::Belongs(std::string_view line) {
  state_ = After(line);
  return state_ != State::kClosed;
}

}  // namespace parshall::lines
