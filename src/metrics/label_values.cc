#include "metrics/label_values.h"

#include <algorithm>
#include <utility>

#include "metrics/label_object.h"
#include "metrics/label_text.h"
#include "metrics/metric_names.h"

namespace parshall::metrics {
namespace {

RE2::Options Latin1() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_never_nl(false);
  options.set_dot_nl(true);
  return options;
}

}  // namespace

LabelValues::LabelValues(const rules::LabelSpec& spec, bool can_go, PathTemplates* templates,
                         TextHash hash)
    : allowed_(spec.values),
      can_go_(can_go),
      templates_(templates),
      name_template_(spec.name_part ? spec.text : std::string()),
      from_object_(spec.from_object),
      numbers_(8, hash) {
  std::sort(allowed_.begin(), allowed_.end());
  if (!spec.match.empty()) match_ = std::make_unique<RE2>(spec.match, Latin1());
  // An allow-list is a limit of its own.
  values_max_ = std::max(spec.limit, static_cast<uint32_t>(spec.values.size()));
  std::string scratch;
  texts_ = {std::string(LabelValue(spec.other, &scratch)), "__other__"};
  if (spec.name_part) texts_ = {2, NameFor(spec.text, spec.other)};
  for (uint32_t i = 0; i < kFixedValues; ++i) numbers_.try_emplace(texts_[i], i);
  fixed_count_ = numbers_.size();
}

bool LabelValues::Allows(std::string_view raw) const {
  if (!allowed_.empty() && !std::binary_search(allowed_.begin(), allowed_.end(), raw)) return false;
  return match_ == nullptr || RE2::FullMatch(re2::StringPiece(raw.data(), raw.size()), *match_);
}

LabelValueId LabelValues::ValueOf(std::string_view raw, std::mutex* mutex) {
  std::string scratch;
  if (templates_ != nullptr) {
    const std::lock_guard lock(*mutex);
    const std::string shown = templates_->Learn(raw);
    return Allows(shown) ? Place(LabelValue(shown, &scratch)) : LabelValueId{kOther, false};
  }
  if (!Allows(raw)) return {kOther, false};
  if (from_object_) {
    const std::lock_guard lock(*mutex);
    return Place(LabelTextOfObject(raw));
  }
  if (!name_template_.empty()) scratch = NameFor(name_template_, raw);
  const std::string_view text = name_template_.empty() ? LabelValue(raw, &scratch) : scratch;
  if (full_.load(std::memory_order_acquire)) {
    const auto at = numbers_.find(text);
    return at == numbers_.end() ? LabelValueId{kOverflow, true} : LabelValueId{at->second, false};
  }
  const std::lock_guard lock(*mutex);
  return Place(text);
}

LabelValueId LabelValues::InitialValueOf(std::string_view text, std::mutex* mutex) {
  if (templates_ == nullptr) return ValueOf(text, mutex);
  const std::lock_guard lock(*mutex);
  std::string scratch;
  const std::string shown = templates_->LearnShown(text);
  return Allows(shown) ? Place(LabelValue(shown, &scratch)) : LabelValueId{kOther, false};
}

LabelValueId LabelValues::Place(std::string_view text) {
  if (const auto at = numbers_.find(text); at != numbers_.end()) return {at->second, false};
  if (IsFull()) {
    if (!can_go_) full_.store(true, std::memory_order_release);
    return {kOverflow, true};
  }
  uint32_t number = static_cast<uint32_t>(texts_.size());
  if (free_.empty()) {
    texts_.emplace_back(text);
  } else {
    number = free_.back();
    free_.pop_back();
    texts_[number] = text;
  }
  numbers_.try_emplace(std::string(text), number);
  return {number, false};
}

// Values whose template has become another one take no place: their series are renamed at the next
// look, and until then there are more texts than the limit.
bool LabelValues::IsFull() {
  if (count() < values_max_) return false;
  if (templates_ == nullptr || count() >= values_max_ + kRenamedMost) return true;
  if (templates_version_ != templates_->version()) {
    templates_version_ = templates_->version();
    renamed_.clear();
    for (const auto& [text, number] : numbers_) {
      if (number >= kFixedValues && templates_->Now(text) != text) renamed_.insert(text);
    }
  }
  return count() - renamed_.size() >= values_max_;
}

bool LabelValues::Peek(std::string_view raw, std::string* text) const {
  const std::string shown = templates_ != nullptr ? templates_->Learn(raw) : std::string(raw);
  if (!Allows(shown)) return false;
  std::string scratch;
  *text = name_template_.empty() ? std::string(LabelValue(shown, &scratch))
                                 : NameFor(name_template_, shown);
  return numbers_.find(*text) != numbers_.end();
}

std::vector<std::string> LabelValues::Learned() const {
  std::vector<std::string> learned;
  for (uint32_t number = kFixedValues; number < texts_.size(); ++number) {
    const auto at = numbers_.find(texts_[number]);
    if (at != numbers_.end() && at->second == number) learned.push_back(texts_[number]);
  }
  return learned;
}

void LabelValues::Learn(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (count() >= values_max_) return;  // the limit may be lower than it was
    Place(value);
  }
}

void LabelValues::Keep(const std::unordered_set<std::string_view>& used) {
  if (!can_go_) return;
  std::string escaped;
  for (uint32_t number = kFixedValues; number < texts_.size(); ++number) {
    const auto at = numbers_.find(texts_[number]);
    if (at == numbers_.end() || at->second != number) continue;
    escaped.clear();
    AppendLabelEscaped(texts_[number], &escaped);
    if (used.contains(escaped)) continue;
    renamed_.erase(texts_[number]);
    numbers_.erase(at);
    free_.push_back(number);
  }
}

}  // namespace parshall::metrics
