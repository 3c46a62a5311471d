#include "lines/docker_json.h"

#include <simdjson.h>

#include <array>

#include "lines/newline_framer.h"

namespace parshall::lines {
namespace {

static_assert(simdjson::SIMDJSON_PADDING <= kPadBytes);

// The parser's memory for strings is 5/3 of its capacity, and no line's strings are longer than the
// line: with at least this capacity, kPadBytes can be read behind every string that it gives.
constexpr size_t kParserCapacityMin = 4096;

enum Key { kLogKey, kStreamKey, kTimeKey, kAttrsKey, kIdKey, kNameKey, kKeysCount };

struct KeyRow {
  std::string_view key;
  std::string_view field;
};
// In the order of Key. The fluentd driver of Docker says `source` for what json-file calls
// `stream`.
constexpr std::array<KeyRow, kKeysCount> kKeys = {{{"log", ""},
                                                   {"stream", kStream},
                                                   {"time", kContainerTime},
                                                   {"attrs", kContainerAttrs},
                                                   {"container_id", kContainerId},
                                                   {"container_name", kContainerName}}};

int KeyOf(std::string_view key) {
  for (size_t i = 0; i < kKeys.size(); ++i) {
    if (kKeys[i].key == key) return static_cast<int>(i);
  }
  return key == "source" ? kStreamKey : -1;
}

}  // namespace

struct DockerJson::Parser {
  simdjson::ondemand::parser json;
};

bool MayBeDockerJson(std::string_view line) {
  return line.starts_with("{\"log\":\"") || line.starts_with("{\"stream\":\"") ||
         line.starts_with("{\"attrs\":{");
}

DockerJson::DockerJson() : parser_(std::make_unique<Parser>()) {}
DockerJson::~DockerJson() = default;

bool DockerJson::Unwrap(std::string_view line, Unwrapped* out) {
  namespace ondemand = simdjson::ondemand;
  if (parser_->json.capacity() < kParserCapacityMin &&
      parser_->json.allocate(kParserCapacityMin) != simdjson::SUCCESS) {
    return false;
  }
  ondemand::document document;
  ondemand::object object;
  if (parser_->json.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING)
              .get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    return false;
  }
  std::array<bool, kKeysCount> seen{};
  std::array<std::string_view, kKeysCount> texts;
  for (auto item : object) {
    ondemand::field field;
    if (std::move(item).get(field) != simdjson::SUCCESS) return false;
    std::string_view key_text;
    if (field.unescaped_key().get(key_text) != simdjson::SUCCESS) return false;
    const int key = KeyOf(key_text);
    if (key < 0) return false;
    const size_t index = static_cast<size_t>(key);
    if (seen[index]) return false;
    seen[index] = true;
    if (key == kAttrsKey) {
      ondemand::object attrs;
      if (field.value().get_object().get(attrs) != simdjson::SUCCESS ||
          attrs.raw_json().get(texts[index]) != simdjson::SUCCESS) {
        return false;
      }
    } else if (field.value().get_string().get(texts[index]) != simdjson::SUCCESS) {
      return false;
    }
  }
  // Nothing may stand behind the object.
  if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return false;
  if (!seen[kLogKey] || (!seen[kStreamKey] && !seen[kTimeKey])) return false;

  std::string_view log = texts[kLogKey];
  out->pieces = true;
  out->partial = !log.ends_with('\n');
  if (!out->partial) {
    log.remove_suffix(1);
    if (log.ends_with('\r')) log.remove_suffix(1);
  }
  out->payload = log;
  for (size_t i = kStreamKey; i < kKeysCount; ++i) {
    if (seen[i]) out->Add(kKeys[i].field, texts[i]);
  }
  return true;
}

}  // namespace parshall::lines
