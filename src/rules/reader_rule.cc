#include "rules/reader_rule.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/numbers.h"
#include "base/quoted.h"
#include "base/timestamp.h"
#include "rules/reader.h"
#include "rules/reader_form.h"
#include "rules/reader_json.h"
#include "rules/reader_transform.h"

namespace parshall::rules {
namespace {

const std::vector<Choice<FieldType>>& FieldTypes() {
  static const std::vector<Choice<FieldType>> types = {{"string", FieldType::kString},
                                                       {"int", FieldType::kInt},
                                                       {"float", FieldType::kFloat},
                                                       {"bool", FieldType::kBool},
                                                       {"time", FieldType::kTime},
                                                       {"duration", FieldType::kDuration},
                                                       {"bytes", FieldType::kBytes},
                                                       {"ip", FieldType::kIp},
                                                       {"http_request", FieldType::kHttpRequest}};
  return types;
}

const std::vector<Choice<double>>& DurationUnits() {
  static const std::vector<Choice<double>> units = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3},
                                                    {"s", 1.0},   {"m", 60.0},  {"h", 3600.0}};
  return units;
}

const std::vector<Choice<double>>& ByteUnits() {
  static const std::vector<Choice<double>> units = {
      {"B", 1.0}, {"kB", 1e3}, {"MB", 1e6}, {"KiB", 1024.0}, {"MiB", 1048576.0}};
  return units;
}

