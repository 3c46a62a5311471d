#include "metrics/protobuf_format.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "metrics/exposed_family.h"
#include "metrics/label_text.h"
#include "metrics/protobuf_writer.h"

namespace parshall::metrics {
namespace {

using rules::MetricKind;

// Field numbers of metrics.proto, by message.
enum FamilyField : uint32_t {
  kFamilyName = 1,
  kFamilyHelp = 2,
  kFamilyType = 3,
  kFamilyMetric = 4
};
enum MetricField : uint32_t {
  kLabel = 1,
  kGauge = 2,
  kCounter = 3,
  kSummary = 4,
  kUntyped = 5,
  kHistogram = 7
};
enum TypeNumber : uint32_t { kCounterType, kGaugeType, kSummaryType, kUntypedType, kHistogramType };
enum SummaryField : uint32_t {
  kSummaryCount = 1,
  kSummarySum = 2,
  kSummaryQuantile = 3,
  kSummaryCreated = 4
};
enum HistogramField : uint32_t {
  kHistogramCount = 1,
  kHistogramSum = 2,
  kHistogramBucket = 3,
  kSchema = 5,
  kZeroThreshold = 6,
  kZeroCount = 7,
  kNegativeSpan = 9,
  kNegativeDelta = 10,
  kPositiveSpan = 12,
  kPositiveDelta = 13,
  kHistogramCreated = 15,
};

ProtobufWriter Timestamp(int64_t unix_ms) {
  ProtobufWriter timestamp;
  timestamp.Varint(1, static_cast<uint64_t>(unix_ms / 1000));
  timestamp.Varint(2, static_cast<uint64_t>(unix_ms % 1000) * 1'000'000);
  return timestamp;
}

ProtobufWriter Pair(std::string_view name, std::string_view value) {
  ProtobufWriter pair;
  pair.Bytes(1, name);
  pair.Bytes(2, value);
  return pair;
}

ProtobufWriter ExemplarMessage(const Exemplar& exemplar) {
  ProtobufWriter message;
  message.Message(1, Pair(*exemplar.label, exemplar.id));
  message.Double(2, exemplar.value);
  message.Message(3, Timestamp(exemplar.at_ms));
  return message;
}

// Buckets of one sign: spans of indices without a gap, and each count as its difference from the
// one before. A short gap is cheaper as buckets of 0 than as a span, as in Prometheus's own client.
void AppendSparse(const std::vector<Sketch::Bucket>& buckets, uint32_t span_field,
                  uint32_t delta_field, ProtobufWriter* out) {
  constexpr int64_t kGapMost = 2;
  struct Span {
    int64_t offset;
    uint64_t length;
  };
  std::vector<Span> spans;
  std::string deltas;
  int64_t before = 0;
  int64_t next = 0;  // the index behind the last bucket
  const auto add = [&](uint64_t count) {
    ProtobufWriter::AppendVarint(ProtobufWriter::ZigZag(static_cast<int64_t>(count) - before),
                                 &deltas);
    before = static_cast<int64_t>(count);
    ++spans.back().length;
    ++next;
  };
  for (const Sketch::Bucket& bucket : buckets) {
    const int64_t gap = bucket.index - next;
    if (spans.empty() || gap > kGapMost) {
      spans.push_back({.offset = gap, .length = 0});
      next = bucket.index;
    }
    while (next < bucket.index) add(0);
    add(bucket.count);
  }
  for (const Span& span : spans) {
    ProtobufWriter message;
    message.Signed(1, span.offset);
    message.Varint(2, span.length);
    out->Message(span_field, message);
  }
  if (!deltas.empty()) out->Bytes(delta_field, deltas);
}

// One family of the rules.
// One thread.
class FamilyWriter {
 public:
  FamilyWriter(const Snapshot& snapshot, const ExposedFamily& exposed, ProtobufWriter* out)
      : snapshot_(snapshot),
        family_(*exposed.family),
        name_(exposed.name),
        out_(*out),
        exemplars_(snapshot.ExemplarsOf(family_)) {}

