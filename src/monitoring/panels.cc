#include "monitoring/panels.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parshall::monitoring {
namespace {

Json DataSource() { return {{"type", "prometheus"}, {"uid", "${datasource}"}}; }

// "A" … "Z", "AA" …
std::string RefId(size_t index) {
  std::string id(1, static_cast<char>('A' + index % 26));
  return index < 26 ? id : RefId(index / 26 - 1) + id;
}

Json Targets(const Panel& panel, const char* format, bool instant) {
  Json targets = Json::array();
  for (const PanelQuery& query : panel.queries) {
    targets.push_back({{"datasource", DataSource()},
                       {"editorMode", "code"},
                       {"expr", query.expression},
                       {"format", format},
                       {"instant", instant},
                       {"legendFormat", query.legend},
                       {"range", !instant},
                       {"refId", RefId(targets.size())}});
  }
  return targets;
}

Json Thresholds(const std::vector<std::pair<double, std::string>>& steps) {
  Json list = Json::array({{{"color", "green"}, {"value", nullptr}}});
  for (const auto& [value, color] : steps) list.push_back({{"color", color}, {"value", value}});
  return {{"mode", "absolute"}, {"steps", list}};
}

Json Base(const Panel& panel, const char* type, const char* format = "time_series",
          bool instant = false) {
  return {{"type", type},
          {"title", panel.title},
          {"description", panel.description},
          {"datasource", DataSource()},
          {"targets", Targets(panel, format, instant)},
          {"fieldConfig",
           {{"defaults", {{"unit", panel.unit}, {"min", 0}}}, {"overrides", Json::array()}}}};
}

Json Lines(const Panel& panel, bool stacked) {
  Json json = Base(panel, "timeseries");
  Json& defaults = json["fieldConfig"]["defaults"];
  // A gauge or a budget may well be negative.
  defaults.erase("min");
  if (stacked) defaults["min"] = 0;
  defaults["custom"] = {{"drawStyle", "line"},
                        {"lineInterpolation", "linear"},
                        {"lineWidth", 1},
                        {"fillOpacity", stacked ? 40 : 8},
                        {"showPoints", "never"},
                        {"spanNulls", false},
                        {"stacking", {{"group", "A"}, {"mode", stacked ? "normal" : "none"}}}};
  json["options"] = {{"legend",
                      {{"calcs", {"lastNotNull", "max"}},
                       {"displayMode", "table"},
                       {"placement", "bottom"},
                       {"showLegend", true}}},
                     {"tooltip", {{"mode", "multi"}, {"sort", "desc"}}}};
  return json;
}

}  // namespace

Json TimeSeries(const Panel& panel) { return Lines(panel, false); }
Json Stacked(const Panel& panel) { return Lines(panel, true); }

Json Stat(const Panel& panel, const std::vector<std::pair<double, std::string>>& steps) {
  Json json = Base(panel, "stat");
  json["fieldConfig"]["defaults"].erase("min");
  json["fieldConfig"]["defaults"]["thresholds"] = Thresholds(steps);
  json["options"] = {
      {"colorMode", steps.empty() ? "none" : "value"},
      {"graphMode", "area"},
      {"justifyMode", "auto"},
      {"orientation", "auto"},
      {"reduceOptions", {{"calcs", {"lastNotNull"}}, {"fields", ""}, {"values", false}}},
      {"textMode", "auto"}};
  return json;
}

Json Heatmap(const Panel& panel) {
  Json json = Base(panel, "heatmap", "heatmap");
  json["fieldConfig"]["defaults"] = Json::object();
  json["options"] = {{"calculate", false},
                     {"cellGap", 1},
                     {"color", {{"mode", "scheme"}, {"scheme", "Oranges"}, {"steps", 64}}},
                     {"filterValues", {{"le", 1e-9}}},
                     {"legend", {{"show", true}}},
                     {"rowsFrame", {{"layout", "auto"}}},
                     {"tooltip", {{"mode", "single"}, {"yHistogram", false}}},
                     {"yAxis", {{"axisPlacement", "left"}, {"unit", panel.unit}}}};
  return json;
}

Json Table(const Panel& panel) {
  Json json = Base(panel, "table", "table", true);
  json["options"] = {{"showHeader", true}, {"cellHeight", "sm"}};
  json["transformations"] =
      Json::array({{{"id", "organize"}, {"options", {{"excludeByName", {{"Time", true}}}}}}});
  return json;
}

void PanelGrid::NextLine() {
  y_ += line_height_;
  x_ = 0;
  line_height_ = 0;
}

void PanelGrid::Place(Json panel, int width, int height) {
  assert(width >= 1 && width <= kGridWidth && height >= 1);
  if (x_ + width > kGridWidth) NextLine();
  panel["id"] = ++id_;
  panel["gridPos"] = {{"h", height}, {"w", width}, {"x", x_}, {"y", y_}};
  x_ += width;
  line_height_ = std::max(line_height_, height);
  panels_.push_back(std::move(panel));
}

void PanelGrid::Row(const std::string& title) {
  NextLine();
  Place({{"type", "row"}, {"title", title}, {"collapsed", false}, {"panels", Json::array()}},
        kGridWidth, 1);
  NextLine();
}

void PanelGrid::Add(Json panel, int width, int height) { Place(std::move(panel), width, height); }

}  // namespace parshall::monitoring
