#include "lines/unwrap.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "lines/newline_framer.h"

namespace parshall::lines {
namespace {

using namespace std::string_literals;

// A line as the pipeline keeps it: kPadBytes readable bytes behind, and not one more.
class Padded {
 public:
  explicit Padded(std::string_view text) : size_(text.size()), block_(new char[size_ + kPadBytes]) {
    std::copy(text.begin(), text.end(), block_.get());
    std::fill_n(block_.get() + size_, kPadBytes, '"');
  }
  std::string_view view() const { return {block_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> block_;
};

// "payload | name=text name=text", with P in front of the | for a piece, or "as it is".
std::string Described(Unwrapper& unwrapper, std::string_view text) {
  const Padded line(text);
  Unwrapped out;
  if (!unwrapper.Unwrap(line.view(), &out)) return "as it is";
  std::string described(out.payload);
  described += out.partial ? " P|" : " |";
  for (const EnvelopeField& field : out.fields()) {
    described += " " + std::string(field.name) + "=" + std::string(field.text);
  }
  return described;
}

struct Row {
  std::string line;
  std::string want;
};

void CheckRows(const std::vector<Row>& rows) {
  Unwrapper unwrapper;
  for (const Row& row : rows) {
    INFO("line: " << row.line);
    CHECK(Described(unwrapper, row.line) == row.want);
  }
}

TEST_CASE("Unwrapper takes off Docker's json-file wrapping and no other JSON") {
  CheckRows({
      {R"({"log":"GET /\n","stream":"stdout","time":"2026-11-21T09:40:47.6Z"})",
       "GET / | stream=stdout container_time=2026-11-21T09:40:47.6Z"},
      {R"({"log":"{\"event\": \"é \\u00e9 \\\"\"}\n","stream":"stderr","time":"T"})",
       R"({"event": "é \u00e9 \""} | stream=stderr container_time=T)"},
      {R"({"log":"crlf\r\n","stream":"stdout","time":"T"})",
       "crlf | stream=stdout container_time=T"},
      {R"({"log":"\n","stream":"stdout","time":"T"})", " | stream=stdout container_time=T"},
      {R"({"log":"a piece","stream":"stdout","time":"T"})",
       "a piece P| stream=stdout container_time=T"},
      {R"({"log":"","stream":"stdout","time":"T"})", " P| stream=stdout container_time=T"},
      {R"({"log":"only time\n","time":"T"})", "only time | container_time=T"},
      {R"({"log":"only stream\n","stream":"stdout"})", "only stream | stream=stdout"},
      {R"({"stream":"stdout","log":"order\n","time":"T"})",
       "order | stream=stdout container_time=T"},
      {R"({"log":"x\n","stream":"stdout","attrs":{"tag":"a}\"b","n":{"m":1}},"time":"T"})",
       R"(x | stream=stdout container_time=T container_attrs={"tag":"a}\"b","n":{"m":1}})"},
      {R"({"attrs":{},"log":"x\n","stream":"stdout"})", "x | stream=stdout container_attrs={}"},
      {R"({"log":"x\n","container_id":"c0ffee","container_name":"/web","source":"stdout"})",
       "x | stream=stdout container_id=c0ffee container_name=/web"},
      {R"({ "log" : "x\n" , "stream" : "stdout" })", "as it is"},  // Docker writes no blanks
      {R"({"log":"x\n"})", "as it is"},
      {R"({"log":"x\n","level":"info"})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T","level":"info"})", "as it is"},
      {R"({"log":7,"stream":"stdout","time":"T"})", "as it is"},
      {R"({"log":"x\n","stream":7,"time":"T"})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":null})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","attrs":"no object"})", "as it is"},
      {R"({"log":"x\n","log":"y\n","stream":"stdout"})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","source":"stderr"})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T"} tail)", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T"}{})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T")", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T)", "as it is"},
      {R"({"log":"x\q","stream":"stdout","time":"T"})", "as it is"},
      {R"({"log":"x\ud800","stream":"stdout","time":"T"})", "as it is"},
      {"{\"log\":\"x\xFF\\n\",\"stream\":\"stdout\",\"time\":\"T\"}", "as it is"},
      {"{\"log\":\"x\x01\\n\",\"stream\":\"stdout\",\"time\":\"T\"}", "as it is"},
      {R"({"log":"nul \u0000 in\n","stream":"stdout"})", "nul \0 in | stream=stdout"s},
      {R"({"logger":"gunicorn.error","event":"x","stream":"stdout"})", "as it is"},
      {R"({"event":"x","log":"y\n","stream":"stdout"})", "as it is"},
      {R"({"log":"x\n","stream":"stdout","time":"T","attrs":)" + std::string(100000, '{'),
       "as it is"},
  });
}

