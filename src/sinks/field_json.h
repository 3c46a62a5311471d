#pragma once
// The hot loop of the record writer: typed values → "key":value pairs, by a list of steps
// (record_shape.h). Compiled for three vector widths, like plans (records/plan_run_impl.h).

#include <array>
#include <cstddef>
#include <cstdint>

#include "records/record.h"

namespace parshall::sinks {

// Writes a literal, then a value behind it.
struct alignas(64) FieldStep {
  enum class Kind : uint8_t {
    kText,     // a text, without its quotes: they stand in the literals around it
    kLong,     // likewise; mostly more than a vector long
    kWhole,    // likewise; others are parts of it (a request)
    kPart,     // likewise; often within the latest kWhole (its path), and then as plain as that is
    kRequest,  // a kWhole; the next three steps are its parts, whose values stand behind its own
    kNumber,   // a number or a truth value
    kNothing,  // no value: the literal is longer than one step's
    kEnd,      // no value, and no step behind it
  };
  static constexpr size_t kKinds = 8;
  static constexpr size_t kLiteralBytes = 32;

  std::array<char, kLiteralBytes> literal{};  // what is behind its size is written over
  uint8_t literal_size = 0;
  Kind kind = Kind::kEnd;
  uint32_t value_offset = 0;  // bytes from the record's first value
};

// Appends what the steps say and returns the end. The values have to be there, of the step's kind.
// The caller has made room: kLiteralBytes a step, 40 bytes a number, JsonTextBytesMax of the texts;
// all texts have 128 readable bytes behind them.
using AppendFields = char* (*)(char* at, const FieldStep* steps, const records::Value* values);

char* AppendFieldsBaseline(char* at, const FieldStep* steps, const records::Value* values);
// Only where records::HasAvx2() or HasAvx512().
char* AppendFieldsAvx2(char* at, const FieldStep* steps, const records::Value* values);
char* AppendFieldsAvx512(char* at, const FieldStep* steps, const records::Value* values);

// The widest that this machine has.
AppendFields BestAppendFields();

// What the wide loops leave out: a value that cannot just be copied.
char* AppendFieldSlowly(char* at, const records::Value& value);

}  // namespace parshall::sinks