  void AppendRow(const Row& row) {
    switch (family_.kind) {
      case MetricKind::kCounter:
        return AppendCounter(row);
      case MetricKind::kGauge:
        return AppendGauge(row, AsDouble(row.cells[0]));
      case MetricKind::kInfo:
        return AppendGauge(row, 1);
      case MetricKind::kStateSet:
        for (size_t state = 0; state < family_.states.size(); ++state) {
          AppendGauge(row, row.cells[0] == state ? 1 : 0, family_.states[state]);
        }
        return;
      case MetricKind::kSummary:
        return AppendSummary(row);
      case MetricKind::kHistogram:
        return AppendHistogram(row);
    }
  }

  static uint32_t TypeOf(MetricKind kind) {
    switch (kind) {
      case MetricKind::kCounter:
        return kCounterType;
      case MetricKind::kSummary:
        return kSummaryType;
      case MetricKind::kHistogram:
        return kHistogramType;
      case MetricKind::kGauge:
      case MetricKind::kInfo:
      case MetricKind::kStateSet:
        break;
    }
    return kGaugeType;
  }

 private:
  void Append(const Row& row, uint32_t field, const ProtobufWriter& value,
              std::string_view state = {}) {
    ProtobufWriter metric;
    ForEachLabel(row.labels, [&](std::string_view name, std::string_view escaped) {
      metric.Message(kLabel, Pair(name, UnescapeLabel(escaped)));
    });
    std::string scratch;
    if (!state.empty()) metric.Message(kLabel, Pair(name_, LabelValue(state, &scratch)));
    metric.Message(field, value);
    out_.Message(kFamilyMetric, metric);
  }

  void AppendGauge(const Row& row, double number, std::string_view state = {}) {
    ProtobufWriter gauge;
    gauge.Double(1, number);
    Append(row, kGauge, gauge, state);
  }

  int64_t CreatedMs(const Row& row) const {
    const bool begun_anew = family_.cell_kind == CellKind::kTotalSet && row.cells[2] != 0;
    return begun_anew ? static_cast<int64_t>(row.cells[2]) : row.series->created_ms;
  }

  void AppendCounter(const Row& row) {
    ProtobufWriter counter;
    counter.Double(1, family_.cell_kind == CellKind::kCount ? static_cast<double>(row.cells[0])
                                                            : AsDouble(row.cells[0]));
    if (const Exemplar* exemplar = ExemplarOf(row, 0))
      counter.Message(2, ExemplarMessage(*exemplar));
    counter.Message(3, Timestamp(CreatedMs(row)));
    Append(row, kCounter, counter);
  }

  void AppendSummary(const Row& row) {
    ProtobufWriter summary;
    summary.Varint(kSummaryCount, row.cells[1]);
    summary.Double(kSummarySum, AsDouble(row.cells[0]));
    if (!family_.quantiles.empty()) {
      const Sketch sketch = snapshot_.SketchOf(family_, row);
      for (const double q : family_.quantiles) {
        ProtobufWriter quantile;
        quantile.Double(1, q);
        quantile.Double(2, sketch.Quantile(q));
        summary.Message(kSummaryQuantile, quantile);
      }
    }
    summary.Message(kSummaryCreated, Timestamp(CreatedMs(row)));
    Append(row, kSummary, summary);
  }

  void AppendHistogram(const Row& row) {
    ProtobufWriter histogram;
    const uint32_t buckets = family_.buckets.count();
    histogram.Varint(kHistogramCount, ObservationCount(family_, row.cells));
    histogram.Double(kHistogramSum, AsDouble(row.cells[buckets]));
    uint64_t count = 0;
    for (uint32_t i = 0; i < buckets; ++i) {
      count += row.cells[i];
      const bool last = i + 1 == buckets;
      ProtobufWriter bucket;
      bucket.Varint(1, count);
      bucket.Double(2,
                    last ? std::numeric_limits<double>::infinity() : family_.buckets.bounds()[i]);
      if (const Exemplar* exemplar = ExemplarOf(row, i)) {
        bucket.Message(3, ExemplarMessage(*exemplar));
      }
      histogram.Message(kHistogramBucket, bucket);
    }
    if (family_.sketch) {
      const Sketch sketch = snapshot_.SketchOf(family_, row);
      histogram.Signed(kSchema, sketch.schema());
      histogram.Double(kZeroThreshold, family_.sketch->shape.zero_threshold);
      histogram.Varint(kZeroCount, sketch.zeros());
      AppendSparse(sketch.negative(), kNegativeSpan, kNegativeDelta, &histogram);
      AppendSparse(sketch.positive(), kPositiveSpan, kPositiveDelta, &histogram);
    }
    histogram.Message(kHistogramCreated, Timestamp(CreatedMs(row)));
    Append(row, kHistogram, histogram);
  }