TEST_CASE("Unwrapper takes off the CRI prefix") {
  CheckRows({
      {"2026-11-21T09:41:20.732756637+00:00 stdout F text",
       "text | stream=stdout container_time=2026-11-21T09:41:20.732756637+00:00"},
      {"2026-11-21T09:41:20.732756637Z stderr P piece ",
       "piece  P| stream=stderr container_time=2026-11-21T09:41:20.732756637Z"},
      {"2026-11-21T09:41:20Z stdout F ", " | stream=stdout container_time=2026-11-21T09:41:20Z"},
      {"2026-11-21T09:41:20Z stdout F", " | stream=stdout container_time=2026-11-21T09:41:20Z"},
      {"2026-11-21T09:41:20Z stdout F  two blanks",
       " two blanks | stream=stdout container_time=2026-11-21T09:41:20Z"},
      {"2026-11-21T09:41:20Z stdout F:more text",
       "text | stream=stdout container_time=2026-11-21T09:41:20Z"},
      {"2026-11-21T09:41:20Z stdout P:x:y text",
       "text P| stream=stdout container_time=2026-11-21T09:41:20Z"},
      {"2026-11-21T09:41:20Z stdout X text", "as it is"},
      {"2026-11-21T09:41:20Z stdout Full text", "as it is"},
      {"2026-11-21T09:41:20Z stdin F text", "as it is"},
      {"2026-11-21T09:41:20Z stdout", "as it is"},
      {"2026-11-21T09:41:20Z stdout ", "as it is"},
      {"2026-11-21T09:41:20 stdout F no zone", "as it is"},
      {"2026-02-31T09:41:20Z stdout F no such day", "as it is"},
      {"2026-11-21T09:41:20+0000 stdout F no colon", "as it is"},
      {"2026-11-21 09:41:20Z stdout F", "as it is"},
  });
}

