// The JSON schemas that editors use, against the readers: every key and every word that a reader
// asks for is in the schema at that place, and the schema has none that no reader asks for.
// tests/e2e/test_schema.py lets a validator say that they accept and refuse what they should.

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "rules/config_reader.h"
#include "rules/reader.h"

namespace parshall::rules {
namespace {

using nlohmann::json;

const std::string kRules = PARSHALL_SOURCE_DIR "/rules/";
const std::string kExamples = PARSHALL_TEST_DATA "/rules/";

// One of the two schemas, or a part of one: references are looked up in its file.
struct Part {
  const json* node;
  const json* file;
};

class Schemas {
 public:
  Schemas() : rules_(Load("parshall.schema.json")), config_(Load("parshall.config.schema.json")) {}

  Part rules() const { return {&rules_, &rules_}; }
  Part config() const { return {&config_, &config_}; }

  // The part and all that it may stand for: references and alternatives, but no conditions.
  std::vector<Part> Flat(Part part) const {
    std::vector<Part> flat = {part};
    for (size_t i = 0; i < flat.size(); ++i) {
      const Part at = flat[i];
      if (at.node->contains("$ref")) flat.push_back(Resolve(at));
      for (const char* list : {"anyOf", "oneOf", "allOf"}) {
        if (!at.node->contains(list)) continue;
        for (const json& item : (*at.node)[list]) flat.push_back({&item, at.file});
      }
    }
    return flat;
  }

 private:
  static json Load(const std::string& name) {
    std::ifstream file(kRules + name);
    REQUIRE(file.good());
    return json::parse(file);
  }
  Part Resolve(Part at) const {
    std::string reference = (*at.node)["$ref"];
    const json* file = at.file;
    if (!reference.starts_with('#')) {
      REQUIRE(reference.starts_with("parshall.schema.json"));
      reference = reference.substr(reference.find('#'));
      file = &rules_;
    }
    return {&file->at(json::json_pointer(reference.substr(1))), file};
  }

  json rules_;
  json config_;
};

// What of the schemas a reader has asked for: keys by their mapping's schema, words by their list.
class Comparison {
 public:
  explicit Comparison(const Schemas& schemas) : schemas_(schemas) {}

  void Walk(const YamlNode& node, Part part, const Vocabulary& known) {
    const std::vector<Part> flat = schemas_.Flat(part);
    for (const YamlNode& item : node.items) {
      for (const Part& at : flat) {
        if (at.node->contains("items")) Walk(item, {&(*at.node)["items"], at.file}, known);
      }
    }
    if (node.kind != YamlKind::kMapping) return;
    const auto mapping = std::find_if(
        known.mappings.begin(), known.mappings.end(),
        [&](const auto& m) { return m.where.line == node.line && m.where.column == node.column; });
    if (mapping != known.mappings.end()) Compare(*mapping, Owners(flat, node));
    for (const YamlMember& member : node.members) {
      for (const Part& at : Owners(flat, node)) {
        const json& schema = *at.node;
        if (schema.contains("properties") && schema["properties"].contains(member.key)) {
          Walk(member.value, {&schema["properties"][member.key], at.file}, known);
        } else if (schema.contains("additionalProperties") &&
                   schema["additionalProperties"].is_object()) {
          Walk(member.value, {&schema["additionalProperties"], at.file}, known);
        }
      }
    }
  }

  // What stands in the schema, and nobody has asked for.
  std::string Unasked(Part part) {
    std::string all;
    std::set<const json*> seen;
    Collect(part, "", &seen, &all);
    return all;
  }

 private:
  // The parts that describe this mapping: those that have all of its keys, if they name their keys.
  static std::vector<Part> Owners(const std::vector<Part>& flat, const YamlNode& node) {
    std::vector<Part> owners;
    for (const Part& at : flat) {
      if (!at.node->contains("additionalProperties")) continue;
      const bool fits =
          (*at.node)["additionalProperties"].is_object() ||
          std::all_of(node.members.begin(), node.members.end(), [&](const YamlMember& member) {
            return (*at.node)["properties"].contains(member.key);
          });
      if (fits) owners.push_back(at);
    }
    return owners;
  }

