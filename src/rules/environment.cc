#include "rules/environment.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/quoted.h"

namespace parshall::rules {
namespace {

// A value may hold many variables, each with a large value.
constexpr size_t kExpandedBytesMax = size_t{64} << 10;

bool VariableName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

// The value of what stands between ${ and }, or nothing and a sentence.
std::optional<std::string> Lookup(std::string_view inside, const EnvironmentLookup& environment,
                                  std::string* fault) {
  const size_t dash = inside.find(":-");
  const std::string name(inside.substr(0, dash));
  if (!VariableName(name)) {
    *fault = Quoted(name) + " is no name of a variable; write $$ for a $";
    return std::nullopt;
  }
  std::optional<std::string> value = environment(name);
  if (dash != std::string_view::npos && (!value || value->empty())) {
    return std::string(inside.substr(dash + 2));
  }
  if (!value) {
    *fault = "the environment variable " + name + " is not set; ${" + name +
             ":-default} gives it a default";
  }
  return value;
}

std::optional<std::string> Expand(std::string_view text, const EnvironmentLookup& environment,
                                  std::string* fault) {
  std::string expanded;
  while (!text.empty()) {
    const size_t dollar = std::min(text.find('$'), text.size());
    expanded += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      expanded += '$';
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const size_t end = text.find('}');
      if (end == std::string_view::npos) {
        *fault = "a ${ is never closed; write $$ for a $";
        return std::nullopt;
      }
      const std::optional<std::string> value = Lookup(text.substr(2, end - 2), environment, fault);
      if (!value) return std::nullopt;
      expanded += *value;
      text.remove_prefix(end + 1);
    } else if (!text.empty()) {
      expanded += '$';
      text.remove_prefix(1);
    }
    if (expanded.size() > kExpandedBytesMax) {
      *fault = "this value becomes longer than 64 KiB";
      return std::nullopt;
    }
  }
  return expanded;
}

}  // namespace

void ExpandEnvironment(const std::string& file, const EnvironmentLookup& environment,
                       YamlNode* node, Faults* faults) {
  for (YamlNode& item : node->items) ExpandEnvironment(file, environment, &item, faults);
  for (YamlMember& member : node->members) {
    ExpandEnvironment(file, environment, &member.value, faults);
  }
  if (node->kind != YamlKind::kScalar || node->text.find('$') == std::string::npos) return;
  std::string fault;
  std::optional<std::string> expanded = Expand(node->text, environment, &fault);
  if (expanded) {
    node->text = std::move(*expanded);
  } else {
    faults->Add(Where{file, node->line, node->column}, std::move(fault));
  }
}

}  // namespace parshall::rules
