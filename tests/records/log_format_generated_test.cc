// Formats made at random, lines rendered by them as their server would, and the values read back. A
// format that cannot be read for certain must say so, and is then not held to it.

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <vector>

#include "records/log_format.h"
#include "tests/records/kit.h"
#include "tests/records/log_format_kit.h"

namespace parshall::records {
namespace {

using testing::LogFormatRule;
using testing::Padded;

// A directive, and texts that its server may write for it: as it was, and as it is in the log.
struct Sample {
  std::string raw;
  std::string logged;
};
using Random = std::mt19937_64;
struct Directive {
  std::string text;
  std::string field;
  std::function<Sample(Random*)> make;
};

size_t Pick(Random* random, size_t count) { return (*random)() % count; }

std::string Bytes(Random* random, std::string_view alphabet, size_t size_max) {
  std::string text;
  for (size_t left = Pick(random, size_max + 1); left > 0; --left)
    text += alphabet[Pick(random, alphabet.size())];
  return text == "-" ? "--" : text;  // a lone dash is a null
}

std::string Escaped(const std::string& server, const std::string& raw) {
  std::string out;
  if (server == "nginx none") return raw;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    char hex[8];
    if (server == "nginx json") {
      // ngx_escape_json: the short escapes, \\u00XX for other control characters, all else as it
      // is.
      constexpr std::string_view kShort = "\n\r\t\b\f";
      const size_t at = kShort.find(c);
      if (c == '"' || c == '\\') {
        out += std::string("\\") + c;
      } else if (at != std::string_view::npos) {
        out += std::string("\\") + "nrtbf"[at];
      } else if (byte < 32) {
        std::snprintf(hex, sizeof hex, "\\u00%02X", static_cast<unsigned>(byte));
        out += hex;
      } else {
        out += c;
      }
      continue;
    }
    if (server == "gunicorn") {
      out += c == '"' ? "\\\"" : std::string(1, c);
    } else if (server == "nginx" && (byte < 32 || byte > 126 || c == '"' || c == '\\')) {
      std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned>(byte));
      out += hex;
    } else if (server == "apache" && (byte < 32 || byte > 126)) {
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(byte));
      out += hex;
    } else if (server == "apache" && (c == '"' || c == '\\')) {
      out += std::string("\\") + c;
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<Directive> DirectivesOf(const std::string& server) {
  const auto plain = [](auto make) {
    return [make](Random* random) {
      const std::string text = make(random);
      return Sample{text, text};
    };
  };
  const auto word = plain([](Random* r) { return Bytes(r, "abcXYZ019._/:=-", 12); });
  const auto digits = plain([](Random* r) { return std::to_string(Pick(r, 1000000)); });
  const auto status = plain([](Random* r) { return std::to_string(100 + Pick(r, 900)); });
  const auto decimal = plain([](Random* r) {
    return std::to_string(Pick(r, 100)) + "." + std::to_string(100 + Pick(r, 900));
  });
  const auto clf = plain([](Random* r) {
    return std::to_string(10 + Pick(r, 19)) + "/Nov/2026:09:26:0" + std::to_string(Pick(r, 10)) +
           " +0000";
  });
  const auto address = plain([](Random* r) {
    return Pick(r, 2) == 0 ? "203.0.113." + std::to_string(Pick(r, 256))
                           : "2001:db8::" + std::to_string(Pick(r, 9999));
  });
  // What clients send. For gunicorn no backslash before a quote or at the end: it escapes none.
  const auto free = [server](Random* random) {
    std::string raw = Bytes(random,
                            server == "gunicorn"     ? "ab [](){}\"\t\x01\xe9=/?&;:-09'|,"
                            : server == "nginx none" ? "ab.xyz/:=?&019_"
                                                     : "ab [](){}\"\\\t\x01\xe9=/?&;:-09'|,",
                            20);
    return Sample{raw, Escaped(server, raw)};
  };
  const auto request = [server](Random* random) {
    // With escape=none a client could forge what stands behind it; nobody can tell, so none does
    // here.
    const char* const alphabet = server == "nginx none" ? "ab=/?&%09 " : "ab[]\"\xe9=/?&%09 ";
    std::string raw = "GET /" + Bytes(random, alphabet, 20) + "x HTTP/1.1";
    return Sample{raw, Escaped(server, raw)};
  };
  if (server == "gunicorn") {
    return {{"%(h)s", "host", word},
            {"%(u)s", "user", free},
            {"%(t)s", "time", clf},
            {"%(r)s", "request", request},
            {"%(s)s", "status", status},
            {"%(b)s", "size", digits},
            {"%(f)s", "referer", free},
            {"%(a)s", "agent", free},
            {"%(p)s", "pid", digits},
            {"%({x-a}i)s", "http_x_a", free},
            {"%({y}o)s", "sent_http_y", free},
            {"%({z}e)s", "env_z", free},
            {"%(l)s", "ident", word},
            {"%(L)s", "duration", decimal}};
  }
  if (server == "apache") {
    return {{"%h", "host", word},
            {"%u", "user", free},
            {"%t", "time", clf},
            {"%r", "request", request},
            {"%>s", "status", status},
            {"%b", "size", digits},
            {"%{Referer}i", "referer", free},
            {"%{User-Agent}i", "agent", free},
            {"%P", "pid", digits},
            {"%{c}n", "note_c", free},
            {"%{d}C", "cookie_d", free},
            {"%v", "vhost", word},
            {"%p", "port", digits},
            {"%O", "bytes_sent", digits},
            {"%A", "local_addr", address}};
  }
  return {{"$remote_addr", "host", address},
          {"$remote_user", "user", free},
          {"$time_local", "time", clf},
          {"$request", "request", request},
          {"$status", "status", status},
          {"$body_bytes_sent", "size", digits},
          {"$http_referer", "referer", free},
          {"${http_user_agent}", "agent", free},
          {"$http_x_a", "http_x_a", free},
          {"$host", "vhost", word},
          {"$request_time", "duration", decimal},
          {"$connection", "connection", digits},
          {"$msec", "msec", decimal},
          {"$request_id", "request_id", word},
          {"$request_length", "request_length", digits}};
}

const Value* ValueOf(const RuleProgram& program, const Record& record, const std::string& name) {
  const CompiledRule& rule = program.rules[record.rule];
  for (uint32_t slot = 0; slot < record.values_count; ++slot) {
    if (rule.fields[slot].name == name) return &record.values[slot];
  }
  return nullptr;
}

size_t LongRun() {
  const char* wanted = std::getenv("PARSHALL_LOG_FORMATS");
  return wanted != nullptr ? std::strtoul(wanted, nullptr, 10) : 10'000;
}

}  // namespace

TEST_CASE("Generated formats give back the values that were put in, or say why not") {
  // nginx with each of its ways to escape.
  const std::string servers[] = {"gunicorn", "nginx", "apache", "nginx json", "nginx none"};
  const char* const separators[] = {" ",   " ",  " ",  "\" \"", " \"", "\" ", " [", "] ",  "|",
                                    " - ", "\t", ": ", ";",     " x=", "",    ", ", "] \""};
  Random random(20261121);
  const size_t formats = LongRun();
  size_t certain = 0;
  size_t doubtful = 0;
  size_t refused = 0;
  for (size_t n = 0; n < formats; ++n) {
    const std::string& server = servers[n % std::size(servers)];
    std::vector<Directive> left = DirectivesOf(server);
    std::vector<Directive> used;
    std::vector<std::string> literals = {Pick(&random, 3) == 0 ? "\"" : ""};
    std::string format = literals[0];
    for (size_t count = 1 + Pick(&random, 8); count > 0 && !left.empty(); --count) {
      const size_t chosen = Pick(&random, left.size());
      used.push_back(left[chosen]);
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(chosen));
      literals.emplace_back(count == 1 ? (Pick(&random, 2) == 0 ? "" : "\"")
                                       : separators[Pick(&random, std::size(separators))]);
      format += used.back().text;
      for (const char c : literals.back())
        format += c == '"' && server == "apache" ? "\\\"" : std::string(1, c);
    }
    if (format.starts_with('"') && server == "apache") format.insert(0, "\\");
    const bool decode = Pick(&random, 2) == 0;
    const size_t blank = server.find(' ');
    if (blank != std::string::npos) format.insert(0, "escape=" + server.substr(blank + 1) + " ");
    rules::RuleSet set = LogFormatRule(server.substr(0, blank), format, decode);
    std::vector<Error> doubts;
    const std::vector<Error> faults = ExpandLogFormats(&set, &doubts);
    INFO(server << ": " << format);
    if (!faults.empty()) {
      CHECK(faults[0].what.find("column ") != std::string::npos);
      ++refused;
      continue;
    }
    (doubts.empty() ? certain : doubtful) += 1;
    INFO(set.rules[0].pattern);
    Matcher matcher(testing::Compiled(set));
    for (int round = 0; round < 4; ++round) {
      std::string line = literals[0];
      std::vector<Sample> values;
      for (size_t at = 0; at < used.size(); ++at) {
        Sample value = used[at].make(&random);
        const bool can_be_null = used[at].field != "time" && used[at].field != "msec";
        if (can_be_null && Pick(&random, 8) == 0) value = {"-", "-"};
        std::string around[2];
        if (used[at].text == "%(t)s" || used[at].text == "%t") around[0] = "[", around[1] = "]";
        if (used[at].text == "%(p)s") around[0] = "<", around[1] = ">";
        line += around[0] + value.logged + around[1] + literals[at + 1];
        values.push_back(std::move(value));
      }
      INFO(line);
      const Padded padded(line);
      Record record;
      const Outcome outcome = matcher.Match(padded.view(), "stdin", &record);
      if (!doubts.empty()) {
        // Where one value ends and the next begins is open; that the line is one of these is not.
        CHECK(outcome != Outcome::kUnmatched);
        continue;
      }
      REQUIRE(outcome == Outcome::kMatched);
      for (size_t at = 0; at < used.size(); ++at) {
        const Value* got = ValueOf(matcher.program(), record, used[at].field);
        // %O is the size when there is no other.
        if (got == nullptr && used[at].field == "bytes_sent")
          got = ValueOf(matcher.program(), record, "size");
        INFO(used[at].text);
        REQUIRE(got != nullptr);
        if (values[at].raw == "-") {
          const bool zero = got->kind == ValueKind::kInt && got->integer == 0;
          CHECK((got->kind == ValueKind::kNull || zero));
        } else {
          CHECK(got->text() == (decode ? values[at].raw : values[at].logged));
        }
      }
    }
  }
  WARN(certain << " certain, " << doubtful << " in doubt, " << refused << " refused");
  // The test would say nothing if hardly a format were taken.
  CHECK(certain > formats / 4);
}

}  // namespace parshall::records
