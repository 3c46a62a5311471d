#pragma once
// What the operator wrote about lines and metrics, as plain data: no behaviour, no files, no YAML.
// rules/reader.cc makes it from YAML; records/compile.cc and metrics/ build their stations from it.
// docs/RULES.md is the reference for the words.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rules/transform.h"
#include "rules/where.h"

namespace parshall::rules {

enum class FieldType : uint8_t {
  kString,
  kInt,
  kFloat,
  kBool,
  kTime,         // the text stays as logged; its moment can become @timestamp
  kDuration,     // a number of `unit`s; its value is in seconds
  kBytes,        // a number of `unit`s; its value is in bytes
  kIp,           // text; checked to look like an IPv4 or IPv6 address
  kHttpRequest,  // "GET /x HTTP/1.1"; also yields the fields method, path and protocol
};

// How a server writes bytes of a value that would not be safe in its log. `decode: true` undoes it.
enum class Escapes : uint8_t {
  kNone,
  kQuote,      // gunicorn: \" for a quote, everything else as it is
  kHex,        // nginx: \xHH
  kBackslash,  // Apache: \" \\ \n \t … and \xHH
  kJson,       // nginx with escape=json: as in a JSON string
};

// How the text of a captured group (or of a key of a JSON event) becomes a typed field.
struct FieldSpec {
  std::string name;    // the group in the pattern, or the (dotted) key of the JSON event
  std::string as;      // the field's name in the record and for metrics; empty: as `name`
  FieldType type = FieldType::kString;
  std::string format;  // kTime: "clf", "rfc3339", "epoch", "epoch_ms" or a strptime format with %;
                       // empty: RFC 3339, CLF or epoch, whichever fits
  double unit = 1.0;   // kDuration: seconds in one unit (us: 1e-6); kBytes: bytes in one unit
  bool unit_given = true;  // false: nobody has said the unit of this duration
  bool sum = false;    // numbers in a list ("0.000, 0.001 : -"): their sum; a "-" adds nothing
  std::string count_as;  // with `sum`: the field that gets the number of the list's items
  Escapes escapes = Escapes::kNone;    // taken off the text before anything else is done with it
  std::vector<std::string> nulls;      // texts that mean null, "-" for example
  std::optional<std::string> fallback; // the text to take instead of null ("default:" in YAML)
  bool in_record = true;  // false ("record: false"): for metrics and conditions only, not written
  Where where;
};

// One condition of `when:`: the record has `field`, and its text is one of `values` (any, if empty).
struct Condition {
  std::string field;
  std::vector<std::string> values;
  Where where;
};

// A line and the record that the rule must make of it. `record_json` is a JSON object; empty: the line must match,
// whatever the record. Keys of the record that are not named here and are not @timestamp make the example fail.
struct Example {
  std::string line;
  std::string record_json;
  Where where;
};

enum class RuleKind : uint8_t {
  kPattern,  // `pattern:`; with `from:` it is matched against that key of a JSON event
  kJson,     // `json: true`: an object a line
  kLogfmt,   // `logfmt: true`: key=value key="a value", read as a JSON event is
};

// `log_format:` the format string of a server, as it stands in its configuration.
// records/log_format makes the rule's pattern and fields of it.
struct LogFormatSpec {
  std::string server;  // "gunicorn", "nginx", "apache", …
  std::string text;
  bool decode = false;  // the server's escapes are taken off the values
  Where where;          // of the text's first character
};

// What a line tells of; metrics select by it.
enum class EventKind : uint8_t { kLog, kRequest };

// What is done about a line that its server wrote twice (pipeline/twins.h).
enum class Dedupe : uint8_t {
  kOff,       // nobody looks
  kReport,    // counted, and said once
  kAdjacent,  // the second one makes no record and no metrics; outcome "duplicate"
};

struct RuleSpec {
  std::string name;
  RuleKind kind = RuleKind::kJson;
  std::string pattern;        // an RE2 expression as the operator wrote it, (?<n>…) not yet rewritten
  std::optional<LogFormatSpec> log_format;  // then `pattern` is empty until it is expanded
  std::string from;           // key of the JSON event that `pattern` is matched against; empty: the line
  std::vector<Condition> when;
  EventKind event = EventKind::kLog;
  std::vector<FieldSpec> fields;
  std::vector<std::string> timestamp;  // fields that may give @timestamp; the first that can, does
  bool multiline = false;     // indented continuations and tracebacks belong to a line that this rule matched
  bool multiline_any = false; // whatever no rule matches belongs to it, too (`multiline: any`)
  bool fallback = false;      // tried only when no other rule matched, whatever the order of the files
  bool drop = false;          // a line that this rule matches gives no record and no metrics; outcome "dropped"
  Dedupe dedupe = Dedupe::kOff;
  std::vector<TransformSpec> transforms;  // in the order in which they are applied
  std::optional<SampleSpec> sample;
  std::vector<Example> examples;
  std::vector<std::string> not_examples;  // `not:` lines that the rule must not match
  std::vector<Where> not_where;           // of each of them
  std::string extends;        // the rule whose pattern and fields were taken over (the reader has resolved it)
  Where where;
  Where pattern_where;        // of the pattern's first character
};

enum class MetricKind : uint8_t { kCounter, kGauge, kHistogram, kSummary, kInfo, kStateSet };
enum class GaugeOp : uint8_t { kSet, kAdd, kMin, kMax };

// One label of a metric: the text of a field, or a constant.
struct LabelSpec {
  std::string name;
  std::string field;     // empty: the constant `text`
  std::string text;
  std::vector<std::string> values;  // allow-list; empty: all
  std::string match;     // an RE2 expression that the whole value must match; empty: all
  std::string other = "other";  // stands for a null, an absent value and one that is not allowed
  uint32_t limit = 1000;        // at most so many different values; beyond it `__other__`
  bool path_template = false;   // "template: path": /users/7 is shown as /users/:id
  std::vector<std::string> routes;  // templates of the operator, tried before what is learned
  // The metric's own name, as `__name__`: `text` with {…} in it, where the field's value stands.
  bool name_part = false;
  // `labels_from:`: the members of the field, a JSON object, are labels by their own names. It is
  // the last of a metric's labels; `name` is what `__other__` stands under.
  bool from_object = false;
  Where where;
};

// One label set of `init:`: label and text, for every label from a field.
using LabelSet = std::vector<std::pair<std::string, std::string>>;

// `delete:` which records remove series, and by which labels: every series of the metric whose
// `labels` have the texts that the record's fields have.
struct DeleteSpec {
  std::optional<EventKind> event;
  std::vector<std::string> rules;
  std::vector<Condition> when;
  std::vector<std::string> labels;  // names of labels from fields; never empty once read
  Where where;
};

// One step of `relabel:`, with the words and defaults of Prometheus's relabel_configs.
enum class RelabelAction : uint8_t {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

struct RelabelSpec {
  RelabelAction action = RelabelAction::kReplace;
  std::vector<std::string> source_labels;
  std::string separator = ";";
  std::string regex = "(.*)";  // RE2; the whole text must match
  std::string target_label;
  std::string replacement = "$1";
  uint64_t modulus = 0;
  Where where;