TEST_CASE("Unwrapper takes off syslog prefixes of RFC 3164") {
  CheckRows({
      {"<190>Nov 21 09:37:22 vm nginx: ::1 - - [21/Nov/2026:09:37:22 +0000] \"GET / HTTP/1.1\" 200",
       "::1 - - [21/Nov/2026:09:37:22 +0000] \"GET / HTTP/1.1\" 200 | syslog_priority=190 "
       "syslog_time=Nov 21 09:37:22 syslog_host=vm syslog_app=nginx"},
      {"<134>Nov 21 09:38:51 localhost haproxy[13790]: 127.0.0.1:43118 [x]",
       "127.0.0.1:43118 [x] | syslog_priority=134 syslog_time=Nov 21 09:38:51 "
       "syslog_host=localhost syslog_app=haproxy syslog_pid=13790"},
      {"<134>Nov  1 09:38:51 haproxy[13790]: no host: here",
       "no host: here | syslog_priority=134 syslog_time=Nov  1 09:38:51 syslog_app=haproxy "
       "syslog_pid=13790"},
      {"<13>Nov 21 09:37:22 nginx: upstream: x",
       "upstream: x | syslog_priority=13 syslog_time=Nov 21 09:37:22 syslog_app=nginx"},
      {"<0>Feb 29 00:00:00 h t:",
       " | syslog_priority=0 syslog_time=Feb 29 00:00:00 syslog_host=h "
       "syslog_app=t"},
      {"<30>2026-11-21T09:37:22.123456+00:00 vm systemd[1]: Started.",
       "Started. | syslog_priority=30 syslog_time=2026-11-21T09:37:22.123456+00:00 syslog_host=vm "
       "syslog_app=systemd syslog_pid=1"},
      {"<22>Nov 21 09:37:22 fe80::1 postfix/smtpd[2]: x",
       "x | syslog_priority=22 syslog_time=Nov 21 09:37:22 syslog_host=fe80::1 "
       "syslog_app=postfix/smtpd syslog_pid=2"},
      {"<191>Nov 21 09:37:22 h t: \xFF\xFE",
       "\xFF\xFE | syslog_priority=191 syslog_time=Nov 21 09:37:22 syslog_host=h syslog_app=t"},
      {"<192>Nov 21 09:37:22 h t: x", "as it is"},
      {"<019>Nov 21 09:37:22 h t: x", "as it is"},
      {"<>Nov 21 09:37:22 h t: x", "as it is"},
      {"<1900>Nov 21 09:37:22 h t: x", "as it is"},
      {"<-1>Nov 21 09:37:22 h t: x", "as it is"},
      {"<19", "as it is"},
      {"<190>", "as it is"},
      {"<190>Nov 21 09:37:22", "as it is"},
      {"<190>Nov 21 09:37:22 ", "as it is"},
      {"<190>Nov 31 09:37:22 h t: x", "as it is"},
      {"<190>Okt 21 09:37:22 h t: x", "as it is"},
      {"<190>NOV 21 09:37:22 h t: x", "as it is"},
      {"<190>Nov 21 24:37:22 h t: x", "as it is"},
      {"<190>Nov 21 09:37:22 h text without a tag", "as it is"},
      {"<190>Nov 21 09:37:22 h t[12] x", "as it is"},
      {"<190>Nov 21 09:37:22 h t[]: x", "as it is"},
      {"<190>Nov 21 09:37:22 h t[12: x", "as it is"},
      {"<190>Nov 21 09:37:22 h " + std::string(70, 't') + ": x", "as it is"},
      {"<190>plain text, no time: x", "as it is"},
  });
}

TEST_CASE("Unwrapper takes off syslog prefixes of RFC 5424") {
  CheckRows({
      {"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xEF\xBB\xBF'su root' "
       "failed",
       "'su root' failed | syslog_priority=34 syslog_time=2003-10-11T22:14:15.003Z "
       "syslog_host=mymachine.example.com syslog_app=su syslog_msgid=ID47"},
      {"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time.",
       "%% It's time. | syslog_priority=165 syslog_time=2003-08-24T05:14:15.000003-07:00 "
       "syslog_host=192.0.2.1 syslog_app=myproc syslog_pid=8710"},
      {R"(<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [ex@32473 iut="3" e="A\"p] p"][b@1 c="d"] An event)",
       R"(An event | syslog_priority=165 syslog_time=2003-10-11T22:14:15.003Z syslog_host=h )"
       R"(syslog_app=evntslog syslog_msgid=ID47 syslog_data=[ex@32473 iut="3" e="A\"p] p"][b@1 c="d"])"},
      {R"(<165>1 - h a 1 m [x@1 a="b"])",
       R"( | syslog_priority=165 syslog_host=h syslog_app=a syslog_pid=1 syslog_msgid=m syslog_data=[x@1 a="b"])"},
      {"<0>1 - - - - - -", " | syslog_priority=0"},
      {"<0>1 - - - - - - x", "x | syslog_priority=0"},
      {"<0>2 - - - - - - x", "as it is"},
      {"<0>1 - - - - - x", "as it is"},
      {"<0>1 - - - - - -x", "as it is"},
      {"<0>1 yesterday - - - - - x", "as it is"},
      {R"(<165>1 - h a 1 m [x@1 a="b)", "as it is"},
      {R"(<165>1 - h a 1 m [x@1 a="b"]text)", "as it is"},
      {"<165>1 - h a", "as it is"},
  });
}

