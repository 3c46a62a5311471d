#include "metrics/registry.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

constexpr uint32_t kOther = 0;     // the label's `other`
constexpr uint32_t kOverflow = 1;  // `__other__`
constexpr uint32_t kFixedValues = 2;

RE2::Options Latin1() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_never_nl(false);
  options.set_dot_nl(true);
  return options;
}

}  // namespace

size_t TextHash::operator()(std::string_view text) const {
  uint64_t hash = seed ^ (text.size() * 0x9E3779B97F4A7C15ULL);
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0xD6E8FEB86659FD93ULL;
    hash ^= hash >> 32;
  };
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    mix(word);
  }
  uint64_t rest = 0;
  if (i < text.size()) std::memcpy(&rest, text.data() + i, text.size() - i);
  mix(rest);
  hash *= 0xD6E8FEB86659FD93ULL;
  return static_cast<size_t>(hash ^ (hash >> 32));
}

// One field label of one group: which texts it may show. `texts` and `numbers` grow under the
// registry's lock until `full`; from then on they never change, so that whoever sees `full` reads
// them without the lock.
struct Registry::Label {
  const rules::LabelSpec* spec = nullptr;
  std::vector<std::string> allowed;  // sorted; empty: all
  std::unique_ptr<RE2> match;
  uint32_t values_max = 0;
  TextMap numbers;
  std::vector<std::string> texts;  // by number
  std::atomic<bool> full{false};

  bool Allows(std::string_view raw) const {
    if (!allowed.empty() && !std::binary_search(allowed.begin(), allowed.end(), raw)) return false;
    return match == nullptr || RE2::FullMatch(re2::StringPiece(raw.data(), raw.size()), *match);
  }
};

struct Registry::SpaceState {
  explicit SpaceState(TextHash hash) : by_labels(8, hash) {}

  uint32_t Add(std::string labels, int64_t created_ms) {
    const auto number = static_cast<uint32_t>(series.size());
    series.push_back({.number = number, .created_ms = created_ms, .labels = labels});
    by_labels.try_emplace(std::move(labels), number);
    return number;
  }

  std::deque<Series> series;  // by number; a deque does not move what it holds
  TextMap by_labels;
  SeriesOrder sorted = std::make_shared<const std::vector<const Series*>>();
};

Registry::Registry(const Layout& layout, RegistryOptions options)
    : layout_(layout), options_(options) {
  // Where the loader and the heap put things differs from run to run; that is seed enough.
  const TextHash hash{.seed = std::bit_cast<uintptr_t>(this) * 0x9E3779B97F4A7C15ULL};
  for (const Group& group : layout.groups) {
    std::vector<std::unique_ptr<Label>>& labels = labels_.emplace_back();
    for (const uint32_t index : group.field_labels) {
      const rules::LabelSpec& spec = group.labels[index];
      auto label = std::make_unique<Label>();
      label->spec = &spec;
      label->allowed = spec.values;
      std::sort(label->allowed.begin(), label->allowed.end());
      if (!spec.match.empty()) label->match = std::make_unique<RE2>(spec.match, Latin1());
      // An allow-list is a limit of its own.
      label->values_max = std::max(spec.limit, static_cast<uint32_t>(spec.values.size()));
      label->numbers = TextMap(8, hash);
      std::string scratch;
      label->texts = {std::string(LabelValue(spec.other, &scratch)), "__other__"};
      for (uint32_t i = 0; i < kFixedValues; ++i) label->numbers.try_emplace(label->texts[i], i);
      labels.push_back(std::move(label));
    }
    tuples_.emplace_back(8, hash);
  }
  for (size_t i = 0; i < layout.spaces.size(); ++i) {
    spaces_.push_back(std::make_unique<SpaceState>(hash));
  }
}

Registry::~Registry() = default;

LabelValueId Registry::ValueOf(uint32_t group, uint32_t label_index, std::string_view raw) {
  Label& label = *labels_[group][label_index];
  if (!label.Allows(raw)) return {kOther, false};
  std::string scratch;
  const std::string_view text = LabelValue(raw, &scratch);
  if (label.full.load(std::memory_order_acquire)) {
    const auto at = label.numbers.find(text);
    return at == label.numbers.end() ? LabelValueId{kOverflow, true}
                                     : LabelValueId{at->second, false};
  }
  const std::lock_guard lock(mutex_);
  if (const auto at = label.numbers.find(text); at != label.numbers.end()) {
    return {at->second, false};
  }
  const uint32_t number = static_cast<uint32_t>(label.texts.size());
  if (number - kFixedValues >= label.values_max) {
    label.full.store(true, std::memory_order_release);
    return {kOverflow, true};
  }
  label.numbers.try_emplace(std::string(text), number);
  label.texts.emplace_back(text);
  return {number, false};
}