  // Wherever it was written.
  bool Same(const RelabelSpec& other) const {
    return action == other.action && source_labels == other.source_labels &&
           separator == other.separator && regex == other.regex &&
           target_label == other.target_label && replacement == other.replacement &&
           modulus == other.modulus;
  }
};

// `native:` of a histogram: buckets that nobody has to choose (Prometheus's native histograms).
struct NativeSpec {
  int schema = 3;              // each power of two is divided into 2^schema buckets; 0 to 8
  uint32_t buckets_max = 160;  // beyond it the resolution is halved
  double zero_threshold = 0x1p-128;

  bool operator==(const NativeSpec&) const = default;
};

// What a summary shows: quantiles of the values of the last max_age, which moves on by one of so
// many parts at a time.
struct SummarySpec {
  std::vector<double> quantiles;  // ascending, from 0 to 1; empty: only sum and count
  int64_t max_age_ms = 600'000;
  uint32_t age_buckets = 5;

  bool operator==(const SummarySpec&) const = default;
};

struct MetricSpec {
  std::string name;  // may have one {field}: then the first label is a name_part
  MetricKind kind = MetricKind::kCounter;
  GaugeOp op = GaugeOp::kSet;
  std::string help;
  std::optional<EventKind> event;   // only records of this kind; empty: all
  std::vector<std::string> rules;   // only records of these rules; empty: all
  std::vector<Condition> when;
  std::string value;   // the field that is added, set or observed; empty: 1 (counters only)
  bool cumulative = false;          // a counter that takes the value of the field as its own (op: set)
  std::vector<double> buckets;      // ascending upper bounds without +Inf
  std::optional<NativeSpec> native;  // of a histogram
  SummarySpec summary;              // of a summary
  std::vector<std::string> states;  // of a state set: what its value may be
  std::vector<LabelSpec> labels;
  std::vector<RelabelSpec> relabel;
  std::string exemplar;             // field that holds the id of a trace; empty: none
  std::string exemplar_label;       // what the id is called in an exemplar
  std::vector<LabelSet> init;       // exported at 0 from the start
  Where init_where;
  int64_t ttl_ms = 0;               // a series that was not updated for so long goes; 0: never
  std::optional<DeleteSpec> remove; // "delete:" in YAML
  Where where;
};

// All rules in the order in which they are tried, and all metrics.
struct RuleSet {
  std::vector<RuleSpec> rules;
  std::vector<MetricSpec> metrics;
};

}  // namespace parshall::rules
