#include "app/unmatched.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "base/quoted.h"
#include "http/client.h"

namespace parshall::app {
namespace {

using nlohmann::ordered_json;

constexpr const char* kDefaultUrl = "http://127.0.0.1:19220";
constexpr size_t kAnswerBytesMax = size_t{4} << 20;

std::string Dumped(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// What another program answered may be anything.
std::string TextOf(const ordered_json& row, const char* key) {
  const auto at = row.find(key);
  return at != row.end() && at->is_string() ? at->get<std::string>() : std::string();
}

uint64_t NumberOf(const ordered_json& row, const char* key) {
  const auto at = row.find(key);
  return at != row.end() && at->is_number_unsigned() ? at->get<uint64_t>() : 0;
}

}  // namespace

std::string UnmatchedJson(const records::UnmatchedLines& lines) {
  ordered_json json{{"lines", lines.lines}, {"other_lines", lines.other_lines}};
  ordered_json shapes = ordered_json::array();
  for (const records::UnmatchedShape& shape : lines.shapes) {
    shapes.push_back({{"shape", shape.shape},
                      {"lines", shape.lines},
                      {"sample", shape.sample},
                      {"source", shape.source},
                      {"last_ms", shape.last_ms}});
  }
  json["shapes"] = std::move(shapes);
  return Dumped(json);
}

int ExplainUnmatched(const Options& options) {
  const std::string url = options.url.value_or(kDefaultUrl);
  const Result<std::string> answer =
      http::Get(url, kUnmatchedPath,
                {.body_bytes_max = kAnswerBytesMax, .ca_file = options.url_ca_file.value_or("")});
  if (!answer.ok()) {
    PrintFaults({answer.error()});
    return kExitFailed;
  }
  const ordered_json json = ordered_json::parse(*answer, nullptr, false);
  const auto shapes = json.is_object() ? json.find("shapes") : json.end();
  if (!json.is_object() || shapes == json.end() || !shapes->is_array()) {
    PrintFaults({Fail("this is no answer of parshall's " + std::string(kUnmatchedPath), url)});
    return kExitFailed;
  }
  if (options.json) {
    const std::string text = Dumped(json);
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  }
  std::string out = std::to_string(NumberOf(json, "lines")) + " lines matched no rule\n";
  for (const ordered_json& row : *shapes) {
    if (!row.is_object()) continue;
    out += "\nlines    " + std::to_string(NumberOf(row, "lines")) + "\nshape    " +
           Quoted(TextOf(row, "shape")) + "\nsample   " + Quoted(TextOf(row, "sample")) +
           "\nsource   " + TextOf(row, "source") + "\n";
  }
  if (const uint64_t other = NumberOf(json, "other_lines"); other > 0) {
    out += "\nlines    " + std::to_string(other) + " of other shapes\n";
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
  return kExitDone;
}

}  // namespace parshall::app
