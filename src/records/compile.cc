#include "records/compile.h"

#include <algorithm>

#include "records/log_format.h"
#include "records/recipe_steps.h"
#include "records/regex_first.h"

namespace parshall::records {
namespace {

using rules::FieldSpec;
using rules::FieldType;

constexpr std::string_view kRequestParts[] = {"method", "path", "protocol"};

Conversion ConversionOf(const FieldSpec& field) {
  Conversion conversion{.type = field.type,
                        .typed = true,
                        .nulls = field.nulls,
                        .fallback = field.fallback,
                        .unit = field.unit,
                        .sum = field.sum,
                        .escapes = field.escapes};
  conversion.dash_is_null = field.nulls.size() == 1 && field.nulls[0] == "-";
  conversion.plain_nulls = std::all_of(
      field.nulls.begin(), field.nulls.end(),
      [](const std::string& null) { return null.empty() || null[0] < '0' || null[0] > '9'; });
  return conversion;
}

// One thread; compiles one rule set.
class Compiler {
 public:
  Compiler(const rules::RuleSet& set, const std::vector<std::string>& wanted)
      : set_(set), wanted_(wanted) {}

  CompileOutcome Run() {
    KeyIndex("@timestamp");
    KeyIndex("source");
    for (const rules::RuleSpec& spec : set_.rules) {
      if (!spec.fallback) Rule(spec);
    }
    for (const rules::RuleSpec& spec : set_.rules) {
      if (spec.fallback) Rule(spec);
    }
    CompileOutcome outcome{.program = nullptr, .faults = std::move(faults_)};
    if (!outcome.faults.empty()) return outcome;
    for (size_t key = 0; key < program_->keys.size(); ++key) {
      // A path is found through its first segment's object; its bucket is that of the whole, for
      // keys with dots.
      program_->key_buckets[KeyBucket(program_->keys[key])].push_back(static_cast<uint16_t>(key));
    }
    FirstBytes();
    NeededTextsOfRules();
    PadFallbacks();
    outcome.program = program_;
    return outcome;
  }

 private:
  int KeyIndex(const std::string& key) {
    std::vector<std::string>& keys = program_->keys;
    const auto known = std::find(keys.begin(), keys.end(), key);
    if (known != keys.end()) return static_cast<int>(known - keys.begin());
    keys.push_back(key);
    return static_cast<int>(keys.size()) - 1;
  }

  static const FieldSpec* SpecOf(const rules::RuleSpec& spec, std::string_view name) {
    for (const FieldSpec& field : spec.fields) {
      if (field.name == name) return &field;
    }
    return nullptr;
  }

  static int SlotOf(const CompiledRule& rule, std::string_view name) {
    for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
      if (rule.fields[slot].name == name) return static_cast<int>(slot);
    }
    return -1;
  }

  static int AddSlot(CompiledRule* rule, const std::string& name, FieldType type, bool in_record) {
    const int known = SlotOf(*rule, name);
    if (known >= 0) return known;
    rule->fields.push_back({name, type, in_record});
    return static_cast<int>(rule->fields.size()) - 1;
  }

  // The slots of a field and, for a request, of its parts.
  void AddRecipe(const rules::RuleSpec& spec, const std::string& name, int capture, int key,
                 bool in_record, CompiledRule* rule) {
    const FieldSpec* field = SpecOf(spec, name);
    Recipe recipe{.capture = capture, .key = key, .conversion = {}};
    const FieldType type = field != nullptr ? field->type : FieldType::kString;
    if (field != nullptr) {
      recipe.conversion = ConversionOf(*field);
      in_record = in_record && field->in_record;
    } else {
      recipe.conversion.typed = capture > 0;
    }
    recipe.slot =
        AddSlot(rule, field != nullptr && !field->as.empty() ? field->as : name, type, in_record);
    if (type == FieldType::kHttpRequest) {
      int* const slots[] = {&recipe.method_slot, &recipe.path_slot, &recipe.protocol_slot};
      for (size_t part = 0; part < std::size(kRequestParts); ++part) {
        const std::string part_name(kRequestParts[part]);
        const FieldSpec* own = SpecOf(spec, part_name);
        *slots[part] = AddSlot(rule, own != nullptr && !own->as.empty() ? own->as : part_name,
                               FieldType::kString, in_record && (own == nullptr || own->in_record));
      }
    }
    if (field != nullptr && !field->count_as.empty()) {
      recipe.count_slot = AddSlot(rule, field->count_as, FieldType::kInt, in_record);
    }
    if (capture == 0 && recipe.conversion.fallback) {
      rule->key_defaults.push_back(rule->recipes.size());
    }
    rule->recipes.push_back(std::move(recipe));
  }

