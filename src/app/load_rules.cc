#include "app/load_rules.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/builtin_rules.h"
#include "rules/lint.h"
#include "rules/reader.h"

namespace parshall::app {
namespace {

using rules::RuleFile;

constexpr std::string_view kBuiltinPrefix = "builtin:";

RuleFile FileOf(const BuiltinFile& builtin) {
  return {.name = std::string(kBuiltinPrefix) + std::string(builtin.name) + ".yaml",
          .text = std::string(builtin.text)};
}

std::vector<RuleFile> BuiltinFiles() {
  std::vector<RuleFile> files;
  for (const BuiltinFile& builtin : BuiltinRules()) files.push_back(FileOf(builtin));
  return files;
}

bool IsBuiltin(const rules::Where& where) { return where.file.starts_with(kBuiltinPrefix); }

// The operator's files. A rule of theirs may extend a builtin one: then the builtin files are read
// along and left out again.
rules::ReadOutcome ReadOwn(const std::vector<RuleFile>& files) {
  rules::ReadOutcome alone = rules::ReadRules(files);
  if (alone.faults.empty()) return alone;
  std::vector<RuleFile> all = files;
  for (RuleFile& builtin : BuiltinFiles()) all.push_back(std::move(builtin));
  rules::ReadOutcome together = rules::ReadRules(all);
  if (!together.faults.empty()) return alone;
  std::erase_if(together.rules.rules,
                [](const rules::RuleSpec& rule) { return IsBuiltin(rule.where); });
  return together;
}

// --format: a builtin file's name, or that of one rule.
std::optional<Error> SelectFormat(const Options& options, rules::RuleSet* set) {
  if (!options.format) return std::nullopt;
  const std::string& format = *options.format;
  const auto of_format = [&format](const rules::RuleSpec& rule) {
    return rule.name == format || rule.where.file == std::string(kBuiltinPrefix) + format + ".yaml";
  };
  if (std::none_of(set->rules.begin(), set->rules.end(), of_format)) {
    std::string known;
    for (const BuiltinFile& builtin : BuiltinRules())
      known += (known.empty() ? "" : ", ") + std::string(builtin.name);
    for (const rules::RuleSpec& rule : set->rules) known += ", " + rule.name;
    return Fail("there is no format \"" + format + "\"; there are " + known,
                options.Where("format"));
  }
  std::erase_if(set->rules, [&of_format](const rules::RuleSpec& rule) { return !of_format(rule); });
  return std::nullopt;
}

void AddPath(const std::string& path, std::vector<RuleFile>* files, std::vector<Error>* faults) {
  Result<std::vector<RuleFile>> loaded = rules::LoadRuleFiles(path);
  if (!loaded.ok()) {
    faults->push_back(loaded.error());
    return;
  }
  for (RuleFile& file : *loaded) files->push_back(std::move(file));
}

}  // namespace

ActiveRules LoadRules(const Options& options, const rules::Config& config) {
  ActiveRules active;
  std::vector<RuleFile> own;
  if (!options.rules.empty()) {
    for (const std::string& path : options.rules) AddPath(path, &own, &active.faults);
  } else if (config.rules && !options.format) {
    for (const rules::ConfigRules& entry : *config.rules) {
      if (entry.inline_file) {
        own.push_back(*entry.inline_file);
      } else {
        AddPath(entry.path, &own, &active.faults);
      }
    }
  }
  const bool own_rules = !own.empty() || !active.faults.empty();
  if (!active.faults.empty()) return active;
  if (config.metrics) own.push_back(*config.metrics);
  std::vector<RuleFile> files = own_rules ? own : BuiltinFiles();
  if (!own_rules && config.metrics) files.push_back(*config.metrics);
  rules::ReadOutcome read = own_rules ? ReadOwn(files) : rules::ReadRules(files);
  active.faults = std::move(read.faults);
  active.set = std::move(read.rules);
  if (!active.faults.empty()) return active;
  if (active.set.rules.empty()) {
    active.faults.push_back(
        Fail("no rule is active: the rule files hold metrics only", files.front().name));
    return active;
  }
  if (std::optional<Error> error = SelectFormat(options, &active.set)) {
    active.faults.push_back(std::move(*error));
    return active;
  }
  if (active.set.metrics.empty()) {
    active.set.metrics = rules::ReadRules({FileOf(BuiltinMetrics())}).rules.metrics;
  }
  records::CompileOutcome compiled =
      records::CompileRules(active.set, metrics::WantedFields(active.set));
  active.faults = std::move(compiled.faults);
  for (Error& error : metrics::CheckMetrics(active.set, config.labels))
    active.faults.push_back(std::move(error));
  if (!active.faults.empty()) return active;
  Result<std::shared_ptr<metrics::Store>> store = metrics::Store::Create(active.set, config.labels);
  if (!store.ok()) {
    active.faults.push_back(store.error());
    return active;
  }
  active.program = std::move(compiled.program);
  active.store = std::move(*store);
  if (own_rules) active.warnings = rules::Lint(active.set);
  return active;
}

std::vector<FormatRow> Formats() {
  std::vector<FormatRow> rows;
  for (const rules::RuleSpec& rule : rules::ReadRules(BuiltinFiles()).rules.rules) {
    const std::string file = rule.where.file.substr(kBuiltinPrefix.size());
    rows.push_back(
        {rule.name, file, rule.examples.empty() ? std::string() : rule.examples[0].line});
  }
  return rows;
}

}  // namespace parshall::app
