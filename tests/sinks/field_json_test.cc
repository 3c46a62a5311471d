// The writers of all vector widths write the same, and the short way to a CLF time gives what the
// parser gives.

#include "sinks/field_json.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "base/json_text.h"
#include "records/plan.h"
#include "sinks/clf_timestamp.h"
#include "sinks/record_shape.h"
#include "tests/records/kit.h"

namespace parshall::sinks {
namespace {

using records::Value;
using records::ValueKind;
using records::testing::Padded;

}  // namespace

namespace {

// One field's value, what it is to be written as, and the text that it points into.
struct Made {
  Value value;
  std::string written;  // without the quotes of a text
  std::unique_ptr<Padded> text;
};

std::string EscapedText(const Padded& text) {
  std::string escaped(JsonTextBytesMax(text.view().size()), '\0');
  escaped.resize(static_cast<size_t>(AppendJsonText(escaped.data(), text.view()) - escaped.data()));
  return escaped;
}

std::string RandomText(std::mt19937_64& random) {
  static const std::string kPieces[] = {
      "a",  "plain text", "\"",   "\\",
      "\n", "\xc3\xa9",   "\xff", "a text that is longer than thirty-two bytes, say sixty-four"};
  // Most are plain.
  static const std::string kPlain[] = {"", "b", "GET ", "/a/path", "HTTP/1.1", kPieces[7]};
  std::string text;
  const bool plain = random() % 2 == 0;
  for (size_t parts = random() % 6; parts > 0; --parts) {
    text += plain ? kPlain[random() % std::size(kPlain)] : kPieces[random() % std::size(kPieces)];
  }
  return text;
}

Made RandomValue(std::mt19937_64& random) {
  static const char* const kNumbers[] = {"0", "200", "1234567890123456", "12345678901234567",
                                         "-1.5e3"};
  Made made;
  std::string text;
  switch (random() % 6) {
    case 0:
      break;
    case 1:
      made.value.kind = ValueKind::kNull;
      made.written = "null";
      break;
    case 2:
      text = made.written = kNumbers[random() % std::size(kNumbers)];
      made.value.kind = ValueKind::kInt;
      made.value.json_number = true;
      break;
    case 3:
      text = "yes";
      made.value.kind = ValueKind::kBool;
      made.value.integer = static_cast<int64_t>(random() % 2);
      made.written = made.value.integer != 0 ? "true" : "false";
      break;
    default:
      text = RandomText(random);
      made.value.kind = ValueKind::kString;
  }
  made.text = std::make_unique<Padded>(text);
  made.value.data = made.text->begin();
  made.value.size = static_cast<uint32_t>(text.size());
  if (made.value.kind == ValueKind::kString) made.written = EscapedText(*made.text);
  return made;
}

// A text that lies in `whole`, or begins before it, or reaches beyond it.
void MakePart(const Padded& around, const Value& whole, std::mt19937_64& random, Made* part) {
  const size_t begin = random() % (around.view().size() + 1);
  const size_t size = random() % (around.view().size() - begin + 1);
  part->value.kind = ValueKind::kString;
  part->value.data = around.begin() + begin;
  part->value.size = static_cast<uint32_t>(size);
  if (random() % 2 == 0 && whole.size > 0) {
    const size_t offset = random() % whole.size;
    part->value.data = whole.data + offset;
    part->value.size = static_cast<uint32_t>(random() % (whole.size - offset + 1));
  }
  const Padded copy(part->value.text());
  part->written = EscapedText(copy);
}

bool LiesIn(const Value& part, const Value& whole) {
  return part.data >= whole.data && part.data + part.size <= whole.data + whole.size;
}

}  // namespace

TEST_CASE("Fields are written alike by every vector unit, in whatever shape") {
  std::mt19937_64 random(12);
  for (const size_t count : {0, 1, 7, 12, 20, 21, 39, 40, 41}) {
    // The first field is a request of which the next three are parts.
    records::CompiledRule rule;
    for (size_t n = 0; n < count; ++n) {
      rule.fields.push_back({.name = std::string(1 + random() % 60, 'k') + std::to_string(n),
                             .in_record = random() % 10 != 0});
    }
    if (count > 4) {
      rule.recipes.push_back({.slot = 0,
                              .conversion = {},
                              .method_slot = 1,
                              .path_slot = 2,
                              .protocol_slot = 3,
                              .parts_follow = true});
      if (count % 3 != 0) {
        for (size_t n = 0; n < 4; ++n) rule.fields[n].in_record = true;
        for (size_t n = 1; n < 4; ++n) rule.fields[n].name.resize(10, 'k');
      }
    }
    RecordShapes shapes(rule);
    for (int round = 0; round < 3000; ++round) {
      std::vector<Made> made;
      std::vector<Value> values;
      const Padded around(RandomText(random) + "\"" + RandomText(random));
      for (size_t n = 0; n < count; ++n) made.push_back(RandomValue(random));
      const auto request = count > 4 ? random() % 3 : 0;
      bool within = count <= 4;
      if (request > 0) {
        MakePart(around, {}, random, made.data());
        for (size_t n = 1; n < 4; ++n) MakePart(around, made[0].value, random, &made[n]);
        within = request == 2;
        for (size_t n = 1; n < 4; ++n) within = within && LiesIn(made[n].value, made[0].value);
      }
      const auto before = static_cast<Joint>(random() % 3);
      auto joint = before;
      std::string want;
      size_t room = shapes.bytes_max() + 64;
      for (size_t n = 0; n < count; ++n) {
        values.push_back(made[n].value);
        if (!rule.fields[n].in_record || made[n].value.kind == ValueKind::kAbsent) continue;
        room += JsonTextBytesMax(made[n].value.size);
        const bool text = made[n].value.kind == ValueKind::kString;
        const std::string key = "\",\"" + rule.fields[n].name + "\":" + (text ? "\"" : "");
        want += key.substr(static_cast<size_t>(joint)) + made[n].written;
        joint = text ? Joint::kAfterText : Joint::kAfterOther;
      }
      const Value none;
      const Value* const all = values.empty() ? &none : values.data();
      // The number that the matcher came by is that of the values.
      const uint64_t kinds =
          count <= records::kKindsMax && within ? records::KindsOf(all, count) : 0;
      const RecordShape shape = shapes.Find(all, kinds, before);
      CHECK(shape.joint == joint);
      const auto run = [&](AppendFields append) {
        const std::unique_ptr<char[]> out(new char[room]);
        const char* end = append(out.get(), shape.steps, all);
        return std::string(out.get(), static_cast<size_t>(end - out.get()));
      };
      REQUIRE(run(AppendFieldsBaseline) == want);
      if (records::HasAvx2()) REQUIRE(run(AppendFieldsAvx2) == want);
      if (records::HasAvx512()) REQUIRE(run(AppendFieldsAvx512) == want);
      REQUIRE(run(BestAppendFields()) == want);
    }
  }
}

TEST_CASE("A shape is told from all others") {
  records::CompiledRule rule;
  for (const char* const name : {"a", "b", "c"}) rule.fields.push_back({.name = name});
  RecordShapes shapes(rule);
  const Padded text("x");
  // Twice: made, then remembered.
  for (int round = 0; round < 2; ++round) {
    for (unsigned kinds = 0; kinds < 64; ++kinds) {
      std::array<Value, 3> values;
      std::string want;
      for (unsigned n = 0; n < 3; ++n) {
        values[n].kind = static_cast<ValueKind>((kinds >> (2 * n)) & 3);
        values[n].data = text.begin();
        values[n].size = 1;
        values[n].integer = 7;
        const std::string name(1, static_cast<char>('a' + n));
        static const char* const kWritten[] = {"", "null", "\"x\"", "7"};
        if (values[n].kind == ValueKind::kAbsent) continue;
        want += (want.empty() ? "\"" : ",\"") + name +
                "\":" + kWritten[static_cast<size_t>(values[n].kind)];
      }
      const RecordShape shape = shapes.Find(values.data(), 0, Joint::kFirst);
      std::array<char, 2048> out;
      char* end = AppendFieldsBaseline(out.data(), shape.steps, values.data());
      if (shape.joint == Joint::kAfterText) *end++ = '"';
      CHECK(std::string(out.data(), end) == want);
      CHECK(shapes.Has(values.data(), "b") == (((kinds >> 2) & 3) != 0));
    }
  }
}

TEST_CASE("ClfTimestamp takes no bytes that it has never seen for a day") {
  ClfTimestamp clf;
  char out[kRfc3339MillisSize];
  CHECK_FALSE(clf.Write(std::string(12, '\0') + "00:00:00 +0000", out));
  REQUIRE(clf.Write("21/Nov/2026:09:25:39 +0000", out));
  CHECK(std::string(out, sizeof out) == "2026-11-21T09:25:39.000Z");
  CHECK_FALSE(clf.Write("21/Nov/2026:24:00:00 +0000", out));
  CHECK_FALSE(clf.Write("21/Nov/2026:09:25:60 +0000", out));
  CHECK_FALSE(clf.Write("21/Nov/2026:09:25:39 +0100", out));
  CHECK_FALSE(clf.Write("31/Feb/2026:09:25:39 +0000", out));
}

TEST_CASE("ClfTimestamp writes what ParseClf reads, or leaves it to ParseClf") {
  std::mt19937_64 random(13);
  static const char* const kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                        "Aug", "Sep", "Oct", "Nov", "Dec", "feb", "Xxx"};
  ClfTimestamp clf;
  size_t written = 0;
  for (int n = 0; n < 100'000; ++n) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%02d/%s/%04d:%02d:%02d:%02d %s",
                  static_cast<int>(random() % 33), kMonths[random() % std::size(kMonths)],
                  static_cast<int>(random() % 8 ? 1995 + random() % 40 : random() % 10000),
                  static_cast<int>(random() % 25), static_cast<int>(random() % 61),
                  static_cast<int>(random() % 62), random() % 4 ? "+0000" : "+0100");
    std::string text = buffer;
    if (random() % 5 == 0) text[random() % text.size()] = static_cast<char>(random());
    if (random() % 20 == 0) text.resize(random() % text.size());
    if (random() % 20 == 0) text = "[" + text + "]";
    const std::vector<char> exact(text.begin(), text.end());
    const std::string_view view(exact.data(), exact.size());
    char short_way[kRfc3339MillisSize];
    if (!clf.Write(view, short_way)) continue;
    ++written;
    Moment moment;
    INFO(text);
    REQUIRE(ParseClf(view, &moment));
    char long_way[kRfc3339MillisSize];
    FormatRfc3339Millis(moment, long_way);
    REQUIRE(std::string(short_way, sizeof short_way) == std::string(long_way, sizeof long_way));
  }
  CHECK(written > 30'000);
}

}  // namespace parshall::sinks
