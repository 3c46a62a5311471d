// The short way of usual lines (records/matcher_straight.cc, and what the writer makes of its
// Record::kinds) and the long way of all others give the same records, byte for byte.

#include <catch2/catch.hpp>
#include <random>
#include <sstream>

#include "sinks/record_json.h"
#include "tests/records/expressions.h"
#include "tests/records/kit.h"

namespace parshall::sinks {
namespace {

using records::Matcher;
using records::Outcome;
using records::Record;
using records::testing::Padded;

// Rules whose fields leave the usual way in one point each.
constexpr const char* kRules = R"yaml(
rules:
  - name: request
    event: request
    pattern: '^r (?P<host>[^ ]*) (?P<user>[^ ]*) "(?P<request>[^"]*)" (?P<status>\d{3}|-) (?P<size>\d+|-)(?: (?P<agent>.*))?$'
    fields:
      user: {null: '-'}
      request: {type: http_request, null: '-'}
      status: {type: int, null: '-'}
      size: {type: bytes, null: '-', default: 0}
      agent: {null: '-'}
  - name: renamed_request
    pattern: '^n "(?P<line>[^"]*)" (?P<path>[^ ]*) (?P<a>\d*)$'
    fields:
      line: {type: http_request, null: '-'}
      a: {type: int, null: ''}
  - name: alternatives
    pattern: '^a (?P<x>[^ ]*)(?: (?P<micros>\d+)| (?P<seconds>\d+\.\d+)|)(?: (?P<list>[-\d., ]+))?$'
    fields:
      micros: {type: duration, unit: us, as: duration}
      seconds: {type: duration, unit: s, as: duration}
      list: {type: float, null: '-'}
  - name: nulls
    pattern: '^u (?P<a>[^ ]*) (?P<b>[^ ]*) (?P<c>[^ ]*) (?P<d>[^ ]*)$'
    fields:
      a: {null: ['-', 'none']}
      b: {null: '-', default: 'nobody'}
      c: {type: bool}
      d: {type: int, null: ['-', '0']}
  - name: decimals
    pattern: '^d (?P<took>[^ ]*) (?P<ratio>[^ ]*)(?: (?P<upstream>[-\d., :]*))?$'
    fields:
      took: {type: duration, unit: s, null: '-'}
      ratio: {type: float, null: ''}
      upstream: {type: duration, unit: s, list: sum, count: tries, null: '-'}
  - name: shared_request
    pattern: '^(?:s "(?P<r1>[^"]*)"|t "(?P<r2>[^"]*)"|v) (?P<n>\d+)$'
    fields:
      r1: {type: http_request, null: ['', '-'], as: request}
      r2: {type: http_request, null: ['', '-'], as: request}
  - name: half_a_request
    pattern: '^(?:p (?P<request>[^ ]*)|q "(?P<line>[^"]*)") (?P<n>\d+)$'
    fields:
      line: {type: http_request, as: request}
  - name: shared_count
    pattern: '^(?:w (?P<x>[\d., ]+)|y (?P<y>[\d., ]+)|z (?P<word>[^ ]*))$'
    fields:
      x: {type: float, list: sum, count: items}
      y: {type: float, list: sum, count: items}
  - name: everything
    pattern: '^(?P<first>[^ ]*)(?P<rest>.*)$'
)yaml";

std::shared_ptr<const records::RuleProgram> LongWay(const rules::RuleSet& set) {
  auto program = records::testing::Compiled(set, {"method", "status", "size"});
  // Nobody else holds it yet.
  for (records::CompiledRule& rule : const_cast<records::RuleProgram&>(*program).rules) {
    rule.straight = false;
    for (records::Steps* steps : {&rule.steps, &rule.metric_steps}) {  // none of a usual kind
      steps->texts_end = steps->dashed_end = steps->digits_end = steps->begin;
      steps->decimals_end = steps->requests_end = steps->begin;
    }
  }
  return program;
}

struct Both {
  explicit Both(const rules::RuleSet& set)
      : program(records::testing::Compiled(set, {"method", "status", "size"})),
        usual(program),
        other(LongWay(set)),
        json(program) {}

