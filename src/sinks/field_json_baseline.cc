#include <charconv>

#include "records/plan.h"
#include "sinks/field_json_impl.h"

namespace parshall::sinks {

char* AppendFieldsBaseline(char* at, const FieldKey* keys, size_t count,
                           const records::Value* values, bool* first) {
  return AppendFieldsImpl(at, keys, count, values, first);
}

AppendFields BestAppendFields() {
  if (records::HasAvx512()) return AppendFieldsAvx512;
  return records::HasAvx2() ? AppendFieldsAvx2 : AppendFieldsBaseline;
}

char* AppendFieldNumber(char* at, const records::Value& value) {
  constexpr size_t kNumberBytes = 40;
  if (value.json_number) {
    std::memcpy(at, value.data, value.size);
    return at + value.size;
  }
  switch (value.kind) {
    case records::ValueKind::kBool: {
      const std::string_view word = value.integer != 0 ? "true" : "false";
      std::memcpy(at, word.data(), word.size());
      return at + word.size();
    }
    case records::ValueKind::kFloat:
      return std::to_chars(at, at + kNumberBytes, value.number).ptr;
    default:
      return std::to_chars(at, at + kNumberBytes, value.integer).ptr;
  }
}

}  // namespace parshall::sinks