  // "method", "path" or "protocol" of a request that the rule takes apart, under whatever name.
  static bool IsRequestPart(const CompiledRule& rule, const FieldSpec& field) {
    return std::find(std::begin(kRequestParts), std::end(kRequestParts), field.name) !=
               std::end(kRequestParts) &&
           SlotOf(rule, field.as.empty() ? field.name : field.as) >= 0;
  }

  void Rule(const rules::RuleSpec& spec) {
    CompiledRule rule;
    rule.name = spec.name;
    rule.event = spec.event;
    rule.multiline = spec.multiline;
    rule.multiline_any = spec.multiline_any;
    rule.drop = spec.drop;
    rule.dedupe = spec.dedupe;
    rule.logfmt = spec.kind == rules::RuleKind::kLogfmt;
    rule.json = spec.kind == rules::RuleKind::kJson || rule.logfmt || !spec.from.empty();
    program_->any_json = program_->any_json || rule.json;
    if (!spec.from.empty()) rule.from_key = KeyIndex(spec.from);
    if (spec.kind == rules::RuleKind::kPattern && !Pattern(spec, &rule)) return;
    if (rule.json) Keys(spec, &rule);
    Declared(spec, rule);
    Conditions(spec, &rule);
    Timestamp(spec, &rule);
    const auto add_key = [&](const std::string& name) {
      AddRecipe(spec, name, 0, KeyIndex(name), false, &rule);
    };
    TransformCompiler transforms(spec, &rule,
                                 rule.json ? add_key : std::function<void(const std::string&)>(),
                                 &program_->keys, &faults_);
    transforms.Run();
    if (rule.json) WantedKeys(spec, &transforms, &rule);
    transforms.Finish();
    rule.slots = static_cast<uint32_t>(rule.fields.size());
    MakeRecipeSteps(wanted_, &rule);
    rule.straight = rule.regex != nullptr && rule.from_key < 0 && !rule.json && !rule.drop &&
                    rule.key_conditions.empty() && rule.field_conditions.empty() &&
                    rule.transforms == nullptr && rule.fields.size() <= kKindsMax;
    for (const FieldInfo& field : rule.fields) {
      if (field.in_record) rule.record_name_buckets |= uint64_t{1} << KeyBucket(field.name);
    }
    program_->rules.push_back(std::move(rule));
  }

  bool Pattern(const rules::RuleSpec& spec, CompiledRule* rule) {
    auto regex = Regex::Compile(spec.pattern, spec.pattern_where.ToString());
    if (!regex.ok()) {
      faults_.push_back(regex.error());
      return false;
    }
    rule->regex = std::move(*regex);
    if (rule->regex->tree()) {
      rule->plan = CompilePlan(*rule->regex->tree(), rule->regex->groups(), &rule->why_no_plan);
    } else {
      rule->why_no_plan = rule->regex->unsupported().what + " at byte " +
                          std::to_string(rule->regex->unsupported().offset + 1);
    }
    for (int group = 1; group <= rule->regex->groups(); ++group) {
      const std::string& name = rule->regex->group_names()[static_cast<size_t>(group)];
      if (!name.empty()) AddRecipe(spec, name, group, 0, true, rule);
    }
    return true;
  }