  void Hold(std::string_view text) {
    const Padded line(text);
    INFO(line.view());
    Record record;
    Record slow;
    const Outcome outcome = usual.Match(line.view(), "stdin", &record);
    REQUIRE(other.Match(line.view(), "stdin", &slow) == outcome);
    if (outcome != Outcome::kMatched && outcome != Outcome::kRejected) return;
    REQUIRE(slow.rule == record.rule);
    Matcher fresh_matcher(program);  // has seen no line
    Record first;
    REQUIRE(fresh_matcher.Match(line.view(), "stdin", &first) == outcome);
    REQUIRE(records::testing::ShowFields(*program, record) ==
            records::testing::ShowFields(*program, first));
    REQUIRE(records::testing::ShowFields(*program, record) ==
            records::testing::ShowFields(*program, slow));
    if (record.kinds != 0) {
      ++straight;
      REQUIRE(record.kinds == records::KindsOf(record.values, record.values_count));
    }
    CHECK(slow.kinds == 0);
    RecordJson fresh(program);  // has seen no shape
    Buffer outs[3];
    json.Append(record, {}, &outs[0]);
    json.Append(slow, {}, &outs[1]);
    fresh.Append(slow, {}, &outs[2]);
    REQUIRE(outs[0].view() == outs[1].view());
    REQUIRE(outs[0].view() == outs[2].view());
  }

  std::shared_ptr<const records::RuleProgram> program;
  Matcher usual;
  Matcher other;
  RecordJson json;
  size_t straight = 0;
};

}  // namespace

TEST_CASE("Usual lines and all others become the same records") {
  Both both(records::testing::RulesOf(kRules));
  std::mt19937_64 random(6);
  const auto one_of = [&random](std::initializer_list<const char*> words) {
    return std::string(words.begin()[random() % words.size()]);
  };
  const auto word = [&] {
    return one_of({"-", "-", "", "x", "none", "true", "0", "-1",
                   "a_text_that_is_longer_than_one_vector,_and_than_two_of_32_bytes"});
  };
  const auto quoted = [&] {
    return "\"" +
           one_of({"GET /a?b HTTP/1.1", "-", "", "GET  HTTP/1.1", "POST /x\\y HTTP/1.0", "GET /",
                   "HEAD /\xc3\xa9\xff HTTP/1.1", "\\x16\\x03", "OPTIONS * HTTP/2",
                   "GET /a/path/that/is/longer/than/one/vector/and/than/two/of/them HTTP/1.1"}) +
           "\"";
  };
  const auto number = [&] {
    return one_of({"-", "200", "0200", "0", "007", "12345678", "123456789012345678901", "1.5"});
  };
  const auto decimal = [&] {
    return one_of({"0.012", "-", "", "1.5", "12.345", "0.0000001", "00.5", "007.25", "5.", ".5",
                   "1..2", "0.1.2", "123456.7", "1234567.8", "9", "1e3", "-0.5", "0.1a"});
  };
  for (int n = 0; n < 40'000; ++n) {
    std::string line;
    switch (random() % 8) {
      case 4:
        line = one_of({"s ", "t ", "q "}) + quoted() + " 1";
        if (random() % 3 == 0) line = one_of({"v 1", "p foo 2", "p \xff 2"});
        break;
      case 5:
        line = one_of({"w 0.1, 0.2", "w 5", "y 0.1, 0.2, 0.3", "y 0.5", "z x", "z "});
        break;
      case 3:
        line = "d " + decimal() + " " + decimal() +
               one_of({"", " 0.001", " -", " 0.100, 0.25", " 12", " 0.1 : -", " ", " 1234567.5"});
        break;
      case 0:
        line = "n " + quoted() + " " + word() + " " + one_of({"", "7", "08", "123456789"});
        break;
      case 1:
        line = "a " + word() + one_of({"", " 15", " 0.25", " 1, 2", " 3 1, 2 : -", " 0.5 -"});
        break;
      case 2:
        line = "u " + word() + " " + word() + " " + word() + " " + number();
        break;
      default:
        line = "r " + word() + " " + word() + " " + quoted() + " " + one_of({"200", "404", "-"}) +
               " " + number() + one_of({"", " -", " an agent", " "});
    }
    both.Hold(line);
  }
  CHECK(both.straight > 20'000);
}

TEST_CASE("Lines made for the shipped expressions become the same records on both ways") {
  Both both(records::testing::ShippedRules());
  std::mt19937_64 random(7);
  records::LineMaker line_maker(&random);
  for (const records::CompiledRule& rule : both.program->rules) {
    if (rule.regex == nullptr || !rule.regex->tree()) continue;
    for (int n = 0; n < 4000; ++n) both.Hold(line_maker.Make(*rule.regex->tree()));
  }
  std::istringstream file(
      records::testing::ReadWhole(PARSHALL_TEST_DATA "/samples/gunicorn/combined.out.log"));
  const size_t before = both.straight;
  for (std::string line; std::getline(file, line);) both.Hold(line);
  CHECK(both.straight > before);
}

}  // namespace parshall::sinks