SeriesId Registry::SeriesOf(uint32_t group, std::span<const LabelValueId> values, int64_t now_ms) {
  std::array<uint32_t, kFieldLabelsMax> numbers;
  LabelMask overflow = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    numbers[i] = values[i].number;
    if (values[i].overflow) overflow |= LabelMask{1} << i;
  }
  const std::lock_guard lock(mutex_);
  bool full = false;
  uint32_t number = NumberOf(group, {numbers.data(), values.size()}, now_ms, &full);
  if (full) {
    std::fill_n(numbers.begin(), values.size(), kOverflow);
    for (size_t i = 0; i < values.size(); ++i) overflow |= LabelMask{1} << i;
    number = NumberOf(group, {numbers.data(), values.size()}, now_ms, nullptr);
  }
  return {number, overflow};
}

// The caller holds the lock. With `full`, makes no series beyond series_max but says so; without,
// it does: there is one such series for each group.
uint32_t Registry::NumberOf(uint32_t group, std::span<const uint32_t> values, int64_t now_ms,
                            bool* full) {
  TextMap& tuples = tuples_[group];
  const std::string_view key(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  if (const auto at = tuples.find(key); at != tuples.end()) return at->second;
  SpaceState& space = *spaces_[layout_.groups[group].space];
  std::string labels = LabelText(group, values);
  const auto known = space.by_labels.find(labels);
  if (known == space.by_labels.end() && full != nullptr &&
      space.series.size() >= options_.series_max) {
    *full = true;
    return 0;
  }
  const uint32_t number =
      known != space.by_labels.end() ? known->second : space.Add(std::move(labels), now_ms);
  tuples.try_emplace(std::string(key), number);
  return number;
}

std::vector<std::string> Registry::LearnedValues(uint32_t group, uint32_t label_index) const {
  const Label& label = *labels_[group][label_index];
  const std::lock_guard lock(mutex_);
  return {label.texts.begin() + kFixedValues, label.texts.end()};
}

void Registry::Learn(uint32_t group, uint32_t label_index, const std::vector<std::string>& values) {
  Label& label = *labels_[group][label_index];
  const std::lock_guard lock(mutex_);
  for (const std::string& value : values) {
    const auto number = static_cast<uint32_t>(label.texts.size());
    // The limit may be lower than it was.
    if (number - kFixedValues >= label.values_max) return;
    if (label.numbers.try_emplace(value, number).second) label.texts.push_back(value);
  }
}

uint32_t Registry::RestoreSeries(uint32_t space_index, const std::string& labels,
                                 int64_t created_ms) {
  const std::lock_guard lock(mutex_);
  SpaceState& space = *spaces_[space_index];
  const auto known = space.by_labels.find(labels);
  return known != space.by_labels.end() ? known->second : space.Add(labels, created_ms);
}

std::string Registry::LabelText(uint32_t group_index, std::span<const uint32_t> values) const {
  const Group& group = layout_.groups[group_index];
  std::string text;
  std::string scratch;
  size_t field = 0;
  for (const rules::LabelSpec& label : group.labels) {
    if (label.field.empty()) {
      AppendLabel(label.name, LabelValue(label.text, &scratch), &text);
    } else {
      AppendLabel(label.name, labels_[group_index][field]->texts[values[field]], &text);
      ++field;
    }
  }
  for (const auto& [name, value] : layout_.constants) AppendLabel(name, value, &text);
  return text;
}

SeriesOrder Registry::Sorted(uint32_t space_index) {
  const std::lock_guard lock(mutex_);
  SpaceState& space = *spaces_[space_index];
  if (space.sorted->size() == space.series.size()) return space.sorted;
  std::vector<const Series*> order = *space.sorted;
  const auto by_labels = [](const Series* a, const Series* b) { return a->labels < b->labels; };
  const auto old_count = static_cast<std::ptrdiff_t>(order.size());
  for (size_t i = order.size(); i < space.series.size(); ++i) order.push_back(&space.series[i]);
  std::sort(order.begin() + old_count, order.end(), by_labels);
  std::inplace_merge(order.begin(), order.begin() + old_count, order.end(), by_labels);
  space.sorted = std::make_shared<const std::vector<const Series*>>(std::move(order));
  return space.sorted;
}

uint32_t Registry::series_count(uint32_t space) const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(spaces_[space]->series.size());
}

}  // namespace parshall::metrics
