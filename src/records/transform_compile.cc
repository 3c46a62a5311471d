#include <algorithm>
#include <cstring>

#include "base/json_text.h"
#include "base/quoted.h"
#include "records/compile.h"
#include "records/transform.h"
#include "rules/faults.h"

namespace parshall::records {
namespace {

using rules::TransformKind;

constexpr size_t kDropReasonsMax = 64;

int SlotOf(const CompiledRule& rule, std::string_view name) {
  for (size_t slot = 0; slot < rule.fields.size(); ++slot) {
    if (!name.empty() && rule.fields[slot].name == name) return static_cast<int>(slot);
  }
  return -1;
}

std::string JsonKey(const std::string& name) {
  const std::string padded = name + std::string(kPaddingBytes, '\0');
  std::string room(JsonTextBytesMax(name.size()), '\0');
  const char* const end =
      AppendJsonText(room.data(), std::string_view(padded).substr(0, name.size()));
  room.resize(static_cast<size_t>(end - room.data()));
  return '"' + room + '"';
}

}  // namespace

void TransformCompiler::Fault(const rules::Where& where, const std::string& what) {
  faults_->push_back(Fail("rule " + Quoted(spec_.name) + ": " + what, where.ToString()));
}

bool TransformCompiler::MayWant(const std::string& name) const {
  return std::find(gone_.begin(), gone_.end(), name) == gone_.end();
}

// The slot of a field as it is called at this point; -1 with a fault if there is none.
int TransformCompiler::Resolve(const std::string& name, const rules::Where& where) {
  const int slot = SlotOf(*rule_, name);
  if (slot >= 0) return slot;
  if (!MayWant(name)) {
    Fault(where,
          "the field " + Quoted(name) + " was renamed or removed by a transform before this");
    return -1;
  }
  if (add_key_) {
    add_key_(name);
    const int known = SlotOf(*rule_, name);
    if (known >= 0) return known;
    // A key that metrics know by another name (`as:`).
    for (const rules::FieldSpec& field : spec_.fields) {
      if (field.name == name) return SlotOf(*rule_, field.as);
    }
    return -1;
  }
  std::vector<std::string_view> names;
  for (const FieldInfo& field : rule_->fields) {
    if (!field.name.empty()) names.push_back(field.name);
  }
  Fault(where, "there is no field " + Quoted(name) + " to transform" + rules::Hint(name, names));
  return -1;
}

bool TransformCompiler::Taken(const std::string& name, const rules::Where& where) {
  if (SlotOf(*rule_, name) < 0) return false;
  Fault(where, "there is a field " + Quoted(name) + " already; rename or remove it first");
  return true;
}

int TransformCompiler::NewField(const std::string& name, const rules::Where& where) {
  if (Taken(name, where)) return -1;
  rule_->fields.push_back({name, rules::FieldType::kString, true});
  std::erase(gone_, name);
  const int slot = static_cast<int>(rule_->fields.size()) - 1;
  made_->made_slots.push_back(slot);
  return slot;
}

// The key that fills a slot; -1 if an expression or a transform does.
int TransformCompiler::KeyOf(int slot) const {
  for (const Recipe& recipe : rule_->recipes) {
    if (recipe.slot == slot && recipe.capture == 0) return recipe.key;
  }
  return -1;
}

KeyEdit* TransformCompiler::EditOf(int slot) {
  const int key = KeyOf(slot);
  if (key < 0) return nullptr;
  for (KeyEdit& edit : made_->edits) {
    if (edit.slot == slot) return &edit;
  }
  made_->edits.push_back({.key = key, .slot = slot, .name = {}, .name_json = {}, .redactors = {}});
  return &made_->edits.back();
}

bool TransformCompiler::IsText(int slot) const {
  if (KeyOf(slot) >= 0) return false;  // an event's keys say themselves what they are
  switch (rule_->fields[static_cast<size_t>(slot)].type) {
    case rules::FieldType::kString:
    case rules::FieldType::kTime:
    case rules::FieldType::kIp:
    case rules::FieldType::kHttpRequest:
      return true;
    default:
      return false;
  }
}

void TransformCompiler::Run() {
  if (spec_.transforms.empty() && !spec_.sample) return;
  made_ = std::make_unique<Transforms>();
  for (const rules::TransformSpec& step : spec_.transforms) Step(step);
  if (spec_.sample) {
    made_->one_in = spec_.sample->one_in;
    if (!spec_.sample->by.empty()) {
      made_->sample_slot = Resolve(spec_.sample->by, spec_.sample->where);
    }
  }
}

void TransformCompiler::Step(const rules::TransformSpec& spec) {
  switch (spec.kind) {
    case TransformKind::kKeep:
    case TransformKind::kDrop:
      return Filter(spec);
    case TransformKind::kRename:
      return Rename(spec);
    case TransformKind::kRemove:
      return Remove(spec);
    case TransformKind::kAdd:
      return Add(spec);
    case TransformKind::kRedact:
      return Redact(spec);
    case TransformKind::kSplit:
      return Split(spec);
    case TransformKind::kUserAgent:
      return Agent(spec);
  }
}

void TransformCompiler::Filter(const rules::TransformSpec& spec) {
  TransformOp op;
  op.kind = spec.kind == TransformKind::kKeep ? TransformOp::Kind::kKeep : TransformOp::Kind::kDrop;
  for (const rules::FieldTest& test : spec.tests) {
    CompiledTest compiled{.slot = Resolve(test.field, test.where),
                          .values = test.values,
                          .match = nullptr,
                          .min = test.min,
                          .max = test.max};
    if (compiled.slot < 0) continue;
    if ((test.min || test.max) && IsText(compiled.slot)) {
      Fault(test.where, "min: and max: are for numbers, and the field " + Quoted(test.field) +
                            " is a text; give it the type int or float");
    }
    if (!test.match.empty()) {
      auto search = Search::Compile(test.match, test.where.ToString());
      if (!search.ok()) {
        faults_->push_back(search.error());
        continue;
      }
      compiled.match = std::move(*search);
    }
    op.tests.push_back(std::move(compiled));
  }
  std::vector<std::string>& reasons = made_->reasons;
  auto reason = std::find(reasons.begin(), reasons.end(), spec.reason);
  if (reason == reasons.end() && reasons.size() < kDropReasonsMax) {
    reason = reasons.insert(reasons.end(), spec.reason);
  }
  op.reason = static_cast<uint32_t>(reason - reasons.begin());
  made_->ops.push_back(std::move(op));
}

void TransformCompiler::Rename(const rules::TransformSpec& spec) {
  for (const rules::NamedText& name : spec.fields) {
    const int slot = Resolve(name.name, name.where);
    if (slot < 0 || Taken(name.text, name.where)) continue;
    FieldInfo& field = rule_->fields[static_cast<size_t>(slot)];
    gone_.push_back(field.name);
    std::erase(gone_, name.text);
    field.name = name.text;
    if (KeyEdit* const edit = EditOf(slot)) {
      edit->name = name.text;
      edit->name_json = JsonKey(name.text);
    }
  }
}

void TransformCompiler::Remove(const rules::TransformSpec& spec) {
  for (const rules::NamedText& name : spec.fields) {
    const int slot = Resolve(name.name, name.where);
    if (slot < 0) continue;
    // The value stays for @timestamp and for what was split off it; only its name goes.
    FieldInfo& field = rule_->fields[static_cast<size_t>(slot)];
    gone_.push_back(field.name);
    field.name.clear();
    field.in_record = false;
    if (KeyEdit* const edit = EditOf(slot)) edit->hide = true;
  }
}

void TransformCompiler::Add(const rules::TransformSpec& spec) {
  for (const rules::NamedText& name : spec.fields) {
    const int slot = NewField(name.name, name.where);
    if (slot < 0) continue;
    std::string text = name.text;
    text.append(kPaddingBytes, '\0');
    made_->constants.push_back({.slot = slot, .text = std::move(text), .size = name.text.size()});
  }
}

void TransformCompiler::Redact(const rules::TransformSpec& spec) {
  TransformOp op;
  op.kind = TransformOp::Kind::kRedact;
  auto redactor = Redactor::Make(spec);
  if (!redactor.ok()) {
    faults_->push_back(redactor.error());
    return;
  }
  op.redactor = std::move(*redactor);
  for (const rules::NamedText& name : spec.fields) {
    const int slot = Resolve(name.name, name.where);
    if (slot < 0) continue;
    const bool time = std::any_of(rule_->timestamp.begin(), rule_->timestamp.end(),
                                  [slot](const TimestampField& one) { return one.slot == slot; });
    if (time) {
      Fault(name.where, "the field " + Quoted(name.name) +
                            " gives @timestamp, which could not be read any more; remove it, or "
                            "redact another");
      continue;
    }
    op.slots.push_back(slot);
    // A request that could not be taken apart has no path, but may hold what is looked for.
    for (const Recipe& recipe : rule_->recipes) {
      const bool part =
          recipe.method_slot == slot || recipe.path_slot == slot || recipe.protocol_slot == slot;
      if (part && recipe.method_slot >= 0) op.slots.push_back(recipe.slot);
    }
    if (KeyEdit* const edit = EditOf(slot)) edit->redactors.push_back(op.redactor.get());
  }
  made_->ops.push_back(std::move(op));
}

void TransformCompiler::Split(const rules::TransformSpec& spec) {
  if (spec.fields.empty()) return;
  const rules::NamedText& url = spec.fields[0];
  TransformOp op;
  op.kind = TransformOp::Kind::kSplit;
  const int slot = Resolve(url.name, url.where);
  if (slot < 0) return;
  op.slots.push_back(slot);
  // A part may take the place of the whole: `path: path`.
  const auto place = [&](const std::string& name) {
    if (name.empty()) return -1;
    if (rule_->fields[static_cast<size_t>(slot)].name == name) {
      EditOf(slot);
      return slot;
    }
    return NewField(name, url.where);
  };
  op.host_slot = place(spec.host_as);
  op.path_slot = place(spec.path_as);
  op.query_slot = place(spec.query_as);
  for (const rules::NamedText& param : spec.params) {
    const int param_slot = NewField(param.text, param.where);
    if (param_slot >= 0) op.params.emplace_back(param.name, param_slot);
  }
  made_->ops.push_back(std::move(op));
}

void TransformCompiler::Agent(const rules::TransformSpec& spec) {
  if (spec.fields.empty()) return;
  made_->agents = UserAgentTable::Shipped();
  if (made_->agents == nullptr) return Fault(spec.where, "the data on user agents cannot be read");
  const rules::NamedText& agent = spec.fields[0];
  TransformOp op;
  op.kind = TransformOp::Kind::kUserAgent;
  const int slot = Resolve(agent.name, agent.where);
  if (slot < 0) return;
  op.slots.push_back(slot);
  const auto place = [&](const std::string& name) {
    return name.empty() ? -1 : NewField(name, agent.where);
  };
  op.family_slot = place(spec.family_as);
  op.major_slot = place(spec.major_as);
  op.os_slot = place(spec.os_as);
  op.device_slot = place(spec.device_as);
  made_->ops.push_back(std::move(op));
}

void TransformCompiler::Finish() {
  if (!made_) return;
  bool redacts_captures = false;
  for (TransformOp& op : made_->ops) {
    if (op.kind != TransformOp::Kind::kRedact) continue;
    std::vector<int> below;
    for (const int slot : op.slots) {
      const int key = KeyOf(slot);
      redacts_captures = redacts_captures || key < 0;
      if (key < 0) continue;
      // An object is redacted with all that is in it, also where metrics look into it.
      const std::string path = (*keys_)[static_cast<size_t>(key)] + ".";
      for (const Recipe& recipe : rule_->recipes) {
        const bool inside = (*keys_)[static_cast<size_t>(recipe.key)].starts_with(path);
        if (recipe.capture == 0 && inside) below.push_back(recipe.slot);
      }
    }
    op.slots.insert(op.slots.end(), below.begin(), below.end());
  }
  // A request among the event's keys is shown as a whole beside its parts.
  const bool redacts = std::any_of(made_->ops.begin(), made_->ops.end(), [](const TransformOp& op) {
    return op.kind == TransformOp::Kind::kRedact;
  });
  for (const Recipe& recipe : rule_->recipes) {
    if (redacts && recipe.capture == 0 && recipe.method_slot >= 0) EditOf(recipe.slot);
  }
  // The event keeps the text that the fields were taken from.
  if (redacts_captures && rule_->from_key >= 0) {
    made_->edits.push_back(
        {.key = rule_->from_key, .slot = -1, .name = {}, .name_json = {}, .redactors = {}});
  }
  rule_->transforms = std::move(made_);
}

}  // namespace parshall::records
