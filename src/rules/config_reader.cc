#include "rules/config_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/numbers.h"
#include "base/quoted.h"
#include "base/units.h"
#include "rules/reader_metric.h"
#include "rules/section.h"

namespace parshall::rules {
namespace {

// The settings of one file on their way into a Config. One thread.
class ConfigReader {
 public:
  ConfigReader(const std::string& file, Config* config, Faults* faults)
      : file_(file), config_(config), faults_(faults) {}

  void Read(const YamlNode& root) {
    Section top(file_, root, "the configuration", faults_);
    if (root.kind != YamlKind::kMapping) return;
    ReadSources(&top);
    ReadRuleEntries(&top);
    if (const YamlNode* metrics = top.Get("metrics")) {
      config_->metrics = Inline("metrics", *metrics);
      Place("metrics", *metrics);
    }
    ReadOutput(&top);
    ReadWeb(&top);
    ReadState(&top);
    ReadLabels(&top);
    ReadText(&top, "", "format", &config_->format);
    ReadWord(&top, "", "dedupe", {"off", "report", "adjacent"}, &config_->dedupe);
    if (const std::optional<int64_t> threads = top.Integer("threads", 1, 64)) {
      config_->threads = static_cast<int>(*threads);
      Place("threads", *top.Get("threads"));
    }
    ReadLineBytesMax(&top);
    config_->series_max = top.Integer("series_max", 1, 10'000'000);
    ReadLog(&top);
    top.Finish();
  }

 private:
  void Place(const std::string& setting, const YamlNode& node) {
    config_->places.emplace(setting, PlaceOf(file_, node));
  }

  // Rules or metrics that stand in this file, as the file they would be.
  RuleFile Inline(std::string_view key, const YamlNode& node) const {
    RuleFile file{file_, std::string()};
    file.tree.emplace();
    file.tree->kind = YamlKind::kMapping;
    file.tree->line = node.line;
    file.tree->column = node.column;
    file.tree->members.push_back(YamlMember{std::string(key), node.line, node.column, node});
    return file;
  }

  void ReadText(Section* section, const std::string& prefix, const std::string& key,
                std::optional<std::string>* setting) {
    *setting = section->Text(key);
    if (*setting) Place(prefix + key, *section->Get(key));
  }

  void ReadWord(Section* section, const std::string& prefix, const std::string& key,
                const std::vector<std::string_view>& words, std::optional<std::string>* setting) {
    std::vector<Choice<std::string_view>> choices;
    for (std::string_view word : words) choices.push_back({word, word});
    const std::optional<std::string_view> word = section->OneOf(key, choices);
    if (!word) return;
    *setting = std::string(*word);
    Place(prefix + key, *section->Get(key));
  }

  void ReadSources(Section* top) {
    const YamlNode* node = top->Get("sources");
    if (node == nullptr) return;
    Place("sources", *node);
    config_->sources.emplace();
    if (node->kind != YamlKind::kList) {
      top->Add(*node,
               "sources: must be a list of paths, and this is " + std::string(KindName(*node)));
      return;
    }
    for (const YamlNode& item : node->items) ReadSource(top, item);
  }

  void ReadSource(Section* top, const YamlNode& item) {
    ConfigSource source;
    source.where = PlaceOf(file_, item);
    if (item.kind != YamlKind::kMapping) {
      source.path = top->TextOf(item, "an item of sources:").value_or("");
    } else {
      Section section(file_, item, "a source", faults_);
      section.Require("path", "a path or a glob, - for stdin");
      source.path = section.Text("path").value_or("");
      const std::vector<Choice<bool>> ends = {{"beginning", false}, {"end", true}};
      source.from_end = section.OneOf("from", ends);
      source.once = section.Bool("once");
      section.Finish();
    }
    if (!source.path.empty()) config_->sources->push_back(std::move(source));
  }

  void ReadRuleEntries(Section* top) {
    const YamlNode* node = top->Get("rules");
    if (node == nullptr) return;
    Place("rules", *node);
    config_->rules.emplace();
    const std::vector<YamlNode> one = {*node};
    for (const YamlNode& item : node->kind == YamlKind::kList ? node->items : one) {
      ConfigRules entry;
      entry.where = PlaceOf(file_, item);
      if (item.kind == YamlKind::kMapping) {
        entry.inline_file =
            HoldsLists(item) ? RuleFile{file_, std::string(), item} : Inline("rules", ListOf(item));
      } else {
        const std::optional<std::string> path = top->TextOf(item, "an item of rules:");
        if (!path) continue;
        entry.path = Beside(*path);
      }
      config_->rules->push_back(std::move(entry));
    }
  }

