#include "metrics/registry.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "metrics/label_object.h"
#include "metrics/label_text.h"

namespace parshall::metrics {

using rules::MetricKind;

Registry::Registry(const Layout& layout, RegistryOptions options)
    : layout_(layout), options_(options), names_(layout) {
  // Where the loader and the heap put things differs from run to run; that is seed enough.
  const TextHash hash{.seed = std::bit_cast<uintptr_t>(this) * 0x9E3779B97F4A7C15ULL};
  for (const Space& space : layout.spaces) spaces_.emplace_back(hash, space.delete_labels);
  templates_.resize(layout.spaces.size());
  for (const Group& group : layout.groups) {
    std::vector<std::unique_ptr<LabelValues>>& labels = labels_.emplace_back();
    const bool can_go = layout.spaces[group.space].changes();
    for (const uint32_t index : group.field_labels) {
      const rules::LabelSpec& spec = group.labels[index];
      PathTemplates* paths = nullptr;
      if (spec.path_template) {
        if (TemplatesAt(group.space, index) == nullptr) {
          Templates& made = templates_[group.space].emplace_back();
          made.place = index;
          made.paths = std::make_unique<PathTemplates>(spec.routes);
        }
        paths = TemplatesAt(group.space, index)->paths.get();
      }
      labels.push_back(std::make_unique<LabelValues>(spec, can_go, paths, hash));
    }
    tuples_.emplace_back(8, hash);
    relabelers_.emplace_back(group.relabel);
  }
  for (uint32_t group = 0; group < layout.groups.size(); ++group) AddInitial(group);
}

Registry::~Registry() = default;

// The series that are exported at 0 from the start. Nobody else knows this registry yet.
void Registry::AddInitial(uint32_t group_index) {
  const Group& group = layout_.groups[group_index];
  SeriesSpace& space = spaces_[group.space];
  for (const rules::LabelSet& set : group.init) {
    std::vector<uint32_t> numbers;
    for (uint32_t i = 0; i < group.field_labels.size(); ++i) {
      const std::string& name = group.labels[group.field_labels[i]].name;
      const auto at = std::find_if(set.begin(), set.end(),
                                   [&name](const auto& entry) { return entry.first == name; });
      numbers.push_back(at == set.end()
                            ? LabelValues::kOther
                            : labels_[group_index][i]->InitialValueOf(at->second, &mutex_).number);
    }
    const std::lock_guard lock(mutex_);
    Refusal refusal = Refusal::kNone;
    const uint32_t number = NumberOf(group_index, numbers, options_.now_ms, false, &refusal);
    if (refusal != Refusal::kNone) continue;
    std::vector<uint32_t> families = space.at(number)->initial;
    for (const Step& step : group.steps) families.push_back(step.family);
    space.SetInitial(number, std::move(families));
  }
}

LabelValueId Registry::ValueOf(uint32_t group, uint32_t label, std::string_view raw) {
  return labels_[group][label]->ValueOf(raw, &mutex_);
}

SeriesId Registry::SeriesOf(uint32_t group, std::span<const LabelValueId> values, int64_t now_ms) {
  std::array<uint32_t, kFieldLabelsMax> numbers;
  LabelMask overflow = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    numbers[i] = values[i].number;
    if (values[i].overflow) overflow |= LabelMask{1} << i;
  }
  const std::lock_guard lock(mutex_);
  Refusal refusal = Refusal::kNone;
  uint32_t number = NumberOf(group, {numbers.data(), values.size()}, now_ms, true, &refusal);
  if (refusal == Refusal::kFull) {
    refusal = Refusal::kNone;
    std::fill_n(numbers.begin(), values.size(), LabelValues::kOverflow);
    for (size_t i = 0; i < values.size(); ++i) overflow |= LabelMask{1} << i;
    number = NumberOf(group, {numbers.data(), values.size()}, now_ms, false, &refusal);
  }
  if (refusal == Refusal::kNone) return {number, overflow};
  if (refusal == Refusal::kRelabelled) return {SeriesId::kNone, SeriesId::kRelabelled};
  if (refusal == Refusal::kNoLabels) return {SeriesId::kNone, SeriesId::kNoLabels};
  return {SeriesId::kNone, SeriesId::kNameTaken};
}

