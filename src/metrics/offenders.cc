#include "metrics/offenders.h"

#include <algorithm>

#include "metrics/label_text.h"

namespace parshall::metrics {

void Offenders::Add(std::string_view raw) {
  std::string scratch;
  std::string_view text = LabelValue(raw, &scratch);
  if (text.size() > kTextBytesMax) {
    size_t end = kTextBytesMax;
    while ((static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;  // inside of a character
    text = text.substr(0, end);
  }
  ++total_;
  Put(text, 1, 0);
}

void Offenders::Put(std::string_view text, uint64_t count, uint64_t error) {
  Value* least = nullptr;
  for (Value& value : values_) {
    if (value.text == text) {
      value.count += count;
      value.error += error;
      return;
    }
    if (least == nullptr || value.count < least->count) least = &value;
  }
  if (values_.size() < kKept) {
    values_.push_back({std::string(text), count, error});
    return;
  }
  least->text = text;
  least->error = least->count + error;
  least->count += count;
}

void Offenders::Merge(const Offenders& other) {
  total_ += other.total_;
  for (const Value& value : other.values_) Put(value.text, value.count, value.error);
}

std::vector<Offenders::Value> Offenders::Top(double share, size_t most) const {
  std::vector<Value> top;
  const double enough = share * static_cast<double>(total_);
  for (const Value& value : values_) {
    if (value.sure() > 0 && static_cast<double>(value.sure()) >= enough) top.push_back(value);
  }
  std::sort(top.begin(), top.end(), [](const Value& a, const Value& b) {
    return a.sure() != b.sure() ? a.sure() > b.sure() : a.text < b.text;
  });
  if (top.size() > most) top.resize(most);
  return top;
}

}  // namespace parshall::metrics
