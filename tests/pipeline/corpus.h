#pragma once
// Lines of every kind that the pipeline treats in its own way.

#include <random>
#include <string>
#include <vector>

namespace parshall::pipeline::testing {

// What one entry of the corpus is made of: one or more lines that belong together.
inline const std::vector<std::string>& CorpusEntries() {
  static const std::vector<std::string> entries = {
      "203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 2326 \"-\" \"M\"\n",
      "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"POST /b HTTP/1.1\" 404 - \"-\" \"x\\\"y\" "
      "989\r\n",
      // unmatched, empty, invalid bytes
      "this is no log line\n",
      "\n",
      std::string("\xff\xfe \0 \x01\n", 7),
      // the error log: an event of its own, and one with a chained traceback
      "[2000-10-10 13:55:36 +0000] [7] [INFO] Booting worker with pid: 7\n",
      "[2000-10-10 13:55:37 +0000] [7] [ERROR] Error handling request /\n"
      "Traceback (most recent call last):\n"
      "  File \"/srv/app.py\", line 3, in f\n"
      "    raise KeyError(1)\n"
      "KeyError: 1\n"
      "\n"
      "During handling of the above exception, another exception occurred:\n"
      "\n"
      "Traceback (most recent call last):\n"
      "  File \"/srv/app.py\", line 9, in g\n"
      "ValueError: boom\n",
      "[2000-10-10 13:55:38 +0000] [7] [WARNING] indented things follow\n\tone\n  two\r\n",
      // structlog
      R"({"event": "10.0.0.8 - - [15/Aug/2019:14:19:23 +0000] \"GET /m HTTP/1.1\" 200 14134 \"-\" \"P\"", "logger": "gunicorn.access", "level": "info"})"
      "\n",
      R"({"event": "Booting", "level": "warning", "logger": "app", "timestamp": "2019-08-15 14:19:14"})"
      "\n",
      // Docker: whole, and in pieces
      R"({"log":"203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] \"GET /d HTTP/1.0\" 200 5\n","stream":"stdout","time":"2000-10-10T20:55:36.5Z"})"
      "\n",
      R"({"log":"203.0.113.7 - - [10/Oct/2000:13:55:36 ","stream":"stderr","time":"2000-10-10T20:55:36.5Z"})"
      "\n"
      R"({"log":"other\n","stream":"stdout","time":"2000-10-10T20:55:36.6Z"})"
      "\n"
      R"({"log":"-0700] \"GET /pieces HTTP/1.0\" 503 17\n","stream":"stderr","time":"2000-10-10T20:55:37Z"})"
      "\n",
      // CRI, in pieces
      "2000-10-10T20:55:36.5Z stdout P 203.0.113.6 - - [10/Oct/2000:13:55:3\n"
      "2000-10-10T20:55:36.6Z stdout F 6 -0700] \"GET /cri HTTP/1.0\" 200 5\n",
      "2000-10-10T20:55:36.6Z stderr F plain text\n",
      // a traceback inside of a container
      "2000-10-10T20:55:36.6Z stderr F [2000-10-10 13:55:37 +0000] [7] [ERROR] boom\n"
      "2000-10-10T20:55:36.6Z stderr F Traceback (most recent call last):\n"
      "2000-10-10T20:55:36.7Z stderr F ValueError: x\n",
      "<190>Oct 10 13:55:36 web nginx: 203.0.113.5 - - [10/Oct/2000:13:55:36 -0700] \"GET /s "
      "HTTP/1.0\" 200 5\n",
      // longer than the limit of the tests
      "long " + std::string(700, 'x') + "\n",
      "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET /" + std::string(800, 'y') +
          " HTTP/1.0\" 200 1\r\n",
      // a status that is no number: the event's own affair
      R"({"event": "x", "request": "GET /p HTTP/1.1", "status": "ok", "size": 3})"
      "\n",
  };
  return entries;
}

inline constexpr size_t kCorpusLineBytesMax = 600;

// All entries once, and a last line without its end.
inline std::string WholeCorpus() {
  std::string text;
  for (const std::string& entry : CorpusEntries()) text += entry;
  return text + "203.0.113.9 - - [10/Oct/2000:13:55:36 -0700] \"GET /last HTTP/1.0\" 200 1";
}

inline std::string RandomCorpus(std::mt19937_64* random, size_t entries) {
  std::string text;
  for (size_t n = 0; n < entries; ++n) {
    text += CorpusEntries()[(*random)() % CorpusEntries().size()];
  }
  return text;
}

}  // namespace parshall::pipeline::testing