// The caller holds the lock. Where it may be full, makes no series beyond the bounds but says so;
// else it does: there is one such series for each group.
uint32_t Registry::NumberOf(uint32_t group, std::span<const uint32_t> values, int64_t now_ms,
                            bool may_be_full, Refusal* refusal) {
  TextMap& tuples = tuples_[group];
  const std::string_view key(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  if (const auto at = tuples.find(key); at != tuples.end()) return at->second;
  SeriesSpace& space = spaces_[layout_.groups[group].space];
  std::string labels;
  *refusal = LabelText(group, values, &labels);
  if (*refusal != Refusal::kNone) return SeriesId::kNone;
  uint32_t number = space.Find(labels);
  if (number == SeriesSpace::kNone) {
    if (may_be_full &&
        (space.size() >= options_.series_max || series_total_ >= options_.series_total_max)) {
      *refusal = Refusal::kFull;
      return SeriesId::kNone;
    }
    if (!ClaimName(layout_.groups[group].space, labels)) {
      *refusal = Refusal::kNameTaken;
      return SeriesId::kNone;
    }
    number = space.Add(std::move(labels), now_ms);
    ++series_total_;
  }
  // Relabelling can make few series of many tuples; the rest is worked out again.
  if (tuples.size() < options_.series_max) tuples.try_emplace(std::string(key), number);
  return number;
}

std::pair<size_t, size_t> Registry::UseOf(uint32_t group, uint32_t label) const {
  const std::lock_guard lock(mutex_);
  return {labels_[group][label]->count(), labels_[group][label]->values_max()};
}

size_t Registry::series_total() const {
  const std::lock_guard lock(mutex_);
  return series_total_;
}

std::vector<std::string> Registry::LearnedValues(uint32_t group, uint32_t label) const {
  const std::lock_guard lock(mutex_);
  return labels_[group][label]->Learned();
}

void Registry::Learn(uint32_t group, uint32_t label, const std::vector<std::string>& values) {
  const std::lock_guard lock(mutex_);
  labels_[group][label]->Learn(values);
}

uint32_t Registry::RestoreSeries(uint32_t space_index, const std::string& labels,
                                 int64_t created_ms) {
  const std::lock_guard lock(mutex_);
  SeriesSpace& space = spaces_[space_index];
  ClaimName(space_index, labels);  // nobody else is here yet but those with fixed names
  uint32_t number = space.Find(labels);
  if (number == SeriesSpace::kNone) {
    number = space.Add(labels, created_ms);
    ++series_total_;
  } else {
    space.SetCreated(number, created_ms);
  }
  return number;
}

std::vector<uint32_t> Registry::SeriesToDelete(uint32_t group_index,
                                               std::span<const std::string_view> raw) const {
  const Group& group = layout_.groups[group_index];
  const std::vector<uint32_t>& wanted = layout_.spaces[group.space].delete_labels;
  const std::lock_guard lock(mutex_);
  std::string key;
  std::string text;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const auto field = std::find(group.field_labels.begin(), group.field_labels.end(), wanted[i]);
    const auto place = static_cast<size_t>(field - group.field_labels.begin());
    if (!labels_[group_index][place]->Peek(raw[i], &text)) return {};
    AppendLabel(group.labels[wanted[i]].name, text, &key);
  }
  return spaces_[group.space].Matching(key);
}

void Registry::Remove(uint32_t space, std::span<const uint32_t> numbers) {
  if (numbers.empty()) return;
  const std::lock_guard lock(mutex_);
  for (const uint32_t number : numbers) spaces_[space].Remove(number);
  series_total_ -= numbers.size();
  if (layout_.spaces[space].own_names) {
    for (const uint32_t family : layout_.spaces[space].families) names_.Release(family);
    for (uint32_t number = 0; number < spaces_[space].numbers_end(); ++number) {
      if (const Series* series = spaces_[space].at(number)) ClaimName(space, series->labels);
    }
  }
  for (size_t group = 0; group < layout_.groups.size(); ++group) {
    if (layout_.groups[group].space != space) continue;
    std::erase_if(tuples_[group],
                  [&](const auto& entry) { return spaces_[space].at(entry.second) == nullptr; });
  }
  FreeValues(space);
}

// The caller holds the lock. A tuple that is left has its series, so its values are in use.
void Registry::FreeValues(uint32_t space_index) {
  const SeriesSpace& space = spaces_[space_index];
  std::vector<std::unordered_set<std::string_view>> used;  // by place in the label text
  for (uint32_t number = 0; number < space.numbers_end(); ++number) {
    if (space.at(number) == nullptr) continue;
    size_t place = 0;
    ForEachLabel(space.at(number)->labels, [&](std::string_view, std::string_view escaped) {
      if (used.size() <= place) used.resize(place + 1);
      used[place++].insert(escaped);
    });
  }
  for (size_t group = 0; group < layout_.groups.size(); ++group) {
    const Group& spec = layout_.groups[group];
    // There nobody knows which value a label came from.
    if (spec.space != space_index || spec.has_free_labels()) continue;
    for (size_t i = 0; i < spec.field_labels.size(); ++i) {
      const uint32_t place = spec.field_labels[i];
      if (used.size() <= place) used.resize(place + 1);
      labels_[group][i]->Keep(used[place]);
    }
  }
}