  // A path as Prometheus's rule_files have it: relative to the folder of this file.
  std::string Beside(const std::string& path) const {
    const size_t slash = file_.rfind('/');
    if (path.starts_with('/') || slash == std::string::npos) return path;
    return file_.substr(0, slash + 1) + path;
  }

  // Whether a mapping is what a rule file is, and not one rule.
  static bool HoldsLists(const YamlNode& node) {
    return std::any_of(node.members.begin(), node.members.end(), [](const YamlMember& member) {
      return member.key == "rules" || member.key == "metrics";
    });
  }

  static YamlNode ListOf(const YamlNode& item) {
    YamlNode list;
    list.kind = YamlKind::kList;
    list.line = item.line;
    list.column = item.column;
    list.items.push_back(item);
    return list;
  }

  void ReadOutput(Section* top) {
    const YamlNode* node = top->Get("output");
    if (node == nullptr) return;
    if (node->kind != YamlKind::kMapping) {
      config_->output.to = top->Text("output");
      if (config_->output.to) Place("output.to", *node);
      return;
    }
    Section section(file_, *node, "output", faults_);
    ReadText(&section, "output.", "to", &config_->output.to);
    ReadWord(&section, "output.", "schema", {"flat", "ecs"}, &config_->output.schema);
    ReadWord(&section, "output.", "on_error", {"pause", "drop", "exit"}, &config_->output.on_error);
    if (const std::optional<std::string> size = section.Text("rotate_bytes")) {
      constexpr int64_t kMax = int64_t{1} << 50;
      config_->output.rotate_bytes = Bytes(*size, kMax);
      Place("output.rotate_bytes", *section.Get("rotate_bytes"));
      if (!config_->output.rotate_bytes) {
        section.Add(
            "rotate_bytes",
            "output: rotate_bytes: must be a size up to 1024 TiB like 100MiB, and this is " +
                Quoted(*size));
      }
    }
    if (const std::optional<std::string> interval = section.Text("rotate_interval")) {
      config_->output.rotate_interval_seconds = Seconds(*interval, 1, 366 * 86400.0);
      Place("output.rotate_interval", *section.Get("rotate_interval"));
      if (!config_->output.rotate_interval_seconds) {
        section.Add("rotate_interval",
                    "output: rotate_interval: must be a time from 1s to 366d like 30m, 24h or 7d, "
                    "and this is " +
                        Quoted(*interval));
      }
    }
    if (const std::optional<int64_t> keep = section.Integer("keep", 1, 1000)) {
      config_->output.keep = static_cast<int>(*keep);
      Place("output.keep", *section.Get("keep"));
    }
    section.Finish();
  }

  void ReadWeb(Section* top) {
    const YamlNode* node = top->Get("web");
    if (node == nullptr) return;
    Section section(file_, *node, "web", faults_);
    config_->web.listen_addresses = section.Texts("listen_address");
    if (config_->web.listen_addresses) {
      Place("web.listen_address", *section.Get("listen_address"));
    }
    ReadText(&section, "web.", "config_file", &config_->web.config_file);
    config_->web.enable_lifecycle = section.Bool("enable_lifecycle");
    if (config_->web.enable_lifecycle) {
      Place("web.enable_lifecycle", *section.Get("enable_lifecycle"));
    }
    section.Finish();
  }

  void ReadState(Section* top) {
    const YamlNode* node = top->Get("state");
    if (node == nullptr) return;
    Section section(file_, *node, "state", faults_);
    ReadText(&section, "state.", "dir", &config_->state.dir);
    section.Require("dir", "the folder of the snapshots");
    if (const std::optional<std::string> interval = section.Text("interval")) {
      // In units that suit it; nobody wants it once a day.
      if (!interval->ends_with('d')) {
        config_->state.interval_seconds = Seconds(*interval, 0.001, 86400);
      }
      Place("state.interval", *section.Get("interval"));
      if (!config_->state.interval_seconds) {
        section.Add("interval",
                    "state: interval: must be a time like 500ms, 1s or 1m, and this is " +
                        Quoted(*interval));
      }
    }
    section.Finish();
  }

  void ReadLog(Section* top) {
    const YamlNode* node = top->Get("log");
    if (node == nullptr) return;
    Section section(file_, *node, "log", faults_);
    ReadWord(&section, "log.", "level", {"debug", "info", "warn", "error"}, &config_->log.level);
    ReadWord(&section, "log.", "format", {"logfmt", "json"}, &config_->log.format);
    section.Finish();
  }

