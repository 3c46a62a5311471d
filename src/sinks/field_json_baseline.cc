#include <charconv>

#include "base/json_text.h"
#include "records/plan.h"
#include "sinks/field_json_impl.h"

namespace parshall::sinks {
namespace {

constexpr std::array<uint8_t, 64> AllOf(char byte) {
  std::array<uint8_t, 64> all{};
  for (uint8_t& one : all) one = static_cast<uint8_t>(byte);
  return all;
}

}  // namespace

const SpecialBytes kSpecialBytes = {AllOf(' '), AllOf('"'), AllOf('\\')};

char* AppendFieldsBaseline(char* at, const FieldStep* steps, const records::Value* values) {
  return AppendFieldsImpl(at, steps, values);
}

AppendFields BestAppendFields() {
  if (records::HasAvx512()) return AppendFieldsAvx512;
  return records::HasAvx2() ? AppendFieldsAvx2 : AppendFieldsBaseline;
}

char* AppendFieldSlowly(char* at, const records::Value& value) {
  constexpr size_t kNumberBytes = 40;
  if (value.kind == records::ValueKind::kString) return AppendJsonText(at, value.text());
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