void Registry::SetCreated(uint32_t space, uint32_t number, int64_t created_ms) {
  const std::lock_guard lock(mutex_);
  spaces_[space].SetCreated(number, created_ms);
}

Registry::Refusal Registry::LabelText(uint32_t group_index, std::span<const uint32_t> values,
                                      std::string* out) const {
  const Group& group = layout_.groups[group_index];
  const Family& family = layout_.families[group.steps.front().family];
  std::string text;
  std::string scratch;
  size_t field = 0;
  for (const rules::LabelSpec& label : group.labels) {
    if (label.field.empty()) {
      AppendLabel(label.name, LabelValue(label.text, &scratch), &text);
      continue;
    }
    const uint32_t value = values[field];
    const std::string& shown = labels_[group_index][field]->text(value);
    ++field;
    if (!label.from_object || value == LabelValues::kOverflow) {
      AppendLabel(label.name, shown, &text);
    } else if (!shown.empty() && !AppendObject(group, family, shown, &text)) {
      return Refusal::kNoLabels;
    }
  }
  if (relabelers_[group_index].any()) {
    Relabeler::Labels labels;
    if (!family.own_names) labels.emplace_back("__name__", family.name);
    ForEachLabel(text, [&labels](std::string_view name, std::string_view escaped) {
      labels.emplace_back(name, UnescapeLabel(escaped));
    });
    if (!relabelers_[group_index].Apply(&labels)) return Refusal::kRelabelled;
    text.clear();
    for (const auto& label : labels) {
      const bool shown = label.first != "__name__" || family.own_names;
      if (shown && !IsConstant(label.first)) AppendLabel(label.first, label.second, &text);
    }
  }
  for (const auto& [name, value] : layout_.constants) AppendLabel(name, value, &text);
  *out = std::move(text);
  return Refusal::kNone;
}

bool Registry::IsConstant(std::string_view name) const {
  return std::any_of(layout_.constants.begin(), layout_.constants.end(),
                     [name](const auto& known) { return known.first == name; });
}

// `object` is a label text. False if the metric cannot have one of the labels; those that the rule
// names itself, and the constant ones, stay what they are.
bool Registry::AppendObject(const Group& group, const Family& family, std::string_view object,
                            std::string* text) const {
  if (object == kNoObject) return false;
  bool fits = true;
  ForEachLabel(object, [&](std::string_view name, std::string_view escaped) {
    // These tell the parts of a metric apart.
    const bool part = (family.kind == MetricKind::kHistogram && name == "le") ||
                      (family.kind == MetricKind::kSummary && name == "quantile") ||
                      (family.kind == MetricKind::kStateSet && name == family.name);
    fits = fits && !part;
    const bool named =
        std::any_of(group.labels.begin(), group.labels.end(),
                    [name](const auto& label) { return label.name == name && !label.from_object; });
    if (!named && !IsConstant(name)) AppendLabel(name, UnescapeLabel(escaped), text);
  });
  return fits;
}

// The caller holds the lock. True where the layout has said the name.
bool Registry::ClaimName(uint32_t space, std::string_view labels) {
  if (!layout_.spaces[space].own_names) return true;
  std::string_view name;
  ForEachLabel(labels, [&name](std::string_view, std::string_view value) {
    if (name.empty()) name = value;
  });
  return names_.Claim(layout_.spaces[space].families.front(), name);
}

SeriesOrder Registry::Sorted(uint32_t space) {
  const std::lock_guard lock(mutex_);
  return spaces_[space].Sorted();
}

uint32_t Registry::series_count(uint32_t space) const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(spaces_[space].size());
}

uint32_t Registry::numbers_end(uint32_t space) const {
  const std::lock_guard lock(mutex_);
  return spaces_[space].numbers_end();
}

bool Registry::IsLive(uint32_t space, uint32_t number) const {
  const std::lock_guard lock(mutex_);
  return number < spaces_[space].numbers_end() && spaces_[space].at(number) != nullptr;
}

}  // namespace parshall::metrics
