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

}  // namespace

bool Continuation::StartsTraceback(std::string_view line) {
  return line == kHeader || line == kGroupHeader ||
         (line.starts_with("  + ") && line.substr(4) == kGroupHeader);
}

void Continuation::Open(std::string_view line) {
  if (line == kHeader) {
    state_ = State::kInTraceback;
  } else {
    state_ = StartsTraceback(line) ? State::kAfterException : State::kNone;
  }
}

void Continuation::Resume(uint8_t position) {
  const auto state = static_cast<State>(position);
  state_ = state > State::kClosed && state <= State::kChained ? state : State::kNone;
}

// The state behind `line`, or kClosed when it does not belong.
Continuation::State Continuation::After(std::string_view line) const {
  if (state_ == State::kClosed) return State::kClosed;
  if (line.empty()) {
    if (state_ == State::kAfterException) return State::kAfterBlank;
    const bool inside = state_ == State::kInTraceback || state_ == State::kChained;
    return inside ? state_ : State::kClosed;
  }
  if (line == kHeader) return State::kInTraceback;
  // All lines of a group are indented: no unindented line will name its exception.
  if (StartsTraceback(line)) return State::kAfterException;
  if (line[0] == ' ' || line[0] == '\t') {
    // A SyntaxError is logged without a header when only the exception is formatted.
    if (state_ == State::kNone && line.starts_with("  File \"")) return State::kInTraceback;
    return state_ == State::kAfterBlank ? State::kAfterException : state_;
  }
  switch (state_) {
    case State::kInTraceback:
      return NamesException(line) ? State::kAfterException : State::kClosed;
    case State::kAfterException:
    case State::kAfterBlank:
      return line == kDuring || line == kCause ? State::kChained : State::kClosed;
    case State::kClosed:
    case State::kNone:
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
