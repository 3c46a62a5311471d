#include "app/load_rules.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "app/builtin_rules.h"
#include "app/config_hash.h"
#include "base/numbers.h"
#include "base/quoted.h"
#include "records/log_format.h"
#include "records/regex.h"
#include "rules/lint.h"
#include "rules/reader.h"

namespace parshall::app {
namespace {

using rules::RuleFile;

RuleFile FileOf(const BuiltinFile& builtin) {
  return {.name = std::string(kBuiltinPrefix) + std::string(builtin.name) + ".yaml",
          .text = std::string(builtin.text)};
}

std::vector<RuleFile> BuiltinFiles() {
  std::vector<RuleFile> files;
  for (const BuiltinFile& builtin : BuiltinRules()) files.push_back(FileOf(builtin));
  return files;
}

// "compat/nginxlog" is called nginxlog.
std::string_view FormatOfFile(std::string_view name) { return name.substr(name.rfind('/') + 1); }

bool IsBuiltin(const rules::Where& where) { return where.file.starts_with(kBuiltinPrefix); }

// The builtin files without those that hold a rule of these names: an operator's copy of one stands
// for it.
std::vector<RuleFile> BuiltinFilesBut(const rules::RuleSet& own) {
  std::set<std::string_view> names;
  for (const rules::RuleSpec& rule : own.rules) names.insert(rule.name);
  std::set<std::string> replaced;
  for (const rules::RuleSpec& rule : rules::ReadRules(BuiltinFiles()).rules.rules) {
    if (names.count(rule.name) > 0) replaced.insert(rule.where.file);
  }
  std::vector<RuleFile> files = BuiltinFiles();
  std::erase_if(files, [&](const RuleFile& file) { return replaced.count(file.name) > 0; });
  return files;
}

// The operator's files. A rule of theirs may extend a builtin one: then the builtin files are read
// along and left out again. Files that hold only metrics leave the builtin rules active.
rules::ReadOutcome ReadOwn(const std::vector<RuleFile>& files) {
  rules::ReadOutcome alone = rules::ReadRules(files);
  const bool metrics_only = alone.rules.rules.empty() && !alone.rules.metrics.empty();
  if (alone.faults.empty() && !metrics_only) return alone;
  std::vector<RuleFile> all = files;
  for (RuleFile& builtin : BuiltinFilesBut(alone.rules)) all.push_back(std::move(builtin));
  rules::ReadOutcome together = rules::ReadRules(all);
  // With faults of another kind beside it, `extends: access` is none: those that stay are shown.
  if (!together.faults.empty())
    return together.faults.size() < alone.faults.size() ? together : alone;
  if (!metrics_only) {
    std::erase_if(together.rules.rules,
                  [](const rules::RuleSpec& rule) { return IsBuiltin(rule.where); });
  }
  return together;
}

// Names that people know a format by, and the rule that reads it.
struct FormatName {
  std::string_view name;
  std::string_view rule;
};
constexpr std::array kFormatNames = {FormatName{"combined", "access"},
                                     FormatName{"common", "access"},
                                     FormatName{"vhost_combined", "vhost_access"}};

// Files of which a part stands in another file, since other servers write it, too: gunicorn's
// default access lines, and structlog's events that are no requests.
constexpr std::array kFormatParts = {FormatName{"gunicorn", "access"},
                                     FormatName{"structlog", "json_event"}};

bool IsOfFormat(const rules::RuleSpec& rule, std::string_view format) {
  if (IsBuiltin(rule.where)) {
    for (const FormatName& part : kFormatParts) {
      if (part.name == format && part.rule == rule.name) return true;
    }
    for (const FormatName& known : kFormatNames) {
      if (known.name == format && known.rule == rule.name) return true;
    }
    std::string_view file = rule.where.file;
    file.remove_prefix(kBuiltinPrefix.size());
    file.remove_suffix(std::string_view(".yaml").size());
    if (FormatOfFile(file) == format) return true;
  }
  return rule.name == format;
}

// What one pack holds. It may extend what is builtin, but not other packs, which may count the same
// metrics in other ways.
rules::ReadOutcome ReadPack(const BuiltinFile& pack) {
  std::vector<RuleFile> files = BuiltinFiles();
  const RuleFile file = FileOf(pack);
  files.push_back(file);
  rules::ReadOutcome read = rules::ReadRules(files);
  std::erase_if(read.rules.rules,
                [&file](const rules::RuleSpec& rule) { return rule.where.file != file.name; });
  return read;
}

// The pack that --format asks for, by its own name or by that of one of its rules.
const BuiltinFile* FindPack(std::string_view format) {
  for (const BuiltinFile& pack : RulePacks()) {
    if (FormatOfFile(pack.name) == format) return &pack;
  }
  // Reading all packs would take 40 ms: only those that may hold such a rule.
  for (const BuiltinFile& pack : RulePacks()) {
    if (pack.text.find("- name: " + std::string(format) + "\n") == std::string_view::npos) continue;
    const rules::ReadOutcome read = ReadPack(pack);
    for (const rules::RuleSpec& rule : read.rules.rules) {
      if (rule.name == format) return &pack;
    }
  }
  return nullptr;
}

// `--format nginx:$remote_addr …`: a rule of its own, tried before all others.
std::optional<rules::RuleSpec> FormatRule(const std::string& format, const std::string& where,
                                          const rules::RuleSet& set) {
  const size_t colon = format.find(':');
  if (colon == std::string::npos) return std::nullopt;
  rules::RuleSpec rule;
  rule.name = "log_format";
  const auto taken = [&rule](const rules::RuleSpec& other) { return other.name == rule.name; };
  while (std::any_of(set.rules.begin(), set.rules.end(), taken)) rule.name += '_';
  rule.kind = rules::RuleKind::kPattern;
  rule.event = rules::EventKind::kRequest;
  rule.where.file = where;
  rule.pattern_where = rule.where;
  rule.log_format = rules::LogFormatSpec{
      .server = format.substr(0, colon), .text = format.substr(colon + 1), .where = rule.where};
  return rule;
}

// A builtin file's name, that of one rule, or a name that people know.
std::optional<Error> SelectFormat(const std::string& format, const std::string& where,
                                  rules::RuleSet* set) {
  const auto of_format = [&format](const rules::RuleSpec& rule) {
    return IsOfFormat(rule, format);
  };
  if (std::none_of(set->rules.begin(), set->rules.end(), of_format)) {
    std::string known;
    const auto add = [&known](std::string_view name) {
      known += (known.empty() ? "" : ", ") + std::string(name);
    };
    for (const FormatName& name : kFormatNames) add(name.name);
    for (const BuiltinFile& builtin : BuiltinRules()) add(builtin.name);
    for (const BuiltinFile& pack : RulePacks()) add(FormatOfFile(pack.name));
    return Fail("there is no format " + Quoted(format) + "; there are " + known +
                    ", the rules that `parshall formats` shows, and SERVER:FORMAT, as in "
                    "'nginx:$remote_addr …'",
                where);
  }
  std::erase_if(set->rules, [&of_format](const rules::RuleSpec& rule) { return !of_format(rule); });
  return std::nullopt;
}

// Only for rules that look for twins: other servers' lines may well be the same twice.
void SetDedupe(std::string_view word, rules::RuleSet* set) {
  for (rules::RuleSpec& rule : set->rules) {
    if (rule.dedupe == rules::Dedupe::kOff) continue;
    rule.dedupe = word == "adjacent" ? rules::Dedupe::kAdjacent
                  : word == "report" ? rules::Dedupe::kReport
                                     : rules::Dedupe::kOff;
  }
}

void AddPath(const std::string& path, std::vector<RuleFile>* files, std::vector<Error>* faults) {
  Result<std::vector<RuleFile>> loaded = rules::LoadRuleFiles(path);
  if (!loaded.ok()) {
    faults->push_back(loaded.error());
    return;
  }
  for (RuleFile& file : *loaded) files->push_back(std::move(file));
}

// The files that the operator named, and rules that stand in the configuration.
std::vector<RuleFile> OwnFiles(const Options& options, const rules::Config& config,
                               std::vector<Error>* faults) {
  std::vector<RuleFile> own;
  if (!options.rules.empty()) {
    for (const std::string& path : options.rules) AddPath(path, &own, faults);
  } else if (config.rules && !options.format && !config.format) {
    for (const rules::ConfigRules& entry : *config.rules) {
      if (entry.inline_file) {
        own.push_back(*entry.inline_file);
      } else {
        AddPath(entry.path, &own, faults);
      }
    }
  }
  return own;
}

// What stands in the configuration is part of its text. `faults` stand for what could not be read.
uint64_t HashOf(const std::vector<RuleFile>& files, const rules::Config& config,
                const std::vector<Error>& faults) {
  ConfigHash hash;
  hash.Add(config.text_hash);
  for (const Error& fault : faults) hash.Add(fault.ToString());
  for (const RuleFile& file : files) {
    hash.Add(file.name);
    hash.Add(file.text);
  }
  return hash.value();
}

// "rules/x.yaml:3:14" → its file, 3 and 14. A place without numbers is a file.
struct Place {
  std::string_view file;
  int64_t line = 0;
  int64_t column = 0;
};

Place PlaceIn(std::string_view where) {
  Place place{.file = where};
  const auto take = [&place](int64_t* number) {
    const size_t colon = place.file.rfind(':');
    if (colon == std::string_view::npos || !ParseInt64(place.file.substr(colon + 1), number))
      return;
    place.file = place.file.substr(0, colon);
  };
  take(&place.column);
  take(&place.line);
  return place;
}

// By line and column; the files keep their order.
void SortByPlace(std::vector<Error>* faults) {
  std::vector<std::string_view> files;
  const auto rank = [&files](std::string_view file) {
    return std::find(files.begin(), files.end(), file) - files.begin();
  };
  const std::vector<Error> unsorted = *faults;  // what the views above point into
  for (const Error& fault : unsorted) {
    const std::string_view file = PlaceIn(fault.where).file;
    if (rank(file) == std::ssize(files)) files.push_back(file);
  }
  std::stable_sort(faults->begin(), faults->end(), [&rank](const Error& a, const Error& b) {
    const Place x = PlaceIn(a.where);
    const Place y = PlaceIn(b.where);
    return std::make_tuple(rank(x.file), x.line, x.column) <
           std::make_tuple(rank(y.file), y.line, y.column);
  });
}

// With faults in the files no rule set can be built; the expressions that were read are judged all
// the same, so that all faults are shown at once.
void CheckExpressions(const rules::RuleSet& set, std::vector<Error>* faults) {
  std::set<std::string> judged;  // rules that extend one another share an expression
  for (const rules::RuleSpec& rule : set.rules) {
    const std::string where = rule.pattern_where.ToString();
    if (rule.pattern.empty() || !judged.insert(where).second) continue;
    const auto regex = records::Regex::Compile(rule.pattern, where);
    if (!regex.ok()) faults->push_back(regex.error());
  }
}

}  // namespace

ActiveRules LoadRules(const Options& options, const rules::Config& config) {
  ActiveRules active;
  const std::optional<std::string>& format = options.format ? options.format : config.format;
  std::vector<RuleFile> own = OwnFiles(options, config, &active.faults);
  active.hash = HashOf(own, config, active.faults);
  const bool own_rules = !own.empty() || !active.faults.empty();
  if (!active.faults.empty()) return active;
  if (config.metrics) own.push_back(*config.metrics);
  std::vector<RuleFile> files = own_rules ? own : BuiltinFiles();
  if (!own_rules && config.metrics) files.push_back(*config.metrics);
  const bool by_name = format && format->find(':') == std::string::npos;
  const BuiltinFile* const pack = by_name && !own_rules ? FindPack(*format) : nullptr;
  if (pack != nullptr) files.push_back(FileOf(*pack));
  rules::ReadOutcome read = own_rules ? ReadOwn(files) : rules::ReadRules(files);
  active.faults = std::move(read.faults);
  active.set = std::move(read.rules);
  std::vector<Error> doubts;
  if (!active.faults.empty()) {
    for (Error& fault : records::ExpandLogFormats(&active.set, &doubts))
      active.faults.push_back(std::move(fault));
    CheckExpressions(active.set, &active.faults);
    SortByPlace(&active.faults);
    return active;
  }
  if (active.set.rules.empty()) {
    active.faults.push_back(Fail("no rule is active: this holds none", files.front().name));
    return active;
  }
  if (format) {
    const std::string where = options.format ? options.Where("format") : config.PlaceOf("format");
    if (std::optional<rules::RuleSpec> rule = FormatRule(*format, where, active.set)) {
      active.set.rules.insert(active.set.rules.begin(), std::move(*rule));
    } else if (std::optional<Error> error = SelectFormat(*format, where, &active.set)) {
      active.faults.push_back(std::move(*error));
      return active;
    }
  }
  active.faults = records::ExpandLogFormats(&active.set, &doubts);
  if (!active.faults.empty()) {
    CheckExpressions(active.set, &active.faults);
    SortByPlace(&active.faults);
    return active;
  }
  if (const std::optional<std::string>& dedupe = options.dedupe ? options.dedupe : config.dedupe) {
    SetDedupe(*dedupe, &active.set);
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
  Result<std::shared_ptr<metrics::Store>> store = metrics::Store::Create(
      active.set, config.labels,
      {.series_total_max = options.series_max.value_or(static_cast<unsigned>(
           config.series_max.value_or(metrics::RegistryOptions().series_total_max))),
       .now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                     std::chrono::system_clock::now().time_since_epoch())
                     .count()});
  if (!store.ok()) {
    active.faults.push_back(store.error());
    return active;
  }
  active.program = std::move(compiled.program);
  active.store = std::move(*store);
  if (own_rules) active.warnings = rules::Lint(active.set);
  for (Error& doubt : doubts) active.warnings.push_back(std::move(doubt));
  // What the program brings itself is no fault of the operator's.
  std::erase_if(active.warnings,
                [](const Error& warning) { return warning.where.starts_with(kBuiltinPrefix); });
  return active;
}

uint64_t HashOfFiles(const Options& options, const rules::Config& config) {
  std::vector<Error> faults;
  const std::vector<RuleFile> own = OwnFiles(options, config, &faults);
  return HashOf(own, config, faults);
}

bool IsBuiltin(const rules::RuleSpec& rule) { return IsBuiltin(rule.where); }

std::vector<FormatRow> Formats() {
  std::vector<FormatRow> rows;
  std::vector<rules::RuleSpec> all = rules::ReadRules(BuiltinFiles()).rules.rules;
  for (const BuiltinFile& pack : RulePacks()) {
    for (rules::RuleSpec& rule : ReadPack(pack).rules.rules) all.push_back(std::move(rule));
  }
  for (const rules::RuleSpec& rule : all) {
    FormatRow row{.name = rule.name,
                  .names = {},
                  .file = rule.where.file.substr(kBuiltinPrefix.size()),
                  .also = {},
                  .sample = {}};
    for (const FormatName& known : kFormatNames) {
      if (known.rule == rule.name) row.names.emplace_back(known.name);
    }
    for (const FormatName& part : kFormatParts) {
      if (row.file == std::string(part.name) + ".yaml") row.also = part.rule;
    }
    if (!rule.examples.empty()) row.sample = rule.examples[0].line;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parshall::app