TEST_CASE("Unwrapper takes off what syslog daemons write to files, if it is plain what it is") {
  CheckRows({
      {"Nov 21 09:37:22 vm nginx: x",
       "x | syslog_time=Nov 21 09:37:22 syslog_host=vm syslog_app=nginx"},
      {"Nov  1 09:37:22 vm CRON[12]: (root) CMD (x)",
       "(root) CMD (x) | syslog_time=Nov  1 09:37:22 syslog_host=vm syslog_app=CRON syslog_pid=12"},
      {"2026-11-21T09:37:22.123456+00:00 vm nginx[12]: x",
       "x | syslog_time=2026-11-21T09:37:22.123456+00:00 syslog_host=vm syslog_app=nginx "
       "syslog_pid=12"},
      {"2026-11-21T09:37:22.123456+00:00 vm kernel: x",
       "x | syslog_time=2026-11-21T09:37:22.123456+00:00 syslog_host=vm syslog_app=kernel"},
      {"2026-11-21T09:37:22.123456+00:00 INFO app: x", "as it is"},
      {"2026-11-21T09:37:22.123456+00:00 warning app: x", "as it is"},
      {"2026-11-21T09:37:22.123Z vm app: x", "as it is"},
      {"2026-11-21T09:37:22.123456+0000 vm app: x", "as it is"},
      {"2026-11-21T09:37:22.123456+00:00 app: x", "as it is"},
      {"2026-11-21T09:37:22.123456+00:00", "as it is"},
      {"Nov 21 09:37:22 nginx: x", "as it is"},
      {"Nov 21 09:37:22 INFO app: x", "as it is"},
      {"Nov 21 09:37:22 vm no tag", "as it is"},
      {"Nov 21 09:37:22", "as it is"},
      {"Nov 21 09:37:22 ", "as it is"},
      {"Abc 21 09:37:22 vm t: x", "as it is"},
  });
}

TEST_CASE("Unwrapper leaves ordinary lines alone, most of them at first sight") {
  const char* lines[] = {
      "127.0.0.1 - - [21/Nov/2026:09:25:39 +0000] \"GET / HTTP/1.1\" 200 6 \"-\" \"curl/7.88.1\"",
      "::1 - - [21/Nov/2026:09:25:39 +0000] \"GET / HTTP/1.1\" 200 6 \"-\" \"curl/7.88.1\"",
      " - - [21/Nov/2026:09:25:39 +0000] \"GET / HTTP/1.1\" 200 6",
      "[2026-11-21 09:32:30 +0000] [10554] [INFO] Starting gunicorn 20.1.0",
      "{\"event\": \"Starting gunicorn 20.1.0\", \"level\": \"info\"}",
      "INFO:     127.0.0.1:34234 - \"GET / HTTP/1.1\" 200 OK",
      "Traceback (most recent call last):",
      "2026/11/21 09:37:22 [error] 12#12: *5 connect() failed",
      "2026-11-21 09:37:22,123 INFO app: x",
      "<html><body>hello</body></html>",
      "",
      "x",
  };
  Unwrapper unwrapper;
  for (const char* line : lines) {
    INFO("line: " << line);
    CHECK_FALSE(Unwrapper::MayBeWrapped(line));
    CHECK(Described(unwrapper, line) == "as it is");
  }
}

