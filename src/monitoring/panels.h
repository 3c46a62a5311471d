#pragma once
// Panels of a Grafana dashboard as JSON, and the grid they stand on. The format is Grafana's
// dashboard JSON model, schema version 39
// (grafana.com/docs/grafana/latest/dashboards/build-dashboards/ view-dashboard-json-model).

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace parshall::monitoring {

using Json = nlohmann::ordered_json;

// What every query of a panel is restricted to: the dashboard's variables.
inline constexpr std::string_view kVariables = "job=~\"$job\", instance=~\"$instance\"";
// Grafana's word for a window that always holds enough scrapes.
inline constexpr std::string_view kRateWindow = "$__rate_interval";

struct PanelQuery {
  std::string expression;
  std::string legend;
};

struct Panel {
  std::string title;
  std::string description;
  std::string unit;  // Grafana's id: "s", "bytes", "reqps", "short"
  std::vector<PanelQuery> queries;
};

Json TimeSeries(const Panel& panel);
// Areas upon each other, for parts of a whole.
Json Stacked(const Panel& panel);
// The last value, large. Colours change at each of `steps`: green below the first.
Json Stat(const Panel& panel, const std::vector<std::pair<double, std::string>>& steps = {});
// One query of buckets, legend {{le}}.
Json Heatmap(const Panel& panel);
// One query, asked for now, a row for each series.
Json Table(const Panel& panel);

inline constexpr int kGridWidth = 24;

// Panels from left to right and row by row, with ids. One thread.
class PanelGrid {
 public:
  // A headline; what comes behind it stands below.
  void Row(const std::string& title);
  // 1 to kGridWidth wide.
  void Add(Json panel, int width, int height = 8);

  Json Take() { return std::move(panels_); }

 private:
  void Place(Json panel, int width, int height);
  void NextLine();

  Json panels_ = Json::array();
  int id_ = 0;
  int x_ = 0;
  int y_ = 0;
  int line_height_ = 0;
};

}  // namespace parshall::monitoring
