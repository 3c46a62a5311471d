#include "rules/yaml_tree.h"

#include <catch2/catch.hpp>

#include "rules/reader_json.h"

namespace parshall::rules {
namespace {

// The tree as JSON, or the faults, one a line.
std::string Read(std::string_view text) {
  Faults faults;
  YamlNode root;
  const bool tree = ReadYaml("f", text, &root, &faults);
  std::string all;
  for (const Error& error : faults.Take()) all += error.ToString() + "\n";
  return all.empty() && tree ? ToJson(root) : all;
}

TEST_CASE("ReadYaml reads YAML and JSON alike") {
  struct Row {
    const char* text;
    const char* json;
  };
  const Row rows[] = {
      {"a: 1\nb: [x, 'y', true]\n", R"({"a":1,"b":["x","y",true]})"},
      {"a:\n- b\n- c: d\n", R"({"a":["b",{"c":"d"}]})"},
      {"{\"a\":1,\"b\":{\"c\":\"\\/\\u00e9\"}}", R"({"a":1,"b":{"c":"/é"}})"},
      {"{\n\t\"a\":\t[1,\n\t2]\n}\n", R"({"a":[1,2]})"},
      {"\xEF\xBB\xBF"
       "a: b\r\nc: d\r\n",
       R"({"a":"b","c":"d"})"},
      {"a: |-\n  x\n    y\nb: >-\n  p\n  q\n", R"({"a":"x\u000a  y","b":"p q"})"},
      {"null: '-'\nb:\nc: ~\nd: null\ne: 'null'\n",
       R"({"null":"-","b":null,"c":null,"d":null,"e":"null"})"},
      {"a: &x {p: 1}\nb: *x\nc: [*x, *x]\n", R"({"a":{"p":1},"b":{"p":1},"c":[{"p":1},{"p":1}]})"},
      {"a: 007\nb: 1.\nc: -0.5e+3\nd: 0x1F\ne: .5\nf: yes\ng: True\n",
       R"({"a":"007","b":"1.","c":-0.5e+3,"d":"0x1F","e":".5","f":"yes","g":"True"})"},
      {"a: 'it''s'\nb: \"say \\\"x\\\" \\t\\\\\"\n", R"({"a":"it's","b":"say \"x\" \u0009\\"})"},
      {"---\na: b\n...\n", R"({"a":"b"})"},
      {"a: b # comment\n# c\n", R"({"a":"b"})"},
      {"{a, b: c}", R"({"a":null,"b":"c"})"},
      {"a: '\n\n  x'", R"({"a":"\u000ax"})"},
      {"a: !!str", "f:1:4: tags (!…) are not used here; put quotes around a text\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Read(row.text) == row.json);
  }
}

TEST_CASE("ReadYaml refuses what the library lets pass, and says where") {
  struct Row {
    const char* text;
    const char* faults;
  };
  const Row rows[] = {
      {"", "f:1:1: the file is empty\n"},
      {"\n# only a comment\n", "f:1:1: the file is empty\n"},
      {"a: 1\nb: 2\na: 3\nb: 4\n",
       "f:3:1: the key \"a\" stands twice: in line 1 and here\n"
       "f:4:1: the key \"b\" stands twice: in line 2 and here\n"},
      {"{\"a\": 1, 'a': 2}", "f:1:10: the key \"a\" stands twice: in line 1 and here\n"},
      {"<<: {a: b}\n", "f:1:1: merge keys (<<) are not supported; write the keys out\n"},
      {"a: 'abc", "f:1:4: this quote is never closed\n"},
      {"a: '", "f:1:4: this quote is never closed\n"},
      {"a: 'x''", "f:1:4: this quote is never closed\n"},
      {"a: \"abc", "f:1:4: this quote is never closed\n"},
      {"- a\nb: c\n",
       "f:2:1: this does not belong to what stands above it; a list and a mapping cannot be "
       "mixed\n"},
      {"a: b\n- c\n",
       "f:2:1: neither a key of the mapping above nor its end; is the indentation right, or does a "
       "text need quotes?\n"},
      {"a: 1 # don't\nb: ['x', \"it's\", don't, 'y]\n", "f:2:25: this quote is never closed\n"},
      {"a: b\n---\nc: d\n", "f:2:1: a second document begins here; a file holds one\n"},
      {"a: b\n...\nc: d\n", "f:3:1: a second document begins here; a file holds one\n"},
      {"a: !!str 5\n", "f:1:4: tags (!…) are not used here; put quotes around a text\n"},
      {"a: !x {b: c}\n", "f:1:4: tags (!…) are not used here; put quotes around a text\n"},
      {"? {a: b}\n: c\n", "f:1:3: a key is a word, not a list or a mapping\n"},
      {"~: c\n", "f:1:1: a key is missing here\n"},
      {": c\n", "f:1:1: a key is missing here\n"},
      {"a: &x [1, *x]\n", "f:1:11: this alias stands inside of what it names\n"},
      {"a: *\n", "f:1:5: a plain * begins an alias, and there is none; write '*' in quotes\n"},
      {"a: *x\n", "f:1:4: a plain * begins an alias, and there is none; write '*' in quotes\n"},
      {"a: \"\\d\"\n",
       "f:1:7: in \"…\" a \\ begins an escape, and this one is unknown; write expressions in "
       "'…'\n"},
      {"a: \"\\ud83d\\ude00\"\n",
       "f:1:11: \\u with half of a surrogate pair is not YAML; write the character itself\n"},
      {"a: ^(?P<h>x: y)$\n",
       "f:1:12: a \": \" is not allowed here; is the indentation right, or are quotes missing?\n"},
      {"a: 1\n\tb: 2\n", "f:2:1: a tab cannot indent; use blanks\n"},
      {"a: @x\n", "f:1:4: a text cannot begin with this character; put it in '…'\n"},
      {"a: [b\n", "f:1:4: a [ is never closed\n"},
      {"{a: b\n", "f:1:1: a { is never closed\n"},
      {"[a}\n", "f:1:3: a ] or } closes nothing, or the wrong bracket\n"},
      {"é: 1\né: 2\n", "f:2:1: the key \"é\" stands twice: in line 1 and here\n"},
      {"é: ü, ö: x\n",
       "f:1:8: a \": \" is not allowed here; is the indentation right, or are quotes missing?\n"},
      {"a: x\ny: \x01\n", "f:2:4: a control character; write it as \"\\x..\" in double quotes\n"},
      {"a: é\xE9\n", "f:1:5: this is not UTF-8\n"},
      {"a: 'it\nb: 'x'\n",
       "f:2:5: neither a key of the mapping above nor its end; is the indentation right, or does a "
       "text need quotes? (a quote opened in line 1 is closed in line 2: is one missing?)\n"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    CHECK(Read(row.text) == row.faults);
  }
  CHECK(Read(std::string_view("a: \0b", 5)) ==
        "f:1:4: a control character; write it as \"\\x..\" in double quotes\n");
  CHECK(Read("\xFF\xFE"
             "a") == "f:1:1: this is not UTF-8\n");
}

TEST_CASE("ReadYaml bounds size, depth and aliases") {
  CHECK(Read(std::string(kYamlBytesMax + 1, ' ')) == "f: the file is larger than 1 MiB\n");
  CHECK(Read(std::string(kYamlBytesMax, '\n')) == "f:1:1: the file is empty\n");
  CHECK(Read(std::string(32, '[') + std::string(32, ']')).size() == 64);
  CHECK(Read(std::string(33, '[') + std::string(33, ']')) ==
        "f:1:33: nested deeper than 32 levels\n");
  for (const char* opener : {"[", "{", "- ", "{a: ", "? ", "[{"}) {
    std::string text;
    while (text.size() < 200'000) text += opener;
    INFO(opener);
    CHECK(Read(text).find("nested deeper than 32 levels") != std::string::npos);
  }
  // Ten levels of ten aliases each.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k == 0 ? "" : ", ") + before;
    bomb += "]\n";
  }
  CHECK(Read(bomb).find("the aliases make this file too large") != std::string::npos);
  // One long text many times.
  std::string texts = "a: &a " + std::string(100'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i) texts += "*a, ";
  CHECK(Read(texts + "]\n").find("the aliases make this file too large") != std::string::npos);
  // Anchors inside of anchors.
  std::string nested = "a: ";
  for (int i = 0; i < 30; ++i) nested += "&n" + std::to_string(i) + " [";
  for (int i = 0; i < 20'000; ++i) nested += "x,";
  nested += std::string(30, ']') + "\n";
  CHECK(Read(nested).find("too much stands behind anchors") != std::string::npos);
  // A depth that only an alias makes.
  std::string deep = "a: &a " + std::string(20, '[') + std::string(20, ']') +
                     "\nb: " + std::string(20, '[') + "*a" + std::string(20, ']') + "\n";
  CHECK(Read(deep).find("nested deeper than 32 levels") != std::string::npos);
  std::string many = "[";
  for (size_t i = 0; i <= kYamlNodesMax; ++i) many += "x,";
  CHECK(Read(many + "]") == "f: more than 100000 values in one file\n");
}

TEST_CASE("ReadYaml knows where the text of a scalar begins") {
  Faults faults;
  YamlNode root;
  REQUIRE(ReadYaml("f",
                   "a: 'é'\nb: plain\nc: |-\n\n    deep\n    er\nd:   &x \"q\"\ne: >\n  folded\n"
                   "ü: ü\n",
                   &root, &faults));
  std::string places;
  for (const YamlMember& member : root.members) {
    places += member.key + " " + std::to_string(member.value.text_line) + ":" +
              std::to_string(member.value.text_column) + "\n";
  }
  CHECK(places == "a 1:5\nb 2:4\nc 5:5\nd 7:10\ne 9:3\nü 10:4\n");
}

}  // namespace
}  // namespace parshall::rules
