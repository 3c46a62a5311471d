#pragma once
// Real lines for the benchmarks of single stations: tests/data/corpora, shuffled, since a period
// that a branch predictor can learn flatters a parser. In one block, as a read hands them on.

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "lines/newline_framer.h"

namespace parshall::bench {

inline std::vector<std::string> CorpusLines() {
  const char* const path = PARSHALL_SOURCE_DIR "/tests/data/corpora/elastic-apache_logs.log.gz";
  gzFile file = gzopen(path, "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "%s cannot be read\n", path);
    std::exit(1);
  }
  std::string text;
  char block[65536];
  for (int size; (size = gzread(file, block, sizeof block)) > 0;)
    text.append(block, static_cast<size_t>(size));
  gzclose(file);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::mt19937_64 random(1);
  std::shuffle(lines.begin(), lines.end(), random);
  return lines;
}

// As gunicorn writes them through structlog.
inline std::vector<std::string> EventLines() {
  std::vector<std::string> events;
  for (const std::string& line : CorpusLines()) {
    std::string event = "{\"event\": \"";
    for (const char c : line) {
      if (c == '"' || c == '\\') event += '\\';
      event += c;
    }
    events.push_back(event +
                     "\", \"level\": \"info\", \"logger\": \"gunicorn.access\", \"timestamp\": "
                     "\"2026-11-21T09:25:39.123456Z\"}");
  }
  return events;
}

// Lines in one block with the padding behind it, and where each of them stands.
struct Block {
  explicit Block(const std::vector<std::string>& from) {
    for (const std::string& line : from) text += line + "\n";
    size = text.size();
    text.append(lines::kPadBytes, '\0');
    const char* at = text.data();
    for (const std::string& line : from) {
      views.emplace_back(at, line.size());
      at += line.size() + 1;
    }
  }
  std::string text;
  size_t size = 0;
  std::vector<std::string_view> views;
};

}  // namespace parshall::bench
