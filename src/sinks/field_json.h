#pragma once
// The hot loop of the record writer: typed values → "key":value pairs. Compiled for three vector
// widths, like plans (records/plan_run_impl.h).

#include <cstddef>
#include <cstdint>

#include "records/record.h"

namespace parshall::sinks {

// A field that is written. `text` is ,"host": and has kKeyBytesReadable readable bytes, whatever
// its size.
struct FieldKey {
  const char* text = nullptr;
  uint32_t size = 0;
  uint32_t slot = 0;
};
inline constexpr size_t kKeyBytesReadable = 64;

// Appends those of the keys whose value is not absent and returns the end. The first comma is left
// out when `*first`; then it is no longer first. The caller has made room: key sizes, 40 bytes a
// number, JsonTextBytesMax of the texts; all texts have 128 readable bytes behind them.
using AppendFields = char* (*)(char* at, const FieldKey* keys, size_t count,
                               const records::Value* values, bool* first);

char* AppendFieldsBaseline(char* at, const FieldKey* keys, size_t count,
                           const records::Value* values, bool* first);
// Only where records::HasAvx2() or HasAvx512().
char* AppendFieldsAvx2(char* at, const FieldKey* keys, size_t count, const records::Value* values,
                       bool* first);
char* AppendFieldsAvx512(char* at, const FieldKey* keys, size_t count, const records::Value* values,
                         bool* first);

// The widest that this machine has.
AppendFields BestAppendFields();

// A number that cannot be copied as it was logged. At most 40 bytes.
char* AppendFieldNumber(char* at, const records::Value& value);

}  // namespace parshall::sinks
