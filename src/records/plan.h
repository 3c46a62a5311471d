#pragma once
// A plan: a rule's expression as a short program over the bytes, for lines that need no
// backtracking.
//
// A plan only ever answers what RE2 would: kMatch with RE2's own captures (leftmost-first),
// kNoMatch when no match can exist, or kUnknown when the line would need a second try; then RE2
// decides. Why kMatch is right: at every choice the plan takes the alternative that RE2 prefers
// among those that are not already refuted, so the first path that succeeds is RE2's. Why kNoMatch
// is right: an op fails "exactly" only while no other choice had been open before it.
// plan_compiler.h names the files that say for each construct which of the two holds;
// tests/records/plan_differential_test.cc and tests/fuzz/plan_fuzz.cc hold it against RE2.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "records/byte_set.h"
#include "records/regex_tree.h"

namespace parshall::records {

// A plan may read so many bytes behind the text (it never decides by them).
inline constexpr size_t kPaddingBytes = 128;
inline constexpr size_t kCapturesMax = 64;

enum class PlanVerdict : uint8_t { kMatch, kNoMatch, kUnknown };

enum class OpCode : uint8_t {
  kLiteral,    // `count` (1–8) bytes equal to `literal`
  kShape,      // a fixed number of bytes, each of its own class: shapes[table]
  kRunUntil1,  // any bytes up to stop[0] or the end; at least `min`; then `count` (0–8) bytes equal
               // to `literal`
  kRunUntil2,
  kRunUntil3,
  kRunClass,   // bytes of classes[table]; at least `min`, at most `max`
  kRunRest,    // all that is left
  kRunDigits,  // at least one of 0-9
  kFind,  // the nearest place, at least `min` bytes on, where `literal` stands; what is skipped is
          // in classes[table]
  kBranch,     // by the next byte (or the end): branches[table]
  kTry,        // remembers the place in slot `count`; a failure in what follows resumes at its
               // alternative
  kResume,     // goes back to the place in slot `count`
  kPeek,       // the next byte (or the end) is in peeks[table]; consumes nothing
  kJump,       // to `target`
  kSaveBegin,  // capture `capture` begins here
  kSaveEnd,
  kClear,  // capture `capture` is unset again
  kEnd,    // the end of the text
  kAccept,
};

// Where a failed op goes: to an op, or to one of these.
inline constexpr uint16_t kFailUnknown = 0xffff;
inline constexpr uint16_t kFailNoMatch = 0xfffe;
inline constexpr uint8_t kNoCapture = 0xff;
inline constexpr int kTrySlotsMax = 8;

struct PlanOp {
  OpCode code = OpCode::kAccept;
  uint8_t count = 0;
  uint8_t capture = kNoCapture;  // kRun…: the run is this capture
  std::array<unsigned char, 3> stop{};
  uint16_t on_fail = kFailUnknown;
  uint16_t target = 0;
  uint16_t table = 0;
  uint32_t min = 0;
  uint32_t max = UINT32_MAX;
  uint64_t literal = 0;
  uint64_t mask = 0;
};

// Up to 32 bytes in a row, each a literal or of a class of its own. Classes are unions of
// rectangles of nibbles, at most 8 in a shape; bit r of low[b & 15] & high[b >> 4] says that b is
// in rectangle r. A byte is right at position i when it is literal[i], or in one of the rectangles
// need[i].
struct PlanShape {
  alignas(32) std::array<uint8_t, 32> low{};  // 16 values, twice
  alignas(32) std::array<uint8_t, 32> high{};
  alignas(32) std::array<uint8_t, 32> need{};     // 0 for literals
  alignas(32) std::array<uint8_t, 32> literal{};  // of a class: one of its bytes
  uint32_t care = 0;                              // bit i for i < size
  struct Save {
    uint8_t capture = 0;
    bool end = false;
    uint8_t offset = 0;
  };
  static constexpr size_t kSavesMax = 8;
  std::array<Save, kSavesMax> saves{};
  uint8_t saves_count = 0;
  uint8_t size = 0;
};

using PlanClass = std::array<uint8_t, 256>;      // 1: in the class
using PlanBranches = std::array<uint16_t, 257>;  // [256]: at the end of the text
using PlanPeek = std::array<uint8_t, 257>;

struct PlanSteps;

// Immutable after compiling. Any thread.
struct Plan {
  std::vector<PlanOp> ops;
  std::vector<PlanShape> shapes;
  std::vector<PlanClass> classes;
  std::vector<PlanBranches> branches;
  std::vector<PlanPeek> peeks;
  std::shared_ptr<const PlanSteps> steps;  // the fast way: plan_step.h
  int groups = 0;                          // captures 1…groups; capture 0 is scratch
  std::vector<uint8_t>
      optional_groups;  // those that a match may leave out; the others are always set

  // One op a line, for `check --plans`.
  std::string ToString() const;
};

// begin and end of a capture; begin is null when the group took no part.
struct Capture {
  const char* begin;
  const char* end;
};

// Compiles, or says why not ("the expression is not anchored at the start with ^").
std::optional<Plan> CompilePlan(const Node& tree, int groups, std::string* why_not);

// True when the first `count` children of the root (a concatenation) can match a text in one way
// only, whatever follows: then matching them alone and the rest alone is the same as matching all.
bool IsExactPrefix(const Node& root, size_t count);

// Runs over [begin, end), with kPaddingBytes readable behind end. Fills captures[1…groups] on
// kMatch; captures[0] has no meaning. Picks the widest vector unit of this machine at the first
// call.
PlanVerdict RunPlan(const Plan& plan, const char* begin, const char* end, Capture* captures);
// The function behind it, for who runs plans again and again.
using PlanRunner = PlanVerdict (*)(const Plan& plan, const char* begin, const char* end,
                                   Capture* captures);
PlanRunner BestPlanRunner();

// The implementations behind it, for tests that hold them against each other.
PlanVerdict RunPlanBaseline(const Plan& plan, const char* begin, const char* end,
                            Capture* captures);
// Only where HasAvx2().
bool HasAvx2();
PlanVerdict RunPlanAvx2(const Plan& plan, const char* begin, const char* end, Capture* captures);
bool HasAvx512();  // for sinks/field_json

}  // namespace parshall::records