  // Keys of the JSON event: they stand in the record as they came, so their slots are not written
  // again, unless the rule gives them another name or takes a request apart.
  void Keys(const rules::RuleSpec& spec, CompiledRule* rule) {
    for (const FieldSpec& field : spec.fields) {
      const bool captured = rule->regex != nullptr && GroupNamed(*rule->regex, field.name);
      if (captured || IsRequestPart(*rule, field)) continue;
      AddRecipe(spec, field.name, 0, KeyIndex(field.name), false, rule);
    }
    // With transforms, those that metrics want are known when all names are settled.
    if (spec.transforms.empty()) WantedKeys(spec, nullptr, rule);
    for (const std::string& name : spec.timestamp) {
      if (SlotOf(*rule, name) < 0) AddRecipe(spec, name, 0, KeyIndex(name), false, rule);
    }
  }

  // What metrics read of an event, by the names that the transforms leave.
  void WantedKeys(const rules::RuleSpec& spec, const TransformCompiler* transforms,
                  CompiledRule* rule) {
    for (const std::string& name : wanted_) {
      if (SlotOf(*rule, name) < 0 && WantedFor(spec, name) &&
          (transforms == nullptr || transforms->MayWant(name)))
        AddRecipe(spec, name, 0, KeyIndex(name), false, rule);
    }
  }

  // Whether a metric reads the field in this rule's records: to count them, or to delete series.
  bool WantedFor(const rules::RuleSpec& spec, const std::string& name) const {
    return std::any_of(
        set_.metrics.begin(), set_.metrics.end(), [&](const rules::MetricSpec& metric) {
          const auto reads = [&name](const auto& part) { return part.field == name; };
          const bool in_labels = std::any_of(metric.labels.begin(), metric.labels.end(), reads);
          const auto& remove = metric.remove;
          if (remove && (!remove->event || *remove->event == spec.event) &&
              (in_labels || std::any_of(remove->when.begin(), remove->when.end(), reads))) {
            return true;
          }
          if (metric.event && *metric.event != spec.event) return false;
          return metric.value == name || metric.exemplar == name || in_labels ||
                 std::any_of(metric.when.begin(), metric.when.end(), reads);
        });
  }