std::vector<std::string> LinesOf(const std::string& name) {
  std::ifstream file(PARSHALL_TEST_DATA "/samples/" + name, std::ios::binary);
  REQUIRE(file.good());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

TEST_CASE("Unwrapper reads Docker's own files as another JSON parser does") {
  Unwrapper unwrapper;
  size_t pieces = 0;
  size_t count = 0;
  for (const char* name :
       {"container/docker-json-file-gun1.log", "container/docker-json-file-gun2.log"}) {
    for (const std::string& line : LinesOf(name)) {
      const Padded padded(line);
      Unwrapped out;
      INFO(line);
      REQUIRE(unwrapper.Unwrap(padded.view(), &out));
      const auto json = nlohmann::json::parse(line);
      const std::string log = json["log"];
      REQUIRE(std::string(out.payload) + (out.partial ? "" : "\n") == log);
      REQUIRE(out.Field(kStream) == json["stream"].get<std::string>());
      REQUIRE(out.Field(kContainerTime) == json["time"].get<std::string>());
      REQUIRE(Unwrappers()[out.unwrapper].name == "docker");
      pieces += out.partial ? 1 : 0;
      ++count;
    }
  }
  CHECK(count == 247 + 131);
  CHECK(pieces == 2);
}

TEST_CASE("Unwrapper recognises every line of the CRI sample") {
  Unwrapper unwrapper;
  size_t pieces = 0;
  size_t whole = 0;
  for (const std::string& line : LinesOf("container/cri-k8s-file.log")) {
    const Padded padded(line);
    Unwrapped out;
    INFO(line);
    REQUIRE(unwrapper.Unwrap(padded.view(), &out));
    REQUIRE(out.pieces);
    ++(out.partial ? pieces : whole);
  }
  CHECK(pieces == 27);
  CHECK(whole == 259);
}

TEST_CASE("Each unwrapper has a name, a help sentence and a line that only it knows") {
  const std::pair<const char*, const char*> samples[] = {
      {"docker", R"({"log":"GET /\n","stream":"stdout","time":"T"})"},
      {"cri", "2026-11-21T09:41:20Z stdout F text"},
      {"syslog", "<190>Nov 21 09:37:22 vm nginx: x"},
      {"syslog-file", "Nov 21 09:37:22 vm nginx: x"},
  };
  REQUIRE(Unwrappers().size() == std::size(samples));
  Unwrapper unwrapper;
  for (size_t i = 0; i < std::size(samples); ++i) {
    CHECK(Unwrappers()[i].name == samples[i].first);
    CHECK(Unwrappers()[i].help.ends_with('.'));
    const Padded padded(samples[i].second);
    Unwrapped out;
    REQUIRE(unwrapper.Unwrap(padded.view(), &out));
    CHECK(out.unwrapper == i);
  }
}

TEST_CASE("Unwrapper keeps inside of mutated lines") {
  const std::string seeds[] = {
      R"({"log":"{\"event\": \"x\"}\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-11-21T09:40:47Z"})",
      "2026-11-21T09:41:20.732756637+00:00 stdout F text",
      "2026-11-21T09:41:20Z stderr P",
      "<190>Nov 21 09:37:22 vm nginx[12]: x",
      R"(<165>1 2003-10-11T22:14:15.003Z h app 1 ID47 [ex@32473 iut="3" e="A\"p]"] An event)",
      "Nov  1 09:37:22 vm CRON[12]: x",
      "2026-11-21T09:37:22.123456+00:00 vm nginx[12]: x",
  };
  constexpr char kBytes[] = "<>[]{}\":\\ -+.TZPF0123456789abs\0\xFF\xC3";
  std::mt19937 random(9);
  Unwrapper unwrapper;
  size_t unwrapped = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
    for (unsigned changes = random() % 4; changes > 0 && !text.empty(); --changes) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text.erase(at, 1 + random() % 3);
          break;
        case 1:
          text.insert(at, 1, kBytes[random() % (sizeof kBytes - 1)]);
          break;
        case 2:
          text.resize(at);
          break;
        default:
          text[at] = kBytes[random() % (sizeof kBytes - 1)];
      }
    }
    const Padded line(text);
    Unwrapped out;
    if (!unwrapper.Unwrap(line.view(), &out)) continue;
    ++unwrapped;
    REQUIRE(out.fields_count <= Unwrapped::kFieldsMax);
    REQUIRE(out.payload.size() <= text.size());
    // Reads every byte that is handed on, and the pad behind the payload.
    size_t sum = 0;
    for (const EnvelopeField& field : out.fields()) {
      for (const char c : field.text) sum += static_cast<unsigned char>(c);
    }
    for (size_t j = 0; j < out.payload.size() + kPadBytes; ++j) {
      sum += static_cast<unsigned char>(out.payload.data()[j]);
    }
    REQUIRE(sum < SIZE_MAX);
  }
  CHECK(unwrapped > 10000);
}

}  // namespace
}  // namespace parshall::lines