bool RuleName(std::string_view name) {
  if (name.empty() || name[0] < 'a' || name[0] > 'z') return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What `default:` must look like to stand for a value of the type; empty if it does.
std::string_view DefaultFault(FieldType type, std::string_view text) {
  int64_t whole = 0;
  double number = 0;
  switch (type) {
    case FieldType::kInt:
      return ParseInt64(text, &whole) ? "" : "a whole number";
    case FieldType::kFloat:
    case FieldType::kDuration:
    case FieldType::kBytes:
      return ParseDouble(text, &number) ? "" : "a number";
    case FieldType::kBool:
      return text == "true" || text == "false" ? "" : "true or false";
    default:
      return "";
  }
}

void ReadFormat(Section* section, FieldSpec* field) {
  const std::optional<std::string> format = section->Text("format");
  if (!format) return;
  if (field->type != FieldType::kTime) {
    section->Add("format", section->title() + ": format: is for fields of type time only");
    return;
  }
  field->format = *format;
  const std::vector<std::string_view> named = {"clf", "rfc3339", "epoch", "epoch_ms"};
  if (std::find(named.begin(), named.end(), *format) != named.end()) return;
  if (format->find('%') == std::string::npos) {
    section->Add("format", section->title() + ": format: cannot be " + Quoted(*format) +
                               " (known here: clf, rfc3339, epoch, epoch_ms, or a strptime format "
                               "with %)");
    return;
  }
  const std::string_view fault = StrptimeFault(*format);
  if (!fault.empty()) {
    section->Add("format", section->title() + ": format: " + std::string(fault));
  }
}

void ReadUnit(Section* section, FieldSpec* field) {
  if (!section->Has("unit")) {
    field->unit_given = field->type != FieldType::kDuration;
    return;
  }
  if (field->type == FieldType::kDuration) {
    field->unit = section->OneOf("unit", DurationUnits()).value_or(1.0);
  } else if (field->type == FieldType::kBytes) {
    field->unit = section->OneOf("unit", ByteUnits()).value_or(1.0);
  } else {
    section->Add("unit", section->title() + ": unit: is for fields of type duration or bytes only");
  }
}

// `list: sum`, and `count: tries`: numbers in a list ("0.000, 0.001 : -").
void ReadList(Section* section, FieldSpec* field) {
  const std::vector<Choice<bool>> words = {{"sum", true}};
  field->sum = section->OneOf("list", words).value_or(false);
  const bool number = field->type == FieldType::kDuration || field->type == FieldType::kBytes ||
                      field->type == FieldType::kFloat || field->type == FieldType::kInt;
  if (field->sum && !number) {
    section->Add("list", section->title() + ": list: is for fields that are numbers");
  }
  field->count_as = section->Text("count").value_or("");
  if (!field->count_as.empty() && !field->sum) {
    section->Add("count", section->title() + ": count: needs `list: sum` beside it");
  }
}

FieldSpec ReadField(Section* rule, const YamlMember& member, Faults* faults) {
  FieldSpec field;
  field.name = member.key;
  field.where = Where{rule->file(), member.line, member.column};
  // The shorthand `level: string` reads like {type: string}.
  YamlNode written_out;
  const YamlNode* node = &member.value;
  if (node->kind == YamlKind::kScalar) {
    written_out = *node;
    written_out.kind = YamlKind::kMapping;
    written_out.members.push_back(YamlMember{"type", node->line, node->column, *node});
    node = &written_out;
  }
  Section section(rule->file(), *node, rule->title() + ": field " + Quoted(member.key), faults);
  if (member.key.empty()) faults->Add(field.where, rule->title() + ": a field needs a name");
  field.type = section.OneOf("type", FieldTypes()).value_or(FieldType::kString);
  field.as = section.Text("as").value_or("");
  ReadFormat(&section, &field);
  ReadUnit(&section, &field);
  ReadList(&section, &field);
  field.nulls = section.Texts("null", true).value_or(std::vector<std::string>());
  field.fallback = section.Text("default", true);
  if (field.fallback) {
    const std::string_view wanted = DefaultFault(field.type, *field.fallback);
    if (!wanted.empty()) {
      section.Add("default", section.title() + ": default: must be " + std::string(wanted) +
                                 ", as the type says, and this is " + Quoted(*field.fallback));
    }
  }
  field.in_record = section.Bool("record").value_or(true);
  section.Finish();
  return field;
}

void ReadFields(Section* section, RuleSpec* rule, Faults* faults) {
  const YamlNode* node = section->Get("fields");
  if (node == nullptr) return;
  if (node->kind != YamlKind::kMapping) {
    section->Add(*node, section->title() +
                            ": fields: must be a mapping (name: {type: …}), and this is " +
                            std::string(KindName(*node)));
    return;
  }
  if (node->members.size() > kFieldsMax) {
    section->Add(*node, section->title() + ": more than " + std::to_string(kFieldsMax) + " fields");
    return;
  }
  for (const YamlMember& member : node->members) {
    rule->fields.push_back(ReadField(section, member, faults));
  }
}

void ReadMultiline(Section* section, RuleSpec* rule) {
  const YamlNode* node = section->Get("multiline");
  if (node == nullptr) return;
  const bool scalar = node->kind == YamlKind::kScalar;
  const std::string_view word = scalar && node->plain ? node->text : std::string_view();
  rule->multiline_any = word == "any";
  rule->multiline = rule->multiline_any || word == "true";
  if (rule->multiline || word == "false") return;
  section->Add(*node, section->title() + ": multiline: must be true, false or any" +
                          (scalar ? ", and this is " + Quoted(node->text) : std::string()));
}

void ReadDedupe(Section* section, RuleSpec* rule) {
  static const std::vector<Choice<Dedupe>> words = {
      {"off", Dedupe::kOff}, {"report", Dedupe::kReport}, {"adjacent", Dedupe::kAdjacent}};
  rule->dedupe = section->OneOf("dedupe", words).value_or(Dedupe::kOff);
  if (rule->dedupe != Dedupe::kOff && rule->multiline) {
    section->Add("dedupe", section->title() +
                               ": dedupe: is for events of one line, and the rule is "
                               "`multiline: true`");
  }
}

// A line of an example or of `not:`. Line breaks only make sense where lines are joined.
std::optional<std::string> ReadExampleLine(Section* section, const YamlNode& node,
                                           std::string_view name, bool multiline) {
  std::optional<std::string> line = section->TextOf(node, name, true);
  if (!line) return std::nullopt;
  if (line->ends_with('\n')) {
    section->Add(node, section->title() + ": " + std::string(name) +
                           " ends with a line break; write |- instead of |");
    return std::nullopt;
  }
  if (!multiline && line->find('\n') != std::string::npos) {
    section->Add(node, section->title() + ": " + std::string(name) +
                           " has several lines, but the rule is not `multiline: true`");
    return std::nullopt;
  }
  return line;
}

void ReadExamples(Section* rule_section, RuleSpec* rule, Faults* faults) {
  const YamlNode* node = rule_section->Get("examples");
  if (node == nullptr) return;
  if (node->kind != YamlKind::kList) {
    rule_section->Add(*node, rule_section->title() +
                                 ": examples: must be a list (- line: …), and this is " +
                                 std::string(KindName(*node)));
    return;
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    const YamlNode& item = node->items[i];
    Section section(rule_section->file(), item,
                    rule_section->title() + ": example " + std::to_string(i + 1), faults);
    section.Require("line", "the line that the rule must match");
    Example example;
    example.where = section.where();
    if (const YamlNode* line = section.Get("line")) {
      example.line = ReadExampleLine(&section, *line, "line:", rule->multiline).value_or("");
    }
    if (const YamlNode* record = section.Get("record")) {
      if (record->kind == YamlKind::kMapping) {
        example.record_json = ToJson(*record);
      } else {
        section.Add(*record, section.title() +
                                 ": record: must be a mapping (field: value), and "
                                 "this is " +
                                 std::string(KindName(*record)));
      }
    }
    section.Finish();
    rule->examples.push_back(std::move(example));
  }
}

void ReadNotExamples(Section* section, RuleSpec* rule) {
  const YamlNode* node = section->Get("not");
  if (node == nullptr) return;
  const std::vector<YamlNode> one = {*node};
  const bool list = node->kind == YamlKind::kList;
  for (const YamlNode& item : list ? node->items : one) {
    std::optional<std::string> line =
        ReadExampleLine(section, item, list ? "an item of not:" : "not:", rule->multiline);
    if (!line) continue;
    rule->not_examples.push_back(std::move(*line));
    rule->not_where.push_back(PlaceOf(section->file(), item));
  }
}

}  // namespace

