#include "rules/reader_transform.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/numbers.h"
#include "base/quoted.h"
#include "rules/reader_names.h"

namespace parshall::rules {
namespace {

constexpr size_t kReasonBytesMax = 64;

std::optional<double> ReadBound(Section* section, std::string_view key) {
  const YamlNode* node = section->Get(key);
  if (node == nullptr) return std::nullopt;
  double bound = 0;
  if (node->kind == YamlKind::kScalar && node->plain && ParseDouble(node->text, &bound)) {
    return bound;
  }
  section->Add(*node, section->title() + ": " + std::string(key) + ": must be a number");
  return std::nullopt;
}

// `status: [200, 304]`, `status: '*'`, or `path: {match: '^/static/'}`, `duration: {min: 1}`.
void ReadTest(Section* step, const YamlMember& member, TransformSpec* transform, Faults* faults) {
  FieldTest test{.field = member.key,
                 .values = {},
                 .match = {},
                 .min = std::nullopt,
                 .max = std::nullopt,
                 .where = Where{step->file(), member.line, member.column}};
  if (!GoodName(step, member.key, test.where, faults)) return;
  const std::string name = "the test of " + Quoted(member.key);
  if (member.value.kind == YamlKind::kMapping) {
    Section section(step->file(), member.value, step->title() + ": " + name, faults);
    test.match = section.Text("match").value_or("");
    test.min = ReadBound(&section, "min");
    test.max = ReadBound(&section, "max");
    const bool numeric = section.Has("min") || section.Has("max");
    if (section.Has("match") == numeric) {
      section.Add(member.value, section.title() + (numeric ? " has either `match:` or `min:` and "
                                                             "`max:`"
                                                           : " needs `match:`, `min:` or `max:`"));
    }
    if (test.min && test.max && *test.min > *test.max) {
      section.Add("max", section.title() + ": max: is below min:, so nothing passes");
    }
    section.Finish();
    transform->tests.push_back(std::move(test));
    return;
  }
  const bool list = member.value.kind == YamlKind::kList;
  if (list && member.value.items.empty()) {
    step->Add(member.value, step->title() + ": " + name + " is an empty list");
    return;
  }
  const std::vector<YamlNode> one = {member.value};
  bool any = false;
  for (const YamlNode& item : list ? member.value.items : one) {
    std::optional<std::string> text = step->TextOf(item, name, true);
    if (!text) return;
    any = any || *text == "*";
    test.values.push_back(std::move(*text));
  }
  if (any && list) {
    step->Add(member.value, step->title() + ": " + name +
                                ": '*' means that the field is there, and stands alone");
    return;
  }
  if (any) test.values.clear();
  transform->tests.push_back(std::move(test));
}

void ReadFilter(Section* step, std::string_view key, TransformSpec* transform, Faults* faults) {
  const YamlNode* node = step->Get(key);
  if (node->kind != YamlKind::kMapping || node->members.empty()) {
    step->Add(*node, step->title() + ": " + std::string(key) +
                         ": must be a mapping of tests (field: value)");
  } else {
    for (const YamlMember& member : node->members) ReadTest(step, member, transform, faults);
  }
  step->Require("reason", "a word for the count of what is dropped");
  transform->reason = step->Text("reason").value_or("");
  const bool word = std::all_of(transform->reason.begin(), transform->reason.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!word || transform->reason.size() > kReasonBytesMax) {
    step->Add("reason", step->title() + ": reason: is a label's value: up to " +
                            std::to_string(kReasonBytesMax) + " small letters, digits and _");
  }
}

std::string_view DefaultReplacement(RedactPreset preset) {
  switch (preset) {
    case RedactPreset::kEmail:
      return "[email]";
    case RedactPreset::kCard:
      return "[card]";
    default:
      return "[redacted]";
  }
}

void ReadRedact(Section* step, const YamlNode& node, TransformSpec* transform, Faults* faults) {
  static const std::vector<Choice<RedactPreset>> presets = {
      {"query_secrets", RedactPreset::kQuerySecrets},
      {"email", RedactPreset::kEmail},
      {"card", RedactPreset::kCard},
      {"ip", RedactPreset::kIp}};
  Section section(step->file(), node, step->title() + ": redact", faults);
  if (node.kind != YamlKind::kMapping) return;
  section.Require("field", "the field or a list of fields");
  ReadNames(&section, "field", &transform->fields, faults);
  if (section.Has("preset") == section.Has("match")) {
    section.Add(node, section.title() +
                          " needs either `match:`, an expression, or `preset:`, one "
                          "of query_secrets, email, card and ip");
  }
  transform->preset = section.OneOf("preset", presets).value_or(RedactPreset::kExpression);
  transform->match = section.Text("match").value_or("");
  transform->with =
      section.Text("with", true).value_or(std::string(DefaultReplacement(transform->preset)));
  const bool ip = transform->preset == RedactPreset::kIp;
  if (ip && section.Has("with")) {
    section.Add("with", section.title() +
                            ": with: is not for addresses, which are cut to their "
                            "network (`ipv4:` and `ipv6:` say how far)");
  }
  if (transform->with.size() > kReplacementBytesMax) {
    section.Add("with", section.title() + ": with: is longer than " +
                            std::to_string(kReplacementBytesMax) + " bytes");
  }
  for (const std::string_view key : {"ipv4", "ipv6"}) {
    if (!ip && section.Has(key)) {
      section.Add(key, section.title() + ": " + std::string(key) + ": is for `preset: ip` only");
    }
  }
  transform->ipv4_bits = static_cast<int>(section.Integer("ipv4", 0, 32).value_or(24));
  transform->ipv6_bits = static_cast<int>(section.Integer("ipv6", 0, 128).value_or(48));
  section.Finish();
}

void ReadSplit(Section* step, const YamlNode& node, TransformSpec* transform, Faults* faults) {
  if (node.kind == YamlKind::kScalar) {
    ReadNames(step, "split", &transform->fields, faults);
    transform->path_as = "url_path";
    transform->query_as = "url_query";
    return;
  }
  Section section(step->file(), node, step->title() + ": split", faults);
  if (node.kind != YamlKind::kMapping) return;
  section.Require("field", "the field that holds the URL");
  if (const std::optional<std::string> field = section.Text("field")) {
    const Where where = PlaceOf(section.file(), *section.Get("field"));
    if (GoodName(&section, *field, where, faults)) transform->fields.push_back({*field, {}, where});
  }
  for (const auto& [key, name] : {std::pair{"host", &transform->host_as},
                                  {"path", &transform->path_as},
                                  {"query", &transform->query_as}}) {
    *name = section.Text(key).value_or("");
    if (section.Has(key) && !name->empty()) {
      GoodName(&section, *name, PlaceOf(section.file(), *section.Get(key)), faults);
    }
  }
  if (const YamlNode* params = section.Get("params")) {
    if (params->kind == YamlKind::kMapping) {
      ReadPairs(&section, "params", false, &transform->params, faults);
    } else {
      ReadNames(&section, "params", &transform->params, faults);
      for (NamedText& param : transform->params) param.text = param.name;
    }
  }
  const bool any =
      section.Has("host") || section.Has("path") || section.Has("query") || section.Has("params");
  if (!any) {
    transform->path_as = "url_path";
    transform->query_as = "url_query";
  }
  section.Finish();
}

// `user_agent: agent`, or {field: agent, family: browser, …}.
void ReadUserAgent(Section* step, const YamlNode& node, TransformSpec* transform, Faults* faults) {
  const auto usual = [transform] {
    transform->family_as = "agent_family";
    transform->major_as = "agent_major";
    transform->os_as = "agent_os";
    transform->device_as = "agent_device";
  };
  if (node.kind == YamlKind::kScalar) {
    ReadNames(step, "user_agent", &transform->fields, faults);
    usual();
    return;
  }
  Section section(step->file(), node, step->title() + ": user_agent", faults);
  if (node.kind != YamlKind::kMapping) return;
  section.Require("field", "the field that holds the agent");
  if (const std::optional<std::string> field = section.Text("field")) {
    const Where where = PlaceOf(section.file(), *section.Get("field"));
    if (GoodName(&section, *field, where, faults)) transform->fields.push_back({*field, {}, where});
  }
  bool any = false;
  for (const auto& [key, name] : {std::pair{"family", &transform->family_as},
                                  {"major", &transform->major_as},
                                  {"os", &transform->os_as},
                                  {"device", &transform->device_as}}) {
    any = any || section.Has(key);
    *name = section.Text(key).value_or("");
    if (section.Has(key) && !name->empty()) {
      GoodName(&section, *name, PlaceOf(section.file(), *section.Get(key)), faults);
    }
  }
  if (!any) usual();
  section.Finish();
}

TransformSpec ReadStep(Section* rule, const YamlNode& node, size_t number, Faults* faults) {
  struct Word {
    std::string_view word;
    TransformKind kind;
  };
  static constexpr Word kWords[] = {
      {"keep", TransformKind::kKeep},     {"drop", TransformKind::kDrop},
      {"rename", TransformKind::kRename}, {"remove", TransformKind::kRemove},
      {"add", TransformKind::kAdd},       {"redact", TransformKind::kRedact},
      {"split", TransformKind::kSplit},   {"user_agent", TransformKind::kUserAgent}};
  TransformSpec transform;
  transform.where = PlaceOf(rule->file(), node);
  Section section(rule->file(), node, rule->title() + ": transform " + std::to_string(number),
                  faults);
  if (node.kind != YamlKind::kMapping) return transform;
  size_t words = 0;
  std::string_view key;
  for (const Word& word : kWords) {
    if (!section.Has(word.word)) continue;
    if (++words > 1) continue;
    key = word.word;
    transform.kind = word.kind;
  }
  if (words > 1) {
    section.Add(node,
                section.title() +
                    " has several words; each is a step of its own, since their order counts");
    return transform;
  }
  if (words == 0) {
    static_cast<void>(section.Has("reason"));
    section.Finish();
    section.Add(node,
                section.title() +
                    " needs one of keep, drop, rename, remove, add, redact, split and user_agent");
    return transform;
  }
  const YamlNode& value = *section.Get(key);
  switch (transform.kind) {
    case TransformKind::kKeep:
    case TransformKind::kDrop:
      ReadFilter(&section, key, &transform, faults);
      break;
    case TransformKind::kRename:
      ReadPairs(&section, key, false, &transform.fields, faults);
      break;
    case TransformKind::kAdd:
      ReadPairs(&section, key, true, &transform.fields, faults);
      break;
    case TransformKind::kRemove:
      ReadNames(&section, key, &transform.fields, faults);
      break;
    case TransformKind::kRedact:
      ReadRedact(&section, value, &transform, faults);
      break;
    case TransformKind::kSplit:
      ReadSplit(&section, value, &transform, faults);
      break;
    case TransformKind::kUserAgent:
      ReadUserAgent(&section, value, &transform, faults);
      break;
  }
  section.Finish();
  return transform;
}

}  // namespace

void ReadTransforms(Section* section, RuleSpec* rule, Faults* faults) {
  const YamlNode* node = section->Get("transforms");
  if (node == nullptr) return;
  if (node->kind != YamlKind::kList) {
    section->Add(*node, section->title() +
                            ": transforms: must be a list (- drop: …), and this is " +
                            std::string(KindName(*node)));
    return;
  }
  if (node->items.size() > kTransformsMax) {
    section->Add(
        *node, section->title() + ": more than " + std::to_string(kTransformsMax) + " transforms");
    return;
  }
  for (size_t i = 0; i < node->items.size(); ++i) {
    rule->transforms.push_back(ReadStep(section, node->items[i], i + 1, faults));
  }
}

void ReadSample(Section* section, RuleSpec* rule, Faults* faults) {
  const YamlNode* node = section->Get("sample");
  if (node == nullptr) return;
  Section sample(section->file(), *node, section->title() + ": sample", faults);
  if (node->kind != YamlKind::kMapping) return;
  SampleSpec spec;
  spec.where = sample.where();
  sample.Require("one_in", "how many records there are for one that is written");
  spec.one_in = static_cast<uint32_t>(
      sample.Integer("one_in", 1, std::numeric_limits<int32_t>::max()).value_or(1));
  spec.by = sample.Text("by").value_or("");
  sample.Finish();
  rule->sample = std::move(spec);
}

}  // namespace parshall::rules