  const Exemplar* ExemplarOf(const Row& row, uint32_t cell) const {
    return exemplars_ == nullptr ? nullptr : exemplars_->Find(row.series->number, cell);
  }

  const Snapshot& snapshot_;
  const Family& family_;
  const std::string& name_;
  ProtobufWriter& out_;
  const Exemplars* exemplars_;
};

void Begin(std::string_view name, std::string_view help, uint32_t type, ProtobufWriter* out) {
  std::string scratch;
  out->Clear();
  out->Bytes(kFamilyName, name);
  out->Bytes(kFamilyHelp, LabelValue(help, &scratch));
  out->Varint(kFamilyType, type);
}

void End(const ProtobufWriter& family, std::string* out) {
  ProtobufWriter::AppendVarint(family.bytes().size(), out);
  out->append(family.bytes());
}

// The program's own are counters and gauges, and nothing else.
void AppendOwn(const prometheus::MetricFamily& family, const ConstantLabels& constants,
               ProtobufWriter* message, std::string* out) {
  if (family.metric.empty()) return;
  using prometheus::MetricType;
  const bool counter = family.type == MetricType::Counter;
  const bool gauge = family.type == MetricType::Gauge;
  Begin(family.name, family.help,
        counter ? kCounterType
        : gauge ? kGaugeType
                : kUntypedType,
        message);
  std::string scratch;
  for (const prometheus::ClientMetric& metric : family.metric) {
    ProtobufWriter row;
    for (const auto& label : metric.label) {
      row.Message(kLabel, Pair(label.name, LabelValue(label.value, &scratch)));
    }
    for (const auto& constant : constants) {
      const bool taken =
          std::any_of(metric.label.begin(), metric.label.end(),
                      [&](const auto& label) { return label.name == constant.first; });
      if (!taken) row.Message(kLabel, Pair(constant.first, constant.second));
    }
    ProtobufWriter value;
    value.Double(1, counter ? metric.counter.value
                    : gauge ? metric.gauge.value
                            : metric.untyped.value);
    row.Message(counter ? kCounter : gauge ? kGauge : kUntyped, value);
    message->Message(kFamilyMetric, row);
  }
  End(*message, out);
}

}  // namespace

void AppendProtobuf(const Snapshot& snapshot, std::span<const prometheus::MetricFamily> own,
                    std::string* out) {
  std::vector<const prometheus::MetricFamily*> sorted;
  for (const prometheus::MetricFamily& family : own) sorted.push_back(&family);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto* a, const auto* b) { return a->name < b->name; });
  const ConstantLabels& constants = snapshot.layout().constants;
  auto next_own = sorted.begin();
  ProtobufWriter message;
  const std::vector<ExposedFamily> families = ExposedFamilies(snapshot);
  for (size_t i = 0; i < families.size(); ++i) {
    const ExposedFamily& exposed = families[i];
    for (; next_own != sorted.end() && (*next_own)->name < exposed.name; ++next_own) {
      AppendOwn(**next_own, constants, &message, out);
    }
    const Family& family = *exposed.family;
    if (exposed.first) {
      Begin(exposed.name,
            family.help.empty() ? std::string_view("No help was given in the rules.") : family.help,
            FamilyWriter::TypeOf(family.kind), &message);
    }
    const size_t head = message.bytes().size();
    FamilyWriter writer(snapshot, exposed, &message);
    exposed.ForEachRow(snapshot, [&writer](const Row& row) { writer.AppendRow(row); });
    const bool goes_on = i + 1 < families.size() && !families[i + 1].first;
    const bool empty = exposed.first && message.bytes().size() == head;
    if (!goes_on && !empty) End(message, out);
  }
  for (; next_own != sorted.end(); ++next_own) AppendOwn(**next_own, constants, &message, out);
}

}  // namespace parshall::metrics