std::optional<EventKind> ReadEvent(Section* section) {
  static const std::vector<Choice<EventKind>> kinds = {{"log", EventKind::kLog},
                                                       {"request", EventKind::kRequest}};
  return section->OneOf("event", kinds);
}

std::vector<Condition> ReadConditions(Section* section) {
  std::vector<Condition> conditions;
  const YamlNode* node = section->Get("when");
  if (node == nullptr) return conditions;
  if (node->kind != YamlKind::kMapping || node->members.empty()) {
    section->Add(*node, section->title() + ": when: must be a mapping (field: value)");
    return conditions;
  }
  for (const YamlMember& member : node->members) {
    Condition condition;
    condition.field = member.key;
    condition.where = Where{section->file(), member.line, member.column};
    const std::string name = "when: " + Quoted(member.key);
    const bool list = member.value.kind == YamlKind::kList;
    if (member.key.empty() || (list && member.value.items.empty())) {
      section->Add(member.value, section->title() + ": " + name + " is empty");
      continue;
    }
    const std::vector<YamlNode> one = {member.value};
    bool any = false;
    for (const YamlNode& item : list ? member.value.items : one) {
      std::optional<std::string> text = section->TextOf(item, name, true);
      if (!text) continue;
      any = any || *text == "*";
      if (any && list) {
        section->Add(item, section->title() + ": " + name +
                               ": '*' means that the field is there, and stands alone");
      }
      if (!any) condition.values.push_back(std::move(*text));
    }
    if (any || !condition.values.empty()) conditions.push_back(std::move(condition));
  }
  return conditions;
}

RuleDraft ReadRule(const std::string& file, const YamlNode& node, Faults* faults) {
  RuleDraft draft;
  RuleSpec& rule = draft.spec;
  rule.where = PlaceOf(file, node);
  Section section(file, node, "a rule", faults);
  if (node.kind != YamlKind::kMapping) return draft;
  section.Require("name", "a word in small letters");
  if (const std::optional<std::string> name = section.Text("name")) {
    rule.name = *name;
    section.set_title("rule " + Quoted(*name));
    if (!RuleName(*name)) {
      section.Add("name", section.title() +
                              ": a name is made of small letters, digits and _, and begins with a "
                              "letter");
    }
  }
  rule.extends = section.Text("extends").value_or("");
  if (const YamlNode* extends = section.Get("extends"))
    draft.extends_where = PlaceOf(file, *extends);
  ReadForm(&section, &draft, faults);
  rule.when = ReadConditions(&section);
  // A server's format is that of its access log.
  rule.event =
      ReadEvent(&section).value_or(rule.log_format ? EventKind::kRequest : EventKind::kLog);
  ReadMultiline(&section, &rule);
  rule.fallback = section.Bool("fallback").value_or(false);
  rule.drop = section.Bool("drop").value_or(false);
  ReadDedupe(&section, &rule);
  rule.timestamp = section.Texts("timestamp").value_or(std::vector<std::string>());
  ReadFields(&section, &rule, faults);
  ReadTransforms(&section, &rule, faults);
  ReadSample(&section, &rule, faults);
  ReadExamples(&section, &rule, faults);
  ReadNotExamples(&section, &rule);
  section.Finish();
  return draft;
}

}  // namespace parshall::rules
