#include "metrics/relabel.h"

#include <algorithm>
#include <charconv>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

using rules::RelabelAction;
using Labels = Relabeler::Labels;
using Groups = std::vector<re2::StringPiece>;

std::unique_ptr<RE2> Compile(const std::string& regex) {
  RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<RE2>(regex, options);
}

Labels::iterator Find(Labels* labels, std::string_view name) {
  return std::find_if(labels->begin(), labels->end(),
                      [name](const auto& label) { return label.first == name; });
}

std::string_view Get(Labels* labels, std::string_view name) {
  const auto at = Find(labels, name);
  return at == labels->end() ? std::string_view() : std::string_view(at->second);
}

void Set(Labels* labels, std::string_view name, std::string value) {
  const auto at = Find(labels, name);
  if (value.empty()) {
    if (at != labels->end()) labels->erase(at);
  } else if (at != labels->end()) {
    at->second = std::move(value);
  } else {
    labels->emplace_back(name, std::move(value));
  }
}

bool Word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A name as Prometheus checks it: any label's, those with __ included.
bool IsAnyLabelName(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), Word);
}

std::string_view GroupText(const RE2& regex, const Groups& groups, std::string_view name) {
  size_t number = 0;
  const auto end = std::from_chars(name.data(), name.data() + name.size(), number);
  if (end.ec != std::errc() || end.ptr != name.data() + name.size()) {
    const auto& names = regex.NamedCapturingGroups();
    const auto at = names.find(std::string(name));
    if (at == names.end()) return {};
    number = static_cast<size_t>(at->second);
  }
  if (number >= groups.size() || groups[number].data() == nullptr) return {};
  return {groups[number].data(), groups[number].size()};
}

// Go's Regexp.Expand: $1, ${1}, $name, ${name}, $$. A name is as long as can be; one that no group
// has is the empty text.
std::string Expand(const RE2& regex, const Groups& groups, std::string_view text) {
  std::string expanded;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    expanded.append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      expanded.push_back('$');
      text.remove_prefix(1);
      continue;
    }
    const bool braces = text.starts_with('{');
    size_t end = braces ? 1 : 0;
    while (end < text.size() && Word(text[end])) ++end;
    const std::string_view name = text.substr(braces ? 1 : 0, end - (braces ? 1 : 0));
    if (name.empty() || (braces && (end == text.size() || text[end] != '}'))) {
      expanded.push_back('$');  // malformed: it stands for itself
      continue;
    }
    expanded.append(GroupText(regex, groups, name));
    text.remove_prefix(end + (braces ? 1 : 0));
  }
  return expanded;
}

// The whole text matches; the groups are those of the expression, the text itself first.
bool Matches(const RE2& regex, std::string_view text, Groups* groups) {
  groups->assign(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1, re2::StringPiece());
  return regex.Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::ANCHOR_BOTH,
                     groups->data(), static_cast<int>(groups->size()));
}

std::string InCase(std::string text, bool upper) {
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

void Map(const RE2& regex, const std::string& replacement, Labels* labels) {
  const Labels before = *labels;
  Groups groups;
  for (const auto& [name, value] : before) {
    if (Matches(regex, name, &groups)) Set(labels, Expand(regex, groups, replacement), value);
  }
}

}  // namespace

Relabeler::Relabeler(const std::vector<rules::RelabelSpec>& steps) {
  for (const rules::RelabelSpec& spec : steps) steps_.push_back({spec, Compile(spec.regex)});
}

bool Relabeler::ApplyStep(const Step& step, Labels* labels) {
  const rules::RelabelSpec& spec = step.spec;
  std::string value;
  for (size_t i = 0; i < spec.source_labels.size(); ++i) {
    if (i > 0) value += spec.separator;
    value += Get(labels, spec.source_labels[i]);
  }
  Groups groups;
  switch (spec.action) {
    case RelabelAction::kKeep:
      return Matches(*step.regex, value, &groups);
    case RelabelAction::kDrop:
      return !Matches(*step.regex, value, &groups);
    case RelabelAction::kKeepEqual:
      return Get(labels, spec.target_label) == value;
    case RelabelAction::kDropEqual:
      return Get(labels, spec.target_label) != value;
    case RelabelAction::kReplace: {
      if (!Matches(*step.regex, value, &groups)) return true;
      const std::string target = Expand(*step.regex, groups, spec.target_label);
      std::string text = Expand(*step.regex, groups, spec.replacement);
      if (!IsAnyLabelName(target)) return true;
      Set(labels, target, std::move(text));
      return true;
    }
    case RelabelAction::kHashMod:
      Set(labels, spec.target_label, std::to_string(HashMod(value, spec.modulus)));
      return true;
    case RelabelAction::kLowercase:
    case RelabelAction::kUppercase:
      Set(labels, spec.target_label,
          InCase(std::move(value), spec.action == RelabelAction::kUppercase));
      return true;
    case RelabelAction::kLabelMap:
      Map(*step.regex, spec.replacement, labels);
      return true;
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep:
      std::erase_if(*labels, [&](const auto& label) {
        return Matches(*step.regex, label.first, &groups) ==
               (spec.action == RelabelAction::kLabelDrop);
      });
      return true;
  }
  return true;
}

bool Relabeler::Apply(Labels* labels) const {
  const std::string name(Get(labels, "__name__"));
  for (const Step& step : steps_) {
    if (!ApplyStep(step, labels)) return false;
  }
  std::erase_if(*labels, [](const auto& label) {
    return !IsLabelName(label.first) || label.first == "le" || label.first == "quantile" ||
           label.second.empty();
  });
  std::sort(labels->begin(), labels->end());
  if (!name.empty()) labels->insert(labels->begin(), {"__name__", name});
  return true;
}

std::string RelabelFault(const rules::RelabelSpec& step) {
  const std::unique_ptr<RE2> regex = Compile(step.regex);
  return regex->ok() ? std::string() : regex->error();
}

}  // namespace parshall::metrics
