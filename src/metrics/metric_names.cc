#include "metrics/metric_names.h"

#include <algorithm>

#include "metrics/label_text.h"

namespace parshall::metrics {
namespace {

using rules::MetricKind;

bool NameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The rules about endings, as the reader has them for names that it sees.
bool EndsAsItMust(std::string_view name, MetricKind kind) {
  if (kind == MetricKind::kCounter) return name.ends_with("_total");
  if (kind == MetricKind::kInfo) return name.ends_with("_info");
  for (std::string_view suffix : {"_total", "_bucket", "_count", "_sum"}) {
    if (name.ends_with(suffix)) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> ExposedNames(std::string_view name, MetricKind kind) {
  std::vector<std::string> names = {std::string(name)};
  const auto add = [&names](std::string_view stem, std::string_view suffix) {
    names.push_back(std::string(stem).append(suffix));
  };
  if (kind == MetricKind::kHistogram || kind == MetricKind::kSummary) {
    for (const char* suffix : {"_bucket", "_count", "_sum", "_created"}) add(name, suffix);
  } else if (kind == MetricKind::kInfo && name.ends_with("_info")) {
    add(name.substr(0, name.size() - 5), "");
  } else if (kind == MetricKind::kCounter && name.ends_with("_total")) {
    add(name.substr(0, name.size() - 6), "");
    add(name.substr(0, name.size() - 6), "_created");
  }
  return names;
}

std::string NameFor(std::string_view name_template, std::string_view value) {
  const size_t open = name_template.find('{');
  const size_t close = name_template.find('}');
  std::string name(name_template.substr(0, open));
  name.append(value.empty() ? "other" : value.substr(0, kLabelBytesMax));
  name.append(name_template.substr(close + 1));
  for (char& c : name) {
    if (!NameByte(c)) c = '_';
  }
  if (name[0] >= '0' && name[0] <= '9') name.insert(0, 1, '_');
  return name;
}

MetricNames::MetricNames(const Layout& layout) : layout_(layout) {
  for (uint32_t i = 0; i < layout.families.size(); ++i) {
    const Family& family = layout.families[i];
    if (family.own_names) continue;
    for (std::string& name : ExposedNames(family.name, family.kind)) {
      owners_.emplace(std::move(name), Owner{.family = i, .name = family.name});
    }
  }
}

bool MetricNames::Claim(uint32_t family, std::string_view name) {
  const MetricKind kind = layout_.families[family].kind;
  if (!IsMetricName(name) || !EndsAsItMust(name, kind) || name.starts_with("parshall_") ||
      name.starts_with("process_")) {
    return false;
  }
  std::vector<std::string> wanted = ExposedNames(name, kind);
  const Owner owner{.family = family, .name = std::string(name)};
  const bool taken = std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
    const auto at = owners_.find(one);
    return at != owners_.end() && !(at->second == owner);
  });
  if (taken) return false;
  for (std::string& one : wanted) owners_.emplace(std::move(one), owner);
  return true;
}

void MetricNames::Release(uint32_t family) {
  std::erase_if(owners_, [family](const auto& entry) { return entry.second.family == family; });
}

}  // namespace parshall::metrics