  void ReadLabels(Section* top) {
    const YamlNode* node = top->Get("labels");
    if (node == nullptr) return;
    Place("labels", *node);
    if (node->kind != YamlKind::kMapping) {
      top->Add(*node, "labels: must be a mapping (label: text), and this is " +
                          std::string(KindName(*node)));
      return;
    }
    if (node->members.size() > kLabelsMax) {
      top->Add(*node, "labels: more than " + std::to_string(kLabelsMax));
      return;
    }
    for (const YamlMember& member : node->members) {
      const Where where{file_, member.line, member.column};
      const std::string name = "labels: " + Quoted(member.key) + ": ";
      if (!LegalLabelName(member.key)) {
        faults_->Add(where, name +
                                "a label's name is made of letters, digits and _, and does not "
                                "begin with a digit");
      } else if (member.key.starts_with("__")) {
        faults_->Add(where, name + "names that begin with __ belong to Prometheus");
      } else if (member.key == "le" || member.key == "quantile") {
        faults_->Add(where, name + "this label belongs to histograms and summaries");
      }
      const std::optional<std::string> text =
          top->TextOf(member.value, "labels: " + Quoted(member.key));
      if (text) config_->labels.emplace_back(member.key, *text);
    }
  }

  void ReadLineBytesMax(Section* top) {
    const std::optional<std::string> text = top->Text("line_bytes_max");
    if (!text) return;
    Place("line_bytes_max", *top->Get("line_bytes_max"));
    config_->line_bytes_max = Bytes(*text, int64_t{1} << 30);
    if (config_->line_bytes_max) return;
    top->Add("line_bytes_max",
             "line_bytes_max: must be a size from 1 to 1 GiB like 65536, 64KiB or 1MiB, and this "
             "is " +
                 Quoted(*text));
  }

  // The number before the unit, which `*unit` becomes; blanks between them are fine.
  static std::string_view SplitUnit(std::string_view text, std::string_view* unit) {
    const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    *unit = text.substr(digits);
    while (unit->starts_with(' ')) unit->remove_prefix(1);
    return text.substr(0, digits);
  }

  static std::optional<double> Seconds(std::string_view text, double min, double max) {
    double seconds = 0;
    if (!ParseDuration(text, &seconds) || seconds < min || seconds > max) return std::nullopt;
    return seconds;
  }

  static std::optional<uint64_t> Bytes(std::string_view text, int64_t max) {
    const std::vector<Choice<int64_t>> units = {{"", 1},
                                                {"B", 1},
                                                {"KiB", int64_t{1} << 10},
                                                {"MiB", int64_t{1} << 20},
                                                {"GiB", int64_t{1} << 30},
                                                {"TiB", int64_t{1} << 40}};
    std::string_view unit;
    int64_t number = 0;
    if (!ParseInt64(SplitUnit(text, &unit), &number)) return std::nullopt;
    for (const Choice<int64_t>& known : units) {
      if (known.word != unit) continue;
      if (number >= 1 && number <= max / known.meaning) {
        return static_cast<uint64_t>(number * known.meaning);
      }
    }
    return std::nullopt;
  }

  const std::string& file_;
  Config* config_;
  Faults* faults_;
};

// Everywhere but in rules and metrics.
void Expand(const std::string& name, const EnvironmentLookup& environment, YamlNode* root,
            Faults* faults) {
  for (YamlMember& member : root->members) {
    if (member.key == "metrics") continue;
    if (member.key != "rules" || member.value.kind == YamlKind::kScalar) {
      ExpandEnvironment(name, environment, &member.value, faults);
      continue;
    }
    for (YamlNode& item : member.value.items) {
      if (item.kind == YamlKind::kScalar) ExpandEnvironment(name, environment, &item, faults);
    }
  }
}

}  // namespace

ConfigOutcome ReadConfig(const std::string& name, const std::string& text,
                         const EnvironmentLookup& environment, Vocabulary* vocabulary) {
  ConfigOutcome outcome;
  Faults faults(vocabulary);
  YamlNode root;
  if (ReadYaml(name, text, &root, &faults)) {
    if (root.kind == YamlKind::kNull) {
      faults.Add(Where{name, 1, 1}, "the file is empty");
    } else {
      Expand(name, environment, &root, &faults);
      ConfigReader(name, &outcome.config, &faults).Read(root);
    }
  }
  outcome.faults = faults.Take();
  return outcome;
}

}  // namespace parshall::rules
