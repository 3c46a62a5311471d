#include "rules/reader_template.h"

#include <algorithm>
#include <string_view>

#include "base/quoted.h"

namespace parshall::rules {
namespace {

bool WordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._~+@-").find(c) != std::string_view::npos;
}

// Empty if the route is good.
std::string RouteFault(std::string_view route) {
  if (!route.starts_with('/')) return "begins with /";
  if (route == "/") return {};
  while (!route.empty()) {
    route.remove_prefix(1);
    std::string_view segment = route.substr(0, route.find('/'));
    route.remove_prefix(segment.size());
    if (segment.empty()) return "has no empty segment, and no / at its end";
    if (segment == "*") {
      if (!route.empty()) return "has * at its end only, where it stands for the rest";
      continue;
    }
    if (segment.starts_with(':')) segment.remove_prefix(1);
    if (segment.empty() || !std::all_of(segment.begin(), segment.end(), WordChar)) {
      return "is made of words, :names and a * at the end, as in /users/:user/files/*";
    }
  }
  return {};
}

}  // namespace

void ReadTemplate(Section* section, LabelSpec* label) {
  static const std::vector<Choice<bool>> kinds = {{"path", true}};
  label->path_template = section->OneOf("template", kinds).value_or(false);
  const YamlNode* routes = section->Get("routes");
  if (routes == nullptr) return;
  if (!section->Has("template")) {
    section->Add(*routes, section->title() + ": routes: are for labels with `template: path`");
    return;
  }
  if (routes->kind == YamlKind::kList && routes->items.size() > kRoutesMax) {
    section->Add(*routes, section->title() + ": routes: more than " + std::to_string(kRoutesMax));
    return;
  }
  label->routes = section->Texts("routes").value_or(std::vector<std::string>());
  const std::vector<YamlNode> one = {*routes};
  for (const YamlNode& item : routes->kind == YamlKind::kList ? routes->items : one) {
    if (item.kind != YamlKind::kScalar || item.text.empty()) continue;  // said already
    const std::string fault = RouteFault(item.text);
    if (!fault.empty()) {
      section->Add(
          item, section->title() + ": routes: a route " + fault + ", unlike " + Quoted(item.text));
    }
  }
}

}  // namespace parshall::rules
