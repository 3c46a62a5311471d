#pragma once
// Writes the ops of a plan and the tables that they look into. It knows bytes and places, no
// expressions.

#include <cstdint>
#include <string>
#include <string_view>

#include "records/plan.h"
#include "records/regex_first.h"

namespace parshall::records {

// Where a failure goes. Up to here no other choice was open (exact), so a failure may go to
// fail_to; otherwise what it means is unknown, and RE2 decides.
struct PlanContext {
  bool exact = true;
  uint16_t fail_to = kFailNoMatch;
  uint16_t Fail() const { return exact ? fail_to : kFailUnknown; }
};

// One thread; lives for one compilation, no longer than the plan that it writes.
class PlanEmitter {
 public:
  explicit PlanEmitter(Plan* plan) : plan_(plan) {}

  // The number that the next op gets.
  uint16_t Here() const { return static_cast<uint16_t>(plan_->ops.size()); }

  // These append an op. Op() returns its number.
  size_t Op(PlanOp op, const PlanContext& context);
  void Save(bool begin, int group, const PlanContext& context);
  void Literal(std::string_view text, const PlanContext& context);  // of 1 to 8 bytes
  void Shape(const PlanShape& shape, const PlanContext& context);
  // `min` to `max` bytes of `set` (max -1: no bound), by the quickest op for them.
  void Run(const ByteSet& set, int min, int max, const PlanContext& context);

  // These append a table and return its number.
  uint16_t Class(const ByteSet& set);
  uint16_t Peek(const First& first);

 private:
  Plan* plan_;
};

// The literal of an op that has one, of at most 8 bytes.
void SetLiteral(std::string_view text, PlanOp* op);

}  // namespace parshall::records