  static bool GroupNamed(const Regex& regex, std::string_view name) {
    const auto& names = regex.group_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  // A field that nothing can fill is a slip of the pen.
  void Declared(const rules::RuleSpec& spec, const CompiledRule& rule) {
    if (rule.json) return;
    for (const FieldSpec& field : spec.fields) {
      if (GroupNamed(*rule.regex, field.name)) continue;
      if (IsRequestPart(rule, field)) continue;
      faults_.push_back(Fail("rule \"" + spec.name + "\" declares the field \"" + field.name +
                                 "\", but its pattern has no group (?P<" + field.name + ">…)",
                             field.where.ToString()));
    }
  }

  void Conditions(const rules::RuleSpec& spec, CompiledRule* rule) {
    for (const rules::Condition& condition : spec.when) {
      CompiledCondition compiled{.values = condition.values};
      const bool group = rule->regex != nullptr && GroupNamed(*rule->regex, condition.field);
      if (condition.field == "source" && !rule->json) {
        compiled.source = true;
        rule->key_conditions.push_back(std::move(compiled));
      } else if (rule->json && !group) {
        compiled.key = KeyIndex(condition.field);
        rule->key_conditions.push_back(std::move(compiled));
      } else if ((compiled.slot = SlotOf(*rule, condition.field)) >= 0) {
        rule->field_conditions.push_back(std::move(compiled));
      } else {
        faults_.push_back(Fail("rule \"" + spec.name + "\" has a condition on \"" +
                                   condition.field + "\", but no field of that name",
                               condition.where.ToString()));
      }
    }
  }

  void Timestamp(const rules::RuleSpec& spec, CompiledRule* rule) {
    const auto add = [&](const std::string& name) {
      const int slot = SlotOf(*rule, name);
      if (slot < 0) return false;
      const FieldSpec* field = SpecOf(spec, name);
      rule->timestamp.push_back({slot, field != nullptr ? field->format : std::string()});
      return true;
    };
    for (const std::string& name : spec.timestamp) {
      if (!add(name)) {
        faults_.push_back(Fail("rule \"" + spec.name + "\" takes its timestamp from \"" + name +
                                   "\", but has no field of that name",
                               spec.where.ToString()));
      }
    }
    if (!spec.timestamp.empty()) return;
    for (const FieldSpec& field : spec.fields) {
      if (field.type == FieldType::kTime) add(field.as.empty() ? field.name : field.as);
    }
  }

  // A rule whose plan begins with bytes of its own need not be asked about other lines.
  void FirstBytes() {
    for (size_t index = 0; index < program_->rules.size() && index < 64; ++index) {
      const CompiledRule& rule = program_->rules[index];
      First first{.bytes = ByteSet::All(), .end = true};
      if (rule.logfmt) {
        for (char byte : {'{', ' ', '\t', '[', '"', '<'})
          first.bytes = first.bytes - ByteSet::Of(static_cast<unsigned char>(byte));
        first.end = false;
      } else if (rule.json) {
        first = {};
        for (char byte : {'{', ' ', '\t', '\r', '\n', '\xef'})
          first.bytes.Add(static_cast<unsigned char>(byte));
      } else if (rule.regex->tree() && AnchoredAtStart(*rule.regex->tree())) {
        first = FirstOf(*rule.regex->tree());
        if (first.nullable) first = {.bytes = ByteSet::All(), .end = true};
      }
      for (unsigned byte = 0; byte < 256; ++byte) {
        if (first.bytes.Has(static_cast<unsigned char>(byte)))
          program_->rules_by_first_byte[byte] |= 1ULL << index;
      }
      if (first.end) program_->rules_by_first_byte[256] |= 1ULL << index;
    }
  }

  // Only of rules for whole lines: the text of an event's key is not in the line as it is.
  void NeededTextsOfRules() {
    for (size_t index = 0; index < program_->rules.size() && index < 64; ++index) {
      const CompiledRule& rule = program_->rules[index];
      if (!rule.json && rule.regex->tree()) {
        program_->filter.Add(index, NeededTexts(*rule.regex->tree()));
      }
    }
    program_->filter.Build();
  }

  // A record's texts have readable bytes behind them; those that stand in for null get them here.
  void PadFallbacks() {
    for (CompiledRule& rule : program_->rules) {
      for (Recipe& recipe : rule.recipes) {
        std::optional<std::string>& fallback = recipe.conversion.fallback;
        if (fallback) fallback->reserve(fallback->size() + kPaddingBytes);
      }
    }
  }

  static bool AnchoredAtStart(const Node& tree) {
    if (tree.kind == NodeKind::kBegin) return true;
    return tree.kind == NodeKind::kConcat && !tree.children.empty() &&
           AnchoredAtStart(tree.children[0]);
  }

  const rules::RuleSet& set_;
  const std::vector<std::string>& wanted_;
  std::shared_ptr<RuleProgram> program_ = std::make_shared<RuleProgram>();
  std::vector<Error> faults_;
};

}  // namespace

CompileOutcome CompileRules(const rules::RuleSet& rules,
                            const std::vector<std::string>& wanted_fields) {
  const bool unread = std::any_of(
      rules.rules.begin(), rules.rules.end(),
      [](const rules::RuleSpec& rule) { return rule.log_format && rule.pattern.empty(); });
  if (unread) {
    rules::RuleSet expanded = rules;
    std::vector<Error> doubts;  // somebody who shows them has expanded the formats before
    std::vector<Error> faults = ExpandLogFormats(&expanded, &doubts);
    if (!faults.empty()) return {.program = nullptr, .faults = std::move(faults)};
    return Compiler(expanded, wanted_fields).Run();
  }
  return Compiler(rules, wanted_fields).Run();
}

}  // namespace parshall::records
