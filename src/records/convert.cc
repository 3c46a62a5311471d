#include "records/convert.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/numbers.h"

namespace parshall::records {
namespace {

using rules::FieldType;

bool IsNull(const Conversion& conversion, std::string_view text) {
  if (conversion.dash_is_null) return text.size() == 1 && text[0] == '-';
  return std::any_of(conversion.nulls.begin(), conversion.nulls.end(),
                     [text](const std::string& null) { return null == text; });
}

// "200" may be written to JSON as it is; "0200", "+1" and "-" may not.
bool PlainDigits(std::string_view text) {
  return !text.empty() && (text[0] != '0' || text.size() == 1) && text[0] != '-';
}

bool ToInt(std::string_view text, Value* value) {
  int64_t integer = 0;
  if (ParseInt64(text, &integer)) {
    value->kind = ValueKind::kInt;
    value->integer = integer;
    value->json_number = PlainDigits(text) || IsJsonNumber(text);
    return true;
  }
  // More digits than an int64 holds: still a number, and written as it was logged. 200.0 is the
  // integer 200.
  double number = 0;
  if (!ParseDouble(text, &number)) return false;
  const bool digits = text.find_first_not_of("-0123456789") == std::string_view::npos;
  if (digits) {
    value->kind = ValueKind::kFloat;
    value->number = number;
    value->json_number = IsJsonNumber(text);
    return true;
  }
  if (number != std::floor(number) || std::abs(number) > 9e15) return false;
  value->kind = ValueKind::kInt;
  value->integer = static_cast<int64_t>(number);
  value->json_number = IsJsonNumber(text);
  return true;
}

bool ToFloat(std::string_view text, double unit, Value* value) {
  double number = 0;
  if (!ParseDouble(text, &number)) return false;
  // Dividing by 1e6 rounds once, multiplying by 1e-6 twice: 989 us are 0.000989 s.
  const double scaled = unit < 1.0 ? number / std::round(1.0 / unit) : number * unit;
  if (!std::isfinite(scaled)) return false;  // JSON has no word for it
  value->kind = ValueKind::kFloat;
  value->number = scaled;
  value->json_number = unit == 1.0 && IsJsonNumber(text);
  return true;
}

bool ToBytes(std::string_view text, double unit, Value* value) {
  if (unit == 1.0) return ToInt(text, value);
  double number = 0;
  if (!ParseDouble(text, &number)) return false;
  const double bytes = number * unit;
  if (!std::isfinite(bytes)) return false;
  if (bytes == std::floor(bytes) && std::abs(bytes) < 9e15) {
    value->kind = ValueKind::kInt;
    value->integer = static_cast<int64_t>(bytes);
  } else {
    value->kind = ValueKind::kFloat;
    value->number = bytes;
  }
  value->json_number = false;
  return true;
}

bool ToBool(std::string_view text, Value* value) {
  constexpr std::string_view kTrue[] = {"true", "1", "yes", "on", "True", "TRUE"};
  constexpr std::string_view kFalse[] = {"false", "0", "no", "off", "False", "FALSE"};
  const bool yes = std::find(std::begin(kTrue), std::end(kTrue), text) != std::end(kTrue);
  if (!yes && std::find(std::begin(kFalse), std::end(kFalse), text) == std::end(kFalse))
    return false;
  value->kind = ValueKind::kBool;
  value->integer = yes;
  return true;
}

bool IsIp(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.empty() || text.size() >= copy.size()) return false;
  if (text.find('\0') != std::string_view::npos) return false;  // inet_pton would stop there
  std::memcpy(copy.data(), text.data(), text.size());
  std::array<unsigned char, sizeof(in6_addr)> address;
  return inet_pton(AF_INET, copy.data(), address.data()) == 1 ||
         inet_pton(AF_INET6, copy.data(), address.data()) == 1;
}

// "0.000, 0.001 : -" as nginx writes what each upstream took: the sum of those that are there.
// Without one it is null.
bool ToSum(const Conversion& conversion, std::string_view text, Value* value) {
  double sum = 0;
  bool any = false;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(", :", at), text.size());
    const std::string_view item = text.substr(at, end - at);
    at = end + 1;
    if (item.empty() || item == "-") continue;
    double number = 0;
    if (!ParseDouble(item, &number)) return false;
    sum += number;
    any = true;
  }
  if (!any) {
    value->kind = ValueKind::kNull;
    return true;
  }
  const double unit = conversion.unit;
  const double scaled = unit < 1.0 ? sum / std::round(1.0 / unit) : sum * unit;
  if (!std::isfinite(scaled)) return false;
  const bool whole = conversion.type == FieldType::kBytes || conversion.type == FieldType::kInt;
  if (whole && scaled == std::floor(scaled) && std::abs(scaled) < 9e15) {
    value->kind = ValueKind::kInt;
    value->integer = static_cast<int64_t>(scaled);
  } else {
    value->kind = ValueKind::kFloat;
    // Thousandths are not a double's own: 0.1 + 0.2 is 0.3 here.
    value->number = std::round(scaled * 1e9) / 1e9;
  }
  value->json_number = false;
  return true;
}

// Numbers are short: a search for any of three bytes would cost more than these looks.
bool IsList(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c == ',' || c == ' ' || c == ':'; });
}

bool ToType(const Conversion& conversion, std::string_view text, Value* value) {
  if (conversion.sum && IsList(text)) {
    return ToSum(conversion, text, value);
  }
  switch (conversion.type) {
    case FieldType::kInt:
      return ToInt(text, value);
    case FieldType::kBytes:
      return ToBytes(text, conversion.unit, value);
    case FieldType::kFloat:
      return ToFloat(text, 1.0, value);
    case FieldType::kDuration:
      return ToFloat(text, conversion.unit, value);
    case FieldType::kBool:
      return ToBool(text, value);
    case FieldType::kIp:
      return IsIp(text);
    case FieldType::kString:
    case FieldType::kTime:
    case FieldType::kHttpRequest:
      return true;
  }
  return true;
}

}  // namespace

bool ConvertNull(const Conversion& conversion, Value* value) {
  value->kind = ValueKind::kNull;
  value->data = nullptr;
  value->size = 0;
  value->json_number = false;
  if (!conversion.fallback) return true;
  value->data = conversion.fallback->data();
  value->size = static_cast<uint32_t>(conversion.fallback->size());
  value->kind = ValueKind::kString;
  return ToType(conversion, *conversion.fallback, value);
}

int64_t CountItems(std::string_view text) {
  int64_t count = 0;
  bool inside = false;
  for (const char c : text) {
    const bool item = c != ',' && c != ' ' && c != ':';
    count += item && !inside;
    inside = item;
  }
  return count;
}

bool Convert(const Conversion& conversion, std::string_view text, Value* value) {
  if (IsNull(conversion, text)) return ConvertNull(conversion, value);
  value->data = text.data();
  value->size = static_cast<uint32_t>(text.size());
  value->kind = ValueKind::kString;
  value->json_number = false;  // whatever stood in this slot for the line before
  return ToType(conversion, text, value);
}

}  // namespace parshall::records
