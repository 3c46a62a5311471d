#pragma once
// Twins: a line that its server wrote twice. gunicorn's own loggers pass their events on to the
// root logger, so that with `logconfig_dict` and a console handler at each of them every access
// line stands there twice, one behind the other, equal but for the time at which each handler
// formatted it. What is told here is only whether two texts are such a pair.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace parshall::pipeline {

// Longer lines are nobody's twin, so that little has to be kept of a line.
inline constexpr size_t kTwinBytesMax = size_t{16} << 10;
// What two handlers of one process need for one event is some 50 µs; more than this, since a
// process may lose its CPU between them.
inline constexpr int64_t kTwinGapNanos = 100'000'000;

// Whether the lines are the same, or differ in the digits of one timestamp only: RFC 3339 or alike,
// or Unix time with a fraction. With a fraction in either of them, the two may be kTwinGapNanos
// apart; without, one second, since a pair may stand on both sides of its end. Any thread.
bool IsTwin(std::string_view line, std::string_view next);

// False for most pairs of lines that are no twins: a fraction of nine digits and one with none
// differ by ten bytes.
inline bool MayBeTwins(std::string_view line, std::string_view next) {
  constexpr size_t kSizeDifferenceMax = 10;
  const size_t more = line.size() - next.size() + kSizeDifferenceMax;  // wraps
  return more <= 2 * kSizeDifferenceMax;
}

// The line before, as far as the next one can be its twin. Plain data.
struct LineBefore {
  std::string text;     // empty: nothing can be a twin of it
  bool second = false;  // it is the second of a pair; kept to see whether pairs differ

  void Set(std::string_view line, bool is_second) {
    text.assign(line);
    second = is_second;
  }
  void Clear() { text.clear(); }
};

// Whether a source's lines are written twice: many pairs that differ from each other, and hardly a
// line without its twin. A client that asks for the same thing again and again makes equal lines,
// too, but no different pairs. Handed over with the turn.
class TwinEvidence {
 public:
  // `lines`: that could have had a twin; `twins`: second lines; `pairs`: of these, pairs that
  // differ from the pair before them. True once, when it is enough.
  bool Add(uint64_t lines, uint64_t twins, uint64_t pairs);

  uint64_t lines() const { return lines_; }
  uint64_t twins() const { return twins_; }

 private:
  uint64_t lines_ = 0;
  uint64_t twins_ = 0;
  uint64_t pairs_ = 0;
  bool said_ = false;
};

}  // namespace parshall::pipeline
