#include "rules/reader_form.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rules/reader.h"

namespace parshall::rules {
namespace {

// `log_format: {nginx: '…', decode: true}`, or 'nginx:…' as on the command line.
void ReadLogFormat(Section* section, RuleSpec* rule, Faults* faults) {
  const YamlNode* node = section->Get("log_format");
  if (node == nullptr) return;
  LogFormatSpec format;
  if (node->kind == YamlKind::kMapping) {
    Section inner(section->file(), *node, section->title() + ": log_format", faults);
    format.decode = inner.Bool("decode").value_or(false);
    size_t servers = 0;
    for (const YamlMember& member : node->members) {
      if (member.key == "decode") continue;
      if (++servers > 1) {
        inner.Add(member.value, inner.title() + ": names one server, and this is a second");
        return;
      }
      format.server = member.key;
      format.text = inner.Text(member.key).value_or("");
      format.where = PlaceOfText(section->file(), member.value);
    }
    inner.Finish();
    if (servers == 0) {
      section->Add(*node, section->title() + ": log_format: names no server ({nginx: '…'})");
      return;
    }
  } else {
    const std::optional<std::string> text = section->Text("log_format");
    if (!text) return;
    const size_t colon = text->find(':');
    if (colon == std::string::npos) {
      section->Add(*node, section->title() +
                              ": log_format: needs the server and its format ({nginx: '…'} or "
                              "'nginx:…')");
      return;
    }
    format.server = text->substr(0, colon);
    format.text = text->substr(colon + 1);
    format.where = PlaceOfText(section->file(), *node);
    format.where.column += static_cast<int>(colon + 1);
  }
  if (format.text.size() > kPatternBytesMax) {
    section->Add("log_format", section->title() + ": the format is longer than " +
                                   std::to_string(kPatternBytesMax) + " bytes");
    return;
  }
  rule->kind = RuleKind::kPattern;
  rule->pattern_where = format.where;
  rule->log_format = std::move(format);
}

}  // namespace

void ReadForm(Section* section, RuleDraft* draft, Faults* faults) {
  RuleSpec& rule = draft->spec;
  const std::optional<std::string> pattern = section->Text("pattern");
  ReadLogFormat(section, &rule, faults);
  const std::optional<bool> json = section->Bool("json");
  const std::optional<bool> logfmt = section->Bool("logfmt");
  rule.from = section->Text("from").value_or("");
  size_t forms = 0;
  for (const std::string_view form : {"pattern", "log_format", "json", "logfmt"}) {
    forms += section->Has(form);
  }
  draft->has_form = forms > 0;
  if (logfmt == false) {
    section->Add("logfmt", section->title() + ": logfmt: is true or left out");
  } else if (logfmt) {
    rule.kind = RuleKind::kLogfmt;
    if (!rule.from.empty()) {
      section->Add("from", section->title() +
                               ": from: names the key that a pattern is matched against, and this "
                               "rule has `logfmt: true`");
    }
  }
  if (forms > 1 && !(pattern && json)) {
    section->Add(
        section->Has("logfmt") ? "logfmt" : "log_format",
        section->title() + ": a rule has one of `pattern`, `log_format`, `json` and `logfmt`");
  }
  if (pattern) {
    rule.kind = RuleKind::kPattern;
    rule.pattern = *pattern;
    rule.pattern_where = PlaceOfText(section->file(), *section->Get("pattern"));
    if (pattern->size() > kPatternBytesMax) {
      section->Add("pattern", section->title() + ": the pattern is longer than " +
                                  std::to_string(kPatternBytesMax) + " bytes");
    }
  }
  if (json == false) {
    section->Add("json", section->title() + ": json: is true or left out");
  } else if (json && section->Has("pattern")) {
    section->Add("json", section->title() +
                             " has both `pattern:` and `json: true`; to match one key of a JSON "
                             "event, keep the pattern and name the key with `from:`");
  } else if (json && !rule.from.empty()) {
    section->Add("from", section->title() +
                             ": from: names the key that a pattern is matched against, and this "
                             "rule has `json: true`");
  }
  if (!draft->has_form && rule.extends.empty() && !section->Has("extends")) {
    section->Require(
        "pattern",
        "or `log_format:`, `json: true`, `logfmt: true`, or `extends:` with a rule that has one");
  }
}

}  // namespace parshall::rules