  void Compare(const Vocabulary::Mapping& mapping, const std::vector<Part>& owners) {
    INFO(mapping.where.ToString());
    for (const std::string& key : mapping.keys) {
      INFO("key " << key);
      bool found = false;
      for (const Part& at : owners) {
        if (!at.node->contains("properties") || !(*at.node)["properties"].contains(key)) continue;
        found = true;
        const json& property = (*at.node)["properties"][key];
        asked_.insert(&property);
        const auto words = mapping.words.find(key);
        if (words != mapping.words.end()) CompareWords({&property, at.file}, words->second);
      }
      CHECK(found);
    }
  }

  void CompareWords(Part property, const std::vector<std::string_view>& words) {
    for (const std::string_view word : words) {
      INFO("word " << word);
      bool found = false;
      for (const Part& at : schemas_.Flat(property)) {
        if (!at.node->contains("enum")) continue;
        for (const json& item : (*at.node)["enum"]) {
          if (item == word) {
            found = true;
            asked_words_[&(*at.node)["enum"]].insert(std::string(word));
          }
        }
      }
      CHECK(found);
    }
  }

  void Collect(Part part, const std::string& path, std::set<const json*>* seen, std::string* all) {
    for (const Part& at : schemas_.Flat(part)) {
      if (!seen->insert(at.node).second) continue;
      if (at.node->contains("enum")) {
        // Words that a reader compares by itself are in no vocabulary.
        const auto asked = asked_words_.find(&(*at.node)["enum"]);
        for (const json& word : (*at.node)["enum"]) {
          if (asked == asked_words_.end() || asked->second.contains(word)) continue;
          *all += path + ": the word " + word.dump() + "\n";
        }
      }
      if (at.node->contains("items")) Collect({&(*at.node)["items"], at.file}, path, seen, all);
      if (!at.node->contains("additionalProperties")) continue;
      const json& others = (*at.node)["additionalProperties"];
      if (others.is_object()) Collect({&others, at.file}, path + ".*", seen, all);
      if (!at.node->contains("properties")) continue;
      for (const auto& [key, property] : (*at.node)["properties"].items()) {
        if (!asked_.contains(&property)) *all += path + "." + key + "\n";
        Collect({&property, at.file}, path + "." + key, seen, all);
      }
    }
  }

  const Schemas& schemas_;
  std::set<const json*> asked_;
  std::map<const json*, std::set<std::string>> asked_words_;
};

std::string Join(const std::vector<Error>& errors) {
  std::string all;
  for (const Error& error : errors) all += error.ToString() + "\n";
  return all;
}

TEST_CASE("The schemas know every key and word that the readers know, and no others") {
  const Schemas schemas;
  Comparison comparison(schemas);
  std::vector<RuleFile> files = *LoadRuleFiles(kRules);
  const std::vector<RuleFile> compat = *LoadRuleFiles(kRules + "compat");
  files.insert(files.end(), compat.begin(), compat.end());
  files.push_back({"every_key.yaml", *LoadText(kExamples + "every_key.yaml")});
  for (const RuleFile& file : files) {
    Vocabulary known;
    const ReadOutcome outcome = ReadRules({file}, &known);
    if (file.name == "every_key.yaml") CHECK(Join(outcome.faults) == "");
    Faults faults;
    YamlNode root;
    REQUIRE(ReadYaml(file.name, file.text, &root, &faults));
    comparison.Walk(root, schemas.rules(), known);
  }

  const std::string text = *LoadText(kExamples + "every_key_config.yaml");
  Vocabulary known;
  const ConfigOutcome outcome = ReadConfig(
      "config.yaml", text, [](const std::string&) { return std::optional<std::string>(); }, &known);
  CHECK(Join(outcome.faults) == "");
  for (const ConfigRules& entry : *outcome.config.rules) {
    CHECK(ReadRules({*entry.inline_file}, &known).rules.rules.size() == 1);
  }
  ReadRules({*outcome.config.metrics}, &known);
  Faults faults;
  YamlNode root;
  REQUIRE(ReadYaml("config.yaml", text, &root, &faults));
  comparison.Walk(root, schemas.config(), known);

  CHECK(comparison.Unasked(schemas.config()) == "");
}

TEST_CASE("A folder's schema is no rule file") {
  const auto files = LoadRuleFiles(kRules);
  REQUIRE(files.ok());
  for (const RuleFile& file : *files) CHECK_FALSE(file.name.ends_with(".schema.json"));
}

}  // namespace
}  // namespace parshall::rules
