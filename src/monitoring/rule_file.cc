#include "monitoring/rule_file.h"

#include <fmt/format.h>

#include <string_view>

namespace parshall::monitoring {
namespace {

// In double quotes: names, sentences, and whatever an operator wrote are all the same to YAML.
std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

template <typename OnLine>
void ForEachLine(std::string_view text, OnLine on_line) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    on_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void AppendTexts(std::string_view key, const Texts& texts, std::string* out) {
  if (texts.empty()) return;
  *out += fmt::format("        {}:\n", key);
  for (const auto& [name, text] : texts) {
    *out += fmt::format("          {}: {}\n", name, Quote(text));
  }
}

void AppendRule(const PrometheusRule& rule, std::string* out) {
  *out += rule.record.empty() ? fmt::format("      - alert: {}\n", rule.alert)
                              : fmt::format("      - record: {}\n", rule.record);
  *out += "        expr: |-\n";
  ForEachLine(rule.expression,
              [&](std::string_view line) { *out += fmt::format("          {}\n", line); });
  if (!rule.hold.empty()) *out += fmt::format("        for: {}\n", rule.hold);
  AppendTexts("labels", rule.labels, out);
  AppendTexts("annotations", rule.annotations, out);
}

}  // namespace

std::string RuleFileText(const std::string& comment, const std::vector<PrometheusGroup>& groups) {
  std::string out;
  ForEachLine(comment, [&](std::string_view line) { out += fmt::format("# {}\n", line); });
  out += "groups:\n";
  for (const PrometheusGroup& group : groups) {
    if (group.rules.empty()) continue;
    out += fmt::format("  - name: {}\n", group.name);
    if (!group.interval.empty()) out += fmt::format("    interval: {}\n", group.interval);
    out += "    rules:\n";
    for (const PrometheusRule& rule : group.rules) AppendRule(rule, &out);
  }
  return out;
}

}  // namespace parshall::monitoring
