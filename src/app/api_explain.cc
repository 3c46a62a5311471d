#include "app/api_explain.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "app/explain_session.h"

namespace parshall::app {
namespace {

using nlohmann::ordered_json;

// One request makes few series, whatever it holds.
constexpr uint32_t kSeriesMax = 1000;

http::Response JsonAnswer(int status, const ordered_json& json) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = JsonText(json);
  return response;
}

http::Response Refused(int status, const std::string& sentence) {
  return JsonAnswer(status, {{"error", sentence}});
}

// A browser sends this type to another site only if that site has agreed to it, which we never do:
// so no foreign page makes us work.
bool IsJson(const http::Request& request) {
  const std::string* type = request.Find("Content-Type");
  if (type == nullptr) return false;
  std::string_view essence = *type;
  essence = essence.substr(0, essence.find(';'));
  while (essence.ends_with(' ') || essence.ends_with('\t')) essence.remove_suffix(1);
  return http::EqualIgnoringCase(essence, "application/json");
}

// Lines as a source would cut them; a last newline begins no line.
std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t newline = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, newline);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
  return lines;
}

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void ApiExplain::Use(std::shared_ptr<const ExplainRules> rules) {
  const std::lock_guard<std::mutex> lock(rules_mutex_);
  rules_ = std::move(rules);
}

http::Response ApiExplain::Answer(const http::Request& request) {
  if (!IsJson(request)) {
    return Refused(415, "send {\"text\": \"the line\"} with Content-Type: application/json");
  }
  const ordered_json asked = ordered_json::parse(request.body, nullptr, false);
  const auto text = asked.is_object() ? asked.find("text") : asked.end();
  if (!asked.is_object() || text == asked.end() || !text->is_string() || asked.size() != 1) {
    return Refused(400, "the body must be a JSON object with one key, \"text\": the line, or some");
  }
  const std::vector<std::string> lines = LinesOf(text->get_ref<const std::string&>());
  if (lines.empty()) return Refused(400, "\"text\" is empty: there is no line to be explained");
  if (lines.size() > kLinesMax) {
    return Refused(400, "\"text\" has " + std::to_string(lines.size()) + " lines; at most " +
                            std::to_string(kLinesMax) + " are explained at once");
  }
  const std::unique_lock<std::mutex> alone(busy_, std::try_to_lock);
  if (!alone.owns_lock()) {
    http::Response busy = Refused(503, "another line is being explained; try again");
    busy.headers.push_back({"Retry-After", "1"});
    return busy;
  }
  std::shared_ptr<const ExplainRules> rules;
  {
    const std::lock_guard<std::mutex> lock(rules_mutex_);
    rules = rules_;
  }
  if (rules == nullptr) return Refused(503, "the rules are not ready yet");
  const Result<std::shared_ptr<metrics::Store>> store = metrics::Store::Create(
      rules->set, rules->constants,
      {.series_max = kSeriesMax, .series_total_max = kSeriesMax, .now_ms = NowMs()});
  if (!store.ok()) return Refused(500, store.error().ToString());
  ExplainSession session(rules->set, rules->program, *store, rules->schema);
  ordered_json answer{{"lines", ordered_json::array()}};
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kMillisMax);
  for (const std::string& line : lines) {
    if (std::chrono::steady_clock::now() > end) break;
    const ExplainSession::Explained explained = session.Explain(line);
    ordered_json row = ExplainedJson(line, explained);
    // As it would be written: a reader of JSON may round its numbers.
    if (!explained.outcome.record_json.empty()) {
      row["record_text"] = explained.outcome.record_json;
    }
    answer["lines"].push_back(std::move(row));
  }
  answer["lines_left"] = lines.size() - answer["lines"].size();
  return JsonAnswer(200, answer);
}

}  // namespace parshall::app
